/** What the doctor wants to find again, of every kind or of one. */

import { get, remove } from "./api.js";
import { cover } from "./cards.js";
import { note } from "./events.js";
import { KINDS, endless, itemHref } from "./items.js";
import { signedIn } from "./session.js";
import { signInCard } from "./sign_in.js";
import { busy, el, empty, icon, part, show, tag, toast, when } from "./ui.js";

const API = "/api/doctor";
const SHOWN = ["article", "video", "episode", "series", "activity", "document", "product", "brand_account"];

show(() => {
  if (!signedIn()) return [signInCard({ title: "登录后查看收藏", words: "您收藏的文章、视频和剧集都在这里。" })];
  note("page_view", { page: document.body.dataset.path });
  const page = el("div.stack.wide-gap");
  draw(page, new URLSearchParams(location.search).get("kind") || "");
  return [page];
});

function draw(page, chosen) {
  const choose = (kind) => () => {
    history.replaceState(null, "", kind ? `?kind=${kind}` : location.pathname);
    draw(page, kind);
    page.querySelector('.section-tabs [aria-pressed="true"]')?.focus({ preventScroll: true });
  };
  page.replaceChildren(
    el("div.section-tabs", { role: "group", "aria-label": "按类型筛选" }, ["", ...SHOWN].map((kind) => el("button", { type: "button", "aria-pressed": String(kind === chosen), onclick: choose(kind) }, kind ? KINDS[kind].name : "全部"))),
    part(() => listed(chosen)),
  );
}

async function listed(kind) {
  const load = (next) => get(`${API}/favourites?limit=20${kind ? `&kind=${kind}` : ""}${next ? `&cursor=${encodeURIComponent(next)}` : ""}`);
  const list = endless(card, load, { label: "收藏" });
  const nothing = () => empty(kind ? `还没有收藏${KINDS[kind]?.name || ""}` : "还没有收藏", { drawn: "bookmark", more: "在内容页点「收藏」，就能在这里找到。", deed: el("a.button.plain", { href: "/h5/doctor/boards" }, "去专区看看") });
  if (!(await list.first())) return [nothing()];
  return list.nodes;

  function card(one) {
    const left = el("button.icon-button", { type: "button", "aria-label": `取消收藏：${one.title}` }, icon("trash", "small"));
    const made = el(
      "article.card.item.as-rows",
      { "data-testid": "favourite-card", "data-item": one.id },
      cover(one.cover, { seconds: one.duration_s || 0, size: "small" }),
      el(
        "div.item-words",
        one.series ? el("p.quiet.small", one.series.title) : null,
        el("h3.clip", el("a.cover-link", { href: itemHref(one.kind, one.id) }, one.title)),
        el("p.row.wrap.gap-s.item-foot", tag(KINDS[one.kind]?.name || "", "grey"), el("span.quiet.small.numbers", `${when(one.since)} 收藏`)),
      ),
      left,
    );
    left.addEventListener("click", () =>
      busy(left, async () => {
        await remove(`${API}/items/${one.id}/favourite`);
        const after = made.nextElementSibling || made.previousElementSibling;
        made.remove();
        toast("已取消收藏");
        if (after) after.querySelector("a")?.focus();
        else list.list.replaceChildren(nothing());
      }),
    );
    return made;
  }
}
