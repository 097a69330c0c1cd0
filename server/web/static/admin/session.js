// The session that a page belongs to: the token that every changing request carries.

/** Give the token. */
export function csrf() {
  return document.body.dataset.csrf ?? "";
}

/** Take over the token of a session that was begun anew while the page stayed open. */
export function renew(token) {
  document.body.dataset.csrf = token;
  for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = token;
  document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRF-Token": token }));
}
