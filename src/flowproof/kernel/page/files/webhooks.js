// Webhooks: the outbox, what goes wrong on purpose, where they may go, and the trial of a receiver.

import { call, path } from "./control.js";
import { button, counted, field, h, say, select, table, visible } from "./dom.js";

const POLL_MS = 500;
const KINDS = { delivered: "PASS", failed: "FAIL", pending: "SKIP", sending: "OMIT" };

export async function open(root, page) {
  const where = `/workspaces${path(page.workspace)}/webhooks`;
  const outbox = h("section", { "aria-labelledby": "outbox" });
  const attempt = (action) => async (event) => {
    event?.preventDefault?.();
    try {
      await action();
      await update();
    } catch (error) {
      say(error.message, "bad");
    }
  };
  const update = async () => {
    const shown = await call("GET", `${where}?limit=200`);
    outbox.replaceChildren(h("h2", { id: "outbox" }, "Outbox"), deliveries(shown.deliveries, where, attempt, page));
    return shown;
  };
  const shown = await update();
  const document = await call("GET", "/openapi.json");
  const senders = Object.entries(page.providers).filter(([, each]) => each.webhook_events.length);
  root.append(h("h1", {}, "Webhooks"), outbox,
    senders.length ? sending(senders, where, attempt) : h("p", { class: "quiet" }, "No provider here has webhooks."),
    adversary(document.components.schemas.Adversary, shown.adversary, where, attempt),
    hosts(shown.allowed_hosts, where, attempt));
  return { close: page.live.watch(update) };
}

function deliveries(found, where, attempt, page) {
  if (!found.length) return h("p", { class: "quiet" }, "Nothing has been sent.");
  const rows = [...found].reverse().map((each) => [
    each.id, each.provider, each.webhook.event, h("span", { class: "url" }, each.webhook.url), h("span", { class: `badge ${KINDS[each.state]}` }, each.state), each.due_at,
    h("span", {}, each.attempts.flatMap((one) => [h("a", { href: page.address(page.workspace, "exchanges", one.exchange) }, one.status ? String(one.status) : one.error || "no answer"), " "])),
    h("span", { class: "line" },
      each.state === "pending" || (each.state === "failed" && !each.once) ? button("Retry now", attempt(() => call("POST", `${where}/deliveries${path(each.id)}/retry`)), { class: "small", "aria-label": `Retry ${each.id} now` }) : null,
      button("Replay", attempt(() => call("POST", `${where}/deliveries${path(each.id)}/replay`, {})), { class: "small", "aria-label": `Replay ${each.id}` }))]);
  return table(["Id", "Provider", "Event", "To", "State", "Due", "Attempts", "Action"], rows, "Deliveries, the newest first");
}

function sending(senders, where, attempt) {
  const events = h("select", { name: "event" });
  const fill = (slug) => events.replaceChildren(...Object.fromEntries(senders)[slug].webhook_events.map((each) => h("option", { value: each }, each)));
  const provider = select(senders.map(([slug]) => slug), senders[0][0], fill, { name: "sender" });
  fill(provider.value);
  const url = h("input", { name: "url", type: "url", required: true, placeholder: "http://127.0.0.1:8000/webhooks", autocomplete: "off" });
  const result = h("div", { role: "status" });
  const chosen = () => ({ provider: provider.value, event: events.value, url: url.value });
  const form = h("form", { class: "inline", onsubmit: attempt(() => call("POST", `${where}/trigger`, chosen())) },
    field("Provider", provider), field("Event", events), field("URL of the receiver", url),
    h("button", { type: "submit" }, "Send the event"),
    button("Try the receiver", attempt(() => (form.reportValidity() ? trial(where, chosen(), result) : null))));
  return h("section", {}, h("h2", {}, "Send"), form, h("p", { class: "quiet" }, "A trial sends everything that a receiver must accept or refuse."), result);
}

async function trial(where, chosen, result) {
  const { trial: name, webhooks } = await call("POST", `${where}/trials`, chosen);
  for (;;) {
    const { finished, verdicts } = await call("GET", `${where}/trials${path(name)}`);
    result.replaceChildren(h("h3", {}, `Trial of ${chosen.url}: ${counted(webhooks, "webhook")}${finished ? "" : " …"}`),
      table(["Verdict", "What", "The receiver must", "Why", "Reason"], verdicts.map((each) => [h("span", { class: `badge ${each.verdict}` }, each.verdict), each.trial, each.expected, each.why, each.reason]), "Verdicts"));
    if (finished || !result.isConnected) return;
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    await visible();
  }
}

function adversary(schema, current, where, attempt) {
  const inputs = Object.fromEntries(Object.entries(schema.properties).map(([name, each]) => [name, control(name, each, current[name])]));
  const values = () => Object.fromEntries(Object.entries(inputs).filter(([, input]) => (input.type === "checkbox" ? input.checked : input.value !== "")).map(([name, input]) => [name, input.type === "checkbox" ? true : schema.properties[name].enum ? input.value : Number(input.value)]));
  const clear = () => Object.values(inputs).forEach((input) => { if (input.type === "checkbox") input.checked = false; else input.value = ""; });
  return h("section", {}, h("h2", {}, "Adversary"), h("p", { class: "quiet" }, "What goes wrong on purpose with webhooks from now on."),
    h("form", { class: "note", onsubmit: attempt(async () => { await call("PUT", `${where}/adversary`, values()); say("The adversary is set."); }) },
      h("div", { class: "fields" }, Object.entries(schema.properties).map(([name, each]) => field(name, inputs[name], each.description ?? ""))),
      h("p", { class: "actions" }, h("button", { type: "submit" }, "Set"), button("Deliver honestly", attempt(async () => { await call("DELETE", `${where}/adversary`); clear(); say("Webhooks are delivered honestly."); })))));
}

function control(name, schema, value) {
  if (schema.type === "boolean") return h("input", { type: "checkbox", name, checked: value === true });
  if (schema.enum) return select([["", "as usual"], ...schema.enum], value ?? "", () => {}, { name });
  const input = h("input", { type: "number", name, min: schema.minimum, max: schema.maximum, step: schema.type === "integer" ? 1 : "any" });
  input.value = value ?? "";
  return input;
}

function hosts(allowed, where, attempt) {
  const input = h("input", { name: "hosts", autocomplete: "off", spellcheck: "false", placeholder: "hooks.example.com" });
  input.value = allowed.join(", ");
  return h("section", {}, h("h2", {}, "Allowed hosts"), h("form", { class: "inline", onsubmit: attempt(async () => {
    await call("PUT", `${where}/allowed-hosts`, input.value.split(/[\s,]+/).filter(Boolean));
    say("The hosts are allowed.");
  }) }, field("Hosts beside loopback", input, "Separated by commas; empty for loopback alone"), h("button", { type: "submit" }, "Allow")));
}
