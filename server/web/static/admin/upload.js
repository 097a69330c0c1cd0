// Sending a file to the library in parts (tus 1.0), so that it goes on after a break; and the words for what went wrong.

import "../vendor/tus/tus.min.js";

import { csrf } from "./session.js";

const ENDPOINT = "/admin/uploads/";
const PART = 16 * 1024 * 1024;
const DELAYS = [0, 1000, 3000, 5000, 10000, 20000];
const CHECK_MS = 1000;
const CHECKS = 180;

function options(more) {
  return {
    endpoint: ENDPOINT,
    chunkSize: PART,
    retryDelays: DELAYS,
    removeFingerprintOnSuccess: true,
    // The token of a session that was begun anew meanwhile.
    onBeforeRequest: (request) => {
      request.setHeader("X-CSRF-Token", csrf());
      request.setHeader("Accept", "application/json");
    },
    ...more,
  };
}

/**
 * Send a file, or go on with one that was begun. `onProgress` gets the share that has been sent (0 to 1); `more` may name
 * the `folder` that it goes to, or the file that it `replaces`.
 * `done` gives the file as the server found it, or fails with what `sentence` needs; the rest are for a person.
 */
export function begin(file, kind, onProgress, more = {}) {
  let settle;
  const done = new Promise((resolve, reject) => (settle = { resolve, reject }));
  const sending = new window.tus.Upload(file, options({
    metadata: { filename: file.name, kind, ...more },
    onProgress: (sent, all) => onProgress(all ? sent / all : 0),
    onSuccess: () => {
      onProgress(1);
      outcome(sending.url).then(settle.resolve, settle.reject);
    },
    onError: async (fault) => {
      const said = refused(fault.originalResponse);
      // What was refused is not to be gone on with; who has to sign in first can.
      if (said.status >= 400 && said.status < 500 && said.status !== 401) await forgotten(sending.url);
      settle.reject(said);
    },
  }));
  sending.findPreviousUploads().then((begun) => {
    const same = begun.find((one) => one.metadata.kind === kind && one.metadata.replaces === more.replaces);
    if (same) sending.resumeFromPreviousUpload(same);
    sending.start();
  });
  return {
    done,
    pause: () => sending.abort(),
    resume: () => sending.start(),
    cancel: () => {
      settle.reject(Object.assign(new Error("cancelled"), { cancelled: true }));
      return sending.abort(true).catch(() => {});
    },
  };
}

/** Send a file and wait for what becomes of it. */
export function upload(file, kind, onProgress, more) {
  return begin(file, kind, onProgress, more).done;
}

/** List the files that this browser has begun to send and not finished. */
export async function unfinished() {
  const begun = await window.tus.defaultOptions.urlStorage.findAllUploads();
  return begun.filter((one) => one.uploadUrl?.includes(ENDPOINT));
}

async function forgotten(url) {
  for (const begun of await unfinished()) {
    if (begun.uploadUrl === url) await window.tus.defaultOptions.urlStorage.removeUpload(begun.urlStorageKey);
  }
}

/** Throw away what was begun: here, and at the server. */
export async function forget(begun) {
  await window.tus.defaultOptions.urlStorage.removeUpload(begun.urlStorageKey);
  await window.tus.Upload.terminate(begun.uploadUrl, options({ retryDelays: [] })).catch(() => {});
}

// The bytes are there; the server looks at them, and may have died over it.
async function outcome(url) {
  for (let tries = 0; tries < CHECKS; tries += 1) {
    const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer && answer.status < 500) {
      const said = await answer.json().catch(() => null);
      if (!answer.ok) throw failed(answer.status, said);
      if (said.state === "taken") return said.asset;
      if (said.state === "refused") throw failed(422, said.problem);
    }
    await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
  }
  throw failed(0, null);
}

function refused(response) {
  let problem = null;
  try {
    problem = JSON.parse(response?.getBody() ?? "");
  } catch {
    // No words came with it.
  }
  return failed(response?.getStatus() ?? 0, problem);
}

function failed(status, problem) {
  return Object.assign(new Error("refused"), { status, problem });
}

/** Say why an upload failed, in the words that `texts` (a dataset) holds. */
export function sentence(fault, texts) {
  if (fault.status === 413) return texts.textTooLarge;
  return fault.problem?.title ?? texts.textUploadAway;
}
