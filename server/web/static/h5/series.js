/** One series: its problem, following it, its seasons and episodes, and the questions that they answer. */

import { get, put, remove } from "./api.js";
import { askButton } from "./asking.js";
import { cover, episodeCard } from "./cards.js";
import { note } from "./events.js";
import { opened, reading } from "./reading.js";
import { signedIn } from "./session.js";
import { shareButton } from "./sharing.js";
import { busy, el, empty, entitle, icon, part, section, show, tag, toast } from "./ui.js";

const API = "/api/doctor";
const ID = Number(document.body.dataset.item);
// Beside the editors' form this page shows a draft: from another address, and nothing that is done here is reported.
const PREVIEW = document.body.dataset.preview;

show(async () => {
  const [series, states] = await Promise.all([
    PREVIEW ? get(PREVIEW, { guest: true }) : get(`${API}/series/${ID}`),
    signedIn() && !PREVIEW ? get(`${API}/series/${ID}/progress`) : { items: [] },
  ]);
  entitle(series.title);
  if (!PREVIEW) {
    note("page_view", { page: document.body.dataset.path });
    opened({ id: ID, kind: "series" });
  }
  const standing = new Map(states.items.map((one) => [one.id, one]));
  const text = el("div.stack.wide-gap", head(series), el("p", series.summary), lists(series, standing));
  if (!PREVIEW) reading({ id: ID, kind: "series", text });
  return [
    el(
      "div.two",
      text,
      el("aside.stack.wide-gap", PREVIEW ? null : signedIn() ? part(() => follow(series)) : guest(), team(series)),
    ),
  ];
});

function head(series) {
  return el(
    "div.stack",
    el("div.card", cover(series.cover, { eager: true, size: "large" })),
    series.problem ? el("p.problem.large", series.problem) : null,
    el("div.row.wrap.gap-s", series.tags.map((one) => tag(one.name, "grey"))),
  );
}

/** Whether the doctor follows, with the button that changes it. */
async function follow(series) {
  let state = await get(`${API}/series/${ID}/follow`);
  const pressed = el("button.button.wide", { type: "button", "data-testid": "follow" });
  const words = el("p.quiet.small");
  const draw = () => {
    pressed.classList.toggle("plain", state.following);
    pressed.setAttribute("aria-pressed", String(state.following));
    pressed.replaceChildren(icon(state.following ? "check" : "plus", "small"), state.following ? "已关注" : "关注这个系列");
    words.textContent = state.following ? "新一集会出现在您的追剧日历和日历订阅里；开播提醒需要有剩余的提醒次数。" : `${state.followers} 位医生正在关注`;
  };
  pressed.addEventListener("click", () =>
    busy(pressed, async () => {
      if (state.following) {
        await remove(`${API}/series/${ID}/follow`);
        state = { ...state, following: false, followers: Math.max(0, state.followers - 1) };
        toast("已取消关注");
      } else {
        state = await put(`${API}/series/${ID}/follow`);
        toast("已关注，新一集会进入您的追剧日历");
      }
      draw();
    }),
  );
  draw();
  const asking = el(
    "div.card.pad.stack",
    el("p.strong", "有想弄清楚的问题？"),
    el("p.quiet.small", "编辑会整理医生们的提问，逐一答复，或做成下一集。"),
    askButton(series),
    el("a.link.small", { href: "/h5/doctor/questions" }, "我的提问"),
  );
  return [el("div.card.pad.stack", pressed, words, el("div.row.wrap", el("a.link", { href: "/h5/doctor/calendar" }, icon("calendar", "small"), "追剧日历"), shareButton(ID))), asking];
}

function guest() {
  return el("div.card.pad.stack", el("p", "登录后可以关注系列、续播，并收到开播提醒。"), el("a.button.wide", { href: "/h5/doctor/me" }, "去登录"));
}

function team(series) {
  if (!series.team.length) return null;
  return section(
    "主创团队",
    {},
    el(
      "ul.card.list",
      series.team.map((one) =>
        el("li", el("span.avatar", { "aria-hidden": "true" }, one.name.slice(0, 1)), el("span.grow", el("b", one.name), el("span.quiet.small", [one.title, one.hospital].filter(Boolean).join(" · "))), one.role ? tag(one.role) : null),
      ),
    ),
  );
}

function lists(series, standing) {
  const groups = [...(series.episodes.length ? [{ id: 0, title: "全部剧集", summary: "", episodes: series.episodes }] : []), ...series.seasons];
  if (!groups.some((group) => group.episodes.length)) return empty("还没有剧集", { drawn: "play" });
  let place = 0;
  return groups.map((group) =>
    section(
      group.title,
      {},
      group.summary ? el("p.quiet", group.summary) : null,
      el(
        "ol.episodes",
        group.episodes.map((one) => {
          place += 1;
          return el("li", episodeCard({ ...one, ...stands(one, standing) }, { list: "series", position: place, number: signedIn() ? place : 0, series: false }));
        }),
      ),
    ),
  );
}

/** How an episode stands: to the doctor, or by the clock for a guest. */
function stands(one, standing) {
  const known = standing.get(one.id);
  if (known) return { state: known.state, share: known.share };
  if (one.cancelled) return { state: "cancelled" };
  return one.airs_at && new Date(one.airs_at) > new Date() ? { state: "upcoming" } : {};
}
