/**
 * The field of a hospital, which offers those of the dictionary while one types (a combobox as WAI-ARIA describes it).
 *
 * The rule: what is typed counts as it is; what is picked is known by its key until something else is typed.
 */

import { get } from "./api.js";
import { el } from "./ui.js";

const PAUSE_MS = 220;
const LEAST = 2;

export function hospitalField(value) {
  const list = el("ul.choices", { id: "hospital-list", role: "listbox", "aria-label": "医院", hidden: true });
  const box = el("input.box", {
    id: "hospital",
    name: "hospital",
    value,
    maxlength: 100,
    autocomplete: "off",
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": "hospital-list",
    "aria-describedby": "hospital-hint hospital-wrong",
  });
  const hint = el("p.quiet.small", { id: "hospital-hint", role: "status" }, "输入全称或简称，从列表中选择；没有的可直接填写全称");
  const wrong = el("p.wrong.small", { id: "hospital-wrong", role: "alert", hidden: true });
  let key = "";
  let active = -1;
  let asked = 0;
  let waiting;

  const close = () => {
    list.hidden = true;
    active = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const pick = (option) => {
    box.value = option.dataset.name;
    key = option.dataset.key;
    hint.textContent = `已选择：${option.dataset.name}（${option.dataset.place}）`;
    close();
  };
  const mark = (place) => {
    const options = [...list.children];
    active = (place + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === active)));
    box.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  };
  const offer = async () => {
    const typed = box.value.trim();
    const mine = ++asked;
    if (typed.length < LEAST) return close();
    let found;
    try {
      found = (await get(`/api/doctor/hospitals?q=${encodeURIComponent(typed)}`)).items;
    } catch {
      return close();
    }
    // An answer that comes after a later question is of no use any more.
    if (mine !== asked || document.activeElement !== box) return undefined;
    list.replaceChildren(
      ...found.map((one, place) => {
        const where = one.province === one.city ? one.city : `${one.province}${one.city}`;
        const option = el(
          "li",
          { id: `hospital-${place}`, role: "option", "aria-selected": "false", "data-key": one.key, "data-name": one.name, "data-place": where },
          el("b", one.name),
          el("span.quiet.small", `${where}${one.level ? ` · ${one.level}` : ""}${one.by !== one.name ? ` · ${one.by}` : ""}`),
        );
        // Before the field loses the focus.
        option.addEventListener("mousedown", (event) => {
          event.preventDefault();
          pick(option);
        });
        return option;
      }),
    );
    list.hidden = !found.length;
    active = -1;
    box.setAttribute("aria-expanded", String(found.length > 0));
    hint.textContent = found.length ? `有 ${found.length} 家医院可选，按上下键选择` : "列表中没有，可直接填写全称";
    return undefined;
  };

  box.addEventListener("input", () => {
    key = "";
    clearTimeout(waiting);
    waiting = setTimeout(offer, PAUSE_MS);
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && list.children.length) {
      event.preventDefault();
      list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      mark(active + (event.key === "ArrowDown" ? 1 : active < 0 ? 0 : -1));
    } else if (event.key === "Enter" && active >= 0 && !list.hidden) {
      event.preventDefault();
      pick(list.children[active]);
    }
  });
  box.addEventListener("blur", () => setTimeout(close, 120));

  return {
    node: el("div.stack.tight", el("label.strong", { for: "hospital" }, "执业机构"), el("div.choosing", box, list), hint, wrong),
    value: () => box.value,
    key: () => key,
    complain: (words) => {
      wrong.textContent = words;
      wrong.hidden = !words;
      if (words) {
        box.setAttribute("aria-invalid", "true");
        box.focus();
      } else box.removeAttribute("aria-invalid");
    },
  };
}
