/**
 * What only this page can see of what a doctor does, handed to the engagement log.
 *
 * The rule: nothing is noted without consent to analytics. An event is kept in this browser, each under a key of its
 * own so that tabs do not tread on each other, until the house has answered what became of it.
 */

import { post } from "./api.js";
import { session } from "./session.js";

const PREFIX = "xinglin.doctor.event.";
const DEVICE = "xinglin.device";
const VISIT = "xinglin.doctor.visit";
const TAPPED = "xinglin.doctor.tapped";
const TAP_MS = 60 * 1000;
const MOST_KEPT = 400;
const MOST_SENT = 100;
const EVERY_MS = 10000;
const IDLE_MS = 30 * 60 * 1000;
const PURPOSE = "analytics";

let sending = null;
let sharedBy = null;

/** Say where this visit came from, for the events of this page. */
export function cameBy(shareId) {
  sharedBy = shareId;
}

/** Note an event, if the doctor has agreed to that. */
export function note(name, body) {
  const known = session();
  if (!known?.purposes?.includes(PURPOSE)) return;
  const now = Date.now();
  const event = {
    event_id: uuid7(now),
    name,
    schema: "1-0-0",
    ...visit(now),
    created_at: new Date(now).toISOString(),
    page: document.body.dataset.path,
    channel: "h5",
    body,
  };
  if (sharedBy) event.share_id = sharedBy;
  const kept = keys();
  for (const old of kept.slice(0, Math.max(0, kept.length - MOST_KEPT + 1))) localStorage.removeItem(old);
  localStorage.setItem(PREFIX + event.event_id, JSON.stringify({ account: known.account, event }));
  if (kept.length >= 20) flush();
}

/** Hand in what is kept; `leaving` while the page is closing. */
export function flush({ leaving = false } = {}) {
  if (sending && !leaving) return sending;
  sending = hand(leaving).finally(() => (sending = null));
  return sending;
}

/** Throw away what is kept, because the consent is taken back or somebody else signs in. */
export function discard() {
  for (const key of keys()) localStorage.removeItem(key);
}

/** Note a card once at least half of it was on the screen for a second; and keep which one leads to the next page. */
export function watchCard(card, body) {
  watched.set(card, { body, timer: null });
  observer.observe(card);
  card.addEventListener("click", (event) => {
    if (event.target.closest("a[href]")) sessionStorage.setItem(TAPPED, JSON.stringify({ ...body, at: Date.now() }));
  });
}

/** Tell, once, from which place of which list the page of an item was opened; nothing where no card led here. */
export function tapped(id) {
  let known = null;
  try {
    known = JSON.parse(sessionStorage.getItem(TAPPED));
  } catch {
    known = null;
  }
  sessionStorage.removeItem(TAPPED);
  if (known?.item_id !== id || !known.list || Date.now() - known.at > TAP_MS) return {};
  return { list: known.list, ...(known.position ? { position: known.position } : {}) };
}

/** Give the id of this browser, made when it is first needed. */
export function device() {
  let id = localStorage.getItem(DEVICE);
  if (!id) localStorage.setItem(DEVICE, (id = uuid7(Date.now())));
  return id;
}

const watched = new Map();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const card = watched.get(target);
      if (!card) continue;
      clearTimeout(card.timer);
      if (isIntersecting) card.timer = setTimeout(() => seen(target, card), 1000);
    }
  },
  { threshold: 0.5 },
);

function seen(target, card) {
  observer.unobserve(target);
  watched.delete(target);
  if (document.visibilityState === "visible") note("content_impression", card.body);
}

async function hand(leaving) {
  const known = session();
  const kept = keys().slice(0, MOST_SENT);
  const events = [];
  for (const key of kept) {
    const { account, event } = read(key);
    if (event && account === known?.account) events.push(event);
    else localStorage.removeItem(key);
  }
  if (!events.length) return;
  const batch = { events, sent_at: new Date().toISOString(), anonymous_id: device() };
  try {
    const { results } = await post("/api/events", batch, { keepalive: leaving });
    // What was rejected would be rejected again.
    for (const { event_id } of results) localStorage.removeItem(PREFIX + event_id);
  } catch (problem) {
    // Anything but "wait" or "no network" is a fault of this page, which must not fill the browser.
    if (problem.status >= 400 && problem.status < 500 && ![401, 408, 429].includes(problem.status)) {
      for (const event of events) localStorage.removeItem(PREFIX + event.event_id);
    }
  }
}

function keys() {
  // The ids begin with their time, so that their order is that of the events.
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).sort();
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) || {};
  } catch {
    return {};
  }
}

/** Name the visit of this tab, which ends after half an hour without an event, and number the event in it. */
function visit(now) {
  let known = null;
  try {
    known = JSON.parse(sessionStorage.getItem(VISIT));
  } catch {
    known = null;
  }
  if (!known || now - known.at > IDLE_MS) known = { session: uuid7(now), sequence: -1 };
  const next = { session: known.session, sequence: known.sequence + 1 };
  sessionStorage.setItem(VISIT, JSON.stringify({ ...next, at: now }));
  return next;
}

/** Make a UUID that begins with the time (RFC 9562, section 5.7). */
export function uuid7(now) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 0; place < 6; place++) bytes[place] = Math.floor(now / 2 ** (8 * (5 - place))) % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

setInterval(flush, EVERY_MS);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") flush({ leaving: true });
});
window.addEventListener("pagehide", () => flush({ leaving: true }));
