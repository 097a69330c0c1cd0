// The month of airings: a sheet for each of them, and dragging one to another day.

const sheet = document.getElementById("airing");
const plan = sheet.querySelector("[data-plan]");
const cancel = sheet.querySelector("[data-cancel]");

function open(chip) {
  const { airing, title, series, at, visible, cancelled, aired } = chip.dataset;
  const month = sheet.dataset.month;
  sheet.querySelector("#airing-title").textContent = title;
  sheet.querySelector("[data-series]").textContent = series;
  sheet.querySelector("[data-edit]").href = `/admin/items/${airing}`;
  if (plan) {
    plan.action = `/admin/calendar/${airing}?month=${month}`;
    plan.elements.airs_at.value = at;
    if (visible && at && !cancelled) plan.dataset.confirm = sheet.dataset.ask;
    else delete plan.dataset.confirm;
    cancel.action = `/admin/calendar/${airing}/cancel?month=${month}`;
    cancel.hidden = !at || Boolean(cancelled) || Boolean(aired);
  }
  sheet.showModal();
  plan?.elements.airs_at.focus();
}

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-airing]");
  if (chip) open(chip);
  if (event.target.closest("[data-close]")) sheet.close();
});

let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-airing]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.title);
});

for (const day of document.querySelectorAll("[data-day]")) {
  day.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    day.classList.add("drop-over");
  });
  day.addEventListener("dragleave", (event) => {
    if (!day.contains(event.relatedTarget)) day.classList.remove("drop-over");
  });
  day.addEventListener("drop", (event) => {
    event.preventDefault();
    day.classList.remove("drop-over");
    if (!dragged || dragged.dataset.at.slice(0, 10) === day.dataset.day) return;
    const form = document.getElementById("drop");
    form.action = `/admin/calendar/${dragged.dataset.airing}?month=${sheet.dataset.month}`;
    form.elements.day.value = day.dataset.day;
    if (dragged.dataset.visible) form.dataset.confirm = sheet.dataset.ask;
    else delete form.dataset.confirm;
    form.requestSubmit();
  });
}

document.addEventListener("dragend", () => {
  dragged = null;
});
