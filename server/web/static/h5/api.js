/** Calls to the house: with the session's token, and every refusal as a `Problem` that pages can show. */

import { lose, renew, signedIn, token } from "./session.js";

const LONGEST_WAIT_S = 4;

export class Problem extends Error {
  constructor(status, told = {}) {
    super(told.title || "请求没有成功");
    this.status = status;
    this.code = told.code || "fault";
    this.title = told.title || "请求没有成功";
    this.detail = told.detail || "";
    this.field = told.field || "";
    this.facts = told.facts || {};
    this.request = told.request_id || "";
  }
}

let consentSheet = null;

/** Say who asks for consent when a deed needs it; gives whether it was given. */
export function askConsentWith(ask) {
  consentSheet = ask;
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body, options) => call("POST", path, { body, ...options });
export const put = (path, body, options) => call("PUT", path, { body, ...options });
export const remove = (path, options) => call("DELETE", path, options);

/** A key for a deed that must not be done twice. */
export const once = () => crypto.getRandomValues(new Uint32Array(4)).join("-").slice(0, 60);

/**
 * Call a door and give its answer.
 *
 * `guest` sends no token, `key` names a deed that may be sent again, `keepalive` lets the call outlive the page.
 */
export async function call(method, path, options = {}) {
  let answer = await send(method, path, options);
  if (answer.status === 401 && !options.guest && signedIn()) {
    const renewed = answer.used ? await renewal(answer.used) : null;
    if (renewed) {
      answer = await send(method, path, options);
      if (answer.status === 401) lose();
    }
  }
  if (answer.status === 503 && method === "GET" && !options.again) {
    const after = Math.min(Number(answer.headers.get("retry-after")) || 1, LONGEST_WAIT_S);
    await new Promise((resolve) => setTimeout(resolve, after * 1000));
    return call(method, path, { ...options, again: true });
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = new Problem(answer.status, await told(answer));
  if (problem.code === "consent_needed" && consentSheet && !options.asked && (await consentSheet())) {
    return call(method, path, { ...options, asked: true });
  }
  throw problem;
}

async function send(method, path, { body, key, guest, keepalive, signal } = {}) {
  const headers = { accept: "application/json" };
  const access = guest ? null : await renewal(null);
  if (access) headers.authorization = `Bearer ${access}`;
  // A form with a file is sent as it is, and names its boundary by itself.
  const form = body instanceof FormData;
  if (body !== undefined && body !== null && !form) headers["content-type"] = "application/json";
  if (key) headers["idempotency-key"] = key;
  try {
    const answer = await fetch(path, {
      method,
      headers,
      keepalive,
      signal,
      body: body === undefined || body === null ? undefined : form ? body : JSON.stringify(body),
    });
    answer.used = access;
    return answer;
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw away();
  }
}

/** Give a good token; after `old` was refused, another one. */
async function renewal(old) {
  try {
    return old ? await renew(old) : await token();
  } catch {
    throw away();
  }
}

async function told(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

function away() {
  return new Problem(0, { code: "offline", title: "网络不可用", detail: "请检查网络连接后再试。" });
}
