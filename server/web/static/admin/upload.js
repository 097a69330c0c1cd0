// Sending a file to the library, with its progress; and the words for what went wrong.

import { csrf } from "./session.js";

/**
 * Send a file. `onProgress` gets the share that has been sent (0 to 1).
 * The promise gives the file as the server found it, or fails with `sentence`.
 */
export function upload(file, kind, onProgress) {
  return new Promise((resolve, reject) => {
    const query = new URLSearchParams({ name: file.name, kind });
    const request = new XMLHttpRequest();
    request.open("POST", `/admin/assets?${query}`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status === 200 && answer) resolve(answer);
      else reject(Object.assign(new Error("refused"), { status: request.status, problem: answer }));
    });
    for (const name of ["error", "abort", "timeout"]) {
      request.addEventListener(name, () => reject(Object.assign(new Error("away"), { status: 0, problem: null })));
    }
    request.send(file);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Say why an upload failed, in the words that `texts` (a dataset) holds. */
export function sentence(fault, texts) {
  if (fault.status === 413) return texts.textTooLarge;
  return fault.problem?.title ?? texts.textUploadAway;
}
