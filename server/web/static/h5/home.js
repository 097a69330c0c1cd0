/** The start: what comes next, what to find, the boards, and a feed of one's own that goes on as one scrolls. */

import { get } from "./api.js";
import { cover, episodeHref, mark, seriesCard, seriesHref } from "./cards.js";
import { note, watchCard } from "./events.js";
import { endless, itemCard } from "./items.js";
import { searchField } from "./search_field.js";
import { signInCard } from "./sign_in.js";
import { session, signedIn } from "./session.js";
import { el, empty, icon, part, section, show, timeOf, when } from "./ui.js";

const API = "/api/doctor";
const ICONS = { innovation: "spark", academy: "people", service: "brand" };

show(() => {
  note("page_view", { page: document.body.dataset.path });
  return [
    signedIn() ? part(next) : signInCard(),
    el("div.two.home", part(boards, { waiting: 0 }), asking()),
    section("手术系列", { href: "/h5/doctor/series" }, part(series, { waiting: 1 })),
    section(signedIn() ? "为您更新" : "最新内容", { id: "feed" }, part(feed, { waiting: 3 })),
  ];
});

/** The next episode, or what is on air. */
async function next() {
  const month = await get(`${API}/calendar`);
  const today = month.days.flatMap((day) => day.episodes);
  const onAir = today.find((one) => one.state === "on_air");
  const one = onAir || month.next;
  const me = session();
  const hello = el("p.quiet", me?.name ? `${me.name}，您好` : "您好");
  if (!one) return [el("section.next", { "aria-label": "下一集" }, hello, el("h2", "近期没有排播"), el("a.button", { href: "/h5/doctor/series" }, "看看系列"))];
  const card = el(
    "section.next",
    { "aria-label": onAir ? "正在播出" : "下一集", "data-testid": "next-episode" },
    el(
      "div.next-words",
      hello,
      el("p.when.numbers", onAir ? mark("on_air") : icon("calendar", "small"), onAir ? `播出中 · ${timeOf(one.airs_at)} 开播` : when(one.airs_at)),
      el("h2", one.title),
      el("p.quiet", one.series.title),
      el(
        "div.row.wrap",
        el("a.button", { href: episodeHref(one.id) }, icon(onAir ? "play" : "right", "small"), onAir ? "现在观看" : "看本集简介"),
        el("a.on-dark", { href: one.following ? "/h5/doctor/calendar" : seriesHref(one.series.id) }, one.following ? "追剧日历" : "去关注这个系列"),
      ),
    ),
    cover(one.cover, { seconds: one.duration_s, eager: true }),
  );
  watchCard(card, { item_id: one.id, kind: "episode", list: "next", position: 1 });
  return [card];
}

/** The ways into the boards. */
async function boards() {
  const { items } = await get(`${API}/sections`);
  if (!items.length) return [];
  return [
    el(
      "nav.boards",
      { "aria-label": "专区", "data-testid": "boards" },
      items.map((one) =>
        el(
          "a.board",
          { href: `/h5/doctor/boards/${encodeURIComponent(one.slug)}`, "data-tone": one.look.tone || null },
          el("span.round", icon(ICONS[one.look.icon] || "boards")),
          el("b", one.name),
          one.summary ? el("span.quiet.small.clip", one.summary) : null,
        ),
      ),
    ),
  ];
}

/** The way into the search, with suggestions of questions that episodes answer. */
function asking() {
  const field = searchField({ label: "您想解决什么临床问题？", search: (text) => location.assign(`/h5/doctor/search?text=${encodeURIComponent(text)}`) });
  const label = field.querySelector("label");
  label.classList.remove("sr");
  return el(
    "section.ask",
    { "aria-label": "搜索" },
    field,
    el("p.quiet.small", "没有答案？到", el("a.link.small", { href: "/h5/doctor/series" }, "系列"), "页向编辑提问　", el("a.link.small", { href: "/h5/doctor/questions" }, "我的提问")),
  );
}

async function series() {
  const { items } = await get(`${API}/series?limit=6`);
  if (!items.length) return [empty("还没有上线的系列", { drawn: "play" })];
  return [el("div.strip", items.map((one, place) => seriesCard(one, { list: "home", position: place + 1, eager: place === 0 })))];
}

/** What is held at the top, begun, new of what one follows, and new of all. */
async function feed() {
  const load = (cursor) => get(`${API}/feed?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  const list = endless((one, place) => itemCard(one.item, { entry: one, list: "feed", position: place }), load, { label: "动态" });
  if (!(await list.first())) return [empty("还没有内容", { drawn: "article", more: "编辑发布后，会出现在这里。" })];
  return list.nodes;
}
