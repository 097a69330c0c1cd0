/** The page of an item: an article, a video, a brand account, a product or a document, with what belongs to it. */

import { get, put } from "./api.js";
import { body, contents, documentButton, readingWords } from "./body.js";
import { cover } from "./cards.js";
import { deeds } from "./deeds.js";
import { note, uuid7 } from "./events.js";
import { gate } from "./gates.js";
import { CLASSES, FOR_PROFESSIONALS, KINDS, itemCard, itemHref, kindWords } from "./items.js";
import { opened, reading } from "./reading.js";
import { session, signedIn } from "./session.js";
import { shareButton } from "./sharing.js";
import { el, entitle, icon, part, section, show, tag, when } from "./ui.js";
import { filmOf } from "./video.js";

const API = "/api/doctor";
const ID = Number(document.body.dataset.item);
// Beside the editors' form this page shows a draft: from another address, and nothing that is done here is reported.
const PREVIEW = document.body.dataset.preview;
const LONG_HEADINGS = 3;

show(async () => {
  let item;
  try {
    item = PREVIEW ? await get(PREVIEW, { guest: true }) : await get(`${API}/items/${ID}`);
  } catch (problem) {
    const shown = PREVIEW ? null : gate(problem);
    if (!shown) throw problem;
    entitle(problem.status === 401 ? "需要登录" : problem.code === "professional_needed" ? "需要认证" : "需要权益", problem.title);
    return shown;
  }
  const home = itemHref(item.kind, ID);
  if (!PREVIEW && !home.includes("/items/")) {
    // Series, episodes and activities have pages of their own.
    location.replace(home);
    return [];
  }
  entitle(item.title);
  document.body.dataset.kind = item.kind;
  const board = item.sections.at(-1);
  if (!PREVIEW && board) document.querySelector(".back").href = `/h5/doctor/boards/${board.slug}`;
  const text = el("article.card.reader", { "data-testid": "item", "data-kind": item.kind }, ...(PAGES[item.kind] || PAGES.article)(item));
  const prose = text.querySelector(".prose");
  const listed = prose ? outline(prose) : null;
  const wide = matchMedia("(width >= 56rem)").matches;
  if (listed && !wide) prose.before(listed);
  if (!PREVIEW) {
    note("page_view", { page: document.body.dataset.path });
    opened({ id: ID, kind: item.kind });
    setTimeout(() => reading({ id: ID, kind: item.kind, text: prose?.childElementCount ? prose : text, keep: item.kind === "video" ? null : keep }), 0);
  }
  const page = el(
    "div.two.reading",
    el("div.stack.wide-gap", text, documents(item), origin(item), chips(item)),
    el(
      "aside.stack.wide-gap.beside",
      { "aria-label": "相关信息" },
      wide ? listed : null,
      PREVIEW ? null : signedIn() ? part(() => deeds(ID), { waiting: 1 }) : guest(),
      related(item),
    ),
  );
  if (prose && item.kind === "article") page.prepend(progressBar(prose));
  return [page];
});

const PAGES = {
  article: (item) => [
    head(item),
    by(item),
    item.cover ? figure(item) : null,
    item.summary ? el("p.lead", item.summary) : null,
    body(item.parts, about(item)),
  ],
  video: (item) => [
    filmOf(item, { preview: PREVIEW }),
    head(item),
    by(item),
    team(item),
    item.summary ? el("p.lead", item.summary) : null,
    body(item.parts, about(item)),
  ],
  document: (item) => [
    el(
      "div.document-head",
      el("span.document-face", item.cover?.medium ? el("img", { src: item.cover.medium, alt: item.cover.alt || "" }) : icon("file")),
      el("div.stack.tight", head(item), item.more.edition ? el("p.quiet", item.more.edition) : null, item.summary ? el("p", item.summary) : null),
    ),
    item.documents.length ? documentButton(item.documents[0], () => address(item.documents[0])) : null,
    by(item),
    body(item.parts, about(item)),
  ],
  brand_account: (item) => [
    el(
      "div.brand-head",
      cover(item.cover, { eager: true }),
      el("div.stack.tight.brand-words", head(item), el("p.quiet", item.more.operator), item.summary ? el("p", item.summary) : null),
    ),
    way(item),
    body(item.parts, about(item)),
  ],
  product: (item) => [
    item.more.product_class === "prescription" ? el("p.law", { role: "note" }, icon("shield", "small"), FOR_PROFESSIONALS) : null,
    el(
      "div.product-head",
      item.cover?.medium ? el("img", { src: item.cover.medium, alt: item.cover.alt || "", width: "320", height: "240" }) : null,
      el(
        "div.stack.tight",
        head(item),
        item.more.generic_name ? el("p.quiet", `通用名称　${item.more.generic_name}`) : null,
        item.more.maker ? el("p.quiet", `生产企业　${item.more.maker}`) : null,
        item.summary ? el("p", item.summary) : null,
      ),
    ),
    facts(item),
    body(item.parts, about(item)),
  ],
};

const about = (item) => ({ item: ID, preview: PREVIEW ? item.block_files || {} : null });

function head(item) {
  const words = item.kind === "product" ? CLASSES[item.more.product_class] : kindWords(item);
  return el(
    "p.row.wrap.gap-s.reader-tags",
    tag(words || KINDS[item.kind].name, item.more.product_class === "prescription" ? "alarm" : ""),
    item.more.field ? tag(item.more.field, "grey") : null,
    item.sections.slice(-1).filter((one) => one.name !== words).map((one) => tag(one.name, "grey")),
  );
}

/** Whose text it is, who has looked it over, when it came out and how long it takes. */
function by(item) {
  const person = (one, role) =>
    one
      ? el(
          "div.byline",
          el("span.avatar", { "aria-hidden": "true" }, one.name.slice(0, 1)),
          el("p", el("b", one.name), el("span.quiet.small", [role, one.title, one.hospital].filter(Boolean).join(" · "))),
        )
      : null;
  return el(
    "div.by",
    person(item.author, ""),
    person(item.reviewer, "审稿"),
    el("p.quiet.small.numbers", [when(item.published_at), item.reading_s && item.kind === "article" ? readingWords(item.reading_s) : ""].filter(Boolean).join(" · ")),
  );
}

function team(item) {
  const people = item.more.team || [];
  return people.length ? el("p.quiet.small", people.map((one) => [one.role, one.name, one.title, one.hospital].filter(Boolean).join(" ")).join("；")) : null;
}

function figure(item) {
  return el("figure.picture.first", el("img", { src: item.cover.large, srcset: `${item.cover.small} 375w, ${item.cover.medium} 750w, ${item.cover.large} 1125w`, sizes: "(width >= 56rem) 42rem, 100vw", alt: item.cover.alt || "", width: item.cover.width || null, height: item.cover.height || null }));
}

/** The way to a brand's account: the code to scan and the address. */
function way(item) {
  const { qr, link } = item.more;
  if (!qr && !link) return null;
  return el(
    "section.way",
    { "aria-label": "如何前往" },
    qr?.medium ? el("figure", el("img.qr", { src: qr.large || qr.medium, alt: qr.alt || `${item.title}的二维码`, width: "240", height: "240", "data-testid": "qr" }), el("figcaption.quiet.small", "长按识别，或用微信扫一扫")) : null,
    link ? el("a.button", { href: link, target: "_blank", rel: "noopener noreferrer", "data-testid": "brand-link" }, icon("out", "small"), "前往品牌号", el("span.sr", "（在新窗口打开）")) : null,
  );
}

/** What the papers of a product say of it. */
function facts(item) {
  const { indications, cautions, certificates = [], product_class: sort } = item.more;
  const use = ["prescription", "otc"].includes(sort) ? "适应证" : "适用范围";
  return el(
    "dl.facts",
    indications ? [el("dt", use), el("dd.said", indications)] : null,
    cautions ? [el("dt", "注意事项"), el("dd.said", cautions)] : null,
    certificates.length
      ? [
          el("dt", "证号"),
          el("dd", el("ul", certificates.map((one) => el("li.numbers", { "data-testid": "certificate" }, `${one.name}　${one.number}`, one.valid_until ? el("span.quiet.small", `　有效期至 ${one.valid_until}`) : null)))),
        ]
      : null,
  );
}

const address = async (one) => (PREVIEW ? one.url : (await get(`${API}/items/${ID}/documents/${one.number}`)).url);

function documents(item) {
  const listed = item.kind === "document" ? item.documents.slice(1) : item.documents;
  if (!listed.length) return null;
  return section("附件资料", {}, el("ul.card.list", listed.map((one) => el("li", documentButton(one, () => address(one))))));
}

/** What the text rests on, and the numbers and days that it was approved for. */
function origin(item) {
  const approved = [
    item.material_number ? ["物料编号", item.material_number] : null,
    item.approval_number ? ["审批文号", item.approval_number] : null,
    item.valid_until ? ["有效期", `${item.valid_from ? `${item.valid_from} 至 ` : "至 "}${item.valid_until}`] : null,
  ].filter(Boolean);
  if (!item.sources.length && !approved.length) return null;
  return section(
    "来源与审批",
    {},
    el(
      "div.card.pad.stack.origin",
      item.sources.length ? el("ol", item.sources.map((one) => el("li", one.url ? el("a", { href: one.url, target: "_blank", rel: "noopener noreferrer" }, one.title, el("span.sr", "（在新窗口打开）")) : one.title))) : null,
      approved.length ? el("dl.row.wrap", approved.map(([name, value]) => el("div", el("dt.quiet.small", name), el("dd.small.numbers", value)))) : null,
    ),
  );
}

function chips(item) {
  if (!item.tags.length) return null;
  const board = item.sections[0];
  return el("nav.chips", { "aria-label": "标签" }, item.tags.map((one) => (board && !PREVIEW ? el("a.chip-link", { href: `/h5/doctor/boards/${board.slug}?tag=${encodeURIComponent(one.slug)}` }, `# ${one.name}`) : el("span.chip-link", `# ${one.name}`))));
}

function related(item) {
  if (!item.related.length) return null;
  return section("相关内容", {}, el("div.items.as-rows", item.related.map((one, place) => itemCard(one, { list: "related", position: place + 1 }))));
}

function guest() {
  return el("div.card.pad.stack", el("p", "登录后可以收藏、点赞，并接着上次读。"), el("div.row.wrap", el("a.button", { href: "/h5/doctor/me" }, "去登录"), shareButton(ID)));
}

/** What is in a long text, by its headings. */
function outline(prose) {
  const found = contents(prose);
  if (found.length < LONG_HEADINGS) return null;
  const links = el("ol", found.map((one) => el("li", { class: one.deep ? "deep" : null }, el("a", { href: `#${one.id}` }, one.words))));
  return el("details.card.outline", { open: matchMedia("(width >= 56rem)").matches, "data-testid": "outline" }, el("summary", icon("list", "small"), `目录 · ${found.length} 节`), links);
}

/** How far down the text one is, as a line at the top of the page. */
function progressBar(prose) {
  const bar = el("div.read-bar", { "aria-hidden": "true" }, el("i"));
  const draw = () => {
    const { top, height } = prose.getBoundingClientRect();
    bar.firstChild.style.setProperty("width", `${Math.min(100, Math.max(0, ((innerHeight - top) / height) * 100))}%`);
  };
  addEventListener("scroll", draw, { passive: true });
  requestAnimationFrame(draw);
  return bar;
}

// What was read is kept for the doctor who has agreed to that, so that it can be gone on with.
const SITTING = `r-${uuid7(Date.now())}`;

function keep({ percent, active, leaving }) {
  if (!session()?.purposes?.includes("service")) return;
  put(`${API}/items/${ID}/reading`, { session: SITTING, max_percent: percent, active_ms: active }, { keepalive: leaving }).catch(() => {});
}
