/** The boards: one at a time with its sections as tabs, its tags as chips, and what stands in it, page by page. */

import { get } from "./api.js";
import { note } from "./events.js";
import { gate } from "./gates.js";
import { endless, itemCard } from "./items.js";
import { el, empty, entitle, icon, part, show } from "./ui.js";

const API = "/api/doctor";
const HERE = "/h5/doctor/boards";
const ICONS = { innovation: "spark", academy: "people", service: "brand" };

let boards = [];

show(async () => {
  note("page_view", { page: document.body.dataset.path });
  boards = (await get(`${API}/sections`)).items;
  if (!boards.length) return [empty("还没有专区", { drawn: "boards", more: "编辑准备好后，会出现在这里。" })];
  const page = el("div.stack.wide-gap");
  draw(page);
  addEventListener("popstate", () => draw(page));
  // Within the boards the page is drawn anew in place; to anywhere else a link leads as always.
  page.addEventListener("click", (event) => {
    const link = event.target.closest(`a[href^="${HERE}"]`);
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    draw(page, link.dataset.focus);
  });
  return [page];
});

/** Where one is: the board, the section in it, and the tag. */
function here() {
  const slug = decodeURIComponent(location.pathname.slice(HERE.length).replace(/^\/+|\/+$/g, "")) || boards[0].slug;
  const tag = new URLSearchParams(location.search).get("tag") || "";
  const board = boards.find((one) => one.slug === slug || flat(one).some((below) => below.slug === slug));
  const section = board ? [board, ...flat(board)].find((one) => one.slug === slug) : null;
  return { slug, tag, board, section };
}

const flat = (section) => section.sections.flatMap((one) => [one, ...flat(one)]);
const address = (slug, tag = "") => `${HERE}/${encodeURIComponent(slug)}${tag ? `?tag=${encodeURIComponent(tag)}` : ""}`;

function draw(page, focus = "") {
  const { slug, tag, board, section } = here();
  const ways = el(
    "nav.board-tabs",
    { "aria-label": "专区" },
    boards.map((one) => el("a", { href: address(one.slug), "aria-current": one === board ? "page" : null, "data-focus": `board-${one.slug}`, id: `board-${one.slug}` }, icon(ICONS[one.look.icon] || "boards"), el("b", one.name))),
  );
  entitle("专区", section?.name || "专区");
  if (!section) {
    // It may be there for others; the door says what keeps this reader out.
    page.replaceChildren(ways, part(() => listed(slug, tag, "rows")));
    return;
  }
  const sections = flat(board);
  page.replaceChildren(
    ...[
      ways,
      section.summary ? el("p.quiet.board-words", section.summary) : null,
      sections.length
        ? el(
            "nav.section-tabs",
            { "aria-label": `${board.name}的栏目` },
            [{ ...board, name: "全部" }, ...sections].map((one) => el("a", { href: address(one.slug), "aria-current": one.slug === section.slug ? "page" : null, "data-focus": `section-${one.slug}`, id: `section-${one.slug}` }, one.name)),
          )
        : null,
      part(() => tags(slug, tag), { waiting: 0 }),
      part(() => listed(slug, tag, section.look.layout)),
    ].filter(Boolean),
  );
  page.querySelector(`#${CSS.escape(focus || "-")}`)?.focus({ preventScroll: true });
  requestAnimationFrame(() => {
    const chosen = page.querySelector('.section-tabs [aria-current="page"]');
    if (chosen) chosen.parentElement.scrollLeft = chosen.offsetLeft - (chosen.parentElement.clientWidth - chosen.offsetWidth) / 2;
  });
}

async function tags(slug, chosen) {
  const { items } = await get(`${API}/sections/${encodeURIComponent(slug)}/tags`);
  if (!items.length) return [];
  const chip = (one, on) => el("a.chip-link", { href: address(slug, on ? "" : one.slug), "aria-current": on ? "true" : null, "data-focus": `tag-${one.slug}`, id: `tag-${one.slug}` }, one.name, on ? el("span.sr", "（已选，按此取消）") : null, on ? el("span", { "aria-hidden": "true" }, "✕") : null);
  const shown = items.some((one) => one.slug === chosen) || !chosen ? items : [...items, { slug: chosen, name: chosen }];
  return [el("nav.chips.one-line", { "aria-label": "按标签筛选", "data-testid": "tags" }, shown.map((one) => chip(one, one.slug === chosen)))];
}

async function listed(slug, tag, layout) {
  const load = (next) => get(`${API}/sections/${encodeURIComponent(slug)}/items?limit=20${tag ? `&tag=${encodeURIComponent(tag)}` : ""}${next ? `&cursor=${encodeURIComponent(next)}` : ""}`);
  const list = endless((one, place) => itemCard(one, { layout, list: "board", position: place, eager: place <= 3 }), load, { layout, label: "内容" });
  try {
    if (!(await list.first())) return [empty(tag ? "这个标签下还没有内容" : "这个栏目还没有内容", { drawn: "article", deed: tag ? el("a.button.plain", { href: address(slug) }, "看全部") : null })];
  } catch (problem) {
    const shut = gate(problem);
    if (shut) return shut;
    throw problem;
  }
  return list.nodes;
}
