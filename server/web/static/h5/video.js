/** The film of a video that stands by itself. */

import { get } from "./api.js";
import { cover } from "./cards.js";
import { Player } from "./player.js";
import { session, signedIn } from "./session.js";
import { button, clock, el, icon, percent, toast } from "./ui.js";

const API = "/api/doctor";
const asked = new URLSearchParams(location.search);

/** Draw the place of a film with its chapters and how far one has come; it opens by itself. */
export function filmOf(item, { preview }) {
  const place = el("div.player", { "data-testid": "player" });
  const words = el("p.quiet.numbers", { role: "status", "data-testid": "progress" });
  const bar = el("div.bar", { hidden: true }, el("i"));
  let player = null;

  const message = (...inner) => place.replaceChildren(cover(item.cover, { eager: true, size: "large" }), el("div.message", inner));
  const came = (told) => {
    bar.hidden = !(told.share > 0);
    bar.firstChild.style.setProperty("width", percent(told.share || 0));
    words.textContent = told.finished_at ? `已看完 · 看过 ${percent(told.share)}` : told.share > 0 ? `看过 ${percent(Math.max(told.share, 0.01))}，看满 90% 记为看完` : "";
  };
  const goTo = (second) => (player ? player.goTo(second, "chapter") : toast(signedIn() ? "现在还不能播放" : "登录后观看"));

  async function open() {
    if (preview) {
      if (!item.film) return message(el("h2", "还没有视频"));
      const video = el("video", { controls: true, playsinline: true, preload: "metadata", src: item.film, poster: item.cover?.large || null, "aria-label": item.title });
      player = { goTo: (second) => Object.assign(video, { currentTime: second }) };
      return place.replaceChildren(video);
    }
    if (!signedIn()) return message(icon("lock"), el("h2", "登录后观看"), el("p", "视频面向医疗卫生专业人士。"), el("a.button", { href: "/h5/doctor/me", "data-testid": "gate" }, "去登录"));
    message(el("p", "正在取得视频…"));
    try {
      const progress = await get(`${API}/items/${item.id}/progress`);
      const from = asked.has("t") ? Number(asked.get("t")) || 0 : progress.resume_s;
      const video = el("video", { controls: true, playsinline: true, preload: "metadata", "data-testid": "video", poster: item.cover?.large || null, "aria-label": item.title });
      place.replaceChildren(video);
      player = new Player(video, { id: item.id, seconds: item.more.duration_s, reports: session()?.purposes?.includes("service") !== false, progress: came, stopped: stop, path: `${API}/items/${item.id}` });
      came(progress);
      await player.open(from);
      if (from > 0 && !asked.has("t")) toast(`从上次看到的 ${clock(from)} 继续`);
    } catch (problem) {
      stop(problem);
    }
    return undefined;
  }

  function stop(problem, { playing = false } = {}) {
    if (playing) return toast(problem.title);
    return message(icon("cloud"), el("h2", problem.title || "视频暂不可用"), problem.detail ? el("p", problem.detail) : null, button("再试一次", { onclick: open }));
  }

  open();
  const chapters = item.more.chapters || [];
  return el(
    "div.film-head",
    place,
    bar,
    words,
    chapters.length ? el("ol.film-chapters", { "data-testid": "chapters" }, chapters.map((one) => el("li", el("button.chapter", { type: "button", onclick: () => goTo(one.starts_at_s) }, el("span.grow", one.title), el("span.numbers.quiet", clock(one.starts_at_s)))))) : null,
  );
}
