// Makes calls with the provider's own SDK, unmodified, and tells what it sent, what it returned and what it threw.
//
// Standard input, a line each:  {"baseUrl", "token", "secret", "retries", "hurry", "calls": [{"call": "request", …}, …]}
// Standard output, a line each: {"sdk", "node", "calls": [{"name", "attempts", "returned" | "thrown"}, …]}
//
// Each line has an SDK of its own. What was sent is read off Node's own HTTP client, once for each time that a request really goes out.

import { subscribe } from "node:diagnostics_channel";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const OneFlowClient = require("oneflow-sdk-js");
const { version } = require("oneflow-sdk-js/package.json");

const sent = new Map();
subscribe("http.client.request.start", ({ request }) => {
  sent.set(request, { method: request.method, path: request.path, headers: { ...request.getHeaders() }, status: null });
});
subscribe("http.client.response.finish", ({ request, response }) => {
  sent.get(request).status = response.statusCode;
});

function build(sdk, { destination, orderData, items, stockItems, shipments }) {
  const order = sdk.createOrder(destination, orderData);
  for (const { components, ...item } of items) {
    const added = order.addItem(item);
    for (const component of components) added.addComponent(component);
  }
  for (const stockItem of stockItems ?? []) order.addStockItem(stockItem);
  for (const shipment of shipments) order.addShipment(shipment);
}

const CALLS = {
  validateOrder: (sdk, { order }) => (build(sdk, order), sdk.validateOrder()),
  submitOrder: (sdk, { order }) => (build(sdk, order), sdk.submitOrder()),
  request: (sdk, { method, path, data }) => sdk.request(method, path, data),
};

function described(error) {
  if (error.isAxiosError) {
    const { message, code, response } = error;
    return { kind: "AxiosError", message, code, status: response?.status ?? null, body: response?.data ?? null };
  }
  return error instanceof Error ? { kind: error.name, message: error.message } : { kind: "object", body: error };
}

async function made(sdk, call) {
  sent.clear();
  const outcome = await CALLS[call.call](sdk, call).then(
    (returned) => ({ returned }),
    (error) => ({ thrown: described(error) }),
  );
  return { name: call.call, attempts: [...sent.values()], ...outcome };
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const options = { retries: asked.retries, ...(asked.hurry ? { retryDelay: () => 0 } : {}) };
  const sdk = new OneFlowClient(asked.baseUrl, asked.token, asked.secret, options);
  const calls = [];
  for (const call of asked.calls) calls.push(await made(sdk, call));
  console.log(JSON.stringify({ sdk: version, node: process.version, calls }));
}
