// What every page of the editors does: say when the server cannot be reached, ask before deeds that cannot be undone.
// It is loaded once, by the page itself; nothing imports it.

import { toast } from "./toast.js";

document.addEventListener("htmx:error", () => toast(document.body.dataset.away));

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
