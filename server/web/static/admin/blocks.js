// The blocks of a body: each edited in a small form of its own, and placed in the text by a line that names its key.
//
// The rule: the blocks are one JSON list in a hidden field of the form, so that they are saved, kept and compared like
// every other field. It is written only when something was changed.

import { files, hold } from "./files.js";
import { grid } from "./grid.js";
import { holdItem, picks } from "./picks.js";
import { toast } from "./toast.js";
import { sentence, upload } from "./upload.js";
import { writing } from "./markdown.js";

const NUMBERS = new Set(["asset", "product"]);

/** Make the body of a form work; gives what fills it anew, or null where the form has none. */
export function body(form, changed) {
  const area = form.querySelector("[data-writing]");
  if (!area) return null;
  const value = form.querySelector("[data-blocks-value]");
  const list = form.querySelector("[data-blocks]");
  const texts = list.dataset;
  let blocks = read(value.value);

  const text = writing(area, {
    texts,
    keys: () => new Set(blocks.map((block) => block.key)),
    picture: (file) => sendPicture(file),
    left: () => toast(texts.textPastedPictures, "warning"),
  });

  const draw = () => {
    drawLines(form, list, blocks, text.places());
    text.refresh();
  };
  const write = () => {
    value.value = blocks.length ? JSON.stringify(blocks) : "";
    draw();
    changed();
  };

  const add = async (type, start = {}) => {
    const block = await edit(type, { type, key: fresh(type, blocks, text.places()), ...start }, texts);
    if (!block) return text.field.focus();
    blocks = [...blocks, block];
    text.place(block.key);
    write();
  };

  const sendPicture = async (file) => {
    try {
      const asset = await upload(file, "image", () => {});
      await add("image", { picture: { asset: asset.id } });
    } catch (fault) {
      toast(sentence(fault, form.dataset));
    }
  };

  area.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-block]");
    if (button) add(button.dataset.addBlock);
  });
  list.addEventListener("click", async (event) => {
    const line = event.target.closest("[data-block]");
    const at = [...list.children].indexOf(line);
    if (event.target.closest("[data-block-insert]")) {
      text.place(blocks[at].key);
      draw();
    } else if (event.target.closest("[data-block-edit]")) {
      const block = await edit(blocks[at].type, blocks[at], texts);
      if (block) {
        blocks = blocks.with(at, block);
        write();
      }
      list.children[at]?.querySelector("[data-block-edit]").focus();
    } else if (event.target.closest("[data-block-remove]")) {
      const [{ key }] = blocks.splice(at, 1);
      text.take(key);
      write();
      (list.children[at] ?? list.children[at - 1] ?? text.field).focus();
      toast(`${texts.textRemoved} ${key}`, "success");
    }
  });
  text.field.addEventListener("input", () => markPlaced(list, blocks, text.places()));
  draw();
  return () => {
    blocks = read(value.value);
    draw();
  };
}

function read(text) {
  try {
    const value = JSON.parse(text || "[]");
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function fresh(type, blocks, placed) {
  const taken = new Set([...blocks.map((block) => block.key), ...placed]);
  let number = 1;
  while (taken.has(`${type}-${number}`)) number += 1;
  return `${type}-${number}`;
}

// The list below the text.

function drawLines(form, list, blocks, placed) {
  const blank = form.querySelector("template[data-block-line]").content;
  const texts = list.dataset;
  list.replaceChildren(
    ...blocks.map((block, place) => {
      const line = blank.cloneNode(true).querySelector("[data-block]");
      line.id = `field-blocks-${place}`;
      const name = texts[`name${block.type[0].toUpperCase()}${block.type.slice(1)}`] ?? block.type;
      const icon = form.querySelector(`template[data-block-icon="${CSS.escape(block.type)}"]`);
      if (icon) line.querySelector("[data-block-type]").append(icon.content.cloneNode(true));
      line.querySelector("[data-block-type]").append(name);
      line.querySelector("[data-block-key]").textContent = block.key;
      line.querySelector("[data-block-words]").textContent = wordsOf(block) || texts.textEmpty;
      line.querySelector("[data-block-unplaced]").textContent = texts.textUnplaced;
      for (const [deed, label] of [["insert", texts.textInsert], ["edit", texts.textEdit], ["remove", texts.textRemove]]) {
        const button = line.querySelector(`[data-block-${deed}]`);
        button.title = label;
        button.querySelector(".visually-hidden").textContent = `${label} ${name} ${block.key}`;
      }
      return line;
    }),
  );
  markPlaced(list, blocks, placed);
}

function markPlaced(list, blocks, placed) {
  for (const [place, line] of [...list.children].entries()) {
    const isPlaced = placed.includes(blocks[place]?.key);
    line.querySelector("[data-block-unplaced]").hidden = isPlaced;
    line.querySelector("[data-block-insert]").hidden = isPlaced;
  }
}

function wordsOf(block) {
  const said = {
    image: () => block.caption || block.picture?.alt,
    video: () => block.caption || block.film?.url,
    quote: () => block.text,
    table: () => block.caption || block.header?.join(" · "),
    document: () => block.document?.title,
    quiz: () => block.question,
    product: () => block.product && `#${block.product}`,
  };
  return String(said[block.type]?.() ?? "").slice(0, 120);
}

// The small form of one block.

/** Let a block be edited in the sheet; gives the block as it is then, or null where it was left. */
async function edit(type, block, texts) {
  const sheet = document.getElementById("block");
  const form = sheet.querySelector("form");
  const blank = document.querySelector(`template[data-block-form="${CSS.escape(type)}"]`);
  if (!blank) return null;
  const inside = sheet.querySelector("[data-body]");
  inside.replaceChildren(blank.content.cloneNode(true));
  sheet.querySelector("#block-title").textContent = texts[`name${type[0].toUpperCase()}${type.slice(1)}`];
  const cells = grid(inside.querySelector("[data-grid]"), block);
  await fill(inside, block);
  sheet.returnValue = "";
  sheet.showModal();
  inside.querySelector("input:not([type=hidden], [type=file]), textarea, button")?.focus();
  await new Promise((resolve) => sheet.addEventListener("close", resolve, { once: true }));
  return sheet.returnValue === "done" ? taken(inside, { type, key: block.key }, cells) : null;
}

async function fill(inside, block) {
  for (const field of inside.querySelectorAll("[data-path]")) {
    const value = at(block, field.dataset.path);
    field.value = value ?? "";
    if (field.closest("[data-item]")) await holdItem(field.closest("[data-item]"), value);
  }
  for (const box of inside.querySelectorAll("[data-path-file]")) {
    const asset = at(block, box.dataset.pathFile);
    await hold(box.querySelector("[data-file]"), asset ? { id: asset } : null);
  }
  for (const { text, right } of block.options ?? (block.type === "quiz" ? [{}, {}] : [])) addOption(inside, text, right);
}

function taken(inside, block, cells) {
  for (const field of inside.querySelectorAll("[data-path]")) put(block, field.dataset.path, field.value.trim());
  for (const box of inside.querySelectorAll("[data-path-file]")) {
    put(block, box.dataset.pathFile, box.querySelector("[data-asset]").value);
  }
  // A picture that is not there needs no words.
  if (block.poster && !block.poster.asset) delete block.poster;
  if (block.type === "video") block.film ??= {};
  if (block.type === "quiz") {
    const rows = [...inside.querySelectorAll("[data-options] > li")].map((row) => ({
      text: row.querySelector("[data-option-text]").value.trim(),
      right: row.querySelector("[data-right]").checked,
    }));
    block.options = rows.filter(({ text }) => text);
  }
  return { ...block, ...cells?.() };
}

function at(block, path) {
  return path.split(".").reduce((inner, name) => inner?.[name], block);
}

function put(block, path, value) {
  if (value === "") return;
  const names = path.split(".");
  const last = names.pop();
  const inner = names.reduce((one, name) => (one[name] ??= {}), block);
  inner[last] = NUMBERS.has(last) && /^\d+$/.test(value) ? Number(value) : value;
}

function addOption(inside, text = "", right = false) {
  const row = inside.querySelector("[data-option]").content.cloneNode(true).querySelector("li");
  row.querySelector("[data-option-text]").value = text ?? "";
  row.querySelector("[data-right]").checked = Boolean(right);
  inside.querySelector("[data-options]").append(row);
  return row;
}

const sheet = document.getElementById("block");
if (sheet) {
  const form = sheet.querySelector("form");
  const none = () => {};
  files(form, none);
  picks(form, none);
  form.addEventListener("click", (event) => {
    const inside = sheet.querySelector("[data-body]");
    if (event.target.closest("[data-option-add]")) addOption(inside).querySelector("[data-option-text]").focus();
    const remove = event.target.closest("[data-option-remove]");
    if (remove) {
      remove.closest("li").remove();
      inside.querySelector("[data-option-add]").focus();
    }
  });
  // Enter in a field of one line is no "done": the form has more of them.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input:not([type=checkbox])")) event.preventDefault();
  });
}
