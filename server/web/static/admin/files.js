// Fields that hold a file of the library: sending a new one, picking one that is there, taking it away.

import { upload, sentence } from "./upload.js";

/** Make the file fields of a form work; `changed` is called when one holds another file. */
export function files(form, changed) {
  form.addEventListener("change", (event) => {
    if ("upload" in event.target.dataset && event.target.files.length) {
      send(form, event.target.closest("[data-file]"), event.target.files[0], changed);
      event.target.value = "";
    }
  });
  form.addEventListener("click", (event) => {
    const box = event.target.closest("[data-file]");
    const button = event.target.closest("button");
    if (!box || !button) return;
    if ("clear" in button.dataset) {
      hold(box, null);
      box.querySelector("[data-pick]").focus();
      changed();
    } else if ("pick" in button.dataset) pick(form, box, changed);
  });
}

async function send(form, box, file, changed) {
  const bar = box.querySelector("progress");
  const said = box.querySelector(".file-said");
  bar.hidden = false;
  bar.value = 0;
  said.textContent = form.dataset.textUploading;
  try {
    const asset = await upload(file, box.dataset.kind, (share) => {
      bar.value = Math.round(share * 100);
      said.textContent = share < 1 ? `${form.dataset.textUploading} ${Math.round(share * 100)}%` : form.dataset.textChecking;
    });
    said.textContent = form.dataset.textUploaded;
    await hold(box, asset);
    fill(form, box, asset);
    changed();
  } catch (fault) {
    said.textContent = sentence(fault, form.dataset);
  } finally {
    bar.hidden = true;
  }
}

/** Let a field hold a file, or none, and show it. */
export async function hold(box, asset) {
  box.querySelector("[data-asset]").value = asset?.id ?? "";
  box.querySelector("[data-clear]").hidden = !asset;
  const shown = box.querySelector("[data-shown]");
  if (!asset) {
    shown.replaceChildren();
    box.querySelector(".file-said").textContent = "";
    return;
  }
  const answer = await fetch(`/admin/assets/${asset.id}/shown`, { headers: { "HX-Request": "true" } });
  shown.innerHTML = answer.ok ? await answer.text() : "";
}

// What a file says of itself is filled in where nothing was typed.
function fill(form, box, asset) {
  const duration = form.querySelector("[data-duration]");
  if (box.dataset.kind === "video" && duration && asset.length) duration.value = asset.length;
  const around = box.closest("[data-row], [role=group]") ?? form;
  const alt = around.querySelector("[data-alt]") ?? around.parentElement?.querySelector('[data-path="picture.alt"]');
  if (box.dataset.kind === "image" && alt && !alt.value && asset.alt) alt.value = asset.alt;
  const title =
    box.closest("[data-row]")?.querySelector('[data-field="title"]') ??
    around.parentElement?.querySelector('[data-path="document.title"]');
  if (title && !title.value) title.value = asset.name.replace(/\.pdf$/i, "");
}

async function pick(form, box, changed) {
  const sheet = document.getElementById("picker");
  const body = sheet.querySelector("[data-body]");
  const answer = await fetch(`/admin/assets/picker?kind=${box.dataset.kind}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  body.innerHTML = await answer.text();
  window.htmx?.process(body);
  const choose = async (event) => {
    const chosen = event.target.closest("[data-choose]");
    if (!chosen) return;
    sheet.close();
    const { choose: id, seconds, alt, name } = chosen.dataset;
    const whole = Math.round(Number(seconds));
    const length = seconds ? `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}` : "";
    await hold(box, { id });
    fill(form, box, { alt, name, length });
    changed();
  };
  body.addEventListener("click", choose);
  sheet.addEventListener("close", () => body.removeEventListener("click", choose), { once: true });
  sheet.showModal();
}
