/** The search: a field with suggestions, filters as chips, and what was found with the words marked. */

import { get } from "./api.js";
import { cover } from "./cards.js";
import { note, watchCard } from "./events.js";
import { hrefOf, markedText, searchField } from "./search_field.js";
import { button, busy, clock, dayWords, dayOf, el, empty, failure, icon, show, skeleton, tag } from "./ui.js";

const API = "/api/doctor/search";
const PAGE = 12;
const KINDS = {
  article: "文章", video: "视频", episode: "剧集", series: "系列", season: "季", activity: "活动",
  brand_account: "品牌号", product: "产品", document: "资料",
};
const SPANS = [["", "不限时间"], ["30", "近一个月"], ["365", "近一年"]];
const BY = { meant: "按近似词找到", sound: "读音相近", slip: "相差一字", part: "含部分词语" };

let asked = read();
let token = 0;
const found = el("div.stack.wide", { "aria-busy": "false" });
const told = el("p.sr", { role: "status", "aria-live": "polite" });
const field = searchField({ text: asked.text, search: (text) => go({ text, kind: "", tag: "", days: "" }), autofocus: !asked.text });

show(() => {
  note("page_view", { page: document.body.dataset.path });
  window.addEventListener("popstate", () => {
    asked = read();
    field.input.value = asked.text;
    look();
  });
  look();
  return [field, told, found];
});

function read() {
  const given = new URLSearchParams(location.search);
  const of = (name) => (given.get(name) || "").slice(0, 200);
  return { text: of("text").slice(0, 100).trim(), kind: of("kind"), tag: of("tag"), days: of("days") };
}

function go(change) {
  asked = { ...asked, ...change };
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  history.pushState(null, "", `?${query}`);
  look();
}

function address(cursor = "") {
  const query = new URLSearchParams({ text: asked.text, limit: PAGE });
  for (const name of ["kind", "tag"]) if (asked[name]) query.set(name, asked[name]);
  if (Number(asked.days) > 0) query.set("since", dayOf(new Date(Date.now() - Number(asked.days) * 86400000)));
  if (cursor) query.set("cursor", cursor);
  return `${API}?${query}`;
}

/** Look for what is asked, and show it unless something else has been asked meanwhile. */
async function look() {
  const mine = ++token;
  document.title = `${asked.text ? `${asked.text} · ` : ""}搜索 · 杏林医生`;
  if (!asked.text) {
    found.replaceChildren(await hints());
    return;
  }
  found.setAttribute("aria-busy", "true");
  found.replaceChildren(...skeleton(3));
  try {
    const page = await get(address());
    if (mine === token) draw(page);
  } catch (problem) {
    if (mine === token) found.replaceChildren(failure(problem, look));
  } finally {
    if (mine === token) found.removeAttribute("aria-busy");
  }
}

/** What many look for, before anything is typed. */
async function hints() {
  const { items } = await get(`${API}/suggestions`).catch(() => ({ items: [] }));
  return items.length
    ? el("section.section", { "aria-label": "大家在搜" }, el("h2", "大家在搜"), el("div.chips", items.map((one) => chip(one.text, false, () => { field.input.value = one.text; go({ text: one.text }); }))))
    : empty("想找什么？", { drawn: "search", more: "可以输入疾病、术式、医生姓名，或一个完整的临床问题。" });
}

const chip = (words, pressed, deed, count = null) =>
  el("button.chip", { type: "button", "aria-pressed": String(pressed), onclick: deed }, words, count === null ? null : el("span.numbers", count));

function filters(counts) {
  const more = (count) => `${count}${counts.at_least ? "+" : ""}`;
  const kinds = counts.kinds.length > 1 || asked.kind
    ? el("div.chips", { role: "group", "aria-label": "类型" }, chip("全部", !asked.kind, () => go({ kind: "" })), counts.kinds.map((one) => chip(KINDS[one.kind] || one.kind, asked.kind === one.kind, () => go({ kind: asked.kind === one.kind ? "" : one.kind }), more(one.count))))
    : null;
  const shown = counts.tags.slice(0, 8);
  const tags = shown.length
    ? el("div.chips.thin", { role: "group", "aria-label": "主题" }, shown.map((one) => chip(one.name, asked.tag === one.slug, () => go({ tag: asked.tag === one.slug ? "" : one.slug }), more(one.count))))
    : null;
  const spans = el("div.chips.thin", { role: "group", "aria-label": "时间" }, SPANS.map(([days, words]) => chip(words, asked.days === days, () => go({ days }))));
  return el("div.stack.filters", kinds, el("div.row.wrap", spans), tags);
}

function draw(page) {
  const { counts } = page;
  const filtered = asked.kind || asked.tag || asked.days;
  told.textContent = counts.total ? `找到 ${counts.total} 条结果` : "没有找到结果";
  note("content_search", { results: counts.total });
  if (!page.items.length) {
    found.replaceChildren(
      ...[
        filtered ? filters(counts) : null,
        empty(`没有找到“${asked.text}”`, {
          drawn: "search",
          more: filtered ? "去掉筛选条件，也许就能找到。" : "换一种说法，或只输入一个关键词。编辑会看到没有结果的搜索（不含个人信息）。",
          deed: filtered ? button("去掉筛选", { tone: "plain", onclick: () => go({ kind: "", tag: "", days: "" }) }) : el("a.button.plain", { href: "/h5/doctor/series" }, "看看系列"),
        }),
      ].filter(Boolean),
    );
    return;
  }
  let place = 0;
  const list = el("ol.hits");
  const more = button("再看一些", { tone: "plain", onclick: () => busy(more, load) });
  const add = (items) => list.append(...items.map((one) => hit(one, ++place, counts.total)));
  more.hidden = !page.next;
  more.dataset.next = page.next || "";
  async function load() {
    const next = await get(address(more.dataset.next));
    const first = list.children.length;
    add(next.items);
    more.hidden = !next.next;
    more.dataset.next = next.next || "";
    list.children[first]?.querySelector("a")?.focus();
  }
  add(page.items);
  found.replaceChildren(
    ...[
      filters(counts),
      page.meant ? el("p.card.pad.notice", { "data-testid": "meant" }, "没有与输入完全相同的内容，已同时查找 ", el("b", page.meant)) : null,
      el("p.quiet.small.numbers", { "data-testid": "total" }, `共 ${counts.total}${counts.at_least ? " 条以上" : " 条"}`),
      list,
      more,
    ].filter(Boolean),
  );
}

function hit(one, rank, results) {
  const at = one.question.length ? one.starts_at_s : null;
  // A season is a part of the page of its series.
  const href = one.kind === "season" ? hrefOf("series", one.series.id) : hrefOf(one.kind, one.id, at);
  const card = el(
    "li.card.hit",
    { "data-testid": "hit", "data-item": one.id, "data-kind": one.kind },
    el(
      "div.stack.tight",
      el("p.row.wrap.gap-s", tag(KINDS[one.kind] || one.kind, "grey"), one.series ? el("span.quiet.small.clip-one", one.series.title) : null, BY[one.by] ? tag(BY[one.by], "warm") : null),
      el("h2.hit-title", el("a.cover-link", { href }, markedText(one.title))),
      one.question.length ? el("p.hit-question", icon("question", "small"), el("span", markedText(one.question), at === null ? null : el("span.quiet.small.numbers", ` ${clock(at)} 起`))) : null,
      one.excerpt.length ? el("p.quiet.clip", markedText(one.excerpt)) : null,
      el("p.quiet.small.numbers", [dayWords(dayOf(new Date(one.published_at))), one.seconds ? clock(one.seconds) : ""].filter(Boolean).join(" · ")),
    ),
    one.cover ? cover(one.cover, { size: "small" }) : null,
  );
  card.addEventListener("click", (event) => {
    if (event.target.closest("a[href]")) note("content_search", { results, clicked_rank: rank, item_id: one.id, kind: one.kind });
  });
  watchCard(card, { item_id: one.id, kind: one.kind, list: "search", position: rank });
  return card;
}
