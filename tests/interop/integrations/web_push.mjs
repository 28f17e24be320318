// Errands with the Web Push library of npm, told on standard input and answered on standard output, as JSON, a line each.
//   send     to a subscription: web-push makes the request, fetch sends it (web-push itself speaks TLS only)
//   receive  what a push service got: decrypted by http_ece, its signature verified by Node's own cryptography

import { createECDH, createPublicKey, verify } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const webPush = require("web-push");
const ece = require("http_ece");

async function send({ subscription, payload, subject }) {
  const keys = webPush.generateVAPIDKeys();
  const vapidDetails = { subject, ...keys };
  let details;
  try {
    details = webPush.generateRequestDetails(subscription, payload, { vapidDetails, TTL: 60, contentEncoding: "aes128gcm" });
  } catch (error) {
    return { refused: error.message };
  }
  const headers = { ...details.headers };
  delete headers["Content-Length"];
  const answer = await fetch(details.endpoint, { method: details.method, headers, body: details.body });
  return { status: answer.status, publicKey: keys.publicKey };
}

function receive({ body, privateKey, auth, authorization }) {
  const receiver = createECDH("prime256v1");
  receiver.setPrivateKey(Buffer.from(privateKey, "base64url"));
  const message = ece.decrypt(Buffer.from(body, "base64url"), { version: "aes128gcm", privateKey: receiver, authSecret: auth });
  const [, token, key] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization);
  const point = Buffer.from(key, "base64url");
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString("base64url"));
  const signer = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  const [header, claims, signature] = token.split(".");
  const signed = verify(
    "sha256",
    Buffer.from(`${header}.${claims}`),
    { key: signer, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString());
  return { message: message.toString(), signed, header: read(header), claims: read(claims) };
}

const { version } = require("web-push/package.json");

for await (const line of createInterface({ input: process.stdin })) {
  const errand = JSON.parse(line);
  const told = errand.errand === "send" ? await send(errand) : receive(errand);
  console.log(JSON.stringify({ version, ...told }));
}
