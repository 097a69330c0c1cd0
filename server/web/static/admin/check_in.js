// The door: codes scanned by the camera, by a scanner that types, or typed by hand; each sent once, however often it is tried.

import { csrf } from "./session.js";

const door = document.getElementById("door");
const result = document.getElementById("result");
const field = document.getElementById("code");
const video = door.querySelector("video");
const camera = door.querySelector("[data-camera]");
const SCAN_MS = 250;
const AGAIN_MS = 4000;

let watching = null;
let seen = { code: "", at: 0 };
// What could not be sent keeps the name of its attempt, so that trying again lets nobody in twice.
let failed = { code: "", attempt: "" };

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-door]");
  if (!form) return;
  event.preventDefault();
  send(new URLSearchParams(new FormData(form)), form);
});

// What is undone is chosen among those who came in last.
document.querySelector("[data-undo]")?.addEventListener("submit", (event) => {
  event.target.action = event.target.querySelector("[data-who]").value;
});

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  camera.hidden = false;
  camera.addEventListener("click", () => (watching ? close() : open()));
}

async function send(values, form = null) {
  const tried = values.get("code") || values.get("registration");
  if (!tried) return;
  show("", ["…"]);
  let answer;
  try {
    answer = await fetch(door.dataset.address, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRF-Token": csrf() },
      body: values,
    });
  } catch {
    failed = { code: values.get("code"), attempt: values.get("attempt") };
    seen.at = 0;
    show("refused", [door.dataset.textAway]);
    return;
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) {
    show("in", [said.name, `${said.hospital} ${said.department}`.trim(), `${door.dataset.textIn} ${said.time}`]);
    document.body.dispatchEvent(new CustomEvent("entered"));
    if (form?.contains(field) === false) document.getElementById("found").replaceChildren();
  } else {
    const first = said.facts?.at ? `${door.dataset.textFirst}${clock(said.facts.at)}` : "";
    show("refused", [said.title || door.dataset.textAway, first]);
  }
  // Another code is another attempt.
  for (const input of document.querySelectorAll('form[data-door] input[name="attempt"]')) input.value = fresh();
  field.value = "";
  field.focus();
}

function show(kind, [first, ...rest]) {
  const strong = document.createElement("strong");
  strong.textContent = first || "";
  const lines = rest.filter(Boolean).map((words) => {
    const line = document.createElement("span");
    line.textContent = words;
    return line;
  });
  result.dataset.kind = kind;
  result.replaceChildren(strong, ...lines);
}

async function open() {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.hidden = false;
    await video.play();
  } catch {
    show("refused", [door.dataset.textNoCamera]);
    return;
  }
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  watching = setInterval(() => look(detector), SCAN_MS);
  words("on");
}

function close() {
  clearInterval(watching);
  watching = null;
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  video.hidden = true;
  words("off");
  field.focus();
}

function words(which) {
  const said = camera.querySelector("[data-words]");
  said.textContent = said.dataset[which];
}

async function look(detector) {
  const [found] = await detector.detect(video).catch(() => []);
  if (!found) return;
  const now = Date.now();
  // The same code stays before the camera for a while.
  if (found.rawValue === seen.code && now - seen.at < AGAIN_MS) {
    seen.at = now;
    return;
  }
  seen = { code: found.rawValue, at: now };
  const attempt = failed.code === found.rawValue ? failed.attempt : fresh();
  send(new URLSearchParams({ code: found.rawValue, attempt, csrf: csrf() }));
}

function fresh() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function clock(text) {
  return new Date(text).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false });
}
