// Writing a body in Markdown: a plain field of the browser with a bar of tools above it.
//
// The rule: the field is the browser's own, so that caret, undo, spelling and every input method work as everywhere. The
// colours lie behind it and never carry the words. What changes the text goes through the browser's own editing, so that
// it can be undone.

import { markdownOf } from "./paste.js";

const LINE = /^(\s*)(?:([-*+])|(\d+)([.)]))(\s+)/;
const PLACE = /^\[\[([a-z0-9][a-z0-9-]{0,38})\]\][ \t]*$/;
const PAIRS = { bold: "**", italic: "*" };
const PREFIXES = { heading: "## ", subheading: "### ", list: "- ", quote: "> " };
const A_MINUTE = 400;

/** Make the field of a body work. `hooks` say what blocks there are and what becomes of pictures that are pasted. */
export function writing(area, hooks) {
  const field = area.querySelector("[data-text]");
  const colours = area.querySelector("[data-colours]");
  const count = area.querySelector("[data-count]");
  const bar = area.querySelector("[role=toolbar]");
  let drawing = 0;

  const refresh = () => {
    cancelAnimationFrame(drawing);
    drawing = requestAnimationFrame(() => {
      colour(colours, field.value, hooks.keys());
      grow(field);
      const letters = field.value.replaceAll(/\s/g, "").length;
      const { textCharacters, textAbout, textMinutes } = hooks.texts;
      const minutes = Math.max(1, Math.round(letters / A_MINUTE));
      count.textContent = letters ? `${letters} ${textCharacters} · ${textAbout} ${minutes} ${textMinutes}。` : "";
    });
  };

  field.addEventListener("input", refresh);
  field.addEventListener("keydown", (event) => keys(event, field, bar));
  field.addEventListener("paste", (event) => pasted(event, field, hooks));
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mark]");
    if (button) apply(field, button.dataset.mark);
  });
  toolbar(bar, field);
  new ResizeObserver(refresh).observe(area);
  refresh();
  return { field, refresh, places: () => places(field.value), place: (key) => place(field, key), take: (key) => take(field, key) };
}

/** Put a text where the selection is, in a way that can be undone. */
export function insert(field, text, start = field.selectionStart, end = field.selectionEnd) {
  field.focus();
  field.setSelectionRange(start, end);
  // The old way is the one that browsers keep in their undo.
  const done = text ? document.execCommand("insertText", false, text) : start === end || document.execCommand("delete");
  if (!done) {
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function grow(field) {
  const top = window.scrollY;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
  window.scrollTo({ top, behavior: "instant" });
}

// Colours: a line behind each line of the field, of the same width.

function colour(box, text, keys) {
  const lines = [];
  let code = false;
  for (const line of text.split("\n")) {
    const drawn = document.createElement("div");
    drawn.textContent = line || "\u200b";
    const fence = /^\s*(```|~~~)/.test(line);
    const placed = !code && PLACE.exec(line);
    if (code || fence) drawn.className = "line-code";
    else if (placed) drawn.className = keys.has(placed[1]) ? "line-block" : "line-block line-unknown";
    else if (/^#{1,6}\s/.test(line)) drawn.className = "line-heading";
    else if (/^\s*>/.test(line)) drawn.className = "line-quote";
    if (fence) code = !code;
    lines.push(drawn);
  }
  box.replaceChildren(...lines);
}

// Blocks stand on lines of their own.

function places(text) {
  return text.split("\n").flatMap((line) => PLACE.exec(line)?.[1] ?? []);
}

function place(field, key) {
  const { value, selectionEnd } = field;
  const end = value.indexOf("\n", selectionEnd);
  const at = end < 0 ? value.length : end;
  const before = value.slice(0, at);
  const gap = before && !before.endsWith("\n\n") ? (before.endsWith("\n") ? "\n" : "\n\n") : "";
  insert(field, `${gap}[[${key}]]\n`, at, at);
}

function take(field, key) {
  let at = 0;
  for (const line of field.value.split("\n")) {
    if (PLACE.exec(line)?.[1] === key) {
      insert(field, "", at, Math.min(at + line.length + 1, field.value.length));
      take(field, key);
      return;
    }
    at += line.length + 1;
  }
}

// Deeds of the bar and of keys.

function apply(field, name) {
  if (name in PAIRS) pair(field, PAIRS[name]);
  else if (name in PREFIXES || name === "numbers") prefix(field, name);
  else if (name === "link") link(field);
}

function pair(field, mark) {
  const { value, selectionStart: start, selectionEnd: end } = field;
  const chosen = value.slice(start, end);
  const outside = value.slice(start - mark.length, start) === mark && value.slice(end, end + mark.length) === mark;
  if (outside) {
    insert(field, chosen, start - mark.length, end + mark.length);
    field.setSelectionRange(start - mark.length, end - mark.length);
    return;
  }
  insert(field, `${mark}${chosen}${mark}`);
  field.setSelectionRange(start + mark.length, end + mark.length);
}

function prefix(field, name) {
  const { value, selectionStart, selectionEnd } = field;
  const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const after = value.indexOf("\n", selectionEnd);
  const end = after < 0 ? value.length : after;
  const lines = value.slice(start, end).split("\n");
  const own = name === "numbers" ? /^\d+\. / : new RegExp(`^${PREFIXES[name].trim()} `);
  const all = lines.every((line) => own.test(line));
  const bare = lines.map((line) => line.replace(/^(?:#{1,6} |[-*+] |\d+\. |> )/, ""));
  const fresh = all ? bare : bare.map((line, row) => (name === "numbers" ? `${row + 1}. ` : PREFIXES[name]) + line);
  insert(field, fresh.join("\n"), start, end);
  field.setSelectionRange(lines.length > 1 ? start : field.selectionEnd, field.selectionEnd);
}

function link(field) {
  const { value, selectionStart: start, selectionEnd: end } = field;
  const chosen = value.slice(start, end);
  const isAddress = /^https:\/\/\S+$/.test(chosen.trim());
  insert(field, isAddress ? `[](${chosen.trim()})` : `[${chosen}](https://)`);
  if (isAddress) field.setSelectionRange(start + 1, start + 1);
  else field.setSelectionRange(start + chosen.length + 3, start + chosen.length + 11);
}

function keys(event, field, bar) {
  // While a word is still being composed, the keys belong to the input method.
  if (event.isComposing || event.keyCode === 229) return;
  const held = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const mark =
    held && event.altKey
      ? { 2: "heading", 3: "subheading" }[event.code.replace("Digit", "")]
      : held && event.shiftKey
        ? { l: "link" }[key]
        : held
          ? { b: "bold", i: "italic" }[key]
          : undefined;
  if (mark) apply(field, mark);
  else if (event.altKey && event.key === "F10") bar.querySelector("[tabindex='0']").focus();
  else if (event.key === "Enter" && !held && !event.shiftKey && field.selectionStart === field.selectionEnd) {
    if (!goOn(field)) return;
  } else return;
  event.preventDefault();
}

// Enter within a list begins its next row, and on an empty row ends the list.
function goOn(field) {
  const { value, selectionStart: at } = field;
  const start = value.lastIndexOf("\n", at - 1) + 1;
  const match = LINE.exec(value.slice(start, at));
  if (!match) return false;
  const [all, indent, sign, number, dot, space] = match;
  if (start + all.length === at && (at === value.length || value[at] === "\n")) insert(field, "", start, at);
  else insert(field, `\n${indent}${sign ?? `${Number(number) + 1}${dot}`}${space}`);
  return true;
}

function pasted(event, field, hooks) {
  const html = event.clipboardData.getData("text/html");
  const pictures = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
  if (!html && pictures.length) {
    event.preventDefault();
    hooks.picture(pictures[0]);
    return;
  }
  if (!html) return;
  const found = markdownOf(html);
  if (!found.text && !found.pictures) return;
  event.preventDefault();
  if (found.text) insert(field, found.text);
  if (found.pictures) hooks.left();
}

// The bar is one stop of the tab key; the arrows lead along it.
function toolbar(bar, field) {
  const buttons = [...bar.querySelectorAll("button")];
  buttons[0].tabIndex = 0;
  bar.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    if (at < 0) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (event.key === "Escape") field.focus();
    else if (to !== undefined) buttons.at(to % buttons.length).focus();
    else return;
    event.preventDefault();
  });
  bar.addEventListener("focusin", (event) => {
    for (const button of buttons) button.tabIndex = button === event.target ? 0 : -1;
  });
}
