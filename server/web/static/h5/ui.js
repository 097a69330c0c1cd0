/** Small parts of the phone pages: elements, words for times, a toast. Text only ever enters as text, never as HTML. */

export const STAGES = {
  consultation: ["一", "面诊要点"],
  plan: ["二", "手术方案"],
  difficulty: ["三", "术中难点"],
  nursing: ["四", "术后护理团队配合"],
};

export const STATES = {
  upcoming: ["播", "未播出", ""],
  on_air: ["●", "播出中", "warm"],
  started: ["▶", "看过一部分", "warm"],
  finished: ["✓", "已看完", ""],
  missed: ["○", "未观看", "grey"],
  cancelled: ["✕", "已取消", "alarm"],
};

const PATHS = {
  heart: "M12 20s-7.5-4.6-9.3-9A5.2 5.2 0 0 1 12 6.6 5.2 5.2 0 0 1 21.3 11c-1.8 4.4-9.3 9-9.3 9z",
  bookmark: "M6 4h12v16l-6-4-6 4z",
  share: "M4 12v7a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-7M12 15V3M8 7l4-4 4 4",
  star: "M12 3l2.7 5.8 6.3.8-4.6 4.3 1.2 6.2L12 17l-5.6 3.1 1.2-6.2L3 9.6l6.3-.8z",
  play: "M7 4l13 8-13 8z",
  bell: "M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15zM10 20a2 2 0 0 0 4 0",
  right: "M9 5l7 7-7 7",
  left: "M15 5l-7 7 7 7",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  calendar: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
};

/** Make an element: `el("p.quiet", {title: "…"}, "text", child)`. */
export function el(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag || "div");
  node.className = classes.join(" ");
  for (const part of rest.flat(Infinity)) {
    if (part === null || part === undefined || part === false) continue;
    if (part instanceof Node) node.append(part);
    else if (typeof part === "object") attributes(node, part);
    else node.append(String(part));
  }
  return node;
}

function attributes(node, given) {
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [property, one] of Object.entries(value)) node.style.setProperty(property, one);
    else node.setAttribute(name, value === true ? "" : value);
  }
}

export function icon(name, size = "") {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon ${size}`.trim());
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

const ZONE = "Asia/Shanghai";
const parts = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE, month: "numeric", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

/** The day in Shanghai that an instant belongs to, as 2026-11-22. */
export const dayOf = (at) => new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(at);

/** An instant in words: 今天 20:00, 明天 20:00, 11月29日 周日 20:00. */
export function when(text, now = new Date()) {
  const at = new Date(text);
  const named = Object.fromEntries(parts.formatToParts(at).map((part) => [part.type, part.value]));
  const time = `${named.hour}:${named.minute}`;
  const days = Math.round((Date.parse(dayOf(at)) - Date.parse(dayOf(now))) / 86400000);
  if (days === 0) return `今天 ${time}`;
  if (days === 1) return `明天 ${time}`;
  if (days === -1) return `昨天 ${time}`;
  return `${named.month}月${named.day}日 ${named.weekday} ${time}`;
}

/** A length of time, as 12:05. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export const minutes = (seconds) => (seconds < 60 ? `${Math.round(seconds)} 秒` : `${Math.round(seconds / 60)} 分钟`);

let toasting;
export function toast(sentence) {
  const box = document.querySelector("#toast");
  box.textContent = sentence;
  box.hidden = false;
  clearTimeout(toasting);
  toasting = setTimeout(() => (box.hidden = true), 3200);
}

/** A cover with its length and how much of it was watched. */
export function cover(image, { seconds = 0, share = 0, title = "" } = {}) {
  const over = seconds ? el("span.over.numbers", clock(seconds)) : null;
  const bar = share > 0 ? el("div.bar", el("i", { style: { width: `${Math.min(100, share * 100)}%` } })) : null;
  return el("div.cover", image ? el("img", { src: image.url, alt: image.alt || title, loading: "lazy" }) : null, over, bar);
}

export const tag = (text, tone = "") => el(`span.tag${tone ? `.${tone}` : ""}`, text);

export function stateTag(state) {
  const [mark, words, tone] = STATES[state] || STATES.upcoming;
  return tag(`${mark} ${words}`, tone);
}

/** Fill the page, or say what went wrong and offer to try again. */
export async function show(load) {
  const main = document.querySelector("main");
  try {
    const content = await load();
    main.replaceChildren(...[content].flat(Infinity).filter(Boolean));
    main.removeAttribute("aria-busy");
  } catch (problem) {
    if (problem.code === undefined) console.error(problem);
    main.removeAttribute("aria-busy");
    main.replaceChildren(
      el("div.empty", el("h2", problem.title || "页面没有加载成功"), el("p", problem.detail || problem.code || "请检查网络后重试"),
        el("button.button.plain", { type: "button", onclick: () => show(load) }, "再试一次")),
    );
  }
}
