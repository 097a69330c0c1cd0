// The library: several files at once, chosen or dropped, each with its own progress.

import { upload, sentence } from "./upload.js";

const area = document.getElementById("uploads");

async function send(file) {
  const line = document.createElement("li");
  const name = document.createElement("span");
  const bar = document.createElement("progress");
  const said = document.createElement("span");
  name.textContent = file.name;
  bar.max = 100;
  bar.setAttribute("aria-label", file.name);
  said.textContent = area.dataset.textUploading;
  line.append(name, bar, said);
  area.querySelector(".upload-list").append(line);
  try {
    const asset = await upload(file, "", (share) => {
      bar.value = Math.round(share * 100);
      said.textContent = share < 1 ? `${Math.round(share * 100)}%` : area.dataset.textChecking;
    });
    const link = document.createElement("a");
    link.href = `/admin/assets/${asset.id}`;
    link.textContent = asset.name;
    name.replaceChildren(link);
    said.textContent = area.dataset.textUploaded;
    line.className = "upload-done";
    return true;
  } catch (fault) {
    said.textContent = sentence(fault, area.dataset);
    line.className = "upload-failed";
    return false;
  } finally {
    bar.hidden = true;
  }
}

async function sendAll(files) {
  let some = false;
  // One after the other: they share the way to the server, and its checks take time.
  for (const file of files) some = (await send(file)) || some;
  if (some) window.htmx?.ajax("GET", location.pathname + location.search, { target: "#list", select: "#list", swap: "outerHTML" });
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
}
