// The control API, which is all that this page knows of the server.

const PREFIX = "/_flowproof";

export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
  }
}

export const path = (...parts) => parts.map((part) => `/${encodeURIComponent(part)}`).join("");

// One request; returns the JSON value of the answer. A header, and never the address, holds what is secret.
export async function call(method, where, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(PREFIX + where, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Problem(0, "No answer", "The server does not answer. Is it still running?");
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && where !== "/session") window.dispatchEvent(new Event("flowproof:login"));
  throw new Problem(answer.status, problem.title ?? `HTTP ${answer.status}`, problem.detail);
}

export const eventsUrl = (workspace, after) => `${PREFIX}/workspaces${path(workspace)}/events?after=${after}`;
