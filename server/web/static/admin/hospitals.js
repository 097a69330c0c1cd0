// Taking a list of hospitals in: it is tried first, and sent again to be taken in when nothing is wrong with it.

import { csrf } from "./session.js";

const form = document.getElementById("hospital-import");
const said = form.querySelector("[data-said]");
const takeIn = form.querySelector("[data-take-in]");
const report = document.getElementById("taken-in");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(true);
});
takeIn.addEventListener("click", () => send(false));
form.elements.file.addEventListener("change", () => {
  takeIn.hidden = true;
  report.replaceChildren();
  say("");
});

async function send(dryRun) {
  const file = form.elements.file.files[0];
  if (!file) return say(form.dataset.textMissing, true);
  takeIn.hidden = true;
  say(form.dataset.textChecking);
  try {
    const answer = await fetch(`${form.dataset.address}?dry_run=${dryRun ? 1 : 0}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream", "X-CSRF-Token": csrf(), "HX-Request": "true" },
      body: file,
    });
    report.innerHTML = await answer.text();
    const section = report.querySelector("[data-clean]");
    takeIn.hidden = !(section?.dataset.clean === "1" && section.dataset.done === "0");
    say("");
  } catch {
    say(form.dataset.textAway, true);
  }
  return undefined;
}

function say(sentence, wrong = false) {
  said.textContent = sentence;
  said.classList.toggle("text-danger", wrong);
}
