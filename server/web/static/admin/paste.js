// What is pasted, as Markdown: the words, headings, lists, links and tables of Word, WeChat and web pages, without their
// looks. The server cleans every text again; this only spares editors the rubbish.

const BLOCKS = new Set("ADDRESS ARTICLE ASIDE BLOCKQUOTE DIV DL FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HR LI MAIN OL P PRE SECTION TABLE TR UL".split(" "));
const DROPPED = new Set("SCRIPT STYLE NOSCRIPT TEMPLATE HEAD META LINK TITLE OBJECT IFRAME SVG BUTTON INPUT SELECT TEXTAREA".split(" "));
// Word marks the rows of its lists by a style and writes their signs into the text.
const WORD_LIST = /mso-list\s*:\s*l\d+\s+level(\d)/i;
const WORD_SIGN = /^[\s\u00a0]*(?:[·•●○■◆▪▫§oüØ\-–]|(\d+)[.、)）]|[（(](\d+)[)）])[\s\u00a0]+/;

/** Turn the HTML of a clipboard into Markdown; `pictures` counts what was left behind. */
export function markdownOf(html) {
  const page = new DOMParser().parseFromString(unstyled(html), "text/html");
  const found = { pictures: 0 };
  const text = blocks(page.body, found).join("\n\n");
  return { text: tidy(text), pictures: found.pictures };
}

// The policy of the pages holds for what is parsed, too: looks are read from an attribute that is none to the browser.
function unstyled(html) {
  return html
    .replaceAll(/<(style|script|svg)\b[\s\S]*?<\/\1\s*>/gi, "")
    .replaceAll(/<[a-z][^>]*>/gi, (tag) => tag.replaceAll(/\sstyle(\s*=)/gi, " data-look$1"));
}

function look(node) {
  return node.getAttribute("data-look") ?? "";
}

function tidy(text) {
  return text
    .replaceAll("\u00a0", " ")
    .replaceAll(/[\u200b-\u200d\u2060\ufeff\u00ad]/g, "")
    .replaceAll(/[ \t]+\n/g, "\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

// The blocks of an element, each a piece of text; a block within a block stands on its own.
function blocks(element, found) {
  const pieces = [];
  let line = "";
  const close = () => {
    const text = squeeze(line);
    if (text) pieces.push(text);
    line = "";
  };
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) line += words(node.data);
    else if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.tagName)) continue;
    else if (isBlock(node)) {
      close();
      pieces.push(...block(node, found));
    } else line += inline(node, found);
  }
  close();
  return joinedLists(pieces);
}

// Word's rows of a list are paragraphs; side by side they are one list.
function joinedLists(pieces) {
  const whole = [];
  for (const piece of pieces) {
    const isRow = /^\s*(?:- |\d+\. )/.test(piece);
    if (isRow && whole.length && /^\s*(?:- |\d+\. )/.test(whole.at(-1).split("\n").at(-1))) whole[whole.length - 1] += `\n${piece}`;
    else whole.push(piece);
  }
  return whole;
}

function isBlock(node) {
  return BLOCKS.has(node.tagName) || [...node.children].some((inner) => !DROPPED.has(inner.tagName) && isBlock(inner));
}

function block(node, found) {
  const name = node.tagName;
  if (/^H[1-6]$/.test(name)) {
    // The page has its own title; what is pasted begins below it.
    const depth = Math.min(3, Math.max(2, Number(name[1])));
    const text = squeeze(inlines(node, found)).replaceAll("**", "");
    return text ? [`${"#".repeat(depth)} ${text}`] : [];
  }
  if (name === "UL" || name === "OL") return [list(node, found, 0)].filter(Boolean);
  if (name === "TABLE") return table(node, found);
  if (name === "BLOCKQUOTE") return [blocks(node, found).join("\n\n").replaceAll(/^/gm, "> ")].filter((text) => text !== "> ");
  if (name === "PRE") return node.textContent.trim() ? [`\`\`\`\n${node.textContent.trimEnd()}\n\`\`\``] : [];
  if (name === "HR") return ["---"];
  const level = WORD_LIST.exec(look(node));
  if (level) return [wordRow(node, Number(level[1]), found)].filter(Boolean);
  return blocks(node, found);
}

function wordRow(node, level, found) {
  const text = squeeze(inlines(node, found));
  const sign = WORD_SIGN.exec(text);
  const rest = sign ? text.slice(sign[0].length) : text;
  const number = sign?.[1] ?? sign?.[2];
  return rest ? `${"  ".repeat(level - 1)}${number ? `${number}.` : "-"} ${rest}` : "";
}

function list(node, found, depth) {
  const rows = [];
  let number = Number(node.getAttribute("start")) || 1;
  for (const row of node.children) {
    if (row.tagName === "UL" || row.tagName === "OL") {
      rows.push(list(row, found, depth + 1));
      continue;
    }
    if (row.tagName !== "LI") continue;
    const inner = [...row.children].filter((one) => one.tagName === "UL" || one.tagName === "OL");
    const own = row.cloneNode(true);
    for (const one of own.querySelectorAll("ul, ol")) one.remove();
    const text = squeeze(blocks(own, found).join(" "));
    if (text) rows.push(`${"  ".repeat(depth)}${node.tagName === "OL" ? `${number++}.` : "-"} ${text}`);
    for (const one of inner) rows.push(list(one, found, depth + 1));
  }
  return rows.filter(Boolean).join("\n");
}

function table(node, found) {
  const rows = [...node.rows].map((row) =>
    [...row.cells].map((cell) => squeeze(blocks(cell, found).join(" ")).replaceAll("|", "\\|")),
  );
  const full = rows.filter((row) => row.some(Boolean));
  const width = Math.max(0, ...full.map((row) => row.length));
  // A table of one column is only a frame around a text.
  if (width < 2) return full.flat();
  const written = full.map((row) => `| ${[...row, ...Array(width - row.length).fill("")].join(" | ")} |`);
  return [[written[0], `|${" --- |".repeat(width)}`, ...written.slice(1)].join("\n")];
}

function inlines(element, found) {
  let text = "";
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) text += words(node.data);
    else if (node.nodeType === Node.ELEMENT_NODE && !DROPPED.has(node.tagName)) text += inline(node, found);
  }
  return text;
}

function inline(node, found) {
  if (node.tagName === "BR") return "\n";
  if (node.tagName === "IMG") {
    found.pictures += 1;
    return "";
  }
  // What Word hides, as the signs of its lists for other programs.
  if (/mso-hide\s*:\s*all|display\s*:\s*none/i.test(look(node))) return "";
  const text = inlines(node, found);
  if (!text.trim()) return text;
  if (node.tagName === "A") {
    const address = node.getAttribute("href") ?? "";
    return /^https:\/\/[^\s()<>]+$/i.test(address) ? `[${text.trim().replaceAll(/[[\]]/g, "\\$&")}](${address})` : text;
  }
  if (isStrong(node)) return around(text, "**");
  if (node.tagName === "I" || node.tagName === "EM") return around(text, "*");
  return text;
}

function isStrong(node) {
  const weight = /font-weight\s*:\s*(\w+)/i.exec(look(node))?.[1]?.toLowerCase();
  if (node.tagName === "B" || node.tagName === "STRONG") return weight !== "normal" && weight !== "400";
  return node.tagName === "SPAN" && (weight === "bold" || Number(weight) >= 600);
}

// The marks stand close to the words, and never twice.
function around(text, mark) {
  const [, before, inner, after] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text);
  return inner.includes(mark) || inner.includes("\n") ? text : `${before}${mark}${inner}${mark}${after}`;
}

function words(text) {
  return text.replaceAll(/[\n\r\t ]+/g, " ").replaceAll(/(^|[^\\])([*_`])/g, "$1\\$2");
}

function squeeze(text) {
  return text
    .replaceAll(/[ \u00a0]+/g, " ")
    .replaceAll(/ ?\n ?/g, "\n")
    .replaceAll("****", "")
    .trim();
}
