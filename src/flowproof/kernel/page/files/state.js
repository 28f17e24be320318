// What the mocks hold: records in tables made from their members, and the seed data, which can be edited.

import { call, path } from "./control.js";
import { button, confirmed, h, say, table } from "./dom.js";

const MOST_COLUMNS = 6;
const TELLING = [/(^|[._])(status|state|amount|balance)$|(Status|State|Amount|Balance)$/, /(^|[._])(id|sku|name|currency)$|(Id|Name)$/];

export async function open(root, page) {
  const where = `/workspaces${path(page.workspace)}`;
  const records = h("section", { "aria-labelledby": "records" });
  const update = async () => {
    const found = await call("GET", `${where}/records?limit=100`);
    const opened = new Set([...records.querySelectorAll("details[open]")].map((each) => each.dataset.kind));
    records.replaceChildren(h("h2", { id: "records" }, "Records"), ...kinds(found.records, opened));
  };
  root.append(h("h1", {}, "State"), records, await seeds(where, page));
  await update();
  return { close: page.live.watch(update) };
}

function kinds(records, opened) {
  const found = Object.entries(records).flatMap(([slug, each]) => each.map((kind) => ({ slug, name: `${slug}/${kind.kind}`, ...kind })));
  if (!found.length) return [h("p", { class: "quiet" }, "Nothing yet: what requests create is shown here.")];
  return found.map((each) => h("details", { "data-kind": each.name, open: opened.has(each.name) || found.length < 4 },
    h("summary", {}, h("strong", {}, each.kind), ` of ${each.slug} `, h("span", { class: "badge" }, String(each.count))),
    contents(each)));
}

function contents({ name, newest }) {
  const objects = newest.filter((each) => each !== null && typeof each === "object" && !Array.isArray(each));
  if (!objects.length) return h("pre", { tabindex: "0", "aria-label": name }, newest.map((each) => JSON.stringify(each)).join("\n"));
  const columns = columnsOf(objects);
  const rows = objects.map((each) => [...columns.map((column) => cell(new Map(flat(each)).get(column))), h("details", { class: "whole" }, h("summary", {}, "JSON"), h("pre", { tabindex: "0" }, JSON.stringify(each, null, 2)))]);
  return table([...columns, "Whole"], rows, name);
}

// Members that are no objects, of the record and of the objects in it, in their order: first those that say how it stands,
// then those that name it, then those that most records have.
function columnsOf(objects) {
  const counts = new Map();
  const values = new Map();
  for (const each of objects) {
    for (const [column, value] of flat(each)) {
      counts.set(column, (counts.get(column) ?? 0) + 1);
      values.set(column, (values.get(column) ?? new Set()).add(value));
    }
  }
  const isSame = (column) => objects.length > 1 && values.get(column).size === 1; // which tells no record from another
  const rank = (column) => (TELLING.findIndex((each) => each.test(column)) + 1 || TELLING.length + 1) + column.split(".").length / 10 + (isSame(column) ? 0.5 : 0);
  const names = [...counts].sort((a, b) => rank(a[0]) - rank(b[0]) || b[1] - a[1]).slice(0, MOST_COLUMNS).map(([column]) => column);
  return [...counts.keys()].filter((column) => names.includes(column));
}

function flat(record) {
  return Object.entries(record).flatMap(([name, value]) => {
    if (value === null || typeof value !== "object") return [[name, value]];
    if (Array.isArray(value)) return [];
    return Object.entries(value).filter(([, inner]) => inner === null || typeof inner !== "object").map(([inner, each]) => [`${name}.${inner}`, each]);
  });
}

const cell = (value) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

async function seeds(where, page) {
  const section = h("section", {}, h("h2", {}, "Seed data"), h("p", { class: "quiet" }, "The account set-up that a mock works with. It is checked by the provider's schema."));
  for (const slug of Object.keys(page.providers)) section.append(await seed(slug, `${where}/seed${path(slug)}`));
  return section;
}

async function seed(slug, where) {
  const shown = (value) => JSON.stringify(value, null, 2);
  const text = h("textarea", { rows: "14", spellcheck: "false", "aria-label": `Seed data of ${slug}` });
  text.value = shown(await call("GET", where));
  const save = async () => {
    try {
      text.value = shown(await call("PUT", where, JSON.parse(text.value)));
      say(`The seed data of ${slug} is saved.`);
    } catch (error) {
      say(error.message, "bad");
    }
  };
  const restore = async () => {
    if (!await confirmed(`Go back to the own seed data of ${slug}?`, "Go back")) return;
    try {
      await call("DELETE", where);
      text.value = shown(await call("GET", where));
    } catch (error) {
      say(error.message, "bad");
    }
  };
  return h("details", {}, h("summary", {}, slug), text, h("p", { class: "actions" }, button("Save", save), button("Go back to the provider's own", restore, { class: "danger" })));
}
