/** What somebody was handed: the opening is counted once, and the item is one tap away, with nothing in between. */

import { get, post } from "./api.js";
import { cover, episodeHref, seriesHref } from "./cards.js";
import { cameBy, note } from "./events.js";
import { signedIn } from "./session.js";
import { clock, el, entitle, minutes, show, tag, when } from "./ui.js";

const SHARE = document.body.dataset.share;
const VISITOR = "xinglin.visitor";

show(async () => {
  cameBy(SHARE);
  const { item_id: id } = await post(`/api/shares/${encodeURIComponent(SHARE)}/opened`, { visitor: signedIn() ? "" : visitor() });
  const item = await found(id);
  note("page_view", { page: document.body.dataset.path });
  const href = item.kind === "series" ? seriesHref(id) : episodeHref(id);
  entitle("分享给您的内容", item.title);
  return [
    el(
      "article.card.series-card.handed",
      { "data-testid": "shared-item" },
      cover(item.cover, { seconds: item.duration_s || 0, eager: true, size: "large" }),
      el(
        "div.pad.stack",
        item.series ? el("p.quiet.small", item.series.title) : null,
        el("h2", item.title),
        item.problem ? el("p.problem", item.problem) : null,
        el("p", item.summary),
        el("div.row.wrap.gap-s", item.duration_s ? tag(minutes(item.duration_s), "grey") : null, item.airs_at ? tag(when(item.airs_at), "grey") : null),
        item.questions?.length ? el("ul.plain-list", item.questions.slice(0, 4).map((one) => el("li", `${one.text}（${clock(one.starts_at_s)}）`))) : null,
        el("a.button.wide", { href, "data-testid": "open-shared" }, item.kind === "series" ? "查看系列" : "观看"),
      ),
    ),
  ];
});

/** Find out what was shared; the share names the item but not its kind. */
async function found(id) {
  try {
    return { kind: "episode", ...(await get(`/api/doctor/episodes/${id}`)) };
  } catch (problem) {
    if (problem.code !== "item_missing") throw problem;
    return { kind: "series", ...(await get(`/api/doctor/series/${id}`)) };
  }
}

/** Name this visit for the count of a day; nothing lasting is kept of a guest. */
function visitor() {
  let id = sessionStorage.getItem(VISITOR);
  if (!id) sessionStorage.setItem(VISITOR, (id = crypto.getRandomValues(new Uint32Array(4)).join("-")));
  return id;
}
