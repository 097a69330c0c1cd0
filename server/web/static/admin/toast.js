// A sentence at the corner of the page, which is read out and leaves after a while.

const STAYS_MS = 8000;
const STAYS_WITH_DEED_MS = 20000;

/** Show a sentence; `kind` is one of the alerts of the style; `deed` may offer one thing to do (`{ label, run }`). */
export function toast(text, kind = "danger", deed = null) {
  const area = document.getElementById("toasts");
  if (!area) return;
  const box = document.createElement("div");
  box.className = `alert alert-${kind} alert-important mb-2`;
  const said = document.createElement("div");
  said.textContent = text;
  box.append(said);
  if (deed) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn toast-deed";
    button.textContent = deed.label;
    button.addEventListener("click", () => {
      box.remove();
      deed.run();
    });
    box.append(button);
  }
  area.append(box);
  setTimeout(() => box.remove(), deed ? STAYS_WITH_DEED_MS : STAYS_MS);
}
