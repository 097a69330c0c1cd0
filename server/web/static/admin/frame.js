// What every page of the editors does: say when the server cannot be reached, ask before deeds that cannot be undone.

const body = document.body;

/** Show a sentence at the corner of the page; it is read out, and leaves after a while. */
export function toast(text, kind = "danger") {
  const area = document.getElementById("toasts");
  if (!area) return;
  const box = document.createElement("div");
  box.className = `alert alert-${kind} alert-important mb-2`;
  box.textContent = text;
  area.append(box);
  setTimeout(() => box.remove(), 8000);
}

/** The token that every changing request carries. */
export function csrf() {
  return body.dataset.csrf ?? "";
}

/** Take over the token of a session that was begun anew while the page stayed open. */
export function renew(token) {
  body.dataset.csrf = token;
  for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = token;
  body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRF-Token": token }));
}

document.addEventListener("htmx:error", () => toast(body.dataset.away));

// <form data-confirm="…"> asks first. The question is the dialog of the browser: it needs no mouse and no style.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A list that is filtered says how many there are without the focus leaving the filter.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});
