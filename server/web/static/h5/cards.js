/** Episodes and series as cards, and the states of an episode in marks and words: no state is told by colour alone. */

import { watchCard } from "./events.js";
import { clock, el, percent, tag, when } from "./ui.js";

export const STAGES = {
  consultation: ["一", "面诊要点"],
  plan: ["二", "手术方案"],
  difficulty: ["三", "术中难点"],
  nursing: ["四", "术后护理团队配合"],
};

const SPACE = "http://www.w3.org/2000/svg";

// Words, tone, and a mark of 12 × 12 that is told from the others by its form.
export const STATES = {
  upcoming: { words: "未播出", tone: "", mark: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM6 3.8V6l1.6 1.2" },
  on_air: { words: "播出中", tone: "warm", mark: "M3 2.2v7.6M6 3.8v4.4M9 2.2v7.6" },
  started: { words: "看过一部分", tone: "warm", mark: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM6 1.5v9" },
  finished: { words: "已看完", tone: "", mark: "M2 6.4l2.8 2.8L10 3.6" },
  missed: { words: "未观看", tone: "grey", mark: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z" },
  cancelled: { words: "已取消", tone: "alarm", mark: "M3 3l6 6M9 3l-6 6" },
};

/** Draw the mark of a state. */
export function mark(state) {
  const drawn = document.createElementNS(SPACE, "svg");
  for (const [name, value] of [["viewBox", "0 0 12 12"], ["aria-hidden", "true"]]) drawn.setAttribute(name, value);
  const path = document.createElementNS(SPACE, "path");
  path.setAttribute("d", STATES[state].mark);
  drawn.append(path);
  return el(`span.mark.${state}`, drawn);
}

/** Say a state in words, with how much was watched where that says more. */
export function stateWords(state, share = 0) {
  return state === "started" && share > 0 ? `看过 ${percent(Math.max(share, 0.01))}` : STATES[state].words;
}

export const stateTag = (state, share = 0) =>
  el(`span.tag.state${STATES[state].tone ? `.${STATES[state].tone}` : ""}`, { "data-state": state }, mark(state), stateWords(state, share));

/** A cover with its length and how much of it was watched; where there is none, a quiet ground. */
export function cover(picture, { seconds = 0, share = 0, size = "medium", eager = false } = {}) {
  const image = picture?.[size]
    ? el("img", {
        src: picture[size],
        srcset: `${picture.small} 375w, ${picture.medium} 750w, ${picture.large} 1125w`,
        sizes: size === "small" ? "9rem" : "(width >= 56rem) 24rem, 100vw",
        alt: "",
        loading: eager ? null : "lazy",
        width: "750",
        height: "422",
        onerror: (event) => event.target.remove(),
      })
    : null;
  return el(
    "div.cover",
    image,
    seconds ? el("span.over.numbers", clock(seconds)) : null,
    share > 0 ? el("div.bar", el("i", { style: { width: percent(Math.max(share, 0.02)) } })) : null,
  );
}

/** Where an episode of a list is watched. */
export const episodeHref = (id, at = null) => `/h5/doctor/episodes/${id}${at === null ? "" : `?t=${Math.floor(at)}`}`;
export const seriesHref = (id) => `/h5/doctor/series/${id}`;

/**
 * An episode in a list.
 *
 * `list` and `position` name the card for the log; `below` is put under the words; `number` is its place in a season.
 */
export function episodeCard(episode, { list, position, below = null, series = true, number = 0 } = {}) {
  const state = episode.state || null;
  const card = el(
    "article.card.episode",
    { "data-testid": "episode-card", "data-episode": episode.id },
    cover(episode.cover, { seconds: episode.duration_s, share: state === "started" ? episode.share : 0, size: "small" }),
    el(
      "div.stack.tight",
      series && episode.series?.title ? el("p.quiet.small", episode.series.title) : null,
      el("h3.clip", el("a.cover-link", { href: episodeHref(episode.id) }, number ? `${number}. ` : "", episode.title)),
      el("p.quiet.small.numbers", episode.airs_at ? when(episode.airs_at) : "随时可看"),
      el("div.row.wrap.gap-s", state ? stateTag(state, episode.share) : null, episode.stage ? tag(STAGES[episode.stage][1], "grey") : null, below),
    ),
  );
  watchCard(card, { item_id: episode.id, kind: "episode", ...(list ? { list, position } : {}) });
  return card;
}

/** A series in a list. */
export function seriesCard(series, { list, position, below = null, eager = false } = {}) {
  const card = el(
    "article.card.series-card",
    { "data-testid": "series-card", "data-series": series.id },
    cover(series.cover, { eager }),
    el(
      "div.pad.stack.tight",
      el("div.row.wrap.gap-s", (series.tags || []).map((one) => tag(one.name || one, "grey"))),
      el("h3", el("a.cover-link", { href: seriesHref(series.id) }, series.title)),
      series.problem ? el("p.problem", series.problem) : null,
      el(
        "p.quiet.small.numbers",
        [series.episodes === undefined ? "" : `共 ${series.episodes} 集`, series.next_airs_at ? `下一集 ${when(series.next_airs_at)}` : ""].filter(Boolean).join(" · "),
      ),
      below ? el("div.row.wrap.gap-s", below) : null,
    ),
  );
  watchCard(card, { item_id: series.id, kind: "series", ...(list ? { list, position } : {}) });
  return card;
}
