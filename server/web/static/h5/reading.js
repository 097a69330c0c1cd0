/**
 * Reading: that an item's own page was opened, and how far and for how long its text is read.
 *
 * The rule: how far is the lowest line of the text that stood on the screen; time counts while the page is in front and
 * something was done on it within the last minute. Both only grow. They are told as they grow, less and less often, and
 * once more when the page is left. Nothing is called read here: the figures say what is (`docs/events.md`).
 */

import { note, tapped } from "./events.js";

const SIGNS_A_SECOND = 6;
// A word of Latin letters or a number takes about as long as two Chinese signs, a picture or a table three seconds.
const WORD_IN_SIGNS = 2;
const PICTURE_MS = 3000;
const LEAST_MS = 10000;
const IDLE_MS = 60000;
const NEW_VISIT_MS = 30 * 60 * 1000;
const TICK_MS = 1000;
const MOST_MS = 7 * 24 * 3600 * 1000;
const DEEP = 90;
const LONG = 0.3;
const DEEDS = ["scroll", "pointerdown", "pointermove", "keydown", "touchmove", "wheel"];

/** Note that the page of an item was opened, from which list if its card was tapped, and again when somebody comes back. */
export function opened({ id, kind }) {
  note("content_open", { item_id: id, kind, ...tapped(id) });
  let left = null;
  addEventListener("pageshow", (event) => event.persisted && note("content_open", { item_id: id, kind, ...tapped(id) }));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") left = Date.now();
    else if (left !== null && Date.now() - left >= NEW_VISIT_MS) note("content_open", { item_id: id, kind });
  });
}

/**
 * Note how far `text`, the element that holds what there is to read, is scrolled and how long it is read.
 *
 * `keep` is told the same, so that the page can have it kept for the doctor.
 */
export function reading({ id, kind, text, keep = null }) {
  const expected = expectedMs(text);
  const told = { percent: 0, active: 0 };
  let deepest = 0;
  let active = 0;
  let at = performance.now();
  let deed = at;

  const percent = () => {
    const { height } = text.getBoundingClientRect();
    return height > 0 ? Math.min(100, Math.round((deepest / height) * 100)) : 0;
  };
  const look = () => {
    const { top, height } = text.getBoundingClientRect();
    deepest = Math.max(deepest, Math.min(height, innerHeight - top));
  };
  const count = () => {
    const now = performance.now();
    // A phone that slept between two ticks was not read.
    if (document.visibilityState === "visible" && now - deed < IDLE_MS) active += Math.min(now - at, 2 * TICK_MS);
    at = now;
  };
  const tell = (leaving = false) => {
    told.percent = Math.max(told.percent, percent());
    told.active = Math.min(MOST_MS, Math.round(active));
    note("content_read_progress", { item_id: id, kind, max_percent: told.percent, active_ms: told.active, expected_ms: expected });
    keep?.({ ...told, leaving });
  };
  const passes = (mark, before, now) => before < mark && now >= mark;
  const hasGrown = () =>
    percent() >= told.percent + 20 ||
    active >= told.active * 1.5 + 10000 ||
    passes(DEEP, told.percent, percent()) ||
    passes(LONG * expected, told.active, active);
  const tick = () => {
    count();
    if (document.visibilityState !== "visible") return;
    look();
    if (active >= 3000 && hasGrown()) tell();
  };
  const leave = () => {
    count();
    if (active > told.active + 500 || percent() > told.percent) tell(true);
  };

  for (const name of DEEDS) addEventListener(name, () => (deed = performance.now()), { passive: true, capture: true });
  addEventListener("scroll", look, { passive: true, capture: true });
  // Captured, so that it is noted before the log hands in what it has.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") at = deed = performance.now();
    else leave();
  }, { capture: true });
  addEventListener("pagehide", leave, { capture: true });
  setInterval(tick, TICK_MS);
  look();
}

/** Say how long a text takes to be read. */
function expectedMs(text) {
  const words = text.innerText;
  const signs = (words.match(/\p{Script=Han}/gu) || []).length + WORD_IN_SIGNS * (words.match(/[\p{Script=Latin}\p{N}]+/gu) || []).length;
  const pictures = text.querySelectorAll("img, table").length;
  return Math.min(MOST_MS, Math.max(LEAST_MS, Math.round((signs / SIGNS_A_SECOND) * 1000) + pictures * PICTURE_MS));
}
