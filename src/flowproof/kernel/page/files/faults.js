// The fault plans of a workspace: those that are on, the named ones of each provider, and a form for a new one.

import { call, path } from "./control.js";
import { button, field, h, say, select, table } from "./dom.js";

export async function open(root, page) {
  const where = `/workspaces${path(page.workspace)}/faults`;
  const current = h("section", { "aria-labelledby": "current" });
  const update = async () => {
    const shown = await call("GET", where);
    current.replaceChildren(h("h2", { id: "current" }, "On in this workspace"), ...plans(shown.faults, replace));
    return shown;
  };
  const replace = async (change) => {
    try {
      const { faults } = await call("GET", where);
      await call("PUT", where, change(faults));
      await update();
    } catch (error) {
      say(error.message, "bad");
    }
  };
  root.append(h("h1", {}, "Faults"), current);
  const { named } = await update();
  const document = await call("GET", "/openapi.json");
  root.append(namedPlans(named, replace), newPlan(kinds(document), page, replace));
  return { close: page.live.watch(update) };
}

function plans(faults, replace) {
  if (!faults.length) return [h("p", { class: "quiet" }, "Nothing goes wrong on purpose.")];
  const rows = faults.map((plan, index) => [
    plan.id ?? "", h("code", {}, plan.fault), scope(plan), details(plan), String(plan.calls),
    button("Remove", () => replace((all) => all.filter((_, at) => at !== index)), { class: "small", "aria-label": `Remove ${plan.id}` })]);
  return [table(["Id", "Fault", "Where", "Settings", "Calls", "Action"], rows, "Fault plans"), h("p", { class: "actions" }, button("Remove all", () => replace(() => []), { class: "danger" }))];
}

const scope = (plan) => [plan.provider, plan.operation].filter(Boolean).join(" ") || "everywhere";

const details = (plan) => Object.entries(plan)
  .filter(([name, value]) => !["id", "fault", "provider", "operation", "calls"].includes(name) && value !== null)
  .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");

function namedPlans(named, replace) {
  return h("section", {}, h("h2", {}, "Named plans"),
    named.length ? h("p", { class: "actions" }, named.map((name) => button(`Add ${name}`, () => replace((all) => [...all, { named: name }])))) : h("p", { class: "quiet" }, "No provider has named plans."));
}

const GENERAL = ["provider", "operation", "first", "every", "probability", "id"];

// The kinds of faults with their fields, from the control API's own document, which says of each field whose it is.
function kinds(document) {
  const { properties } = document.components.schemas.FaultPlan;
  return Object.fromEntries(properties.fault.enum.map((kind) => {
    const own = Object.entries(properties).filter(([, schema]) => part(schema, kind)).map(([name, schema]) => [name, { ...schema, description: part(schema, kind) }]);
    return [kind, Object.fromEntries([...own, ...GENERAL.map((name) => [name, properties[name]])])];
  }));
}

const part = (schema, kind) => (` ${schema.description}`.split(` ${kind}: `)[1] ?? "").split(/ [a-z_]+: /)[0];

function newPlan(known, page, replace) {
  const fields = h("div", { class: "fields" });
  let inputs = {};
  const show = (kind) => {
    inputs = Object.fromEntries(Object.entries(known[kind]).map(([name, schema]) => [name, input(name, schema, page)]));
    fields.replaceChildren(...Object.entries(known[kind]).map(([name, schema]) => field(name, inputs[name], schema.description)));
  };
  const choose = select(Object.keys(known), "status", show, { name: "fault" });
  show(choose.value);
  return h("section", {}, h("h2", {}, "New plan"), h("form", {
    class: "note",
    onsubmit: (event) => {
      event.preventDefault();
      const values = Object.entries(inputs).filter(([, element]) => element.value !== "").map(([name, element]) => [name, value(element.value, known[choose.value][name])]);
      replace((all) => [...all, { fault: choose.value, ...Object.fromEntries(values) }]);
    },
  }, field("Fault", choose), fields, h("p", { class: "actions" }, h("button", { type: "submit" }, "Add"))));
}

function input(name, schema, page) {
  if (name === "provider") return select([["", "any"], ...Object.keys(page.providers)], "", () => {}, { name });
  if (schema.enum) return select([["", "as usual"], ...schema.enum], "", () => {}, { name });
  return h("input", { name, autocomplete: "off", spellcheck: "false" });
}

// What was typed, as the schema's type: JSON where it is not text.
function value(text, schema) {
  const types = [schema.type].flat();
  if (types.includes("string") || schema.enum) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
