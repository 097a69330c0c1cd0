// Handing in a sheet: it is sent as it is, with its progress, and the page goes on to what was found in it.

import { csrf } from "./session.js";

const MOST = 20 * 1024 * 1024;
const form = document.getElementById("import");
const said = form.querySelector("[data-said]");
const bar = form.querySelector("progress");
const button = form.querySelector("button");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const file = form.elements.file.files[0];
  if (!file) return say(form.dataset.textMissing, true);
  if (file.size > MOST) return say(form.dataset.textTooLarge, true);
  return send(file);
});

function send(file) {
  const query = new URLSearchParams({ kind: form.elements.kind.value, name: file.name });
  const request = new XMLHttpRequest();
  request.open("POST", `/admin/imports?${query}`);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = total ? Math.round((loaded / total) * 100) : 0;
    if (loaded === total) say(form.dataset.textChecking);
  });
  request.addEventListener("load", () => {
    const answer = parsed(request.responseText);
    if (request.status === 200 && answer) location.assign(answer.address);
    else end(answer?.detail || answer?.title || form.dataset.textAway);
  });
  for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => end(form.dataset.textAway));
  button.disabled = true;
  bar.hidden = false;
  say(form.dataset.textSending);
  request.send(file);
}

function end(sentence) {
  button.disabled = false;
  bar.hidden = true;
  say(sentence, true);
}

function say(sentence, wrong = false) {
  said.textContent = sentence;
  said.classList.toggle("text-danger", wrong);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
