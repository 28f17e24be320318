// The exchanges of one workspace as they happen. A page in the background lets its connection go and asks for nothing,
// and asks later for what it has not had: a browser has six connections to a server, and pages are left open.

import { eventsUrl } from "./control.js";
import { say } from "./dom.js";

const MOST_KEPT = 20000;
const LOOK_BACK = 500; // exchanges that are asked for again: meanwhile some may have been refused after their answer
const RETRY_MS = 2000;
const REST_MS = 500;
const RUSH_REST_MS = 1000; // while more happens than is sent
const LONGEST_REST_MS = 10000;
const REST = 40; // times as long as the update took: so a view takes a fortieth of the server's time at most

export class Live extends EventTarget {
  constructor(workspace) {
    super();
    this.workspace = workspace;
    this.exchanges = [];
    this.last = 0;
    this.waiting = 0; // exchanges that are still to come, since more happened than a list is sent at once
    this.missed = 0; // those that the journal had dropped before they were sent
    this.missedBefore = 0; // of them, those of earlier connections
    this.state = "connecting";
    this.onvisibility = () => (document.hidden ? this.disconnect("paused") : this.connect());
    document.addEventListener("visibilitychange", this.onvisibility);
    this.connect();
  }

  connect() {
    if (this.source || this.closed || document.hidden) return;
    this.source = new EventSource(eventsUrl(this.workspace, Math.max(0, this.last - LOOK_BACK)));
    this.source.addEventListener("open", () => this.opened());
    this.source.addEventListener("exchanges", (event) => this.add(JSON.parse(event.data), Number(event.lastEventId)));
    this.source.addEventListener("behind", (event) => this.fallBehind(JSON.parse(event.data)));
    this.source.addEventListener("changed", () => this.dispatchEvent(new Event("changed")));
    this.source.addEventListener("restarted", () => this.clear());
    this.source.addEventListener("error", () => this.lost());
  }

  opened() { // whatever has changed since the connection before is not told again
    this.waiting = 0;
    this.missedBefore = this.missed;
    if (this.state !== "connecting") this.dispatchEvent(new Event("changed"));
    this.tell("live");
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
    this.missed = this.missedBefore = 0;
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
    this.last = last;
    this.dispatchEvent(new Event("exchanges"));
  }

  fallBehind({ waiting, missed }) {
    this.waiting = waiting;
    this.missed = this.missedBefore + missed;
    this.dispatchEvent(new Event("exchanges"));
  }

  // Calls what brings a view up to date when something has happened: at once, and then not before it has rested. Returns
  // what ends that.
  watch(update) {
    let [due, resting, ended] = [false, false, false];
    const run = async () => {
      if (ended || document.hidden) return;
      [due, resting] = [false, true];
      const began = performance.now();
      try {
        await update();
      } catch (error) {
        say(error.message, "bad");
      }
      const rest = Math.min(LONGEST_REST_MS, Math.max(this.waiting ? RUSH_REST_MS : REST_MS, REST * (performance.now() - began)));
      setTimeout(() => { resting = false; if (due) run(); }, rest);
    };
    const plan = () => {
      due = true;
      if (!resting) run();
    };
    const kinds = ["exchanges", "changed"];
    kinds.forEach((kind) => this.addEventListener(kind, plan));
    return () => {
      ended = true;
      kinds.forEach((kind) => this.removeEventListener(kind, plan));
    };
  }

  tell(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
