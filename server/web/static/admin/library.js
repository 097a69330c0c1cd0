// The library: several files at once, chosen or dropped, each with its own progress; they can be paused, and what was
// broken off by a reload goes on when the same file is chosen again.

import { begin, forget, sentence, unfinished } from "./upload.js";

const area = document.getElementById("uploads");
const list = area?.querySelector(".upload-list");

function button(text, deed) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm";
  made.textContent = text;
  made.addEventListener("click", deed);
  return made;
}

function row(title) {
  const line = document.createElement("li");
  const name = document.createElement("span");
  const said = document.createElement("span");
  name.textContent = title;
  line.append(name, said);
  return { line, name, said };
}

// What is sent goes to the folder that is looked at.
function folder() {
  const id = new URLSearchParams(location.search).get("folder");
  return Number(id) > 0 ? { folder: id } : {};
}

async function send(file) {
  const { line, name, said } = row(file.name);
  const bar = document.createElement("progress");
  const deeds = document.createElement("span");
  let share = 0;
  let paused = false;
  const texts = area.dataset;
  const show = () => {
    bar.value = Math.round(share * 100);
    if (paused) said.textContent = `${texts.textPaused} ${Math.round(share * 100)}%`;
    else said.textContent = share < 1 ? `${Math.round(share * 100)}%` : texts.textChecking;
  };
  bar.max = 100;
  bar.setAttribute("aria-label", file.name);
  line.className = "upload-running";
  const sending = begin(file, "", (now) => {
    share = now;
    show();
  }, folder());
  const hold = button(texts.textPause, () => {
    paused = !paused;
    if (paused) sending.pause();
    else sending.resume();
    hold.textContent = paused ? texts.textResume : texts.textPause;
    show();
  });
  deeds.className = "upload-deeds";
  deeds.append(hold, button(texts.textCancel, () => sending.cancel()));
  line.insertBefore(bar, said);
  line.append(deeds);
  list.append(line);
  said.textContent = texts.textUploading;
  try {
    const asset = await sending.done;
    const link = document.createElement("a");
    link.href = `/admin/assets/${asset.id}`;
    link.textContent = asset.name;
    name.replaceChildren(link);
    said.textContent = texts.textUploaded;
    line.className = "upload-done";
    return true;
  } catch (fault) {
    if (fault.cancelled) {
      line.remove();
      return false;
    }
    said.textContent = sentence(fault, texts);
    line.className = "upload-failed";
    return false;
  } finally {
    bar.hidden = true;
    deeds.remove();
  }
}

async function sendAll(files) {
  let some = false;
  for (const line of list.querySelectorAll("[data-begun]")) {
    if (files.some((file) => file.name === line.dataset.begun)) line.remove();
  }
  // One after the other: they share the way to the server, and its checks take time.
  for (const file of files) some = (await send(file)) || some;
  if (some) window.htmx?.ajax("GET", location.pathname + location.search, { target: "#list", select: "#list", swap: "outerHTML" });
}

async function remind() {
  for (const begun of await unfinished()) {
    const { line, said } = row(begun.metadata.filename);
    line.className = "upload-begun";
    line.dataset.begun = begun.metadata.filename;
    said.textContent = area.dataset.textUnfinished;
    line.append(button(area.dataset.textDiscard, async () => {
      await forget(begun);
      line.remove();
    }));
    list.append(line);
  }
}

if (area) {
  const drop = area.querySelector("[data-drop]");
  area.querySelector("[data-many]").addEventListener("change", (event) => {
    sendAll([...event.target.files]);
    event.target.value = "";
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("drop-over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("drop-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("drop-over");
    sendAll([...event.dataTransfer.files]);
  });
  remind();
}

// Deeds for many files: the bar counts what is chosen, and asks only for what the deed needs.
const bulk = document.getElementById("bulk");

function count() {
  const chosen = document.querySelectorAll('#list input[name="asset"]:checked').length;
  bulk.querySelector("[data-count]").textContent = bulk.dataset.textChosen.replace("0", chosen);
  bulk.hidden = chosen === 0;
}

if (bulk) {
  document.addEventListener("change", (event) => {
    if (event.target.name === "asset") count();
    if (event.target.name === "deed") {
      for (const part of bulk.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(event.target.value);
    }
  });
  document.body.addEventListener("htmx:after:swap", count);
  count();
}
