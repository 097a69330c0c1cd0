/** Small parts of the phone pages: elements, words for times, messages. Text only ever enters as text, never as HTML. */

const ZONE = "Asia/Shanghai";
const SPACE = "http://www.w3.org/2000/svg";

const PATHS = {
  heart: "M12 20s-7.5-4.6-9.3-9A5.2 5.2 0 0 1 12 6.6 5.2 5.2 0 0 1 21.3 11c-1.8 4.4-9.3 9-9.3 9z",
  bookmark: "M6 4h12v16l-6-4-6 4z",
  share: "M4 12v7a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-7M12 15V3M8 7l4-4 4 4",
  star: "M12 3l2.7 5.8 6.3.8-4.6 4.3 1.2 6.2L12 17l-5.6 3.1 1.2-6.2L3 9.6l6.3-.8z",
  play: "M8 5l11 7-11 7z",
  bell: "M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15zM10 20a2 2 0 0 0 4 0",
  right: "M9 5l7 7-7 7",
  left: "M15 5l-7 7 7 7",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  calendar: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16.5 16.5L21 21",
  check: "M5 12.5l4.5 4.5L19 7",
  plus: "M12 5v14M5 12h14",
  person: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20a7.5 7.5 0 0 1 15 0",
  shield: "M12 3l7 3v5c0 4.6-3 8-7 10-4-2-7-5.4-7-10V6z",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1",
  download: "M12 4v11M8 11l4 4 4-4M5 20h14",
  cloud: "M7 18a4 4 0 0 1-.5-8A6 6 0 0 1 18 9.5 4.3 4.3 0 0 1 17.5 18zM12 10v4M12 16.5v.01",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  question: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.01",
  replay: "M5 12a7 7 0 1 0 2.5-5.4M7 3v4h4",
  phone: "M6 3h4l1.5 5-2 1.5a12 12 0 0 0 5 5l1.5-2 5 1.5v4a1.5 1.5 0 0 1-1.6 1.5A17 17 0 0 1 4.5 4.6 1.5 1.5 0 0 1 6 3z",
  leave: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  article: "M5 3.5h14v17H5zM8.5 8h7M8.5 12h7M8.5 16h4",
  brand: "M4 9l1.5-5h13L20 9M4 9a2.7 2.7 0 0 0 5.3 0 2.7 2.7 0 0 0 5.4 0A2.7 2.7 0 0 0 20 9M5.5 12v8h13v-8M9.5 20v-5h5v5",
  pill: "M10.5 20.5a5 5 0 0 1-7-7l7-7a5 5 0 0 1 7 7zM7 10l7 7",
  boards: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  spark: "M12 3l1.8 5.2L19 10l-5.2 1.8L12 17l-1.8-5.2L5 10l5.2-1.8zM18.5 15.5l.8 2.2 2.2.8-2.2.8-.8 2.2-.8-2.2-2.2-.8 2.2-.8z",
  people: "M9 5a3.2 3.2 0 1 1 0 6.4A3.2 3.2 0 0 1 9 5zM2.8 19a6.3 6.3 0 0 1 12.4 0M15.5 5.4a3.2 3.2 0 0 1 0 5.9M17.5 14a6.2 6.2 0 0 1 3.7 5",
  stethoscope: "M6 4v5a4 4 0 0 0 8 0V4M6 4H4.5M14 4h1.5M10 13v2.5a4.5 4.5 0 0 0 9 0V13M19 9.5a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z",
  out: "M14 4h6v6M20 4l-9 9M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01",
  pen: "M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19zM14.5 6.5l3 3",
  trash: "M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9 7V4h6v3",
};

/** Make an element: `el("p.quiet", {title: "…"}, "text", child)`. Names with `on` listen, `style` sets properties. */
export function el(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
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

/** Draw an icon; the words stand beside it or in the label of what it is in. */
export function icon(name, size = "") {
  const svg = document.createElementNS(SPACE, "svg");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["class", `icon ${size}`.trim()]]) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SPACE, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Make a button with an icon and words. */
export function button(words, { icon: drawn, tone = "", ...rest } = {}) {
  return el(`button.button${tone ? `.${tone.replaceAll(" ", ".")}` : ""}`, { type: "button", ...rest }, drawn ? icon(drawn, "small") : null, words);
}

export const tag = (words, tone = "") => el(`span.tag${tone ? `.${tone}` : ""}`, words);

// Times.

const PARTS = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE, year: "numeric", month: "numeric", day: "numeric", weekday: "short",
  hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const DAYS = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE });

/** The day in Shanghai that an instant belongs to, as 2026-11-22. */
export const dayOf = (at) => DAYS.format(at);

const partsOf = (at) => Object.fromEntries(PARTS.formatToParts(at).map((part) => [part.type, part.value]));

/** The time of day in Shanghai, as 20:00. */
export function timeOf(text) {
  const named = partsOf(new Date(text));
  return `${named.hour}:${named.minute}`;
}

/** A day in words: 今天, 明天, 11月29日 周日. */
export function dayWords(day, now = new Date()) {
  const days = Math.round((Date.parse(day) - Date.parse(dayOf(now))) / 86400000);
  const named = partsOf(new Date(`${day}T12:00:00+08:00`));
  const near = { 0: "今天", 1: "明天", "-1": "昨天" }[days];
  const year = day.slice(0, 4) === dayOf(now).slice(0, 4) ? "" : `${named.year}年`;
  return near || `${year}${named.month}月${named.day}日 ${named.weekday}`;
}

/** An instant in words: 今天 20:00, 11月29日 周日 20:00. */
export const when = (text, now = new Date()) => `${dayWords(dayOf(new Date(text)), now)} ${timeOf(text)}`;

/** A length of time as a player shows it, 12:05. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** A length of time in words, 12 分钟. */
export const minutes = (seconds) => (seconds < 60 ? `${Math.round(seconds)} 秒` : `${Math.round(seconds / 60)} 分钟`);

export const percent = (share) => `${Math.min(100, Math.floor(share * 100))}%`;

/** A size in words, 1.5 MB. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const kilo = bytes / 1024;
  return kilo < 1000 ? `${kilo < 10 ? kilo.toFixed(1) : Math.round(kilo)} KB` : `${(kilo / 1024).toFixed(1)} MB`;
}

// Messages.

let toasting;

/** Say something in passing. */
export function toast(sentence) {
  const box = document.querySelector("#toast");
  box.textContent = sentence;
  box.hidden = false;
  clearTimeout(toasting);
  toasting = setTimeout(() => (box.hidden = true), 3600);
}

/** Say in passing why something did not succeed. */
export function complain(problem) {
  if (problem.code === undefined) console.error(problem);
  toast([problem.title || "没有成功", problem.detail].filter(Boolean).join("："));
}

/** Do something from a button, which cannot be pressed again meanwhile; what goes wrong is told in passing. */
export async function busy(pressed, deed) {
  if (pressed.getAttribute("aria-disabled") === "true") return undefined;
  pressed.setAttribute("aria-disabled", "true");
  try {
    return await deed();
  } catch (problem) {
    complain(problem);
    return undefined;
  } finally {
    pressed.removeAttribute("aria-disabled");
  }
}

/** A place where nothing is, with words and perhaps something to do. */
export function empty(words, { drawn = "calendar", more = "", deed = null } = {}) {
  return el("div.empty", el("span.round", icon(drawn)), el("p.strong", words), more ? el("p", more) : null, deed);
}

// What is said of what was there.
const GONE = {
  withdrawn: "编辑已把它下线。您的收藏和记录不受影响，重新上线后还会在这里。",
  expired: "它的有效期已过，不再展示。",
};

/** A place whose content could not be had, with the reason and another try. */
export function failure(problem, again) {
  if (problem.code === undefined) console.error(problem);
  if (problem.status === 401) {
    return el("div.empty", el("span.round", icon("lock")), el("h2", problem.title), el("a.button.plain", { href: "/h5/doctor/me" }, "去登录"));
  }
  const gone = [403, 404, 410].includes(problem.status);
  return el(
    "div.empty",
    { role: "alert" },
    el("span.round", icon(problem.code === "offline" ? "cloud" : gone ? "leave" : "replay")),
    el("h2", problem.title || "页面没有加载成功"),
    el("p", GONE[problem.code] || problem.detail || (gone ? "它可能已下线，或不面向您的账号。" : "请稍后再试。")),
    gone
      ? el("a.button.plain", { href: "/h5/doctor/" }, "回到首页")
      : button("再试一次", { tone: "plain", icon: "replay", onclick: again }),
    problem.request ? el("p.small", `编号 ${problem.request}`) : null,
  );
}

/** Give the page its title, above it and in the browser's tab. */
export function entitle(words, whole = words) {
  const title = document.querySelector("#title");
  title.textContent = words;
  title.classList.remove("waiting");
  document.title = `${whole} · 杏林医生`;
}

/** Fill the page, or say what went wrong and offer to try again. */
export async function show(load) {
  const main = document.querySelector("main");
  try {
    const content = await load();
    main.replaceChildren(...[content].flat(Infinity).filter(Boolean));
  } catch (problem) {
    main.replaceChildren(failure(problem, () => show(load)));
  }
  main.removeAttribute("aria-busy");
}

/** Fill one part of a page by itself, so that its failure leaves the others alone. */
export function part(load, { waiting = 1 } = {}) {
  const place = el("div.stack", { "aria-busy": "true" }, skeleton(waiting));
  const fill = async () => {
    try {
      place.replaceChildren(...[await load()].flat(Infinity).filter(Boolean));
    } catch (problem) {
      place.replaceChildren(failure(problem, fill));
    }
    place.removeAttribute("aria-busy");
  };
  place.refill = fill;
  fill();
  return place;
}

export function skeleton(rows) {
  return Array.from({ length: rows }, () => el("div.card.skeleton", { "aria-hidden": "true" }, el("i"), el("b"), el("b")));
}

/** A section with a heading and perhaps a way on. */
export function section(title, { more = null, href = "", id = "" } = {}, ...content) {
  return el(
    "section.section",
    { "aria-label": title, id: id || null },
    el("header", el("h2", title), href ? el("a", { href }, more || "全部", icon("right", "small")) : more),
    content,
  );
}

/** A dialog over the page; gives what it was closed with, empty where it was dismissed. */
export function dialog(build, { label, dismissable = true } = {}) {
  return new Promise((resolve) => {
    const box = el("dialog", { "aria-label": label });
    const close = (value = "") => {
      box.returnValue = value;
      box.close();
    };
    box.append(...[build(close)].flat(Infinity));
    box.addEventListener("cancel", (event) => {
      if (!dismissable) event.preventDefault();
      else box.returnValue = "";
    });
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue);
    });
    document.body.append(box);
    box.showModal();
  });
}
