// Executes the provider's own n8n node, unmodified, and tells what it sent, what it returned and what it threw.
//
// Standard input, a line each:  {"credentials": {"baseUrl", "readAuthToken", "writeAuthToken"}, "continueOnFail", "items": [{"resource", "operation", …}, …]}
// Standard output, a line each: {"version", "sent": [{"method", "url", "headers", "body", "status"}, …], "returned" | "thrown"}
//
// Each line has a node of its own. n8n itself is not installed. What the node asks of it is here: its parameters (defaults are those of the node's own
// description), its credentials, and httpRequest, which n8n does with axios and this does with fetch.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const { DotsEco } = require("@dotseco/n8n-nodes-dots-eco/dist/nodes/DotsEco/DotsEco.node.js");
const { version } = JSON.parse(
  readFileSync(new URL("node_modules/@dotseco/n8n-nodes-dots-eco/package.json", import.meta.url), "utf8"),
);

async function executed(asked) {
  const node = new DotsEco();
  const defaults = Object.fromEntries(node.description.properties.map((each) => [each.name, each.default]));
  const sent = [];

  async function httpRequest({ method, url, headers, body, json }) {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const answer = await fetch(url, { method, headers, body: content });
    sent.push({ method, url, headers, body: body ?? null, status: answer.status });
    const text = await answer.text();
    const data = json ? JSON.parse(text) : text;
    if (answer.ok) return data;
    const { status } = answer;
    throw Object.assign(new Error(`Request failed with status code ${status}`), { response: { status, data } });
  }

  const context = {
    getInputData: () => asked.items.map((json) => ({ json })),
    getNodeParameter: (name, index) => asked.items[index][name] ?? defaults[name],
    getCredentials: async () => asked.credentials,
    getNode: () => ({ id: "1", name: "dots.eco", type: "dotsEco", typeVersion: 1, position: [0, 0], parameters: {} }),
    continueOnFail: () => asked.continueOnFail,
    helpers: { httpRequest },
  };

  return node.execute.call(context).then(
    ([returned]) => ({ version, sent, returned }),
    ({ name, message, httpCode, description }) => ({ version, sent, thrown: { name, message, httpCode, description } }),
  );
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await executed(JSON.parse(line))));
}
