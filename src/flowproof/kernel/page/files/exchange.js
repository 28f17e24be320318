// One exchange: what was sent, what was answered, and why it was refused.

import { call, path } from "./control.js";
import { button, copyButton, counted, download, h, say, statusBadge, table } from "./dom.js";
import { inline } from "./schema.js";

// `isAlone` is false where the exchange stands in another view, and is not closed by itself.
export async function showExchange(root, identifier, page, { isAlone = true } = {}) {
  const where = `/exchanges${path(identifier)}`;
  root.dataset.exchange = identifier;
  try {
    const entry = await call("GET", where);
    const requirement = entry.requirement ? await call("GET", `/providers${path(entry.provider, "requirements", entry.requirement)}`).catch(() => null) : null;
    if (root.dataset.exchange === identifier) root.replaceChildren(...isAlone ? [back(page)] : [], ...parts(entry, requirement, where));
  } catch (error) {
    if (root.dataset.exchange === identifier) root.replaceChildren(back(page), h("p", { class: "note bad" }, error.message));
  }
}

const back = (page) => h("p", {}, h("a", { href: page.address(page.workspace, "exchanges"), class: "back" }, "Close"));

function parts(entry, requirement, where) {
  const { request, response } = entry;
  return [
    h("h2", {}, statusBadge(response.status), " ", request.method, " ", h("span", { class: "url" }, request.path)),
    h("p", { class: "quiet" }, `${entry.id} · ${entry.provider} · ${entry.operation ?? "no operation"} · ${entry.started_at} · ${entry.duration_ms} ms`),
    h("p", { class: "actions" },
      copyButton("the request as cURL", async () => (await call("GET", `${where}/curl`)).curl, "Copy as cURL"),
      button("Show as cURL", () => reveal(`${where}/curl`, "As cURL", (value) => value.curl)),
      entry.direction === "in" ? button("As a test case", () => reveal(`${where}/case`, "As a test case", (value) => JSON.stringify(value, null, 2))) : null,
      button("HAR", () => save(`${where}/har`, `${entry.id}.har`))),
    h("div", { id: "revealed" }),
    why(entry, requirement),
    entry.faults.length ? h("section", {}, h("h3", {}, "Faults that fired"), h("ul", {}, entry.faults.map((plan) => h("li", {}, h("strong", {}, plan.id), " ", facts(plan))))) : null,
    message("Request", [`${request.method} ${request.url}`], request),
    message("Response", [response.status ? `HTTP ${response.status}` : "No answer: the connection was broken."], response),
  ].filter(Boolean);
}

function why(entry, requirement) {
  const { findings, explanation } = entry;
  if (!entry.requirement && !findings.length && !explanation && !entry.nearest) return null;
  return h("section", { class: "note bad why" },
    h("h3", {}, entry.direction === "out" ? "What happened" : "Why it was refused"),
    entry.requirement ? h("p", { class: "reason" }, inline(requirement?.text ?? entry.requirement)) : null,
    entry.requirement ? h("p", { class: "quiet" }, h("code", {}, entry.requirement), requirement ? ` · ${requirement.source} (${requirement.standing})` : "") : null,
    requirement?.note ? h("p", {}, "How it is read: ", inline(requirement.note)) : null,
    explanation && !entry.signature ? h("pre", {}, explanation) : null,
    entry.signature ? signature(entry.signature, entry.request) : null,
    nearest(entry.nearest),
    findings.length ? table(["Where", "Expected", "Got", "Requirement"], findings.map((each) => [
      h("code", {}, each.pointer ? `${each.where}#${each.pointer}` : each.where), each.expected, each.got,
      each.requirement ? h("code", {}, each.requirement) : ""]), "Findings") : null);
}

// The string to sign beside that which the client has signed, or where no mistake reproduces that, what it has sent.
function signature({ server_signed: right, client_signed: signed, expected, mistakes, note }, { method, path: sent, headers }) {
  const hints = headers.filter(([name, value]) => /auth|date|time|sign|key|token/i.test(name) || value.includes("[redacted]") || value.includes("[signature]"));
  const beside = signed === null ? h("pre", { tabindex: "0" }, [`${method} ${sent}`, ...hints.map(([name, value]) => `${name}: ${value}`)].join("\n")) : h("pre", { tabindex: "0" }, marked(signed, right));
  return h("div", { class: "signature" }, h("p", { class: "quiet" }, `Expected: ${expected}`),
    h("div", { class: "beside" },
      h("div", {}, h("h4", {}, "The string to sign"), h("pre", { tabindex: "0" }, signed === null ? right : marked(right, signed))),
      h("div", {}, h("h4", {}, signed === null ? "What the client sent" : "What the client signed"), beside)),
    mistakes.map((each) => h("p", {}, h("strong", {}, `${each.text[0].toUpperCase()}${each.text.slice(1)}.`), " ", each.fix, " ", h("code", {}, each.code))),
    h("p", { class: "quiet" }, note));
}

// A text with that marked in which it differs from another: what is neither their common beginning nor their common end.
function marked(text, other) {
  const most = Math.min(text.length, other.length);
  let first = 0;
  while (first < most && text[first] === other[first]) first += 1;
  let last = 0;
  while (last < most - first && text.at(-1 - last) === other.at(-1 - last)) last += 1;
  const end = text.length - last;
  return [text.slice(0, first), first < end ? h("mark", {}, text.slice(first, end)) : null, text.slice(end)].filter(Boolean);
}

function nearest(found) {
  if (!found) return null;
  const before = found.slip ? `No operation; without ${found.slip} it is ` : "No operation; the nearest is ";
  return h("p", {}, before, h("strong", {}, found.operationId), ": ", h("code", {}, `${found.method} ${found.path}`));
}

function message(title, lines, { headers, body }) {
  const raw = body.text ?? body.base64 ?? "";
  const indented = pretty(body.text);
  const text = h("pre", { tabindex: "0", class: "body", "aria-label": `Body of the ${title.toLowerCase()}` }, indented ?? raw);
  const toggle = indented === null || indented === raw ? null : button("Raw", () => {
    const isRaw = toggle.getAttribute("aria-pressed") !== "true";
    text.textContent = isRaw ? raw : indented;
    toggle.setAttribute("aria-pressed", isRaw);
  }, { class: "small", "aria-pressed": "false" });
  const size = body.size ? `${counted(body.size, "byte")}${body.truncated ? ", of which the first are shown" : ""}${body.base64 ? ", as Base64" : ""}` : "no body";
  return h("section", {}, h("h3", {}, title),
    h("pre", { tabindex: "0", "aria-label": `Head of the ${title.toLowerCase()}` }, [...lines, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\n")),
    h("p", { class: "quiet line" }, size, toggle, body.size ? copyButton(`the body of the ${title.toLowerCase()}`, () => raw) : null),
    body.size ? text : null);
}

function pretty(text) {
  if (!text || !/^\s*[[{]/.test(text)) return null;
  return indent(text);
}

// JSON indented without parsing: numbers, the order of members and doubled names stay as they were sent.
function indent(text) {
  let depth = 0;
  let result = "";
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g)) {
    if (token === "{" || token === "[") result += token + line(++depth);
    else if (token === "}" || token === "]") result = result.trimEnd() + line(--depth) + token;
    else if (token === ",") result += token + line(depth);
    else if (token === ":") result += ": ";
    else result += token;
  }
  return result.replace(/([[{])\s+([\]}])/g, "$1$2");
}

const line = (depth) => `\n${"  ".repeat(Math.max(0, depth))}`;

const facts = (plan) => Object.entries(plan).filter(([name, value]) => name !== "id" && value !== null).map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");

async function reveal(where, title, read) {
  try {
    const text = read(await call("GET", where));
    const place = document.getElementById("revealed");
    place.replaceChildren(h("h3", {}, title), h("pre", { tabindex: "0", "aria-label": title }, text), h("p", { class: "actions" }, copyButton(title, () => text), button("Hide", () => place.replaceChildren(), { class: "small" })));
  } catch (error) {
    say(error.message, "bad");
  }
}

async function save(where, name) {
  try {
    download(name, JSON.stringify(await call("GET", where), null, 2));
  } catch (error) {
    say(error.message, "bad");
  }
}
