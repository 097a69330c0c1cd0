// A sentence at the corner of the page, which is read out and leaves after a while.

/** Show a sentence; `kind` is one of the alerts of the style. */
export function toast(text, kind = "danger") {
  const area = document.getElementById("toasts");
  if (!area) return;
  const box = document.createElement("div");
  box.className = `alert alert-${kind} alert-important mb-2`;
  box.textContent = text;
  area.append(box);
  setTimeout(() => box.remove(), 8000);
}
