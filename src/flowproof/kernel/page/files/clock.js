// The workspace's clock, and what is due on it.

import { call, path } from "./control.js";
import { button, field, h, say, select, table } from "./dom.js";

const STEPS = [["a minute", 60], ["an hour", 3600], ["a day", 86400], ["a week", 604800]];
const MOST_SHOWN = 100;
const MODES = [["real", "real: follows the operating system"], ["frozen", "frozen: stands still"], ["stepped", "stepped: moves on after each exchange"]];

export async function open(root, page) {
  const where = `/workspaces${path(page.workspace)}`;
  const standing = h("section", { class: "note" });
  const due = h("section", { "aria-labelledby": "due" });
  const change = (action) => async () => {
    try {
      await action();
      await update();
    } catch (error) {
      say(error.message, "bad");
    }
  };
  const update = async () => {
    const [clock, tasks, webhooks] = await Promise.all([call("GET", `${where}/clock`), call("GET", `${where}/tasks?limit=${MOST_SHOWN + 1}`), call("GET", `${where}/webhooks`)]);
    standing.replaceChildren(...clockParts(clock, where, change));
    due.replaceChildren(...dueParts(clock, tasks, webhooks, where, change, page));
  };
  root.append(h("h1", {}, "Clock"), standing, due);
  await update();
  return { close: page.live.watch(update) };
}

function clockParts(clock, where, change) {
  const mode = select(MODES, clock.mode, () => {}, { name: "mode" });
  const now = h("input", { name: "now", value: clock.now, spellcheck: "false", autocomplete: "off" });
  return [
    h("p", {}, h("strong", { id: "now" }, clock.now), " ", h("span", { class: "badge" }, clock.mode)),
    h("p", { class: "actions", role: "group", "aria-label": "Advance" }, "Advance by",
      STEPS.map(([name, seconds]) => button(name, change(() => call("POST", `${where}/clock/advance`, { seconds }))))),
    h("form", { class: "inline", onsubmit: (event) => { event.preventDefault(); change(() => call("PUT", `${where}/clock`, mode.value === "real" ? { mode: "real" } : { mode: mode.value, now: now.value }))(); } },
      field("Mode", mode), field("Time", now, "ISO 8601, for a frozen or stepped clock"), h("button", { type: "submit" }, "Set"),
      button("Freeze now", change(() => call("PUT", `${where}/clock`, { mode: "frozen", now: clock.now })))),
  ];
}

function dueParts(clock, { pending, failed }, { deliveries }, where, change, page) {
  const waiting = deliveries.filter((each) => each.state === "pending" || each.state === "sending");
  const line = [
    ...pending.map((each) => [each.due_at, "task", each.provider, each.name, origin(each.exchange, page)]),
    ...waiting.map((each) => [each.due_at, "webhook", each.provider, each.webhook.event, each.id]),
  ].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const areMore = line.splice(MOST_SHOWN).length > 0;
  const ahead = (at) => Math.max(0, (Date.parse(at) - Date.parse(clock.now)) / 1000);
  const rows = line.map((each) => [...each, ahead(each[0]) ? button("Advance to it", change(() => call("POST", `${where}/clock/advance`, { seconds: Math.ceil(ahead(each[0]) * 1000) / 1000 })), { class: "small", "aria-label": `Advance to it: ${each[3]} at ${each[0]}` }) : ""]);
  return [
    h("h2", { id: "due" }, "What is due"),
    line.length ? timeline(line.map(([at, what, provider, name]) => ({ seconds: ahead(at), what, text: `${name} (${provider})`, at }))) : null,
    line.length ? table(["When", "What", "Provider", "Name", "From", "Action"], rows, "What is due, the next first") : h("p", { class: "quiet" }, "Nothing is due."),
    areMore ? h("p", { class: "quiet" }, "More is due after these.") : null,
    failed.length ? h("h2", {}, "Tasks that failed") : null,
    failed.length ? table(["When", "Provider", "Name", "Error", "Action"], failed.map((each) => [each.failed_at, each.provider, each.name, each.error,
      button("Run again", change(() => call("POST", `${where}/tasks${path(each.id)}/run`)))]), "Tasks that failed") : null,
  ].filter(Boolean);
}

// Now on the left, the last on the right, and between them a scale of logarithms: a minute and a week both have room.
function timeline(items) {
  const place = (seconds) => Math.log1p(seconds);
  const end = Math.max(place(60), ...items.map((each) => place(each.seconds)));
  const at = (element, seconds) => { element.style.left = `${(place(seconds) / end) * 100}%`; return element; };
  const ticks = [["now", 0], ...STEPS].filter(([, seconds]) => place(seconds) <= end).map(([name, seconds]) => at(h("span", { class: "tick" }, name), seconds));
  const dots = items.map((each) => at(h("span", { class: `dot ${each.what}`, title: `${each.at} ${each.text}` }), each.seconds));
  const label = `Line of time: ${items.length} due, the next is ${items[0].text} at ${items[0].at}. The table below has all.`;
  return h("div", { class: "timeline", role: "img", "aria-label": label }, h("div", { class: "scale" }, ticks, dots));
}

const origin = (exchange, page) => (exchange ? h("a", { href: page.address(page.workspace, "exchanges", exchange) }, exchange) : "");
