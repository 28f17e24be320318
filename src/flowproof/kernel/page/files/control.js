// The control API, which is all that this page knows of the server.

const PREFIX = "/_flowproof";

export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
  }
}

export const path = (...parts) => parts.map((part) => `/${encodeURIComponent(part)}`).join("");

// A body that is sent as it stands, with its media type.
export class Raw {
  constructor(content, type) {
    this.content = content;
    this.type = type;
  }
}

async function ask(method, where, raw) {
  try {
    return await fetch(PREFIX + where, { method, headers: raw ? { "Content-Type": raw.type } : {}, body: raw?.content, cache: "no-store" });
  } catch {
    throw new Problem(0, "No answer", "The server does not answer. Is it still running?");
  }
}

// One request with a body as it was typed; returns the answer's status and text, whatever they are.
export async function send(method, where, text) {
  const answer = await ask(method, where, text === undefined ? undefined : new Raw(text, "application/json"));
  return { status: answer.status, text: await answer.text() };
}

// One request; returns the JSON value of the answer. A header, and never the address, holds what is secret.
export async function call(method, where, body) {
  const answer = await ask(method, where, body === undefined || body instanceof Raw ? body : new Raw(JSON.stringify(body), "application/json"));
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && where !== "/session") window.dispatchEvent(new Event("flowproof:login"));
  throw new Problem(answer.status, problem.title ?? `HTTP ${answer.status}`, problem.detail);
}

export const eventsUrl = (workspace, after) => `${PREFIX}/workspaces${path(workspace)}/events?after=${after}`;
