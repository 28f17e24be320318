// A JSON Schema (2020-12) as a list of members. What is inside a member is made when it is opened: schemas may recur.

import { h } from "./dom.js";

const FACTS = {
  minLength: "at least % characters", maxLength: "at most % characters", pattern: "matches %", minimum: "at least %", maximum: "at most %",
  exclusiveMinimum: "more than %", exclusiveMaximum: "less than %", multipleOf: "a multiple of %", minItems: "at least % items",
  maxItems: "at most % items", minProperties: "at least % members", maxProperties: "at most % members", const: "is %", default: "by default %",
};
const FLAGS = { uniqueItems: "no item twice", deprecated: "deprecated", readOnly: "read only", writeOnly: "write only" };
const SHOWN = new Set([...Object.keys(FACTS), ...Object.keys(FLAGS), "type", "format", "enum", "title", "description", "example", "examples", "properties",
  "required", "items", "prefixItems", "additionalProperties", "patternProperties", "allOf", "oneOf", "anyOf", "$ref", "$schema", "$id", "$defs", "$comment"]);

export function schemaView(reader, schema) {
  const found = reader.resolve(schema) ?? {};
  return h("div", { class: "schema" }, h("p", {}, typeOf(reader, schema, found)), about(reader, found), inside(reader, found));
}

// Text with `code`; other markup stays as it is written.
export function inline(text) {
  return String(text ?? "").split(/`([^`]+)`/).map((piece, at) => (at % 2 ? h("code", {}, piece) : piece));
}

// The same in paragraphs.
export function prose(text) {
  return String(text ?? "").split(/\n\s*\n/).filter(Boolean).map((part) => h("p", {}, inline(part)));
}

function member(reader, label, schema, isRequired = false) {
  const found = reader.resolve(schema) ?? {};
  const head = [h("strong", { class: "url" }, label), " ", typeOf(reader, schema, found), isRequired ? h("span", { class: "badge OMIT" }, "required") : null];
  if (!children(reader, found).length) return h("li", {}, h("p", { class: "line" }, head), about(reader, found));
  const details = h("details", { ontoggle: () => { if (details.open && details.childElementCount === 1) details.append(inside(reader, found)); } }, h("summary", {}, h("span", { class: "line" }, head)));
  return h("li", {}, details, about(reader, found));
}

function typeOf(reader, schema, found) {
  const names = [found.type ?? (found.properties ? "object" : found.enum || found.const !== undefined ? "" : "any")].flat().filter(Boolean);
  const items = names.includes("array") && found.items ? ` of ${[reader.resolve(found.items)?.type ?? "any"].flat().join(" or ")}` : "";
  const name = reader.nameOf(schema);
  return h("span", { class: "quiet" }, `${names.join(" or ")}${items}${found.format ? ` (${found.format})` : ""}${name ? ` · ${name}` : ""}`);
}

function about(reader, found) {
  const facts = Object.entries(FACTS).filter(([keyword]) => found[keyword] !== undefined).map(([keyword, text]) => text.replace("%", () => (typeof found[keyword] === "string" ? found[keyword] : JSON.stringify(found[keyword]))));
  facts.push(...Object.entries(FLAGS).filter(([keyword]) => found[keyword] === true).map(([, text]) => text));
  if (found.enum) facts.push(`one of ${found.enum.map((each) => JSON.stringify(each)).join(", ")}`);
  if (found.additionalProperties === false) facts.push("no other members");
  const example = found.example ?? found.examples?.[0];
  if (example !== undefined) facts.push(`such as ${JSON.stringify(example)}`);
  const others = Object.entries(found).filter(([keyword]) => !SHOWN.has(keyword) && !keyword.startsWith("x-"));
  return h("div", { class: "about" }, prose(found.description), facts.length ? h("p", { class: "quiet" }, facts.join(" · ")) : null, cited(reader, found),
    others.length ? h("p", { class: "quiet" }, "Further rules: ", h("code", {}, JSON.stringify(Object.fromEntries(others)))) : null);
}

// Requirements that a schema, or one of its keywords, stands for.
function cited(reader, found) {
  const ids = [...new Set([found["x-requirement"], ...Object.values(found["x-requirement-of"] ?? {})].flat().filter(Boolean))];
  return ids.map((id) => h("p", { class: "cited" }, h("code", {}, id), " ", inline(reader.requirements.get(id)?.text)));
}

function inside(reader, found) {
  const made = children(reader, found);
  return made.length ? h("ul", { class: "members" }, made.map(([label, schema, isRequired]) => member(reader, label, schema, isRequired))) : "";
}

// Label, schema and whether it is required of each schema that stands inside one.
function children(reader, found) {
  const list = (label, schemas) => (schemas ?? []).map((each, at) => [`${label} ${at + 1}`, each]);
  const one = (label, schema) => (schema && typeof schema === "object" ? [[label, schema]] : []);
  const itemType = reader.resolve(found.items);
  return [
    ...Object.entries(found.properties ?? {}).map(([name, each]) => [name, each, (found.required ?? []).includes(name)]),
    ...Object.entries(found.patternProperties ?? {}).map(([name, each]) => [`members like ${name}`, each]),
    ...one("any other member", found.additionalProperties),
    ...(itemType && Object.keys(itemType).some((keyword) => keyword !== "type") ? one("each item", found.items) : []),
    ...list("item", found.prefixItems), ...list("all of:", found.allOf), ...list("one of:", found.oneOf), ...list("any of:", found.anyOf),
  ];
}
