/**
 * Signing in for trying, and the sheet of consent.
 *
 * The rule: the texts come first, each with its version; what the service cannot do without is one word, everything else
 * a switch of its own that is off until the doctor turns it on.
 */

import { askConsentWith, get, post } from "./api.js";
import { discard } from "./events.js";
import { keep, note, session } from "./session.js";
import { button, busy, dialog, el, icon, toast } from "./ui.js";

const AGREED = "xinglin.doctor.agreed";
const API = "/api/doctor";

/** List who may sign in for trying: the doctors whom the stand-in for WeChat plays. */
export async function demoDoctors() {
  const { users } = await get(`${API}/sessions/demo`, { guest: true });
  const doctors = users.filter((one) => one.user.startsWith("doctor-"));
  return doctors.length ? doctors : users;
}

/** Sign somebody in, after the sheet of consent where this browser has not seen it; gives whether it was done. */
export async function signIn(one) {
  const { items } = await get(`${API}/consents`, { guest: true });
  const service = items.find((text) => text.required);
  let choice = null;
  if (service && localStorage.getItem(AGREED) !== service.version) {
    choice = await sheet(items);
    if (!choice) return false;
  }
  discard();
  keep(await post(`${API}/sessions/demo`, { user: one.user }, { guest: true }), { user: one.user, name: one.name, purposes: [] });
  await settle(choice);
  return true;
}

/** Bring what the doctor has agreed to up to date; asks where the service is still without a word. */
async function settle(choice) {
  let { items } = await get(`${API}/consents`);
  const service = items.find((text) => text.required);
  if (!choice && service && (!service.granted || service.must_ask)) choice = await sheet(items);
  if (choice) items = await tell(items, choice);
  remember(items);
}

/** Ask for consent because a deed needs it; gives whether it may be done now. */
export async function agree() {
  const { items } = await get(`${API}/consents`);
  const choice = await sheet(items);
  if (!choice) return false;
  remember(await tell(items, choice));
  return true;
}

/** Say one word about a purpose, and give where all of them stand then. */
export async function decide(text, granted) {
  const { items } = await post(`${API}/consents`, { purpose: text.purpose, granted, version: granted ? text.version : "" }, { asked: true });
  if (text.purpose === "analytics" || text.required) discard();
  remember(items);
  return items;
}

export function remember(items) {
  note({ purposes: items.filter((text) => text.granted).map((text) => text.purpose) });
  const service = items.find((text) => text.required);
  if (service?.granted) localStorage.setItem(AGREED, service.version);
  else localStorage.removeItem(AGREED);
}

async function tell(items, choice) {
  let now = items;
  // What is asked where it is needed is not spoken of here, neither way.
  for (const text of items.filter((one) => !one.separate).sort((one, other) => Number(other.required) - Number(one.required))) {
    const wanted = text.required || choice.has(text.purpose);
    if (wanted !== text.granted || (wanted && text.must_ask)) {
      const word = { purpose: text.purpose, granted: wanted, version: wanted ? text.version : "" };
      now = (await post(`${API}/consents`, word, { asked: true })).items;
    }
  }
  return now;
}

/** Show the texts; gives the purposes that were switched on beside the service, or null. */
async function sheet(items) {
  const service = items.find((text) => text.required);
  const others = items.filter((text) => !text.required && !text.separate);
  const switches = new Map();
  const done = await dialog(
    (close) =>
      el(
        "div.stack",
        el("header.row", el("span.round", icon("shield")), el("div.grow", el("h2", "使用前请阅读"), el("p.quiet.small.numbers", `版本 ${service.version}`))),
        letter(service, true),
        el("p.quiet.small", "以上为提供服务所必需。下列各项由您单独决定，不同意不影响观看，之后可随时在「我的」中更改。"),
        others.map((text) => {
          const toggle = el("input.switch", { type: "checkbox", role: "switch", id: `agree-${text.purpose}`, "data-testid": `consent-${text.purpose}`, checked: text.granted });
          switches.set(text.purpose, toggle);
          return el("div.stack.tight", el("div.row", el("label.grow", { for: toggle.id }, text.title), toggle), letter(text, false));
        }),
        el(
          "div.row.wrap.end",
          button("不同意", { tone: "plain", onclick: () => close("") }),
          button("同意并继续", { "data-testid": "consent-agree", onclick: () => close("yes") }),
        ),
      ),
    { label: "个人信息处理规则与同意" },
  );
  if (done !== "yes") return null;
  return new Set([...switches].filter(([, toggle]) => toggle.checked).map(([purpose]) => purpose));
}

function letter(text, open) {
  if (open) return el("div.letter", { tabindex: "0", role: "region", "aria-label": text.title }, el("h3", text.title), el("p", text.body));
  return el("details.fold", el("summary", "查看说明"), el("div.letter", { tabindex: "0", role: "region", "aria-label": text.title }, el("p", text.body)));
}

/** The card with which guests sign in; `done` is called when somebody has. */
export function signInCard({ title = "登录后开始追剧", words = "续播、追剧日历和开播提醒都会跟着您的账号。", done = () => location.reload() } = {}) {
  const choices = el("div.stack.tight", el("p.quiet", "正在取得可用的演示身份…"));
  const fill = async () => {
    try {
      const doctors = await demoDoctors();
      choices.replaceChildren(
        ...doctors.map((one) =>
          button(`以「${one.name}」登录`, {
            icon: "person",
            tone: "wide",
            "data-testid": `sign-in-${one.user}`,
            onclick: (event) => busy(event.currentTarget, async () => {
              if (await signIn(one)) done();
              else toast("您没有同意，未登录");
            }),
          }),
        ),
      );
    } catch (problem) {
      choices.replaceChildren(
        problem.status === 404
          ? el("p.quiet", "请在微信中打开小程序登录。")
          : el("div.stack.tight", el("p", problem.detail || problem.title || "暂时不能登录"), button("再试一次", { tone: "plain", icon: "replay", onclick: fill })),
      );
    }
  };
  fill();
  return el(
    "section.card.pad.stack.sign-in",
    { "aria-label": "登录", "data-testid": "sign-in" },
    el("div.row", el("span.round", icon("person")), el("div.grow", el("h2", title), el("p.quiet", words))),
    choices,
    el("p.quiet.small", "演示登录由微信替身完成，不涉及真实微信账号。"),
  );
}

askConsentWith(async () => (session() ? agree() : false));
