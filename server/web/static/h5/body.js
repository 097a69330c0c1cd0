/**
 * Texts: the parts that the house has rendered and cleaned, drawn without ever taking text for a page.
 *
 * The rule: HTML comes from the house alone, where it was cleaned; here it is read by the browser's parser into a document
 * that runs nothing, and only the elements and attributes that a text may have are copied from it.
 */

import { get, post } from "./api.js";
import { CLASSES, FOR_PROFESSIONALS, itemHref } from "./items.js";
import { busy, complain, el, icon, minutes, size, toast } from "./ui.js";

const API = "/api/doctor";
const ELEMENTS = new Set("P H2 H3 H4 H5 H6 STRONG EM S UL OL LI BLOCKQUOTE HR BR A CODE PRE TABLE THEAD TBODY TR TH TD".split(" "));
const ATTRIBUTES = { A: ["href", "title"], OL: ["start"], TH: ["data-align"], TD: ["data-align"] };

/** Draw a text of an item; `preview` are addresses of files by their block, where nothing is asked of the doors. */
export function body(parts, { item, preview = null } = {}) {
  const prose = el(
    "div.prose",
    { "data-testid": "prose" },
    parts.map((part) => {
      if (part.html) return html(part.html);
      if (part.product) return product(part.product);
      return BLOCKS[part.block?.type]?.(part.block, { item, preview }) || null;
    }),
  );
  lift(prose);
  return prose;
}

/** Bring the headings of a text right under that of the page, whatever order its author began with. */
function lift(prose) {
  const headings = [...prose.querySelectorAll("h2, h3, h4, h5, h6")];
  const by = Math.min(...headings.map((one) => Number(one.nodeName[1]))) - 2;
  if (!headings.length || by <= 0) return;
  for (const heading of headings) {
    const lifted = document.createElement(`h${Number(heading.nodeName[1]) - by}`);
    lifted.append(...heading.childNodes);
    heading.replaceWith(lifted);
  }
}

/** Read cleaned HTML into nodes of this page. */
export function html(text) {
  const read = new DOMParser().parseFromString(text, "text/html");
  return [...read.body.childNodes].map(copied).flat(Infinity);
}

function copied(node) {
  if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.data)];
  if (node.nodeType !== Node.ELEMENT_NODE) return [];
  const inner = [...node.childNodes].map(copied).flat(Infinity);
  if (!ELEMENTS.has(node.nodeName)) return inner;
  const made = document.createElement(node.nodeName);
  for (const name of ATTRIBUTES[node.nodeName] || []) if (node.hasAttribute(name)) made.setAttribute(name, node.getAttribute(name));
  made.append(...inner);
  if (node.nodeName === "A") return [link(made)];
  if (node.nodeName === "TABLE") return [scrolling(made, "表格")];
  return [made];
}

/** A link leads within the house, or to another tab by https; anything else is plain words. */
function link(made) {
  const href = made.getAttribute("href") || "";
  if (/^\/(?!\/)/.test(href)) return made;
  if (!/^https:\/\//i.test(href)) return el("span", ...made.childNodes);
  for (const [name, value] of Object.entries({ target: "_blank", rel: "noopener noreferrer" })) made.setAttribute(name, value);
  made.append(el("span.sr", "（在新窗口打开）"));
  return made;
}

/** What is wider than the page is moved by itself, also by keys. */
function scrolling(inner, label) {
  return el("div.scrolling", { tabindex: "0", role: "region", "aria-label": label }, inner);
}

const BLOCKS = {
  image: (block) =>
    el(
      "figure.picture",
      picture(block.picture),
      block.caption || block.credit ? el("figcaption", block.caption, block.credit ? el("span.credit", `图：${block.credit}`) : null) : null,
    ),
  video: (block, { item, preview }) => {
    const place = el("figure.film", { "data-testid": "block-video" });
    const cover = block.poster?.medium ? el("img", { src: block.poster.medium, alt: block.poster.alt || "", loading: "lazy" }) : null;
    const start = el("button.film-start", { type: "button", "aria-label": `播放视频${block.caption ? `：${block.caption}` : ""}` }, icon("play"));
    start.addEventListener("click", () =>
      busy(start, async () => {
        const url = preview?.[block.key] || block.film?.url || (await get(`${API}/items/${item}/blocks/${encodeURIComponent(block.key)}/file`)).url;
        const video = el("video", { controls: true, playsinline: true, src: url, poster: block.poster?.large || null, "aria-label": block.caption || "视频" });
        place.firstChild.replaceChildren(video);
        await video.play().catch(() => {});
      }),
    );
    place.append(el("div.film-box", cover, start), block.caption ? el("figcaption", block.caption) : "");
    return place;
  },
  quote: (block) => el("figure.quote", el("blockquote", el("p", block.text)), block.by ? el("figcaption", `—— ${block.by}`) : null),
  table: (block) => {
    const head = el("tr", block.header.map((cell) => el("th", { scope: "col" }, cell)));
    const rows = (block.rows || []).map((row) => el("tr", row.map((cell) => el("td", cell))));
    const table = el("table", block.caption ? el("caption.sr", block.caption) : null, el("thead", head), el("tbody", rows));
    return el("figure.table", block.caption ? el("figcaption", { "aria-hidden": "true" }, block.caption) : null, scrolling(table, block.caption || "表格"));
  },
  document: (block, { item, preview }) =>
    el("div.block-document", documentButton(block.document, async () => preview?.[block.key] || (await get(`${API}/items/${item}/blocks/${encodeURIComponent(block.key)}/file`)).url)),
  quiz: (block, { item, preview }) => quiz(block, item, preview),
};

function picture(one) {
  return el("img", {
    src: one.medium || one.large || "",
    srcset: one.small ? `${one.small} 375w, ${one.medium} 750w, ${one.large} 1125w` : null,
    sizes: "(width >= 56rem) 42rem, 100vw",
    alt: one.alt || "",
    width: one.width || null,
    height: one.height || null,
    loading: "lazy",
  });
}

/** A document that is fetched by its short-lived address when it is wanted. */
export function documentButton(one, address) {
  return el(
    "button.document",
    { type: "button", "data-testid": "document", onclick: (event) => busy(event.currentTarget, async () => el("a", { href: await address(), download: "" }).click()) },
    icon("file"),
    el("span.grow", el("b", one.title), el("span.quiet.small.numbers", [fileWords(one.media_type), one.bytes ? size(one.bytes) : ""].filter(Boolean).join(" · "))),
    icon("download", "small"),
  );
}

const fileWords = (type = "") => (type.includes("pdf") ? "PDF" : type.split("/").at(-1).slice(0, 12).toUpperCase());

/** The card of a product within a text, or word that something is there for professionals. */
function product({ card, gate }) {
  if (!card) {
    return el(
      "aside.product-block.gated",
      { "data-testid": "product-gate" },
      icon("lock"),
      el("div.grow", el("b", "此处内容面向已认证的专业人士"), el("p.quiet.small", gate === "sign_in" ? "登录并通过专业身份认证后可查看。" : "通过专业身份认证后可查看。")),
      el("a.button.plain.small", { href: gate === "sign_in" ? "/h5/doctor/me" : "/h5/doctor/verify" }, gate === "sign_in" ? "去登录" : "去认证"),
    );
  }
  return el(
    "aside.product-block",
    { "data-testid": "product-card", "aria-label": "产品信息" },
    card.cover?.small ? el("img", { src: card.cover.small, alt: card.cover.alt || "", loading: "lazy", width: "88", height: "66" }) : icon("pill"),
    el(
      "div.grow",
      el("b", el("a.cover-link", { href: itemHref(card.kind, card.id) }, card.title)),
      el("p.quiet.small", [card.more.generic_name, card.more.maker].filter(Boolean).join(" · ")),
      el("p.quiet.small", [CLASSES[card.more.product_class], card.more.product_class === "prescription" ? FOR_PROFESSIONALS : ""].filter(Boolean).join(" · ")),
    ),
    icon("right", "small"),
  );
}

/** A question to check oneself by: what is right is told once one has chosen. */
function quiz(block, item, preview) {
  const name = `quiz-${block.key}`;
  const said = el("p.quiz-said", { role: "status" });
  const choices = block.options.map((words, place) => el("label.quiz-option", el("input", { type: block.several ? "checkbox" : "radio", name, value: place }), el("span.grow", words), el("span.quiz-mark", { "aria-hidden": "true" })));
  const check = el("button.button.small", { type: "submit" }, "看看对不对");
  const form = el(
    "form.quiz",
    {
      "data-testid": "quiz",
      onsubmit: (event) => {
        event.preventDefault();
        const chosen = [...form.querySelectorAll("input:checked")].map((one) => Number(one.value));
        if (!chosen.length) return toast("先选一个答案");
        if (preview) return toast("预览中不判断对错");
        return busy(check, async () => {
          try {
            tell(await post(`${API}/items/${item}/quizzes/${encodeURIComponent(block.key)}`, { chosen }), chosen);
          } catch (problem) {
            complain(problem);
          }
        });
      },
    },
    el("fieldset", el("legend", el("span.quiz-name", block.several ? "自测 · 可多选" : "自测"), block.question), choices),
    check,
    said,
  );
  function tell({ right, right_options: options, explanation }, chosen) {
    choices.forEach((choice, place) => {
      const is = options.includes(place);
      choice.dataset.verdict = is ? "right" : chosen.includes(place) ? "wrong" : "";
      choice.lastChild.textContent = is ? "✓" : chosen.includes(place) ? "✗" : "";
      if (is) choice.append(el("span.sr", "正确答案"));
    });
    said.replaceChildren(el("b", right ? "答对了。" : "再想想："), explanation || (right ? "" : "正确答案已标出。"));
    check.hidden = true;
  }
  return form;
}

/** The headings of a text, with an id each, for a table of what is in it. */
export function contents(prose) {
  return [...prose.querySelectorAll("h2, h3")].map((heading, place) => {
    heading.id = `part-${place + 1}`;
    return { id: heading.id, words: heading.textContent, deep: heading.nodeName === "H3" };
  });
}

export const readingWords = (seconds) => `约 ${minutes(Math.max(60, seconds))}读完`;
