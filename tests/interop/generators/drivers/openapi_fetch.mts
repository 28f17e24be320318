// Drives openapi-fetch with the types that openapi-typescript has generated; tsc checks each call against them.
// node openapi_fetch.mjs < plan: provider, base URL, credentials and what to send. It prints what it read and wrote.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { paths as DotsEco } from "./dots_eco.js";
import type { paths as Flow1st } from "./flow1st.js";
import type { paths as Integrations } from "./integrations.js";
import type { components as OneflowComponents, paths as Oneflow } from "./oneflow.js";
import type { paths as Otter } from "./otter.js";
import type { components as DotsEcoComponents } from "./dots_eco.js";
import type { components as Flow1stComponents } from "./flow1st.js";
import type { components as IntegrationsComponents } from "./integrations.js";
import type { components as OtterComponents } from "./otter.js";

const plan = JSON.parse(readFileSync(0, "utf8"));
const { provider, credentials, body, date } = plan;

async function proof(request: Request): Promise<Record<string, string>> {
  const path = new URL(request.url).pathname;
  switch (provider) {
    case "dots_eco":
      return { "auth-token": credentials.key };
    case "oneflow": {
      const message = `${request.method} ${path} ${request.headers.get("x-oneflow-date")}`;
      const signature = createHmac("sha1", credentials.secret).update(message).digest("hex");
      return { "x-oneflow-authorization": `${credentials.key}:${signature}` };
    }
    case "flow1st": {
      const timestamp = request.headers.get("x-timestamp");
      const token = { accesstoken: `Bearer ${credentials.token}` };
      if (timestamp === null) return token;
      const signed = createHmac("sha256", credentials.signing_key).update(timestamp + (await request.clone().text()));
      return { ...token, "x-signature": signed.digest("hex") };
    }
    default:
      return { authorization: `Bearer ${credentials.token}` };
  }
}

function clientOf<Paths extends {}>() {
  const client = createClient<Paths>({ baseUrl: plan.base_url });
  client.use({
    async onRequest({ request }) {
      for (const [name, value] of Object.entries(await proof(request))) request.headers.set(name, value);
      return request;
    },
  });
  return client;
}

function got<Data>(answer: { data?: Data; error?: unknown }): Data {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const drivers: Record<string, () => Promise<[unknown, unknown]>> = {
  async dots_eco() {
    const client = clientOf<DotsEco>();
    const card: DotsEcoComponents["schemas"]["NewCard"] = body;
    const cards = got(
      await client.GET("/api/v1/flow-card/list/{app_token}", { params: { path: { app_token: plan.app_token } } }),
    );
    const made = got(await client.POST("/api/v1/flow-card/add", { body: card }));
    return [cards[0].sku, made.response.card_id];
  },
  async flow1st() {
    const client = clientOf<Flow1st>();
    const order: Flow1stComponents["schemas"]["Order"] = body;
    const catalog = got(
      await client.GET("/api/distributors/products", {
        headers: { "Content-Type": "application/vnd.carry1st.products.distributorproduct+json" },
      }),
    );
    const placed = got(
      await client.POST("/api/orders/distributors/order-complete", {
        params: { header: { "X-TIMESTAMP": date } },
        headers: { "Content-Type": "application/vnd.carry1st.order.distributor+json" },
        body: order,
      }),
    );
    return [catalog.products[0].bundles[0].sku, placed.reference];
  },
  async integrations() {
    const client = clientOf<Integrations>();
    const triggers = got(
      await client.GET("/api/workflows/triggers/{entityType}", { params: { path: { entityType: "Order" } } }),
    );
    const workflow: IntegrationsComponents["schemas"]["WorkflowToBeConfigured"] = {
      ...body,
      triggerId: triggers.data[0].guid,
    };
    const made = got(await client.POST("/api/workflows/configure", { body: workflow }));
    return [triggers.data[0].code, made.data.guid];
  },
  async oneflow() {
    const client = clientOf<Oneflow>();
    const order: OneflowComponents["schemas"]["Order"] = body;
    const params = { header: { "x-oneflow-date": date } };
    const submitted = got(await client.POST("/api/order", { params, body: order }));
    const page = got(await client.GET("/api/order", { params }));
    return [page.data[0].orderData.sourceOrderId, submitted._id];
  },
  async otter() {
    const client = clientOf<Otter>();
    const connection: OtterComponents["schemas"]["RequestForAConnection"] = body;
    const query = { limit: "1" };
    const brands = got(await client.GET("/organization/v1/organization/brands", { params: { query } }));
    const brandId = brands.items[0].id;
    const stores = got(
      await client.GET("/organization/v1/organization/brands/{brandId}/stores", { params: { query, path: { brandId } } }),
    );
    const params = { path: { brandId, storeId: stores.items[0].id } };
    const path = "/organization/v1/organization/brands/{brandId}/stores/{storeId}/connection";
    const made = await client.POST(path, { params, body: connection });
    if (!made.response.ok) throw new Error(JSON.stringify(made.error));
    return [brands.items[0].name, got(await client.GET(path, { params })).storeId];
  },
};

console.log(JSON.stringify(await drivers[provider]()));
