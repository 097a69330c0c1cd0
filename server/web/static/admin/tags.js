// The tags of a form: chosen ones as chips, all others by facet in their tree, found by typing.

/** Make the tag fields of a form work; `changed` is called when one is taken away by its chip. */
export function tags(form, changed) {
  for (const field of form.querySelectorAll("[data-tags]")) {
    const search = field.querySelector("[data-tags-search]");
    field.addEventListener("change", (event) => {
      if (event.target.matches("[type=checkbox]")) draw(field);
    });
    field.querySelector("[data-tags-chosen]").addEventListener("click", (event) => {
      const chip = event.target.closest("[data-tag]");
      if (!chip) return;
      box(field, chip.dataset.tag).checked = false;
      draw(field);
      (field.querySelector("[data-tags-chosen] button") ?? search)?.focus();
      changed();
    });
    search?.addEventListener("input", () => filter(field, search.value));
    search?.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const first = shown(field)[0]?.querySelector("input");
      if (event.key === "Enter") {
        if (first && search.value.trim()) first.click();
      } else if (event.key === "ArrowDown") first?.focus();
      else if (event.key === "Escape" && search.value) {
        search.value = "";
        filter(field, "");
      } else return;
      event.preventDefault();
    });
    draw(field);
  }
}

/** Draw the chips anew after a form was filled. */
export function redrawTags(form) {
  for (const field of form.querySelectorAll("[data-tags]")) draw(field);
}

function box(field, slug) {
  return [...field.querySelectorAll("[type=checkbox]")].find((one) => one.value === slug);
}

function shown(field) {
  return [...field.querySelectorAll(".tag-choice")].filter((one) => !one.hidden);
}

function draw(field) {
  const chips = [...field.querySelectorAll("[type=checkbox]:checked")].map((one) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "tag-chip";
    chip.dataset.tag = one.value;
    chip.textContent = one.nextElementSibling.textContent;
    chip.disabled = one.disabled || Boolean(one.closest("fieldset:disabled"));
    const sign = document.createElement("span");
    sign.textContent = " ×";
    chip.append(sign);
    return chip;
  });
  field.querySelector("[data-tags-chosen]").replaceChildren(...chips);
  for (const facet of field.querySelectorAll("[data-facet]")) {
    facet.querySelector("[data-facet-count]").textContent = facet.querySelectorAll("[type=checkbox]:checked").length || "";
  }
}

function filter(field, typed) {
  const text = typed.trim().toLowerCase();
  for (const one of field.querySelectorAll(".tag-choice")) one.hidden = Boolean(text) && !one.dataset.words.toLowerCase().includes(text);
  for (const facet of field.querySelectorAll("[data-facet]")) {
    const some = Boolean(facet.querySelector(".tag-choice:not([hidden])"));
    facet.hidden = !some;
    if (text && some) facet.open = true;
  }
  field.querySelector("[data-tags-none]").hidden = shown(field).length > 0;
}
