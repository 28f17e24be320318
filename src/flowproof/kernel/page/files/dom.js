// Builds elements from values. Text stays text: nothing on this page is ever parsed as markup.

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// A number with its noun: "1 test", "2 tests".
export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

export function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

// A button that copies what `text` returns, or resolves to, and says so.
export function copyButton(name, text, label = "Copy") {
  const element = button(label, async () => {
    try {
      await navigator.clipboard.writeText(await text());
      say(`Copied: ${name}.`);
    } catch (error) {
      say(`Not copied: ${error.message}`, "bad");
    }
  }, label === "Copy" ? { class: "small", "aria-label": `Copy ${name}` } : {});
  return element;
}

export function say(text, kind = "good") {
  const message = h("p", { class: `message ${kind}` }, text);
  document.getElementById("messages").append(message);
  setTimeout(() => message.remove(), 6000);
}

// Resolves as soon as the page is shown: one in the background asks for nothing.
export function visible() {
  return document.hidden ? new Promise((resolve) => { document.addEventListener("visibilitychange", resolve, { once: true }); }) : null;
}

export function download(name, text, type = "application/json") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// Asks before something that cannot be undone; resolves to whether it was confirmed.
export function confirmed(question, action) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "question", onclose: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } },
      h("p", { id: "question" }, question),
      h("p", { class: "actions" },
        button(action, () => dialog.close("yes"), { class: "danger" }),
        button("Cancel", () => dialog.close("no"))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function field(label, control, hint = "") {
  return h("label", { class: "field" }, h("span", {}, label), control, hint ? h("small", { class: "quiet" }, hint) : null);
}

export function select(options, chosen, onchange, attributes = {}) {
  const pairs = options.map((each) => (Array.isArray(each) ? each : [each, each]));
  return h("select", { onchange: (event) => onchange(event.target.value), ...attributes },
    pairs.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
}

export function table(heads, rows, caption) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell ?? "")))))));
}

export function statusBadge(status) {
  const kind = status === 0 ? "ERROR" : status >= 500 ? "ERROR" : status >= 400 ? "FAIL" : status >= 300 ? "OMIT" : "PASS";
  return h("span", { class: `badge ${kind}` }, status === 0 ? "none" : String(status));
}
