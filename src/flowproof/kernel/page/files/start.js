// Providers with base URLs and credentials, and the workspaces themselves.

import { call, path } from "./control.js";
import { button, confirmed, copyButton, counted, download, field, h, say, select } from "./dom.js";

export async function open(root, page) {
  const where = `/workspaces${path(page.workspace)}`;
  const shown = await call("GET", `${where}?credentials=false`);
  const cards = Object.entries(shown.providers).map(([slug, provider]) => card(slug, provider, page, where));
  root.append(
    h("h1", {}, "Workspace ", h("code", {}, page.workspace)),
    h("p", { class: "quiet" }, `Seed ${shown.seed} · ${counted(shown.exchanges, "exchange")} · clock ${shown.clock.mode}, ${shown.clock.now}`),
    h("section", {}, h("h2", {}, "Providers"), h("div", { class: "cards" }, cards)),
    h("section", {}, h("h2", {}, "This workspace"), actions(page, where)),
    h("section", {}, h("h2", {}, "New workspace"), creation(page)));
}

function card(slug, provider, page, where) {
  const about = page.providers[slug];
  return h("article", { class: "card", "aria-label": about.title },
    h("h3", {}, about.title, " ", h("span", { class: "id" }, slug)),
    h("p", { class: "line" }, h("code", { class: "url" }, provider.base_url), copyButton(`the base URL of ${slug}`, () => provider.base_url)),
    Object.entries(provider.credentials).map(([role, parts]) => credential(slug, role, Object.keys(parts), where)),
    firstRequest(slug, about, where),
    h("p", { class: "quiet" }, `${counted(about.operations.length, "operation")} · ${Object.entries(about.requirements).map(([kind, count]) => `${count} ${kind}`).join(", ")} requirements`));
}

// A request that the server signs as the chosen workspace; it holds secrets, and is made when it is asked for.
function firstRequest(slug, about, where) {
  const reads = about.operations.filter((each) => each.method === "GET");
  const operations = [...(reads.length ? reads : about.operations)].sort((a, b) => a.path.includes("{") - b.path.includes("{"));
  if (!operations.length) return null;
  const target = h("input", { name: `path-${slug}`, value: operations[0].path, spellcheck: "false", autocomplete: "off" });
  const result = h("div", { class: "signed" });
  let { method } = operations[0];
  const choose = select(operations.map((each) => [each.operationId, `${each.method} ${each.path}`]), operations[0].operationId, (chosen) => {
    const found = operations.find((each) => each.operationId === chosen);
    method = found.method;
    target.value = found.path;
    result.replaceChildren();
  });
  const sign = async () => {
    const [place, query = ""] = target.value.split("?");
    const signed = await call("POST", `${where}/sign`, { provider: slug, method, path: place, query: Object.fromEntries(new URLSearchParams(query)) });
    result.replaceChildren(h("pre", { tabindex: "0", "aria-label": `A first request to ${slug}` }, signed.curl), copyButton(`the request to ${slug}`, () => signed.curl));
  };
  return h("details", {}, h("summary", {}, "A first request"), field("Operation", choose), field("Path", target, "With its parameters filled in, and a query where it needs one"),
    h("p", { class: "actions" }, button("Show as cURL", () => attempt(sign))), result);
}

// A credential arrives when it is shown or copied, and not before.
function credential(slug, role, names, where) {
  const read = async () => (await call("GET", where)).providers[slug].credentials[role] ?? {};
  const values = names.map((name) => h("code", { class: "secret" }, "••••••••"));
  const toggle = button("Show", async () => {
    const shows = toggle.getAttribute("aria-pressed") !== "true";
    const parts = shows ? await read() : {};
    names.forEach((name, index) => { values[index].textContent = shows ? text(parts[name]) : "••••••••"; });
    toggle.setAttribute("aria-pressed", shows);
  }, { class: "small", "aria-pressed": "false", "aria-label": `Show the credentials of ${slug}, ${role}` });
  const lines = names.map((name, index) => h("div", {}, h("dt", {}, name), h("dd", { class: "line" }, values[index],
    copyButton(`${name} of ${slug}, ${role}`, async () => text((await read())[name])))));
  return h("details", { open: role === "default" }, h("summary", {}, h("span", { class: "text" }, "Credentials: ", h("strong", {}, role))), h("p", { class: "actions" }, toggle), h("dl", {}, lines));
}

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function actions(page, where) {
  const file = h("input", { type: "file", accept: ".json,application/json", class: "unseen", tabindex: "-1", "aria-label": "Snapshot to restore", onchange: () => attempt(restore) });
  const restore = async () => {
    await call("PUT", `${where}/snapshot?credentials=false`, JSON.parse(await file.files[0].text()));
    again(page, "The snapshot is restored.");
  };
  return h("p", { class: "actions" },
    button("Save a snapshot", () => attempt(async () => download(`${page.workspace}.snapshot.json`, JSON.stringify(await call("GET", `${where}/snapshot`), null, 2)))),
    button("Restore a snapshot …", () => file.click()), file,
    button("Reset", () => attempt(async () => {
      if (!await confirmed(`Reset workspace ${page.workspace}? Its state and its journal are lost; its credentials stay.`, "Reset")) return;
      await call("POST", `${where}/reset?credentials=false`);
      page.live.forget();
      again(page, "The workspace is as new.");
    }), { class: "danger" }),
    page.workspace === "default" ? null : button("Delete", () => attempt(async () => {
      if (!await confirmed(`Delete workspace ${page.workspace} with everything in it?`, "Delete")) return;
      await call("DELETE", where);
      say(`Workspace ${page.workspace} is deleted.`);
      location.hash = page.address("default", "start");
    }), { class: "danger" }));
}

function creation(page) {
  const id = h("input", { name: "id", pattern: "[a-z0-9_\\-]+", placeholder: "drawn", autocomplete: "off", spellcheck: "false" });
  const seed = h("input", { name: "seed", placeholder: "the id", autocomplete: "off", spellcheck: "false" });
  return h("form", {
    class: "inline",
    onsubmit: (event) => {
      event.preventDefault();
      attempt(async () => {
        const options = Object.fromEntries([["id", id.value], ["seed", seed.value]].filter(([, value]) => value));
        const made = await call("POST", "/workspaces?credentials=false", options);
        say(`Workspace ${made.id} is there.`);
        location.hash = page.address(made.id, "start");
      });
    },
  }, field("Id", id, "Lower-case letters, digits, - and _"), field("Seed", seed, "What ids and chance are drawn from"), h("button", { type: "submit" }, "Create"));
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    say(error.message, "bad");
  }
}

function again(page, message) {
  say(message);
  const root = document.querySelector(".view.start");
  root.replaceChildren();
  open(root, page);
}
