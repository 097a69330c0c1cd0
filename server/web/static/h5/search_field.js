/**
 * A field to search by, with suggestions while one types.
 *
 * It is a combobox as ARIA describes it: the arrows choose, Enter takes, Escape closes; what an input method has not yet
 * finished is left alone.
 */

import { get } from "./api.js";
import { episodeHref } from "./cards.js";
import { el, icon } from "./ui.js";

const REST_MS = 160;
const OF = { tag: ["主题", "bookmark"], search: ["大家在搜", "search"], question: ["问题", "question"], title: ["内容", "file"] };

let fields = 0;

/** Draw the parts of a text, with what was looked for marked. */
export const markedText = (parts) => parts.map((part) => (part.hit ? el("mark", part.text) : part.text));

/** Where an item is read or watched, from a second on where that is known. */
export function hrefOf(kind, id, at = null) {
  if (kind === "episode") return episodeHref(id, at);
  if (kind === "series") return `/h5/doctor/series/${id}`;
  if (kind === "activity") return `/h5/doctor/activities/${id}`;
  return `/h5/doctor/items/${id}`;
}

/** Make the field; `search` is called with the text to look for. */
export function searchField({ text = "", search, autofocus = false, label = "搜索全部内容" }) {
  const id = `search-${++fields}`;
  const list = el("ul.suggestions.card", { id: `${id}-list`, role: "listbox", "aria-label": "搜索建议", hidden: true });
  const input = el("input", {
    type: "search", id, name: "text", value: text, maxlength: "100", autocomplete: "off", enterkeyhint: "search",
    placeholder: "疾病、手术、医生或问题", role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list",
    "aria-controls": `${id}-list`, "data-testid": "search-input", autofocus,
  });
  const clear = el("button.icon-button.clear", { type: "button", "aria-label": "清空", hidden: !text, onclick: () => { input.value = ""; asked(); input.focus(); } }, icon("plus", "small"));
  const form = el(
    "form.search-form",
    {
      role: "search",
      action: "/h5/doctor/search",
      onsubmit: (event) => {
        event.preventDefault();
        take(input.value);
      },
    },
    el("label.sr", { for: id }, label),
    el("div.row", el("div.grow.field", icon("search", "small"), input, clear), el("button.button", { type: "submit" }, "搜索")),
    list,
  );

  let options = [];
  let chosen = -1;
  let waiting = null;
  let asking = null;

  function take(words) {
    close();
    const trimmed = words.trim();
    if (!trimmed) return;
    input.value = trimmed;
    clear.hidden = false;
    search(trimmed);
  }

  function close() {
    clearTimeout(waiting);
    asking?.abort();
    options = [];
    choose(-1);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  }

  function choose(place) {
    chosen = place;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
    if (place >= 0) {
      input.setAttribute("aria-activedescendant", list.children[place].id);
      list.children[place].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function follow(one) {
    if (one.item_id) location.assign(hrefOf(one.kind, one.item_id, one.starts_at_s));
    else take(one.text);
  }

  async function suggest() {
    asking?.abort();
    asking = new AbortController();
    try {
      const { items } = await get(`/api/doctor/search/suggestions?text=${encodeURIComponent(input.value.slice(0, 100))}`, { signal: asking.signal });
      if (document.activeElement !== input) return;
      options = items;
      list.replaceChildren(
        ...items.map((one, place) =>
          el(
            "li",
            { id: `${id}-${place}`, role: "option", "aria-selected": "false", onmousedown: (event) => event.preventDefault(), onclick: () => follow(one) },
            icon(OF[one.of][1], "small"),
            el("span.words", markedText(one.parts)),
            el("span.quiet.small", OF[one.of][0]),
          ),
        ),
      );
      choose(-1);
      list.hidden = !items.length;
      input.setAttribute("aria-expanded", String(items.length > 0));
    } catch (problem) {
      // Suggestions are a help; without them one searches all the same.
      if (problem.name !== "AbortError") close();
    }
  }

  function asked() {
    clear.hidden = !input.value;
    clearTimeout(waiting);
    waiting = setTimeout(suggest, REST_MS);
  }

  input.addEventListener("input", (event) => {
    if (!event.isComposing) asked();
  });
  input.addEventListener("compositionend", asked);
  input.addEventListener("focus", asked);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options.length) return;
      event.preventDefault();
      // Before the first and behind the last one is in the field itself.
      const places = options.length + 1;
      choose(((chosen + 1 + (event.key === "ArrowDown" ? 1 : -1) + places) % places) - 1);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      follow(options[chosen]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  form.input = input;
  return form;
}
