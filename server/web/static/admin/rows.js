// Lists in the form of an item: adding, moving and removing rows by keyboard or mouse, and the chapters that questions
// point to.

/** Make the lists of a form work; `changed` is called after every change that is no typing. */
export function lists(form, changed) {
  for (const list of form.querySelectorAll("[data-rows]")) {
    const section = list.parentElement;
    section.querySelector("[data-row-add]")?.addEventListener("click", () => {
      const row = add(list);
      refresh(form);
      row.querySelector("input:not([type=hidden]), select, button").focus();
      changed();
    });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const row = button?.closest("[data-row]");
      if (!row) return;
      if ("rowUp" in button.dataset && row.previousElementSibling) row.previousElementSibling.before(row);
      else if ("rowDown" in button.dataset && row.nextElementSibling) row.nextElementSibling.after(row);
      else if ("rowRemove" in button.dataset) {
        const next = row.nextElementSibling ?? row.previousElementSibling;
        row.remove();
        (next?.querySelector("[data-row-remove]") ?? section.querySelector("[data-row-add], [data-item-add]")).focus();
      } else return;
      if (!("rowRemove" in button.dataset)) button.focus();
      number(list);
      refresh(form);
      changed();
    });
    number(list);
  }
  form.addEventListener("input", (event) => {
    if ("chapterTitle" in event.target.dataset) refresh(form);
  });
  refresh(form);
}

/** Add an empty row at the end. */
export function add(list) {
  const blank = list.parentElement.querySelector("template").content.cloneNode(true);
  const row = blank.querySelector("[data-row]");
  const key = row.querySelector("[data-key]");
  if (key) key.value = fresh(list);
  list.append(row);
  number(list);
  return row;
}

// A key stays with its chapter for ever, since questions and what was watched point to it.
function fresh(list) {
  const taken = new Set([...list.querySelectorAll("[data-key]")].map((field) => field.value));
  let place = taken.size + 1;
  while (taken.has(`c${place}`)) place += 1;
  return `c${place}`;
}

// The checks lead to fields by their place in the list.
function number(list) {
  [...list.children].forEach((row, place) => {
    for (const field of row.querySelectorAll("[data-field]")) {
      field.id = `field-${list.dataset.rows}-${place}-${field.dataset.field}`;
    }
    const file = row.querySelector("[data-file]");
    if (file) file.id = `field-${list.dataset.rows}-${place}-asset`;
    const item = row.querySelector("[data-item-shown]");
    if (item) item.id = `field-${list.dataset.rows}-${place}`;
    row.querySelector("[data-row-up]").disabled = place === 0;
    row.querySelector("[data-row-down]").disabled = place === list.children.length - 1;
  });
}

// The choices of chapters are those that stand in the form now, in their order.
function refresh(form) {
  const chapters = [...form.querySelectorAll('[data-rows="chapters"] > [data-row]')].map((row, place) => ({
    key: row.querySelector("[data-key]").value,
    name: `${place + 1}. ${row.querySelector("[data-chapter-title]").value.trim() || `${form.dataset.textChapter} ${place + 1}`}`,
  }));
  for (const choice of form.querySelectorAll("[data-chapter-choice]")) {
    const chosen = choice.value;
    const options = [new Option(form.dataset.textChoose, "")];
    for (const { key, name } of chapters) options.push(new Option(name, key));
    choice.replaceChildren(...options);
    choice.value = chapters.some(({ key }) => key === chosen) ? chosen : "";
  }
}

/** Give every list as many rows as `counts` says, before a form is filled from a copy. */
export function resize(form, counts) {
  for (const list of form.querySelectorAll("[data-rows]")) {
    const wanted = counts[list.dataset.rows] ?? 0;
    while (list.children.length > wanted) list.lastElementChild.remove();
    while (list.children.length < wanted) add(list);
    number(list);
  }
}

/** Bring the choices up to date after a form was filled. */
export function refreshed(form) {
  refresh(form);
}
