/** What somebody was handed: the opening is counted once, and the item is one tap away, with nothing in between. */

import { get, post } from "./api.js";
import { cover } from "./cards.js";
import { cameBy, note } from "./events.js";
import { gate } from "./gates.js";
import { itemHref, kindWords } from "./items.js";
import { signedIn } from "./session.js";
import { el, entitle, minutes, show, tag } from "./ui.js";

const SHARE = document.body.dataset.share;
const VISITOR = "xinglin.visitor";
const OPENING = { series: "查看系列", episode: "观看", video: "观看", activity: "查看活动", brand_account: "查看", product: "查看", document: "查看资料" };

show(async () => {
  cameBy(SHARE);
  const { item_id: id } = await post(`/api/shares/${encodeURIComponent(SHARE)}/opened`, { visitor: signedIn() ? "" : visitor() });
  let item;
  try {
    item = await get(`/api/doctor/items/${id}`);
  } catch (problem) {
    // What is for professionals alone says nothing of itself here, not even its title.
    const shut = gate(problem);
    if (!shut) throw problem;
    return shut;
  }
  note("page_view", { page: document.body.dataset.path });
  entitle("分享给您的内容", item.title);
  const { duration_s: seconds = 0, problem = "", questions = [] } = item.more;
  return [
    el(
      "article.card.series-card.handed",
      { "data-testid": "shared-item" },
      cover(item.cover, { seconds, eager: true, size: "large" }),
      el(
        "div.pad.stack",
        el("div.row.wrap.gap-s", tag(kindWords(item), "grey"), seconds ? tag(minutes(seconds), "grey") : null),
        el("h2", item.title),
        problem ? el("p.problem", problem) : null,
        item.summary ? el("p", item.summary) : null,
        questions.length ? el("ul.plain-list", questions.slice(0, 4).map((one) => el("li", one.text))) : null,
        el("a.button.wide", { href: itemHref(item.kind, id), "data-testid": "open-shared" }, OPENING[item.kind] || "查看全文"),
      ),
    ),
  ];
});

/** Name this visit for the count of a day; nothing lasting is kept of a guest. */
function visitor() {
  let id = sessionStorage.getItem(VISITOR);
  if (!id) sessionStorage.setItem(VISITOR, (id = crypto.getRandomValues(new Uint32Array(4)).join("-")));
  return id;
}
