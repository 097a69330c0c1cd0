/** The viewing calendar: a month of days with the state of every episode, the day that is chosen, and what to catch up. */

import { get } from "./api.js";
import { STATES, episodeCard, mark, seriesHref, stateWords } from "./cards.js";
import { note } from "./events.js";
import { signedIn } from "./session.js";
import { signInCard } from "./sign_in.js";
import { button, busy, dayOf, dayWords, el, empty, failure, icon, part, section, show, tag, timeOf, when } from "./ui.js";

const API = "/api/doctor";
const WEEK = "一二三四五六日";
const REMINDERS = {
  planned: ["开播前 30 分钟提醒", ""],
  sent: ["已提醒", "grey"],
  no_credit: ["提醒次数不足", "warm"],
  not_following: ["未关注，不提醒", "grey"],
  none: null,
};

const today = dayOf(new Date());
const asked = new URLSearchParams(location.search);
let month = /^\d{4}-\d{2}$/.test(asked.get("month") || "") ? asked.get("month") : today.slice(0, 7);
let chosen = month === today.slice(0, 7) ? today : null;

show(() => {
  if (!signedIn()) return [signInCard({ title: "登录后查看追剧日历", words: "每一集何时播出、您看到哪里、会不会提醒，都在这里。" })];
  note("page_view", { page: document.body.dataset.path });
  const left = el("div.stack.wide-gap");
  const right = el("div.stack.wide-gap");
  const page = el("div.two.calendar", left, right);
  draw(left, right);
  return [page];
});

async function draw(left, right) {
  left.replaceChildren(el("div.card.skeleton.tall", { "aria-hidden": "true" }));
  try {
    const told = await get(`${API}/calendar?month=${month}`);
    if (told.month !== month) return;
    const redraw = () => draw(left, right);
    left.replaceChildren(monthCard(told, redraw, right), legend());
    day(told, right);
  } catch (problem) {
    left.replaceChildren(failure(problem, () => draw(left, right)));
  }
}

function monthCard(told, redraw, right) {
  const [year, number] = told.month.split("-").map(Number);
  const name = `${year}年${number}月`;
  const turn = (by) => {
    const next = new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
    if (next < "1990-01" || next > "2199-12") return;
    month = next;
    chosen = month === today.slice(0, 7) ? today : null;
    history.replaceState(null, "", `?month=${month}`);
    redraw();
  };
  const blank = (new Date(`${told.days[0].date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const grid = el(
    "div.month",
    { role: "group", "aria-label": name },
    Array.from(WEEK, (one) => el("span.name", { "aria-hidden": "true" }, one)),
    Array.from({ length: blank }, () => el("span", { "aria-hidden": "true" })),
    told.days.map((one) => dayButton(one, told, () => day(told, right, true))),
  );
  grid.addEventListener("keydown", (event) => walk(grid, event));
  return el(
    "section.card",
    { "aria-label": "月历", "data-testid": "month" },
    el(
      "header.month-head",
      el("button.icon-button", { type: "button", "aria-label": "上个月", onclick: () => turn(-1) }, icon("left")),
      el("h2.numbers", { "aria-live": "polite" }, name),
      el("button.icon-button", { type: "button", "aria-label": "下个月", onclick: () => turn(1) }, icon("right")),
      month === today.slice(0, 7) ? null : button("回到今天", { tone: "plain small", onclick: () => { month = today.slice(0, 7); chosen = today; history.replaceState(null, "", location.pathname); redraw(); } }),
    ),
    grid,
  );
}

function dayButton(one, told, choose) {
  const number = Number(one.date.slice(8));
  const said = one.episodes.map((episode) => `${timeOf(episode.airs_at)} ${episode.title}，${stateWords(episode.state, episode.share)}`);
  const pressed = el(
    "button.day",
    {
      type: "button",
      "data-day": one.date,
      "aria-pressed": String(one.date === chosen),
      tabindex: one.date === (chosen || told.days[0].date) ? "0" : "-1",
    },
    el("span.number", { "aria-hidden": "true" }, number),
    el("span.sr", `${Number(one.date.slice(5, 7))}月${number}日，${dayWords(one.date).split(" ").at(-1)}，${said.length ? said.join("；") : "没有排播"}`),
    el(
      "span.marks",
      { "aria-hidden": "true" },
      one.episodes.slice(0, 3).map((episode) => el("span.chip", { "data-state": episode.state }, mark(episode.state), el("span.chip-words", STATES[episode.state].words))),
      one.episodes.length > 3 ? el("span.more-marks", `+${one.episodes.length - 3}`) : null,
    ),
  );
  if (one.date === today) pressed.classList.add("today");
  if (!one.episodes.length) pressed.classList.add("bare");
  pressed.addEventListener("click", () => {
    chosen = one.date;
    for (const other of pressed.parentElement.querySelectorAll(".day")) {
      other.setAttribute("aria-pressed", String(other === pressed));
      other.tabIndex = other === pressed ? 0 : -1;
    }
    choose();
  });
  return pressed;
}

/** Walk over the days with the arrows. */
function walk(grid, event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  const days = [...grid.querySelectorAll(".day")];
  const here = days.indexOf(document.activeElement);
  if (here < 0) return;
  const to = event.key === "Home" ? 0 : event.key === "End" ? days.length - 1 : here + (steps[event.key] ?? NaN);
  if (!Number.isInteger(to) || !days[to]) return;
  event.preventDefault();
  days[here].tabIndex = -1;
  days[to].tabIndex = 0;
  days[to].focus();
}

function legend() {
  return el(
    "ul.legend",
    { "aria-label": "图例" },
    Object.entries(STATES).map(([state, { words }]) => el("li", mark(state), words)),
  );
}

/** Show the chosen day, or the coming and past ones of the month where none is chosen; then what to catch up. */
function day(told, right, moved = false) {
  const days = chosen ? told.days.filter((one) => one.date === chosen) : told.days.filter((one) => one.episodes.length);
  const sections = days.map((one) =>
    section(
      dayWords(one.date),
      { id: `day-${one.date}` },
      one.episodes.length
        ? el("div.episodes", one.episodes.map((episode, place) => card(episode, place)))
        : empty("这一天没有排播", { more: told.next ? `下一集：${when(told.next.airs_at)}` : "" }),
    ),
  );
  const list = el("div.stack.wide-gap", { "data-testid": "day-list", "aria-live": "polite" }, sections.length ? sections : empty("这个月没有排播"));
  const next = chosen && told.next && dayOf(new Date(told.next.airs_at)) !== chosen ? section("下一集", {}, card(told.next, 0)) : null;
  right.replaceChildren(...[list, next, part(catchUp, { waiting: 0 }), subscribing()].filter(Boolean));
  if (moved && matchMedia("(width < 56rem)").matches) list.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function card(episode, place) {
  const told = REMINDERS[episode.reminder];
  const below = [
    episode.moved_from ? tag(`改期，原定 ${when(episode.moved_from)}`, "warm") : null,
    told && ["upcoming", "on_air"].includes(episode.state) ? el(`span.tag${told[1] ? `.${told[1]}` : ""}`, { "data-reminder": episode.reminder }, icon("bell", "tiny"), told[0]) : null,
    episode.reminder === "no_credit" ? el("a.link.small", { href: "/h5/doctor/me#reminders" }, "去允许") : null,
    episode.reminder === "not_following" && episode.state === "upcoming" ? el("a.link.small", { href: seriesHref(episode.series.id) }, "去关注") : null,
  ];
  return episodeCard(episode, { list: "calendar", position: place + 1, below });
}

async function catchUp() {
  const page = await get(`${API}/catch-up?limit=5`);
  if (!page.items.length) return [];
  const list = el("div.episodes", page.items.map((one, place) => episodeCard(one, { list: "catch-up", position: place + 1 })));
  const more = button("再看一些", { tone: "plain", onclick: () => busy(more, further) });
  let next = page.next;
  async function further() {
    const following = await get(`${API}/catch-up?limit=10&cursor=${encodeURIComponent(next)}`);
    list.append(...following.items.map((one) => episodeCard(one, { list: "catch-up" })));
    next = following.next;
    more.hidden = !next;
  }
  more.hidden = !next;
  return [section("补看", { more: el("span.quiet.small", "已播出、还没看完的") }, list, more)];
}

function subscribing() {
  return el("p.quiet.small", "想在手机自带的日历里看到排播？到「", el("a.link", { href: "/h5/doctor/me#feed" }, "我的"), "」取得日历订阅地址。");
}
