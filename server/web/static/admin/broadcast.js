// The live desk: the queue of questions comes anew every few seconds, unless somebody is at work in it; and the recording.

import { files } from "./files.js";

const live = document.getElementById("live-now");

/** Tell whether something was typed into the queue that is not sent yet, or the focus is in it. */
function atWork() {
  const typed = [...live.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
  return typed || live.contains(document.activeElement);
}

setInterval(async () => {
  if (document.hidden || atWork()) return;
  try {
    const answer = await fetch(live.dataset.refresh, { headers: { "HX-Request": "true" } });
    if (answer.ok && !atWork()) live.innerHTML = await answer.text();
  } catch {
    // The next time will do.
  }
}, Number(live.dataset.every) * 1000);

const recording = document.querySelector("form[data-files]");
if (recording) files(recording, () => {});

for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
