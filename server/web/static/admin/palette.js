// Ctrl+K: a field to type in and a list below it, from which the arrows choose and enter goes.
//
// The rule: the focus stays in the field; what is chosen is named to screen readers by `aria-activedescendant`. The
// server lists items and pages, the page itself adds its own deeds: the buttons that it shows.

const REST_MS = 120;
const sheet = document.getElementById("palette");
const field = sheet?.querySelector("[role=combobox]");
const list = sheet?.querySelector("[role=listbox]");
const said = sheet?.querySelector("[role=status]");
let timer = 0;
let asked = 0;
let listed = "";
let deeds = [];

function buttons() {
  const shown = document.querySelectorAll(
    "main .page-header .btn, main [data-deed], main .desk-side .btn, main .card-footer > .btn, main .card-footer > button",
  );
  return [...shown].filter(
    (one) => !one.disabled && one.checkVisibility({ visibilityProperty: true }) && one.textContent.trim(),
  );
}

function name(button) {
  return button.textContent.trim().replaceAll(/\s+/g, " ");
}

function drawDeeds(text) {
  const wanted = text.toLowerCase();
  const fitting = deeds.filter((one) => name(one).toLowerCase().includes(wanted));
  if (!fitting.length) return;
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", sheet.dataset.deeds);
  const heading = document.createElement("div");
  heading.className = "palette-heading";
  heading.textContent = sheet.dataset.deeds;
  group.append(heading);
  for (const [place, one] of fitting.entries()) {
    const line = document.createElement("div");
    line.className = "palette-line";
    line.id = `palette-deed-${place}`;
    line.setAttribute("role", "option");
    line.setAttribute("aria-selected", "false");
    line.dataset.deed = String(deeds.indexOf(one));
    const icon = one.querySelector("svg.icon");
    if (icon) line.append(icon.cloneNode(true));
    const words = document.createElement("span");
    words.className = "palette-name";
    words.textContent = name(one);
    line.append(words);
    group.append(line);
  }
  list.append(group);
}

function lines() {
  return [...list.querySelectorAll("[role=option]")];
}

function choose(line) {
  for (const other of lines()) other.setAttribute("aria-selected", String(other === line));
  if (line) {
    field.setAttribute("aria-activedescendant", line.id);
    line.scrollIntoView({ block: "nearest" });
  } else field.removeAttribute("aria-activedescendant");
}

function chosen() {
  return list.querySelector("[aria-selected=true]");
}

async function ask() {
  const text = field.value.trim();
  const turn = ++asked;
  const answer = await fetch(`/admin/palette?${new URLSearchParams({ text })}`, { headers: { "HX-Request": "true" } }).catch(
    () => null,
  );
  if (turn !== asked) return;
  list.innerHTML = answer?.ok ? await answer.text() : "";
  if (turn !== asked) return;
  if (!answer?.ok) {
    said.textContent = document.body.dataset.away;
    return;
  }
  drawDeeds(text);
  listed = text;
  const count = lines().length;
  said.textContent = count ? "" : sheet.dataset.nothing;
  choose(lines()[0] ?? null);
}

// Whoever types faster than the list follows means what was typed.
async function enter() {
  clearTimeout(timer);
  if (field.value.trim() !== listed) await ask();
  go(chosen());
}

function go(line) {
  if (!line) return;
  sheet.close();
  if (line.dataset.address) {
    location.assign(line.dataset.address);
    return;
  }
  const deed = deeds[Number(line.dataset.deed)];
  deed.focus();
  deed.click();
}

function open() {
  deeds = buttons();
  field.value = "";
  list.replaceChildren();
  said.textContent = "";
  sheet.showModal();
  field.focus();
  ask();
}

if (sheet) {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    // A page over the page has its own use for the keys.
    if (document.querySelector("dialog[open]") && !sheet.open) return;
    event.preventDefault();
    if (sheet.open) sheet.close();
    else open();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) open();
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, REST_MS);
  });
  field.addEventListener("keydown", (event) => {
    // While a word is still being composed, the keys belong to the input method.
    if (event.isComposing) return;
    const all = lines();
    const place = all.indexOf(chosen());
    if (event.key === "ArrowDown") choose(all[(place + 1) % all.length] ?? null);
    else if (event.key === "ArrowUp") choose(all.at(place - 1) ?? null);
    else if (event.key === "Enter") enter();
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => go(event.target.closest("[role=option]")));
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close();
  });
}
