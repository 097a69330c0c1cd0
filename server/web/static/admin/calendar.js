// The schedule: a sheet for each thing in it, and moving one to another day by mouse or by keys.
//
// The rule: a move is a form that is sent; the answer is the board as it is by then, with a sentence of what became of
// it and the form that undoes it.

import { csrf } from "./session.js";
import { toast } from "./toast.js";

const texts = document.getElementById("calendar-texts").dataset;
const sheet = document.getElementById("airing");
const announced = document.getElementById("announced");
let undo = null;

function board() {
  return document.getElementById("board");
}

function address(chip) {
  return chip.dataset.sort === "airing"
    ? `/admin/calendar/${chip.dataset.item}`
    : `/admin/calendar/publications/${chip.dataset.item}`;
}

/** Send a form and show the board that comes back; the chip with this id has the focus then. */
async function send(to, fields, focus) {
  const body = new URLSearchParams(fields);
  let answer;
  try {
    answer = await fetch(`${to}?${texts.query}`, {
      method: "POST",
      body,
      headers: { Accept: "text/html", "HX-Request": "true", "X-CSRF-Token": csrf() },
    });
  } catch {
    toast(document.body.dataset.away);
    return;
  }
  const arrived = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = arrived.getElementById("board");
  if (!fresh) {
    if (answer.status === 401) location.reload();
    else toast(arrived.body.textContent.trim() || document.body.dataset.away);
    return;
  }
  board().replaceWith(document.adoptNode(fresh));
  document.getElementById(focus)?.focus();
  const said = board().querySelector("[data-said]");
  const text = said.content.querySelector("p").textContent;
  const back = [...said.content.querySelectorAll("input")].map(({ name, value }) => [name, value]);
  undo = null;
  if (back.length) undo = () => send(said.dataset.undo, back, focus);
  announced.textContent = text;
  toast(text, said.dataset.kind, undo && { label: `${texts.undo} (Ctrl+Z)`, run: undo });
}

function isSure(chip) {
  return chip.dataset.sort !== "airing" || !chip.dataset.visible || window.confirm(texts.ask);
}

function move(chip, day) {
  if (chip.dataset.at.slice(0, 10) === day || !isSure(chip)) return;
  const { was, sequence } = chip.dataset;
  send(address(chip), chip.dataset.sort === "airing" ? { day, sequence } : { day, was }, chip.id);
}

// The sheet of one.

function open(chip) {
  const { sort, item, title, above, at, was, sequence, cancelled, waits } = chip.dataset;
  sheet.querySelector("#airing-title").textContent = title;
  const facts = [above, at && `${texts[`sort${sort[0].toUpperCase()}${sort.slice(1)}`]} ${at.replace("T", " ")}`];
  sheet.querySelector("[data-facts]").textContent = facts.filter(Boolean).join(" · ");
  sheet.querySelector("[data-edit]").href = `/admin/items/${item}`;
  for (const form of sheet.querySelectorAll("[data-plan]")) {
    form.hidden = form.dataset.plan !== sort || (sort === "begins" && !waits);
    const field = form.querySelector("[type=datetime-local]");
    field.value = at;
    for (const [name, value] of Object.entries({ was, sequence })) if (form.elements[name]) form.elements[name].value = value;
    form.onsubmit = (event) => {
      event.preventDefault();
      if (at && !cancelled && !isSure(chip)) return;
      sheet.close();
      // One that had no time yet is in the list below the board, which is drawn anew with the page.
      if (!at) {
        form.action = `${address(chip)}?${texts.query}`;
        form.submit();
      } else send(address(chip), new FormData(form), chip.id);
    };
  }
  const cancel = sheet.querySelector("[data-cancel]");
  if (cancel) {
    cancel.hidden = sort !== "airing" || !waits;
    cancel.action = `/admin/calendar/${item}/cancel?${texts.query}`;
  }
  sheet.showModal();
  sheet.querySelector("[data-plan]:not([hidden]) [type=datetime-local]")?.focus();
}

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-sort][data-item]");
  if (chip) open(chip);
  if (event.target.closest("[data-close]")) sheet.close();
});

// By mouse.

let dragged = null;

function dayOf(target) {
  return target.closest?.("[data-day]") ?? null;
}

function mark(day) {
  for (const other of document.querySelectorAll("[data-day].drop-over")) if (other !== day) other.classList.remove("drop-over");
  day?.classList.add("drop-over");
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-item][draggable]") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.title);
});
document.addEventListener("dragover", (event) => {
  const day = dragged && dayOf(event.target);
  mark(day);
  if (day) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const day = dragged && dayOf(event.target);
  mark(null);
  if (!day) return;
  event.preventDefault();
  move(dragged, day.dataset.day);
});
document.addEventListener("dragend", () => {
  dragged = null;
  mark(null);
});

// By keys: space takes one up, the arrows carry it, enter puts it down, escape leaves it where it was.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
let carried = null;

function days() {
  return [...document.querySelectorAll("[data-day]")];
}

function take(chip) {
  carried = { chip, place: days().indexOf(dayOf(chip)) };
  chip.classList.add("airing-carried");
  mark(dayOf(chip));
  announced.textContent = `${texts.taken} ${chip.dataset.title}, ${dayOf(chip).dataset.dayName}`;
}

function carry(by) {
  const all = days();
  carried.place = Math.min(Math.max(carried.place + by, 0), all.length - 1);
  mark(all[carried.place]);
  all[carried.place].scrollIntoView({ block: "nearest" });
  announced.textContent = `${texts.over} ${all[carried.place].dataset.dayName}`;
}

function leave() {
  const { chip, place } = carried;
  chip.classList.remove("airing-carried");
  carried = null;
  mark(null);
  return { chip, day: days()[place] };
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && undo && !event.target.closest("input, dialog")) {
    event.preventDefault();
    undo();
    return;
  }
  if (carried) {
    if (event.key in STEPS) carry(STEPS[event.key]);
    else if (event.key === "Enter" || event.key === " ") {
      const { chip, day } = leave();
      move(chip, day.dataset.day);
    } else if (event.key === "Escape" || event.key === "Tab") {
      leave();
      announced.textContent = texts.left;
      if (event.key === "Tab") return;
    } else return;
    event.preventDefault();
    return;
  }
  const chip = event.target.closest?.("[data-item][draggable]");
  if (chip && event.key === " ") {
    event.preventDefault();
    take(chip);
  }
});
// The space that took something up is no click on it.
document.addEventListener("keyup", (event) => {
  if (event.key === " " && event.target.closest?.("[data-item][draggable]")) event.preventDefault();
});
