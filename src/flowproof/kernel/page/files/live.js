// The exchanges of one workspace as they happen. A page in the background lets its connection go, and asks again for
// what it has missed: a browser has six connections to a server, and pages are left open.

import { eventsUrl } from "./control.js";

const MOST_KEPT = 20000;
const RETRY_MS = 2000;

export class Live extends EventTarget {
  constructor(workspace) {
    super();
    this.workspace = workspace;
    this.exchanges = [];
    this.last = 0;
    this.state = "connecting";
    this.onvisibility = () => (document.hidden ? this.disconnect("paused") : this.connect());
    document.addEventListener("visibilitychange", this.onvisibility);
    this.connect();
  }

  connect() {
    if (this.source || this.closed) return;
    this.source = new EventSource(eventsUrl(this.workspace, this.last));
    this.source.addEventListener("open", () => this.tell("live"));
    this.source.addEventListener("exchanges", (event) => this.add(JSON.parse(event.data), Number(event.lastEventId)));
    this.source.addEventListener("changed", () => this.dispatchEvent(new Event("changed")));
    this.source.addEventListener("restarted", () => this.clear());
    this.source.addEventListener("error", () => this.lost());
  }

  lost() {
    this.tell("lost");
    if (this.source?.readyState !== EventSource.CLOSED) return; // the browser connects again by itself
    this.disconnect("lost");
    setTimeout(() => this.connect(), RETRY_MS);
  }

  disconnect(state) {
    this.source?.close();
    this.source = null;
    this.tell(state);
  }

  close() {
    this.closed = true;
    document.removeEventListener("visibilitychange", this.onvisibility);
    this.source?.close();
  }

  clear() { // numbers begin anew
    this.last = 0;
    this.forget();
  }

  forget() { // the journal is empty, and numbers go on
    this.exchanges = [];
    this.dispatchEvent(new Event("exchanges"));
  }

  add(found, last) {
    const previous = this.exchanges.at(-1)?.number ?? 0;
    this.exchanges.push(...found);
    if (found.some((each) => each.number <= previous)) { // one that a fault plan held up
      const byNumber = new Map(this.exchanges.map((each) => [each.number, each]));
      this.exchanges = [...byNumber.values()].sort((a, b) => a.number - b.number);
    }
    if (this.exchanges.length > MOST_KEPT) this.exchanges.splice(0, this.exchanges.length - MOST_KEPT);
    this.last = Math.max(this.last, last);
    this.dispatchEvent(new Event("exchanges"));
  }

  tell(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
