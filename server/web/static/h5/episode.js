/** One episode: the film with its chapters in the four stages, the questions that lead into it, and what to do with it. */

import { get } from "./api.js";
import { STAGES, cover, episodeHref, seriesHref } from "./cards.js";
import { deeds } from "./deeds.js";
import { note } from "./events.js";
import { Player } from "./player.js";
import { opened } from "./reading.js";
import { session, signedIn } from "./session.js";
import { signInCard } from "./sign_in.js";
import { button, busy, clock, complain, el, entitle, icon, minutes, part, percent, section, show, size, tag, toast, when } from "./ui.js";

const API = "/api/doctor";
const ID = Number(document.body.dataset.item);
const asked = new URLSearchParams(location.search);
// Beside the editors' form this page shows a draft: from another address, and nothing that is done here is reported.
const PREVIEW = document.body.dataset.preview;

show(async () => {
  const episode = PREVIEW ? await get(PREVIEW, { guest: true }) : await get(`${API}/episodes/${ID}`);
  entitle(episode.title, `${episode.title} · ${episode.series.title}`);
  if (!PREVIEW) {
    document.querySelector(".back").href = seriesHref(episode.series.id);
    note("page_view", { page: document.body.dataset.path });
    opened({ id: ID, kind: "episode" });
  }
  const theatre = new Theatre(episode);
  const page = el(
    "div.two.theatre",
    el("div.stack.wide-gap", theatre.place, theatre.facts, questions(episode, theatre)),
    el("div.stack.wide-gap.beside", chapters(episode, theatre), signedIn() && !PREVIEW ? part(() => deeds(ID), { waiting: 1 }) : null, neighbours(episode)),
    el("div.stack.wide-gap", about(episode), documents(episode)),
  );
  theatre.open();
  return [page];
});

/** The place where the film is shown, or where it is said why not. */
class Theatre {
  constructor(episode) {
    this.episode = episode;
    this.place = el("div.player", { "data-testid": "player" });
    this.share = el("div.bar", { hidden: true }, el("i"));
    this.words = el("p.quiet.numbers", { "data-testid": "progress", role: "status" });
    this.facts = el(
      "div.stack.tight",
      el("div.row.wrap.gap-s", tag(minutes(episode.duration_s), "grey"), episode.stage ? tag(STAGES[episode.stage][1]) : null, episode.airs_at ? tag(when(episode.airs_at), "grey") : null, episode.cancelled ? tag("本集取消播出", "alarm") : null),
      this.share,
      this.words,
    );
    this.marks = [];
    this.finished = false;
  }

  async open() {
    if (PREVIEW) return this.preview();
    this.message(el("p", "正在取得视频…"));
    const upcoming = this.episode.airs_at && new Date(this.episode.airs_at) > new Date();
    if (this.episode.cancelled) return this.message(el("h2", "本集取消播出"), el("p", "敬请谅解。系列的其他剧集照常播出。"));
    if (upcoming) {
      this.waitFor(new Date(this.episode.airs_at));
      return this.message(el("h2", "尚未开播"), el("p.numbers", `${when(this.episode.airs_at)} 开播`), signedIn() ? el("a.button", { href: seriesHref(this.episode.series.id) }, icon("bell", "small"), "关注系列，开播前提醒") : null);
    }
    if (!signedIn()) return this.message(icon("lock"), el("h2", "登录后观看"), el("p", "视频面向医疗卫生专业人士。"), button("登录", { "data-testid": "gate", onclick: () => this.gate() }));
    try {
      const progress = await get(`${API}/episodes/${ID}/progress`);
      await this.play(progress);
    } catch (problem) {
      if (problem.code === "not_aired") return this.message(el("h2", problem.title));
      this.message(icon("cloud"), el("h2", problem.title || "视频暂不可用"), problem.detail ? el("p", problem.detail) : null, button("再试一次", { onclick: () => this.open() }));
    }
    return undefined;
  }

  /** Show the film of a draft, whose watching nobody counts. */
  preview() {
    if (!this.episode.film) return this.message(el("h2", "还没有视频"));
    const video = el("video", { controls: true, playsinline: true, preload: "metadata", src: this.episode.film, poster: this.episode.cover?.large || null, "aria-label": this.episode.title });
    this.place.replaceChildren(video);
    this.player = { goTo: (second) => Object.assign(video, { currentTime: second }) };
    video.addEventListener("timeupdate", () => this.at(video.currentTime));
    return undefined;
  }

  async play(progress) {
    const from = asked.has("t") ? Number(asked.get("t")) || 0 : progress.resume_s;
    const video = el("video", { controls: true, playsinline: true, preload: "metadata", "data-testid": "video", poster: this.episode.cover?.large || null, "aria-label": this.episode.title });
    this.place.replaceChildren(video);
    this.player = new Player(video, {
      id: ID,
      seconds: this.episode.duration_s,
      reports: session()?.purposes?.includes("service") !== false,
      progress: (told) => this.came(told),
      stopped: (problem, { playing = false } = {}) => (playing ? complain(problem) : this.message(icon("cloud"), el("h2", problem.title || "视频暂不可用"), problem.detail ? el("p", problem.detail) : null, button("再试一次", { onclick: () => this.open() }))),
    });
    this.came(progress, { first: true });
    await this.player.open(from);
    if (from > 0 && !asked.has("t")) toast(`从上次看到的 ${clock(from)} 继续`);
    video.addEventListener("timeupdate", () => this.at(video.currentTime));
    this.at(from);
  }

  /** Show how far the doctor has come, and the first time that it is enough. */
  came(told, { first = false } = {}) {
    this.share.hidden = told.share <= 0;
    this.share.firstChild.style.setProperty("width", percent(told.share));
    if (told.finished_at) {
      this.words.replaceChildren(icon("check", "small"), `已看完 · 看过 ${percent(told.share)}`);
      this.words.dataset.finished = "yes";
      if (!this.finished && !first) toast("这一集已看完");
      this.finished = true;
    } else if (told.share > 0) {
      this.words.textContent = `看过 ${percent(Math.max(told.share, 0.01))}，看满 90% 记为看完`;
    } else if (this.player && !this.player.reports) {
      this.words.replaceChildren("您没有同意保存观看进度，", el("a.link", { href: "/h5/doctor/me#privacy" }, "去「我的」更改"));
    } else this.words.textContent = "还没有开始看";
  }

  at(second) {
    let here = null;
    for (const one of this.marks) if (one.chapter.starts_at_s <= second + 0.2) here = one;
    for (const one of this.marks) {
      if (one === here) one.pressed.setAttribute("aria-current", "true");
      else one.pressed.removeAttribute("aria-current");
    }
  }

  goTo(second, by) {
    if (!this.player) {
      this.place.scrollIntoView({ block: "center" });
      toast(signedIn() ? "现在还不能播放" : "登录后观看");
      return;
    }
    this.place.scrollIntoView({ block: "nearest", behavior: "smooth" });
    this.player.goTo(second, by);
  }

  gate() {
    this.place.after(signInCard({ title: "登录后观看", words: "演示身份由微信替身提供。" }));
    this.place.nextElementSibling.scrollIntoView({ block: "center" });
    this.place.querySelector("button")?.remove();
  }

  /** Open the film by itself when its time comes. */
  waitFor(time) {
    const wait = time.getTime() - Date.now() + 1500;
    if (wait < 6 * 3600 * 1000) setTimeout(() => this.open(), wait);
  }

  message(...words) {
    const { episode } = this;
    this.place.replaceChildren(cover(episode.cover, { eager: true, size: "large" }), el("div.message", words));
  }
}

function questions(episode, theatre) {
  if (!episode.questions.length) return null;
  return section(
    "本集回答的问题",
    {},
    el(
      "ul.card.list.questions",
      episode.questions.map((one) => {
        const chapter = episode.chapters.find((each) => each.key === one.chapter);
        return el(
          "li",
          el(
            "button.question",
            { type: "button", "data-testid": "question", onclick: () => theatre.goTo(one.starts_at_s, "question") },
            icon("question"),
            el("span.grow", el("b", one.text), chapter?.stage ? el("span.quiet.small", `${STAGES[chapter.stage][1]} · ${chapter.title}`) : null),
            el("span.end.numbers", icon("play", "tiny"), clock(one.starts_at_s)),
          ),
        );
      }),
    ),
  );
}

/** The chapters under the four stages, in the order of the film. */
function chapters(episode, theatre) {
  if (!episode.chapters.length) return null;
  const groups = [];
  for (const chapter of episode.chapters) {
    if (groups.at(-1)?.stage !== chapter.stage) groups.push({ stage: chapter.stage, chapters: [] });
    groups.at(-1).chapters.push(chapter);
  }
  return section(
    "章节",
    {},
    el(
      "ol.card.pad.stages",
      { "data-testid": "chapters" },
      groups.map((group) =>
        el(
          "li.stage",
          el("b", { "aria-hidden": "true" }, group.stage ? STAGES[group.stage][0] : "·"),
          el(
            "div.grow",
            el("h3", group.stage ? STAGES[group.stage][1] : "片段"),
            el(
              "ul",
              group.chapters.map((chapter) => {
                const pressed = el(
                  "button.chapter",
                  { type: "button", "data-testid": "chapter", "data-start": chapter.starts_at_s, onclick: () => theatre.goTo(chapter.starts_at_s, "chapter") },
                  el("span.grow", chapter.title),
                  el("span.numbers.quiet", clock(chapter.starts_at_s)),
                );
                theatre.marks.push({ chapter, pressed });
                return el("li", pressed);
              }),
            ),
          ),
        ),
      ),
    ),
  );
}

function about(episode) {
  return section(
    "关于本集",
    {},
    el(
      "div.card.pad.stack",
      el("p", episode.summary),
      el("p.quiet.small", el("a.link", { href: seriesHref(episode.series.id) }, episode.series.title), episode.season ? ` · ${episode.season.title}` : ""),
      el("div.row.wrap.gap-s", episode.tags.map((one) => tag(one.name, "grey"))),
      episode.team.length ? el("p.quiet.small", episode.team.map((one) => [one.role, one.name, one.title, one.hospital].filter(Boolean).join(" ")).join("；")) : null,
    ),
  );
}

function documents(episode) {
  if (!episode.documents.length) return null;
  return section(
    "附件资料",
    {},
    el(
      "ul.card.list",
      episode.documents.map((one) =>
        el(
          "li",
          el(
            "button.row",
            { type: "button", "data-testid": "document", onclick: (event) => busy(event.currentTarget, () => save(one)) },
            icon("file"),
            el("span.grow", el("b", one.title), el("span.quiet.small.numbers", size(one.bytes))),
            icon("download", "small"),
          ),
        ),
      ),
    ),
  );
}

async function save(one) {
  const { url } = PREVIEW ? one : await get(`${API}/episodes/${ID}/documents/${one.number}`);
  el("a", { href: url, download: "" }).click();
}

function neighbours(episode) {
  const link = (one, words, drawn) => (one ? el("a.card.pad.row.neighbour", { href: episodeHref(one.id) }, drawn === "left" ? icon("left", "small") : null, el("span.grow", el("span.quiet.small", words), el("b.clip", one.title)), drawn === "right" ? icon("right", "small") : null) : null);
  if (!episode.previous && !episode.next) return null;
  return el("nav.stack", { "aria-label": "上一集与下一集" }, link(episode.next, "下一集", "right"), link(episode.previous, "上一集", "left"));
}
