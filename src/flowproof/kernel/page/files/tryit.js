// A form for one request. The server signs what goes to a provider and sends it: no credential comes into the browser.

import { call, path, send } from "./control.js";
import { button, copyButton, field, h, say, select } from "./dom.js";
import { showExchange } from "./exchange.js";

const NOBODY = "";

export function tryProvider(slug, reader, operation, page) {
  const where = `/workspaces${path(page.workspace)}`;
  const form = new Form(reader, operation);
  const roles = h("select", { name: "role" }, h("option", { value: "default" }, "default"));
  const result = h("div", { class: "result", role: "status" });
  const values = () => ({ provider: slug, method: operation.method, role: roles.value === NOBODY ? null : roles.value, path: form.path(), query: form.of("query"), headers: form.headers(), ...form.text() });
  const submit = async () => {
    const sent = await call("POST", `${where}/send`, values());
    if (sent.exchange) await showExchange(result, sent.exchange, page, { isAlone: false });
    else result.replaceChildren(h("p", { class: "note bad" }, sent.error || "The answer names no exchange."));
  };
  const sign = async () => {
    const { curl } = await call("POST", `${where}/sign`, values());
    result.replaceChildren(h("pre", { tabindex: "0", "aria-label": "As cURL" }, curl), copyButton("the command", () => curl));
  };
  const loadRoles = async () => {
    const { credentials } = (await call("GET", `${where}?credentials=false`)).providers[slug];
    roles.replaceChildren(...Object.keys(credentials).map((role) => h("option", { value: role }, role)), h("option", { value: NOBODY }, "without credentials"));
  };
  const more = [field("Credentials of", roles, "Added by the server; they stay there")];
  const details = form.element(more, submit, result, button("Show as cURL, with credentials", () => attempt(async () => { if (form.isValid()) await sign(); })));
  details.addEventListener("toggle", () => attempt(loadRoles), { once: true });
  return details;
}

export function tryControl(reader, operation, page) {
  const types = Object.keys(operation.body?.content ?? {});
  if (types.length && !types.includes("application/json")) return null;
  if (Object.values(operation.described.responses).some((each) => "text/event-stream" in (reader.resolve(each).content ?? {}))) return null;
  const form = new Form(reader, operation, { workspace: page.workspace });
  const result = h("div", { class: "result", role: "status" });
  const submit = async () => {
    const query = new URLSearchParams(form.of("query")).toString();
    const { status, text } = await send(operation.method, `${form.path()}${query ? `?${query}` : ""}`, form.text().text);
    result.replaceChildren(h("p", {}, `HTTP ${status}`), h("pre", { tabindex: "0", "aria-label": "Answer" }, text || "no body"));
  };
  return form.element([], submit, result);
}

class Form {
  constructor(reader, operation, known = {}) {
    this.operation = operation;
    this.inputs = operation.parameters.filter((each) => each.in !== "cookie").map((each) => [each, this.input(reader, each, known)]);
    this.examples = Object.entries(operation.body?.content ?? {}).flatMap(([type, media]) => reader.examples(media).map(([name, value]) => [type, name, value]));
    this.types = Object.keys(operation.body?.content ?? {});
    this.type = select(this.types, this.types[0], () => {}, { name: "media-type" });
    this.area = operation.body ? h("textarea", { name: "body", rows: "10", spellcheck: "false" }) : null;
    if (this.area) this.fill(0);
  }

  input(reader, parameter, known) {
    const schema = reader.resolve(parameter.schema) ?? {};
    const name = `${parameter.in}-${parameter.name}`;
    const isNeeded = parameter.in === "path" || (parameter.required && parameter.in === "query");
    if (schema.enum) return select([...(isNeeded ? [] : [["", ""]]), ...schema.enum.map(String)], "", () => {}, { name });
    const input = h("input", { name, required: parameter.in === "path", spellcheck: "false", autocomplete: "off" });
    const example = parameter.example ?? schema.example ?? schema.examples?.[0];
    input.value = known[parameter.name] ?? (isNeeded && example !== undefined ? String(example) : "");
    return input;
  }

  fill(index) {
    const [type, , value] = this.examples[index] ?? [];
    if (type === undefined) return;
    this.type.value = type;
    const isForm = type === "application/x-www-form-urlencoded";
    this.area.value = typeof value === "string" ? value : isForm ? new URLSearchParams(value).toString() : JSON.stringify(value, null, 2);
  }

  element(more, submit, result, ...buttons) {
    const pick = select(this.examples.map(([, name], index) => [String(index), name]), "0", (chosen) => this.fill(Number(chosen)), { name: "example" });
    this.form = h("form", { onsubmit: (event) => { event.preventDefault(); attempt(submit); } },
      h("div", { class: "fields" }, more, this.inputs.map(([parameter, input]) => field(`${parameter.name} (${parameter.in})`, input, parameter.in === "header" && parameter.required ? "Empty: what the signature needs" : "")),
        this.types.length > 1 ? field("Media type", this.type) : null, this.examples.length > 1 ? field("Example", pick) : null),
      this.area ? field("Body", this.area, "Sent as it stands; empty for none") : null,
      h("p", { class: "actions" }, h("button", { type: "submit" }, "Send"), buttons));
    return h("details", { class: "try" }, h("summary", {}, "Try it"), this.form, result);
  }

  isValid() {
    return this.form.reportValidity();
  }

  of(place) {
    return Object.fromEntries(this.inputs.filter(([each, input]) => each.in === place && input.value !== "").map(([each, input]) => [each.name, input.value]));
  }

  headers() {
    const chosen = this.types.length > 1 && this.area.value ? { "Content-Type": this.type.value } : {};
    return { ...chosen, ...this.of("header") };
  }

  path() {
    const values = this.of("path");
    return this.operation.path.replace(/\{([^}]+)\}/g, (whole, name) => encodeURIComponent(values[name] ?? whole));
  }

  text() {
    return this.area?.value ? { text: this.area.value } : {};
  }
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    say(error.message, "bad");
  }
}
