// What `flowproof verify` says of a certificate that is dropped here. The server reads it and keeps nothing of it.

import { call, Raw } from "./control.js";
import { button, download, field, h, say, table } from "./dom.js";
import { inline } from "./schema.js";

const LARGEST = 64 * 1024 * 1024;
const SHOWN = { true: ["VALID", "PASS"], false: ["NOT TRUSTED", "ERROR"] };

export function open(root) {
  const keys = new Map(); // base64 by file name
  let certificate = null;
  const result = h("section", { role: "status", "aria-label": "Result" });
  const trusted = h("p", { class: "quiet" });
  const showKeys = () => { trusted.textContent = keys.size ? `Trusted keys: ${[...keys.keys()].join(", ")}` : "No key is trusted yet: name the signer's FILE.pub."; };
  const take = async (files) => {
    for (const file of files) {
      if (/\.(pub|pem)$/i.test(file.name)) keys.set(file.name, keyOf(await file.text()));
      else certificate = file;
    }
    showKeys();
    if (certificate) await verify(certificate, [...keys.values()], result);
  };
  const taken = (files) => take([...files]).catch((error) => say(error.message, "bad"));
  const input = (name, accept, label) => field(label, h("input", { type: "file", name, accept, multiple: name === "keys", onchange: (event) => taken(event.target.files) }));
  const zone = h("section", {
    class: "drop note",
    ondragover: (event) => { event.preventDefault(); zone.classList.add("over"); },
    ondragleave: () => zone.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); zone.classList.remove("over"); taken(event.dataTransfer.files); },
  }, h("p", {}, "Drop a ", h("code", {}, "certificate.zip"), " here, and the public key of whoever you trust, or choose the files."),
  h("div", { class: "inline" }, input("certificate", ".zip,application/zip", "Certificate"), input("keys", ".pub,.pem", "Public keys")), trusted);
  showKeys();
  root.append(h("h1", {}, "Certificates"), zone, result);
}

// The lines between the first and the last of a PEM file.
function keyOf(pem) {
  const found = /-----BEGIN PUBLIC KEY-----([\s\S]+?)-----END PUBLIC KEY-----/.exec(pem);
  if (!found) throw new Error("That is no public key in PEM. Choose the signer's FILE.pub.");
  return found[1].replace(/\s+/g, "");
}

async function verify(file, keys, result) {
  if (file.size > LARGEST) throw new Error(`${file.name} has more than 64 MiB, which no certificate has.`);
  result.replaceChildren(h("p", { class: "quiet" }, `${file.name} is verified …`));
  try {
    const query = new URLSearchParams(keys.map((key) => ["key", key])).toString();
    const said = await call("POST", `/certificates/verify${query ? `?${query}` : ""}`, new Raw(file, "application/zip"));
    result.replaceChildren(...said.valid ? valid(file, said) : [h("div", { class: "note bad" }, h("h2", {}, h("span", { class: "badge FAIL" }, "INVALID"), " ", file.name), h("p", { class: "reason" }, said.why))]);
  } catch (error) {
    result.replaceChildren(h("p", { class: "note bad" }, error.message));
  }
}

function valid(file, said) {
  const [word, kind] = SHOWN[said.trusted];
  const name = file.name.replace(/\.zip$/i, "");
  return [
    h("div", { class: "note" }, h("h2", {}, h("span", { class: `badge ${kind}` }, word), " ", file.name),
      h("pre", { tabindex: "0", "aria-label": "What flowproof verify says" }, said.text),
      h("p", { class: "actions" }, button("Save the report as a page", () => download(`${name}.html`, said.page, "text/html")))),
    h("section", {}, h("h2", {}, `Requirements (${said.requirements.length})`), table(["Verdict", "Requirement", "Why"], said.requirements.map((each) => [
      h("span", {}, h("span", { class: `badge ${each.verdict}` }, each.verdict), each.mandatory ? h("span", { class: "quiet" }, " mandatory") : null),
      h("div", {}, h("p", {}, inline(each.text)), h("code", {}, each.id)), each.why]), "Requirements with their verdicts")),
  ];
}
