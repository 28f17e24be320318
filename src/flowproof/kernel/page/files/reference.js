// The reference of an API: a provider's contract with its requirements, or the control API itself.

import { call, path } from "./control.js";
import { copyButton, field, h, select, table } from "./dom.js";
import { Reader } from "./reader.js";
import { inline, prose, schemaView } from "./schema.js";
import { tryControl, tryProvider } from "./tryit.js";

const CONTROL = "_control"; // no provider has that name

export function open(root, page) {
  const readers = new Map();
  const side = h("nav", { class: "side", "aria-label": "Operations" });
  const content = h("section", { class: "content", "aria-live": "off" });
  root.append(h("h1", {}, "API reference"), h("div", { class: "handbook" }, side, content));
  let shown = "";

  const reader = async (api) => {
    if (!readers.has(api)) readers.set(api, api === CONTROL ? new Reader(await call("GET", "/openapi.json"), []) : await ofProvider(api));
    return readers.get(api);
  };
  const show = async (api = Object.keys(page.providers)[0] ?? CONTROL, id = "") => {
    const at = `${api} ${id}`;
    if (shown === at) return;
    shown = at;
    const found = await reader(api);
    if (shown !== at) return;
    const operation = found.operations.find((each) => each.id === id);
    side.replaceChildren(...navigation(api, found, id, page));
    content.replaceChildren(...operation ? operationParts(api, found, operation, page) : overview(api, found, page));
    if (id && !matchMedia("(min-width: 60rem)").matches) content.scrollIntoView();
    else scrollTo(0, 0);
  };
  return { show: (...detail) => show(...detail).catch((error) => content.replaceChildren(h("p", { class: "note bad" }, error.message))) };
}

async function ofProvider(slug) {
  const [document, { requirements }] = await Promise.all([call("GET", `/providers${path(slug, "openapi.json")}`), call("GET", `/providers${path(slug, "requirements")}`)]);
  return new Reader(document, requirements);
}

function navigation(api, reader, id, page) {
  const apis = [...Object.entries(page.providers).map(([slug, { title }]) => [slug, title]), [CONTROL, "Control API of this server"]];
  const choose = select(apis, api, (chosen) => { location.hash = page.address(page.workspace, "reference", chosen); }, { name: "api" });
  const link = (name, text, ...detail) => h("li", {}, h("a", { href: page.address(page.workspace, "reference", api, ...detail), "aria-current": name === id ? "page" : null }, text));
  const entries = reader.operations.map((each) => [`${each.method} ${each.path} ${each.id}`.toLowerCase(), link(each.id, [h("span", { class: "verb" }, each.method), h("span", { class: "url" }, each.path)], each.id)]);
  const list = h("ul", { class: "operations" }, entries.map(([, element]) => element));
  const search = h("input", {
    type: "search", name: "operation", placeholder: "Method, path, name",
    oninput: () => list.replaceChildren(...entries.filter(([text]) => text.includes(search.value.toLowerCase())).map(([, element]) => element)),
  });
  return [field("API", choose), field("Operation", search), h("ul", { class: "operations" }, link("", "Overview")), list];
}

function overview(api, reader, page) {
  const { info, components = {} } = reader.document;
  const provider = page.providers[api];
  const schemes = Object.entries(components.securitySchemes ?? {});
  return [
    h("h2", {}, info.title, " ", h("span", { class: "id" }, info.version)),
    ...prose(info.summary), ...prose(info.description),
    provider ? h("p", { class: "line" }, h("code", { class: "url" }, provider.base_url), copyButton("the base URL", () => provider.base_url),
      h("a", { href: provider.contract }, "OpenAPI document")) : h("p", {}, h("a", { href: "/_flowproof/openapi.json" }, "OpenAPI document")),
    schemes.length ? h("section", {}, h("h3", {}, "Authentication"), h("dl", {}, schemes.map(([name, each]) => h("div", {}, h("dt", {}, name), h("dd", {}, `${[each.type, each.scheme, each.in, each.name].filter(Boolean).join(" ")}`, prose(each.description)))))) : null,
    provider?.not_emulated.length ? h("section", {}, h("h3", {}, "What is not emulated"), h("ul", { class: "plain" }, provider.not_emulated.map((each) => h("li", {}, each)))) : null,
    requirementList([...reader.requirements.values()], "Requirements"),
  ].filter(Boolean);
}

function requirementList(requirements, title) {
  if (!requirements.length) return null;
  return h("section", {}, h("h3", {}, `${title} (${requirements.length})`), table(["Requirement", "Standing", "Source"], requirements.map((each) => [
    h("div", {}, h("p", {}, inline(each.text)), h("p", {}, h("code", {}, each.id)), each.note ? h("p", { class: "quiet" }, "How it is read: ", inline(each.note)) : null),
    h("span", {}, h("span", { class: `badge ${{ documented: "PASS", observed: "OMIT", inferred: "SKIP" }[each.standing]}` }, each.standing), ` obliges ${each.obliges}`), each.source]), title));
}

function operationParts(api, reader, operation, page) {
  const { described, parameters, body } = operation;
  const general = [...reader.requirements.values()].filter((each) => !each.operations.length).length;
  return [
    h("h2", {}, h("span", { class: "verb" }, operation.method), " ", h("span", { class: "url" }, operation.path)),
    h("p", { class: "reason" }, described.summary ?? operation.id, " ", h("span", { class: "id" }, operation.id)),
    ...prose(described.description),
    api === CONTROL ? tryControl(reader, operation, page) : tryProvider(api, reader, operation, page),
    parameters.length ? h("section", {}, h("h3", {}, "Parameters"), table(["Name", "In", "What", "Schema"], parameters.map((each) => [
      h("span", {}, h("code", {}, each.name), each.required ? h("span", { class: "badge OMIT" }, "required") : null), each.in, h("div", {}, prose(each.description)), schemaView(reader, each.schema ?? {})]), "Parameters")) : null,
    body ? h("section", {}, h("h3", {}, "Request body"), ...prose(body.description), contents(reader, body)) : null,
    h("section", {}, h("h3", {}, "Responses"), Object.entries(described.responses ?? {}).map(([status, each]) => response(reader, status, reader.resolve(each)))),
    requirementList(reader.concerning(operation.id), "Requirements of this operation"),
    general ? h("p", { class: "quiet" }, `${general} more concern every operation: see the overview.`) : null,
  ].filter(Boolean);
}

function response(reader, status, described) {
  const kind = status.startsWith("2") ? "PASS" : status.startsWith("3") ? "OMIT" : status === "default" ? "SKIP" : "FAIL";
  const headers = Object.keys(described.headers ?? {});
  return h("details", { open: status.startsWith("2") }, h("summary", {}, h("span", { class: `badge ${kind}` }, status), " ", described.description ?? ""),
    headers.length ? h("p", { class: "quiet" }, `Headers: ${headers.join(", ")}`) : null, contents(reader, described));
}

function contents(reader, { content = {} }) {
  return Object.entries(content).map(([type, media]) => h("div", { class: "media" }, h("p", {}, h("code", {}, type)), media.schema ? schemaView(reader, media.schema) : null,
    reader.examples(media).filter(([name]) => name !== "made from the schema").map(([name, value]) => h("details", {}, h("summary", {}, `Example: ${name}`), h("pre", { tabindex: "0" }, typeof value === "string" ? value : JSON.stringify(value, null, 2))))));
}
