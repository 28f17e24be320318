// The exchanges of a workspace, live: filter, follow, pause, and one of them beside the list.

import { call, path } from "./control.js";
import { button, confirmed, counted, download, field, h, say, select, statusBadge } from "./dom.js";
import { showExchange } from "./exchange.js";
import { Rows } from "./rows.js";

const COLUMNS = [["number", "No."], ["time", "Time"], ["provider", "Provider"], ["method", "Method"], ["where", "Path"], ["operation", "Operation"], ["status", "Status"], ["requirement", "Requirement"], ["took", "Took"]];
const STATUSES = [["", "Any status"], ["2", "2xx"], ["3", "3xx"], ["4", "4xx"], ["5", "5xx"], ["0", "No answer"]];

export function open(root, page) {
  const filter = { provider: "", status: "", refused: false, text: "" };
  let held = null; // what is shown while the list is paused
  const detail = h("section", { class: "detail", "aria-label": "Exchange", hidden: true });
  const count = h("span", { class: "quiet", role: "status" });
  const cells = (each) => [
    String(each.number), each.started_at.slice(11, 23), each.provider, each.direction === "out" ? `→ ${each.method}` : each.method,
    h("a", { href: page.address(page.workspace, "exchanges", each.id) }, each.path), each.operation ?? "—", statusBadge(each.status),
    each.requirement ?? (each.refused ? "refused" : ""), `${each.duration_ms.toFixed(1)} ms`];
  const rows = new Rows(COLUMNS, cells, (each) => { location.hash = page.address(page.workspace, "exchanges", each.id); }, "Exchanges");

  const shown = () => (held ?? page.live.exchanges).filter((each) => fits(each, filter));
  const update = () => {
    const all = page.live.exchanges;
    const visible = shown();
    rows.set(visible);
    const [added, { waiting, missed }] = [held ? all.length - held.length : 0, page.live];
    const notes = [[added, "more while paused"], [waiting, "still to come"], [missed, "passed over"]];
    count.textContent = [`${visible.length} of ${all.length + waiting}`, ...notes.filter(([number]) => number > 0).map((each) => each.join(" "))].join(", ");
  };
  const change = (name) => (value) => { filter[name] = value; update(); };
  const follow = h("input", { type: "checkbox", checked: true, onchange: (event) => rows.follow(event.target.checked) });
  rows.onunfollow = () => { follow.checked = false; };
  const pause = button("Pause", () => {
    held = held ? null : [...page.live.exchanges];
    pause.setAttribute("aria-pressed", held !== null);
    pause.textContent = held ? "Resume" : "Pause";
    update();
  }, { "aria-pressed": "false" });
  const text = h("input", { type: "search", placeholder: "Path, operation, requirement", oninput: (event) => change("text")(event.target.value.toLowerCase()) });
  const toolbar = h("div", { class: "toolbar", role: "group", "aria-label": "Filter" },
    field("Provider", select([["", "All"], ...Object.keys(page.providers)], "", change("provider"))),
    field("Status", select(STATUSES, "", change("status"))),
    field("Text", text),
    h("label", { class: "check" }, h("input", { type: "checkbox", onchange: (event) => change("refused")(event.target.checked) }), "Refused only"),
    h("label", { class: "check" }, follow, "Follow"), pause,
    button("HAR of these", () => archive(page, shown())),
    button("Empty", () => empty(page), { class: "danger" }), count);

  const list = h("section", { class: "list", "aria-label": "List" }, toolbar, rows.element);
  root.append(h("h1", { class: "unseen" }, "Exchanges"), h("div", { class: "split" }, list, detail));
  update();
  return {
    close: page.live.watch(update),
    show: (identifier = "") => {
      rows.select(identifier);
      detail.hidden = !identifier;
      root.classList.toggle("with-detail", Boolean(identifier));
      if (identifier) showExchange(detail, identifier, page);
    },
  };
}

function fits(each, filter) {
  if (filter.provider && each.provider !== filter.provider) return false;
  if (filter.refused && !each.refused) return false;
  if (filter.status && String(Math.floor(each.status / 100)) !== filter.status) return false;
  if (!filter.text) return true;
  return `${each.method} ${each.path} ${each.operation ?? ""} ${each.requirement ?? ""} ${each.id}`.toLowerCase().includes(filter.text);
}

async function archive(page, exchanges) {
  try {
    const har = await call("GET", `/workspaces${path(page.workspace)}/journal.har`);
    const chosen = new Set(exchanges.map((each) => each.id));
    har.log.entries = har.log.entries.filter((each) => chosen.has(each._flowproof.id));
    download(`${page.workspace}.har`, JSON.stringify(har, null, 2));
    say(`${counted(har.log.entries.length, "exchange")} in the file.`);
  } catch (error) {
    say(error.message, "bad");
  }
}

async function empty(page) {
  if (!await confirmed(`Empty the journal of workspace ${page.workspace}?`, "Empty")) return;
  try {
    await call("DELETE", `/workspaces${path(page.workspace)}/journal`);
    page.live.forget();
  } catch (error) {
    say(error.message, "bad");
  }
}
