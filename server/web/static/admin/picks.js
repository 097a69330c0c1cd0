// Fields that name another item: choosing one from a sheet with a search.

import { add } from "./rows.js";

const REST_MS = 200;
const sheet = document.getElementById("item-picker");
const search = document.getElementById("item-picker-text");
const found = sheet?.querySelector("[data-body]");
let wanted = "";
let chosen = null;
let timer = 0;

async function look() {
  const query = new URLSearchParams({ text: search.value.trim(), kind: wanted });
  const answer = await fetch(`/admin/items/picker?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  found.innerHTML = answer?.ok ? await answer.text() : document.body.dataset.away;
}

/** Let an item be chosen, perhaps of one kind only; `choose` gets its id. */
export function pickItem(kind, choose) {
  wanted = kind;
  chosen = choose;
  search.value = "";
  found.replaceChildren();
  sheet.showModal();
  search.focus();
  look();
}

/** Let a field hold an item, and name it. */
export async function holdItem(box, id) {
  box.querySelector("[data-item-id]").value = id || "";
  const shown = box.querySelector("[data-item-shown]");
  if (!id) {
    shown.replaceChildren();
    return;
  }
  const answer = await fetch(`/admin/items/${id}/named`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.ok) shown.innerHTML = await answer.text();
  else shown.textContent = `#${id}`;
}

/** Make the item fields of a form work; `changed` is called when one names another item. */
export function picks(form, changed) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-item-add], [data-item-pick]");
    if (!button) return;
    if ("itemPick" in button.dataset) {
      const box = button.closest("[data-item]");
      pickItem(box.dataset.kind ?? "", async (id) => {
        await holdItem(box, id);
        button.focus();
        changed();
      });
      return;
    }
    const list = form.querySelector(`[data-rows="${button.dataset.list}"]`);
    pickItem("", async (id) => {
      if (![...list.querySelectorAll("[data-item-id]")].some((field) => field.value === id)) {
        await holdItem(add(list).querySelector("[data-item]"), id);
      }
      button.focus();
      changed();
    });
  });
}

if (sheet) {
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, REST_MS);
  });
  search.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const first = found.querySelector("[data-choose-item]");
    if (event.key === "ArrowDown") first?.focus();
    else if (event.key !== "Enter") return;
    event.preventDefault();
  });
  found.addEventListener("keydown", (event) => {
    const all = [...found.querySelectorAll("[data-choose-item]")];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    (all[to] ?? search).focus();
  });
  found.addEventListener("click", (event) => {
    const line = event.target.closest("[data-choose-item]");
    if (!line) return;
    sheet.close();
    chosen(line.dataset.chooseItem);
  });
}
