// The form of an item: it saves itself, one save after the other, and loses nothing.
//
// The rule: every save carries the revision it is based on. What is not saved yet lies in this browser as well, until a
// save of it has been answered; a session that is over is begun anew over the page, and the save goes on.

import { body } from "./blocks.js";
import { files, hold } from "./files.js";
import { holdItem, picks } from "./picks.js";
import { lists, refreshed, resize } from "./rows.js";
import { csrf, renew } from "./session.js";
import { redrawTags, tags } from "./tags.js";
import { toast } from "./toast.js";

const REST_MS = 1500;
const RETRY_MS = 5000;
const form = document.getElementById("draft");
const texts = form.dataset;
const state = document.getElementById("save-state");
const place = `draft:${texts.draft}:${texts.staff}`;

let saved = serialized();
let timer = 0;
let running = null;
let stopped = false;
let bodyFilled = null;

function serialized() {
  const pairs = new URLSearchParams(new FormData(form));
  pairs.delete("csrf");
  pairs.delete("revision");
  return pairs.toString();
}

function say(text, kind = "") {
  state.textContent = text;
  state.dataset.kind = kind;
}

function isDirty() {
  return serialized() !== saved;
}

function changed() {
  const now = serialized();
  if (now === saved) return;
  localStorage.setItem(place, JSON.stringify({ at: Date.now(), text: now }));
  say(texts.textUnsaved, "unsaved");
  clearTimeout(timer);
  if (!stopped) timer = setTimeout(() => save(), REST_MS);
}

/** Save what has changed, after the save that is under way; true if nothing is left to save. */
async function save() {
  clearTimeout(timer);
  while (running) await running;
  if (!isDirty()) return true;
  running = attempt();
  try {
    return await running;
  } finally {
    running = null;
  }
}

async function attempt() {
  const sent = serialized();
  say(texts.textSaving, "saving");
  let answer;
  try {
    answer = await send(`/admin/items/${texts.draft}/draft`, sent);
  } catch {
    say(texts.textAway, "failed");
    timer = setTimeout(() => save(), RETRY_MS);
    return false;
  }
  if (answer.ok) {
    const { revision } = await answer.json();
    accept(revision, sent);
    if (isDirty()) timer = setTimeout(() => save(), REST_MS);
    return !isDirty();
  }
  return refused(answer, sent);
}

function send(address, text, accept = "application/json") {
  const body = new URLSearchParams(text);
  body.set("revision", form.elements.revision.value);
  const headers = { Accept: accept, "X-CSRF-Token": csrf() };
  if (accept === "text/html") headers["HX-Request"] = "true";
  return fetch(address, { method: "POST", body, headers });
}

function accept(revision, sent) {
  saved = sent;
  for (const field of document.querySelectorAll('input[name="revision"]')) field.value = revision;
  if (!isDirty()) localStorage.removeItem(place);
  const now = new Date().toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
  say(`${texts.textSaved} ${now}`, "saved");
  document.body.dispatchEvent(new CustomEvent("draft-saved"));
  const frame = document.querySelector("#phone iframe");
  if (frame) reload(frame);
}

async function refused(answer, sent) {
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 || problem.code === "csrf") {
    await signIn();
    return attempt();
  }
  if (answer.status === 409) {
    await settle(sent);
    return !isDirty();
  }
  if (answer.status >= 500 || answer.status === 429) {
    say(texts.textAway, "failed");
    timer = setTimeout(() => save(), RETRY_MS);
    return false;
  }
  say(texts.textRefused + (problem.detail || problem.title || answer.status), "failed");
  return false;
}

// Somebody else has saved: the differences, and the choice of what to keep.
async function settle(sent) {
  stopped = true;
  clearTimeout(timer);
  const sheet = document.getElementById("conflict");
  const answer = await send(`/admin/items/${texts.draft}/conflict`, sent, "text/html");
  sheet.querySelector("[data-body]").innerHTML = await answer.text();
  if (!sheet.open) sheet.showModal();
  const choice = await new Promise((resolve) => {
    sheet.onclick = async (event) => {
      const deed = event.target.closest("[data-conflict]")?.dataset.conflict;
      if (deed === "copy") await copy(event.target.closest("button"));
      else if (deed) resolve(deed);
    };
    sheet.onclose = () => resolve("later");
  });
  const revision = sheet.querySelector("[data-revision]")?.dataset.revision;
  sheet.onclose = null;
  if (sheet.open) sheet.close();
  stopped = false;
  if (choice === "reload") {
    localStorage.removeItem(place);
    saved = serialized();
    location.reload();
  } else if (choice === "overwrite" && revision) {
    form.elements.revision.value = revision;
    await attempt();
  } else say(texts.textUnsaved, "unsaved");
}

async function copy(button) {
  const lines = [];
  for (const field of form.elements) {
    if (!field.name || field.type === "hidden" || !field.value || (field.type === "checkbox" && !field.checked)) continue;
    const label = field.labels?.[0]?.querySelector("span")?.textContent ?? field.labels?.[0]?.textContent ?? field.name;
    lines.push(`${label.trim()}：${field.value}`);
  }
  await navigator.clipboard.writeText(lines.join("\n"));
  button.append(" ✓");
}

// The session is over: signing in happens in a frame over the page, and what was typed stays where it is.
function signIn() {
  return new Promise((resolve) => {
    const sheet = document.getElementById("signing-in");
    const body = sheet.querySelector("[data-body]");
    const frame = document.createElement("iframe");
    frame.title = body.dataset.title;
    frame.className = "sign-in-frame";
    frame.src = "/admin/sign-in?next=/admin/signed-in";
    frame.addEventListener("load", () => {
      const inside = frame.contentDocument;
      if (inside?.location.pathname !== "/admin/signed-in") return;
      if (inside.body.dataset.staff !== texts.staff) {
        // Somebody else sits here now: what was typed stays in this browser for whom it belongs to.
        stopped = true;
        location.reload();
        return;
      }
      renew(inside.body.dataset.csrf);
      sheet.onclose = null;
      sheet.close();
      resolve();
    });
    body.replaceChildren(frame);
    // Only signing in leads on.
    sheet.oncancel = (event) => event.preventDefault();
    if (!sheet.open) sheet.showModal();
  });
}

// A copy that was never saved, from a browser that was closed or a network that was away.
function offerCopy() {
  const kept = JSON.parse(localStorage.getItem(place) ?? "null");
  const box = document.getElementById("local-copy");
  if (!kept || kept.text === saved) {
    localStorage.removeItem(place);
    return;
  }
  box.hidden = false;
  box.addEventListener("click", async (event) => {
    const deed = event.target.closest("[data-local]")?.dataset.local;
    if (!deed) return;
    box.hidden = true;
    if (deed === "restore") {
      await fill(new URLSearchParams(kept.text));
      changed();
    } else localStorage.removeItem(place);
  });
}

async function fill(pairs) {
  const counts = {};
  for (const list of form.querySelectorAll("[data-rows]")) {
    const first = list.parentElement.querySelector("template").content.querySelector("[name]").name;
    counts[list.dataset.rows] = pairs.getAll(first).length;
  }
  resize(form, counts);
  const seen = new Map();
  for (const field of form.elements) {
    if (!field.name || ["csrf", "revision"].includes(field.name)) continue;
    const given = pairs.getAll(field.name);
    if (field.type === "checkbox") {
      field.checked = given.includes(field.value);
      continue;
    }
    const turn = seen.get(field.name) ?? 0;
    seen.set(field.name, turn + 1);
    // A choice of a chapter can be set only when the chapters are there.
    if ("chapterChoice" in field.dataset) {
      refreshed(form);
      if (![...field.options].some((option) => option.value === given[turn])) continue;
    }
    field.value = given[turn] ?? "";
    const box = "asset" in field.dataset ? field.closest("[data-file]") : null;
    if (box) await hold(box, field.value ? { id: field.value } : null);
    const item = "itemId" in field.dataset ? field.closest("[data-item]") : null;
    if (item) await holdItem(item, field.value);
  }
  refreshed(form);
  redrawTags(form);
  bodyFilled?.();
}

// The phone beside the form.
function reload(frame) {
  const top = frame.contentWindow?.scrollY ?? 0;
  // The page is drawn by its script, a little after it is loaded.
  frame.addEventListener("load", () => setTimeout(() => frame.contentWindow.scrollTo(0, top), 400), { once: true });
  frame.contentWindow.location.reload();
}

function preview() {
  const button = document.querySelector("[data-preview]");
  const phone = document.getElementById("phone");
  if (!button) return;
  const show = (open) => {
    phone.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open && !phone.querySelector("iframe")) {
      const frame = document.createElement("iframe");
      frame.title = phone.getAttribute("aria-label");
      frame.src = phone.dataset.address;
      phone.append(frame);
    }
    if (!open) button.focus();
  };
  button.addEventListener("click", async () => {
    if (texts.draft) await save();
    show(phone.hidden);
  });
  phone.querySelector("[data-preview-close]").addEventListener("click", () => show(false));
}

for (const sheet of document.querySelectorAll("dialog")) {
  sheet.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) sheet.close();
  });
}
preview();
if (!texts.draft) tags(form, () => {});

if (texts.draft) {
  lists(form, changed);
  files(form, changed);
  picks(form, changed);
  tags(form, changed);
  bodyFilled = body(form, changed);
  saved = serialized();
  offerCopy();
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.querySelector("[data-title]").addEventListener("input", (event) => {
    document.getElementById("heading").textContent = event.target.value;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save().then((done) => done && say(texts.textSaved, "saved"));
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      save();
    }
  });
  // What acts on the saved draft waits until everything is saved.
  for (const other of document.querySelectorAll("form[data-after-save]")) {
    other.addEventListener("submit", async (event) => {
      if (!isDirty()) return;
      event.preventDefault();
      if (await save()) other.requestSubmit(event.submitter ?? undefined);
      else toast(state.textContent);
    });
  }
  window.addEventListener("beforeunload", (event) => {
    if (isDirty() && !stopped) event.preventDefault();
  });
}
