/** What belongs to the doctor: the account, reminders, the calendar feed, lists, and everything about one's own data. */

import { get, once, post, put, remove } from "./api.js";
import { cover } from "./cards.js";
import { discard, note, watchCard } from "./events.js";
import { itemHref } from "./items.js";
import { forget, session, signedIn } from "./session.js";
import { copy } from "./sharing.js";
import { decide, remember, signInCard } from "./sign_in.js";
import { button, busy, clock, dialog, el, empty, icon, part, percent, section, show, tag, toast, when } from "./ui.js";

const API = "/api/doctor";

show(async () => {
  if (!signedIn()) return [signInCard({ title: "登录杏林医生" })];
  note("page_view", { page: document.body.dataset.path });
  const me = await get(`${API}/me`);
  const { items: texts } = await get(`${API}/consents`);
  remember(texts);
  const page = [
    account(me),
    me.consent_needed ? el("p.card.pad.notice", { role: "alert" }, "您还没有同意个人信息处理规则：可以观看，但进度、关注和提醒都不会保存。") : null,
    el(
      "div.two.even",
      el("div.stack.wide-gap", part(reminders), part(feed), part(shares, { waiting: 0 })),
      el("div.stack.wide-gap", part(goOn, { waiting: 0 }), part(favourites), privacy(texts)),
    ),
  ];
  if (location.hash) setTimeout(() => document.querySelector(location.hash)?.scrollIntoView(), 400);
  return page;
});

function account(me) {
  const known = session();
  const phone = el("span.end.numbers", me.phone ? me.phone.masked : "未绑定");
  return el(
    "section.card.list",
    { "aria-label": "账号", "data-testid": "account" },
    el(
      "div",
      el("span.avatar.large", { "aria-hidden": "true" }, (known?.name || "医").replace(/（.*$/, "").slice(-1)),
      el("div.grow", el("h2", known?.name || "医生"), el("p.quiet.small", `${when(me.created_at)} 加入 · 编号 ${known?.account ?? ""}`)),
      button("退出登录", { tone: "plain small", icon: "leave", "data-testid": "sign-out", onclick: (event) => busy(event.currentTarget, leave) }),
    ),
    el(
      "div",
      icon("phone"),
      el("span.grow", "手机号"),
      phone,
      me.phone
        ? button("解除", { tone: "plain small", onclick: (event) => busy(event.currentTarget, async () => { await remove(`${API}/me/phone`); location.reload(); }) })
        : button("绑定", { tone: "plain small", "data-testid": "bind-phone", onclick: (event) => busy(event.currentTarget, bind) }),
    ),
    verification(),
    el("a", { href: "/h5/doctor/favourites" }, icon("bookmark"), el("span.grow", "我的收藏"), icon("right", "small")),
    el("a", { href: "/h5/doctor/questions" }, icon("question"), el("span.grow", "我的提问"), icon("right", "small")),
  );

  async function bind() {
    // In the mini-program the code comes from the phone-number button; here the stand-in presses it.
    const { code } = await post(`${API}/demo/phone-code`);
    const bound = await put(`${API}/me/phone`, { code });
    toast(`已绑定 ${bound.masked}`);
    setTimeout(() => location.reload(), 900);
  }
}

/** The way to being verified, which says where one stands as soon as that is known. */
function verification() {
  const state = el("span.end", "");
  const way = el("a.button.plain.small", { href: "/h5/doctor/verify", "data-testid": "verify" }, "查看");
  get(`${API}/professional`)
    .then((standing) => {
      const [words, tone] = standing.verified ? ["已认证", ""] : standing.open ? ["审核中", "warm"] : ["未认证", "grey"];
      state.replaceChildren(tag(words, tone));
      way.textContent = standing.verified || standing.open ? "查看" : "去认证";
    })
    .catch(() => {});
  return el("div", icon("shield"), el("span.grow", "专业人士认证"), state, way);
}

async function leave() {
  try {
    await remove(`${API}/sessions/current`);
  } finally {
    discard();
    forget();
    location.reload();
  }
}

// Reminders.

async function reminders() {
  const { items } = await get(`${API}/messages/credits`);
  const { items: coming } = await get(`${API}/messages?limit=4`);
  const place = section(
    "开播提醒",
    { id: "reminders" },
    el(
      "div.card",
      el(
        "ul.list",
        items.map((one) =>
          el(
            "li",
            { "data-testid": "credit" },
            icon("bell"),
            el("span.grow", el("b", one.title), el("span.quiet.small.numbers", one.waiting ? `${one.waiting} 条等待发送` : "没有等待发送的消息")),
            tag(`剩余 ${one.left} 次`, one.left ? "" : "warm"),
          ),
        ),
      ),
      el(
        "div.pad.stack.tight",
        button("允许提醒", { icon: "plus", tone: "wide", "data-testid": "allow-reminders", onclick: (event) => busy(event.currentTarget, () => prompt(items)) }),
        el("p.quiet.small", "微信每同意一次，只能发送一条提醒。次数用完后需要再次允许。"),
      ),
    ),
    coming.length
      ? el(
          "details.fold",
          el("summary", "将要发送给您的提醒"),
          el(
            "ul.card.list",
            coming.map((one) =>
              el("li", el("span.grow", el("b", one.texts.title || one.title), el("span.quiet.small.numbers", `${when(one.due_at)} · ${one.title}`)), one.will_be_sent ? tag("会发送") : tag("缺少次数", "warm")),
            ),
          ),
        )
      : null,
  );
  return [place];

  /** Ask as WeChat does, template by template, and tell both WeChat's stand-in and the house what was answered. */
  async function prompt(templates) {
    const chosen = new Map();
    const done = await dialog(
      (close) =>
        el(
          "div.stack",
          el("p.quiet.small", "微信替身 · 订阅消息"),
          el("h2", "允许「杏林医生」发送以下消息各一次？"),
          templates.map((one) => {
            const toggle = el("input.switch", { type: "checkbox", role: "switch", checked: true, id: `allow-${one.template_id}` });
            chosen.set(one.template_id, toggle);
            return el("div.row", el("label.grow", { for: toggle.id }, one.title), toggle);
          }),
          el("div.row.wrap.end", button("取消", { tone: "plain", onclick: () => close("reject") }), button("允许", { "data-testid": "prompt-accept", onclick: () => close("accept") })),
        ),
      { label: "订阅消息授权" },
    );
    const results = Object.fromEntries([...chosen].map(([id, toggle]) => [id, done === "accept" && toggle.checked ? "accept" : "reject"]));
    await post(`${API}/demo/prompts`, { results });
    await post(`${API}/messages/credits`, { results }, { key: once() });
    toast(done === "accept" ? "已允许" : "没有允许");
    place.parentElement?.refill();
  }
}

// The calendar feed.

async function feed() {
  const state = await get(`${API}/calendar/feed`);
  const shown = el("div.stack.tight");
  const make = button(state.active ? "换一个新地址" : "取得订阅地址", {
    icon: "link",
    tone: state.active ? "plain" : "",
    "data-testid": "make-feed",
    onclick: (event) =>
      busy(event.currentTarget, async () => {
        const link = await post(`${API}/calendar/feed`);
        const field = el("input.copy.numbers", { readonly: true, value: link.url, "aria-label": "日历订阅地址", "data-testid": "feed-url" });
        shown.replaceChildren(
          field,
          el(
            "div.row.wrap",
            button("复制地址", { icon: "link", tone: "plain small", onclick: async () => ((await copy(link.url)) ? toast("地址已复制") : field.select()) }),
            el("a.button.plain.small", { href: link.webcal_url }, icon("calendar", "small"), "在日历应用中打开"),
          ),
          el("p.quiet.small", "地址只显示这一次。知道它的人都能看到您关注的排播，请勿转发。"),
        );
        make.hidden = true;
      }),
  });
  const revoke = state.active
    ? button("停用地址", {
        tone: "danger",
        "data-testid": "revoke-feed",
        onclick: (event) =>
          busy(event.currentTarget, async () => {
            await remove(`${API}/calendar/feed`);
            toast("旧地址已失效");
            place.parentElement?.refill();
          }),
      })
    : null;
  const place = section(
    "日历订阅",
    { id: "feed" },
    el(
      "div.card.pad.stack",
      el("p", "把关注的系列放进手机自带的日历，改期和取消会自动更新。"),
      state.active ? el("p.quiet.small", `现用地址自 ${when(state.since)} 起有效`) : null,
      shown,
      el("div.row.wrap", make, revoke),
    ),
  );
  return [place];
}

// Lists.

async function goOn() {
  const { items } = await get(`${API}/continue?limit=3`);
  return items.length ? [section("继续", {}, el("div.episodes", items.map((one, place) => begun(one, place + 1))))] : [];
}

/** What was begun: a film with how much was watched of it, a text with how far it was read. */
function begun(one, position) {
  const card = el(
    "article.card.episode",
    { "data-testid": "continue-card" },
    cover(one.cover, { seconds: one.duration_s || 0, share: one.share, size: "small" }),
    el(
      "div.stack.tight",
      one.series ? el("p.quiet.small", one.series.title) : null,
      el("h3.clip", el("a.cover-link", { href: itemHref(one.kind, one.id) }, one.title)),
      el("p.quiet.small.numbers", `${one.duration_s ? "看过" : "读到"} ${percent(Math.max(one.share, 0.01))}${one.resume_s ? ` · 从 ${clock(one.resume_s)} 继续` : ""}`),
    ),
  );
  watchCard(card, { item_id: one.id, kind: one.kind, list: "continue", position });
  return card;
}

async function favourites() {
  const { items } = await get(`${API}/favourites?limit=4`);
  if (!items.length) return [section("我的收藏", {}, empty("还没有收藏", { drawn: "bookmark" }))];
  return [section("我的收藏", { href: "/h5/doctor/favourites" }, el("div.episodes", items.map(favourite)))];
}

function favourite(one) {
  return el(
    "article.card.episode",
    cover(one.cover, { seconds: one.duration_s || 0, size: "small" }),
    el("div.stack.tight", el("h3.clip", el("a.cover-link", { href: itemHref(one.kind, one.id) }, one.title)), el("p.quiet.small.numbers", `${when(one.since)} 收藏`)),
  );
}

async function shares() {
  const { items } = await get(`${API}/shares?limit=5`);
  if (!items.length) return [];
  return [
    section(
      "我的分享",
      {},
      el("ul.card.list", items.map((one) => el("li", icon("share"), el("span.grow.numbers", when(one.created_at)), el("span.end.numbers", `被打开 ${one.openings} 次`)))),
      el("p.quiet.small", "只统计次数，不记录是谁打开的；分享没有任何奖励。"),
    ),
  ];
}

// One's own data.

function privacy(texts) {
  const rows = el("ul.list");
  const draw = (items) => rows.replaceChildren(...items.map((text) => purpose(text, draw)));
  draw(texts);
  return section(
    "隐私与授权",
    { id: "privacy" },
    el(
      "div.card",
      rows,
      el(
        "div.pad.row.wrap",
        button("导出我的数据", { tone: "plain", icon: "download", "data-testid": "export", onclick: (event) => busy(event.currentTarget, exportAll) }),
        button("注销账号", { tone: "danger", "data-testid": "erase", onclick: (event) => busy(event.currentTarget, erase) }),
      ),
    ),
  );
}

function purpose(text, draw) {
  const toggle = el("input.switch", {
    type: "checkbox",
    role: "switch",
    checked: text.granted,
    id: `purpose-${text.purpose}`,
    "data-testid": `purpose-${text.purpose}`,
  });
  toggle.addEventListener("change", async () => {
    const wanted = toggle.checked;
    if (text.required && !wanted && !(await sure("撤回同意？", "撤回后，您的观看进度、关注和提醒不再更新，其他授权也一并撤回。已看过的内容不受影响。", "撤回"))) {
      toggle.checked = true;
      return;
    }
    if (text.separate && !wanted && !(await sure("撤回同意？", "撤回后，专业人士认证立即失效，已提交的资料随即删除。", "撤回"))) {
      toggle.checked = true;
      return;
    }
    await busy(toggle, async () => {
      draw(await decide(text, wanted));
      toast(wanted ? "已同意" : "已撤回");
    });
    if (toggle.isConnected) toggle.checked = !wanted;
  });
  return el(
    "li.purpose",
    el("div.row", el("label.grow", { for: toggle.id }, el("b", text.title), el("span.quiet.small.numbers", text.granted ? `已同意版本 ${text.agreed_version}` : `版本 ${text.version}，未同意`)), toggle),
    el("details.fold", el("summary", "查看全文"), el("div.letter", { tabindex: "0", role: "region", "aria-label": text.title }, el("p", text.body))),
  );
}

async function exportAll() {
  const told = await get(`${API}/me/export`);
  const address = URL.createObjectURL(new Blob([JSON.stringify(told, null, 2)], { type: "application/json" }));
  el("a", { href: address, download: "xinglin-export.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
  toast("已导出为 JSON 文件");
}

async function erase() {
  if (!(await sure("注销账号？", "您的观看记录、关注、收藏和手机号都会被删除，且无法恢复。再次登录将是一个全新的账号。", "永久删除", true))) return;
  const done = await remove(`${API}/me`);
  discard();
  forget();
  await dialog(
    (close) =>
      el("div.stack", el("h2", "账号已删除"), el("p", "以下是删除回执："), el("p.small.numbers.break", done.erasure_id), el("ul.small", done.receipts.map((one) => el("li", `${one.room}：删除 ${one.erased} 条${one.kept ? `，依法保留 ${one.kept} 条（不含身份）` : ""}`))), button("知道了", { onclick: () => close() })),
    { label: "删除回执" },
  );
  location.assign("/h5/doctor/");
}

async function sure(title, words, deed, danger = false) {
  const said = await dialog(
    (close) => el("div.stack", el("h2", title), el("p", words), el("div.row.wrap.end", button("再想想", { tone: "plain", onclick: () => close() }), button(deed, { tone: danger ? "danger" : "", "data-testid": "sure", onclick: () => close("yes") }))),
    { label: title },
  );
  return said === "yes";
}
