// Chooses the view that the address names: #/{workspace}/{view}/{detail}/….

import { call, path } from "./control.js";
import { button, field, h, say, select } from "./dom.js";
import { Live } from "./live.js";

const VIEWS = {
  start: ["Start", () => import("./start.js")],
  exchanges: ["Exchanges", () => import("./exchanges.js")],
  clock: ["Clock", () => import("./clock.js")],
  faults: ["Faults", () => import("./faults.js")],
  webhooks: ["Webhooks", () => import("./webhooks.js")],
  state: ["State", () => import("./state.js")],
  reference: ["API reference", () => import("./reference.js")],
  certificates: ["Certificates", () => import("./certificates.js")],
};
const STATES = { connecting: ["connecting", "SKIP"], live: ["live", "PASS"], lost: ["not connected", "FAIL"], paused: ["paused", "SKIP"] };

const main = document.getElementById("main");
let page = null; // { workspace, providers, live, view, leave }

export const address = (...parts) => `#/${parts.filter(Boolean).map(encodeURIComponent).join("/")}`;

function route() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const [workspace = "", view = "", ...detail] = parts;
  return { workspace: workspace || "default", view: view in VIEWS ? view : "start", detail };
}

async function show() {
  if (location.hash === "#main") return main.focus();
  const wanted = route();
  try {
    if (page?.workspace !== wanted.workspace) await enter(wanted.workspace);
    if (page.view !== wanted.view) await open(wanted.view);
    page.leave?.show?.(...wanted.detail);
  } catch (error) {
    if (error.status === 401) return;
    fail(error, wanted.workspace);
  }
}

async function enter(workspace) {
  await call("GET", `/workspaces${path(workspace)}?credentials=false`);
  const { providers } = page ?? await call("GET", "/providers");
  page?.leave?.close?.();
  page?.live.close();
  page = { workspace, providers, live: new Live(workspace), view: null, leave: null };
  page.live.addEventListener("state", connection);
  connection();
  await header();
}

async function open(view) {
  page.leave?.close?.();
  page.view = view;
  const [title, load] = VIEWS[view];
  const module = await load();
  const root = h("div", { class: `view ${view}` });
  main.replaceChildren(root);
  document.title = `${title} · ${page.workspace} · Flowproof`;
  navigation();
  page.leave = (await module.open(root, { ...page, address, refresh: header })) ?? null;
}

function navigation() {
  const links = Object.entries(VIEWS).map(([name, [title]]) =>
    h("li", {}, h("a", { href: address(page.workspace, name), "aria-current": name === page.view ? "page" : null }, title)));
  document.getElementById("views").replaceChildren(...links);
}

async function header() {
  const { workspaces } = await call("GET", "/workspaces?limit=1000");
  if (!workspaces.includes(page.workspace)) workspaces.push(page.workspace);
  const choose = select(workspaces, page.workspace, (chosen) => { location.hash = address(chosen, page.view ?? "start"); });
  document.getElementById("workspace").replaceChildren(field("Workspace", choose));
}

function connection() {
  const [text, kind] = STATES[page.live.state];
  const badge = document.getElementById("connection");
  badge.textContent = text;
  badge.className = `badge ${kind}`;
}

function fail(error, workspace) {
  const note = h("section", { class: "note bad" },
    h("h1", {}, error.status === 404 ? "Not there" : "That did not work"),
    h("p", {}, error.message),
    h("p", { class: "actions" }, workspace === "default" ? button("Try again", show) : h("a", { href: address("default", "start") }, "Go to the default workspace")));
  page?.leave?.close?.();
  page?.live.close();
  page = null;
  main.replaceChildren(note);
}

function login() {
  const token = h("input", { type: "password", name: "token", autocomplete: "current-password", required: true });
  const form = h("form", {
    class: "login note",
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        await call("POST", "/session", { token: token.value });
        await show();
      } catch (error) {
        say(error.message, "bad");
        token.select();
      }
    },
  }, h("h1", {}, "Log in"),
  h("p", {}, "The control API of this server asks for a token: the one that ", h("code", {}, "flowproof serve"), " was started with."),
  field("Token", token), h("p", { class: "actions" }, h("button", { type: "submit" }, "Log in")));
  page?.leave?.close?.();
  page?.live.close();
  page = null;
  main.replaceChildren(form);
  token.focus();
}

window.addEventListener("flowproof:login", login);
window.addEventListener("hashchange", show);
show();
