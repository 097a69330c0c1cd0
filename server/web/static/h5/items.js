/** Items of any kind in lists: where they lead, what they are called, and their cards. */

import { cover, episodeHref, seriesHref } from "./cards.js";
import { watchCard } from "./events.js";
import { el, icon, percent, tag, when } from "./ui.js";

export const KINDS = {
  article: { name: "文章", drawn: "article" },
  video: { name: "视频", drawn: "play" },
  series: { name: "系列", drawn: "play" },
  episode: { name: "剧集", drawn: "play" },
  activity: { name: "活动", drawn: "calendar" },
  brand_account: { name: "品牌号", drawn: "brand" },
  product: { name: "产品", drawn: "pill" },
  document: { name: "资料", drawn: "file" },
};

export const FORMS = { news: "资讯", prevention: "疾病防治", frontier: "学术前沿", case: "病例讨论", meeting: "学术会议", official: "官方活动", live: "直播" };
export const CLASSES = { prescription: "处方药", otc: "非处方药", device: "医疗器械", other: "其他产品" };
export const FOR_PROFESSIONALS = "本内容仅供医学药学专业人士阅读";

const REASONS = { pinned: "置顶", unfinished: "继续", followed: "追剧更新" };

/** Where an item is read or watched. */
export function itemHref(kind, id) {
  if (kind === "series") return seriesHref(id);
  if (kind === "episode") return episodeHref(id);
  if (kind === "activity") return `/h5/doctor/activities/${id}`;
  return `/h5/doctor/items/${id}`;
}

/** What an item is, in a word or two. */
export function kindWords(item) {
  const more = item.more || {};
  return FORMS[more.form] || CLASSES[more.product_class] || KINDS[item.kind]?.name || "";
}

/** The day on which an item came out, as 11月24日. */
export function dayShort(text) {
  const [day] = when(text).split(" ");
  return day;
}

/**
 * An item in a list.
 *
 * `layout` is rows, cards or grid; `list` and `position` name the card for the log; `entry` is what the home feed says
 * of it: why it is there, and how far one has come with it.
 */
export function itemCard(item, { layout = "rows", list, position, entry = null, eager = false } = {}) {
  const more = item.more || {};
  const rows = layout === "rows";
  const picture = cover(item.cover, {
    seconds: more.duration_s || 0,
    share: entry?.share || 0,
    size: rows ? "small" : "medium",
    eager,
  });
  if (!item.cover) picture.append(el("span.cover-mark", icon(KINDS[item.kind]?.drawn || "file")));
  const words = el(
    "div.item-words",
    entry?.series ? el("p.quiet.small", entry.series.title) : null,
    el("h3.clip", el("a.cover-link", { href: itemHref(item.kind, item.id) }, item.title)),
    line(item),
    el(
      "p.row.wrap.gap-s.item-foot",
      REASONS[entry?.reason] ? tag(REASONS[entry.reason], entry.reason === "pinned" ? "warm" : "") : item.pinned ? tag("置顶", "warm") : null,
      tag(kindWords(item), more.product_class === "prescription" ? "alarm" : "grey"),
      entry?.share ? el("span.quiet.small.numbers", `${item.kind === "article" ? "读到" : "看过"} ${percent(Math.max(entry.share, 0.01))}`) : item.happens ? null : el("span.quiet.small.numbers", dayShort(item.published_at)),
    ),
  );
  const card = el(
    `article.card.item.as-${layout}`,
    { "data-testid": "item-card", "data-item": item.id, "data-kind": item.kind, "data-reason": entry?.reason || null },
    picture,
    words,
  );
  watchCard(card, { item_id: item.id, kind: item.kind, ...(list ? { list, position } : {}) });
  return card;
}

/** The line under a title: what tells one item of a kind from the others. */
function line(item) {
  const more = item.more || {};
  if (item.happens) {
    const { starts_at: starts, place, cancelled } = item.happens;
    return el("p.item-line.numbers.clip", cancelled ? el("b.alarm-words", "已取消 ") : null, [when(starts), place].filter(Boolean).join(" · "));
  }
  if (item.kind === "series") {
    if (more.problem) return el("p.item-line.clip", more.problem);
    return el("p.item-line.numbers", [`共 ${item.episodes || 0} 集`, item.next_airs_at ? `下一集 ${when(item.next_airs_at)}` : ""].filter(Boolean).join(" · "));
  }
  const said = {
    article: more.author ? [more.author.name, more.author.hospital].filter(Boolean).join(" · ") : "",
    brand_account: [more.field, more.operator].filter(Boolean).join(" · "),
    product: [more.generic_name, more.maker].filter(Boolean).join(" · "),
    document: more.edition || "",
  }[item.kind];
  return el("p.item-line.clip", said || item.summary || "");
}

/** A list of cards that goes on by itself when its end comes near, and by a button for who walks by keys. */
export function endless(draw, load, { layout = "rows", label = "" } = {}) {
  const list = el(`div.items.as-${layout}`, { role: "feed", "aria-label": label || null, "aria-busy": "false" });
  const end = el("p.quiet.small.feed-end", { hidden: true }, "没有更多了");
  const more = el("button.button.plain.wide", { type: "button", hidden: true, "data-testid": "more" }, "再看一些");
  const status = el("p.sr", { role: "status" });
  let next = "";
  let place = 0;
  let loading = null;
  const nearing = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && further(), { rootMargin: "600px" });

  async function page() {
    list.setAttribute("aria-busy", "true");
    try {
      const told = await load(next);
      list.append(...told.items.map((one) => draw(one, ++place)));
      next = told.next;
      more.hidden = !next;
      end.hidden = Boolean(next) || place < 8;
      if (place > told.items.length) status.textContent = `又有 ${told.items.length} 条`;
      return told.items.length;
    } finally {
      list.setAttribute("aria-busy", "false");
    }
  }

  function further() {
    if (!next || more.dataset.failed) return loading;
    loading ??= page()
      .catch((problem) => {
        more.dataset.failed = "yes";
        more.textContent = `${problem.title || "没有加载成功"}，再试一次`;
      })
      .finally(() => (loading = null));
    return loading;
  }

  more.addEventListener("click", () => {
    delete more.dataset.failed;
    more.textContent = "再看一些";
    further();
  });
  nearing.observe(more);
  return { nodes: [list, end, more, status], first: page, list };
}
