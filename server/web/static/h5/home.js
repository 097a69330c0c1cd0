/** The start: what comes next, where to go on, what to find, and the series. */

import { get } from "./api.js";
import { cover, episodeHref, mark, seriesCard, seriesHref, stateTag } from "./cards.js";
import { note, watchCard } from "./events.js";
import { agree, signInCard } from "./sign_in.js";
import { session, signedIn } from "./session.js";
import { button, busy, clock, el, empty, icon, part, section, show, tag, timeOf, when } from "./ui.js";

const API = "/api/doctor";

show(() => {
  note("page_view", { page: document.body.dataset.path });
  return [
    signedIn() ? part(next) : signInCard(),
    asking(),
    signedIn() ? part(goOn, { waiting: 0 }) : null,
    section("手术系列", { href: "/h5/doctor/series" }, part(series, { waiting: 2 })),
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

/** Finding an episode by a question of practice. */
function asking() {
  const found = el("div.stack", { "aria-live": "polite" });
  const field = el("input", { type: "search", name: "text", id: "question", placeholder: "例如：看法不一致时如何记录", maxlength: "100", autocomplete: "off", required: true });
  const form = el(
    "form.ask",
    {
      role: "search",
      onsubmit: (event) => {
        event.preventDefault();
        const text = field.value.trim();
        if (text) busy(form.querySelector("button"), () => answer(text));
      },
    },
    el("label", { for: "question" }, "您想解决什么临床问题？"),
    el("div.row", el("div.grow.field", icon("search", "small"), field), button("查找", { type: "submit" })),
  );
  form.querySelector("button").type = "submit";

  async function answer(text) {
    const { items } = await get(`${API}/questions?text=${encodeURIComponent(text)}&limit=6`);
    found.replaceChildren(
      items.length
        ? el(
            "ul.card.list",
            items.map((one) =>
              el(
                "li",
                el("a.row", { href: episodeHref(one.episode.id, one.starts_at_s) }, icon("question"),
                  el("span.grow", el("b", one.text), el("span.quiet.small", `${one.series.title} · ${one.episode.title}`)),
                  el("span.end.numbers", clock(one.starts_at_s))),
              ),
            ),
          )
        : empty("没有找到回答这个问题的剧集", { drawn: "search", more: "换一种说法，或者从系列里找。" }),
    );
  }
  return el("section.section", { "aria-label": "按问题查找" }, form, found);
}

/** What was begun and not finished. */
async function goOn() {
  try {
    const { items } = await get(`${API}/continue?limit=6`);
    if (!items.length) return [];
    return [
      section(
        "继续观看",
        { id: "continue" },
        el(
          "ul.strip",
          items.map((one, place) => {
            const card = el(
              "li.card.tile",
              { "data-testid": "continue-card" },
              cover(one.cover, { seconds: one.duration_s, share: one.share }),
              el("div.pad.stack.tight", el("h3.clip", el("a.cover-link", { href: episodeHref(one.id) }, one.title)), el("p.quiet.small", one.series.title), el("div.row.wrap.gap-s", stateTag("started", one.share), one.resume_s ? tag(`从 ${clock(one.resume_s)} 继续`, "grey") : null)),
            );
            watchCard(card, { item_id: one.id, kind: "episode", list: "continue", position: place + 1 });
            return card;
          }),
        ),
      ),
    ];
  } catch (problem) {
    if (problem.code === "consent_needed") return [button("同意后继续观看", { onclick: agree })];
    throw problem;
  }
}

async function series() {
  const { items } = await get(`${API}/series?limit=6`);
  if (!items.length) return [empty("还没有上线的系列", { drawn: "play" })];
  return [el("div.grid.three", items.map((one, place) => seriesCard(one, { list: "home", position: place + 1, eager: place === 0 })))];
}
