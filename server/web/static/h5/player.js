/**
 * The player: a film from its short-lived address, and reports of what of it is watched.
 *
 * The rule: what was played is told as ranges, as the browser itself counts them, every few seconds while something new
 * was played, and once more when the page is left. A report that does not arrive is no loss, because the next one tells
 * all that the house has not confirmed; what is left at the end is kept in this browser for the next time.
 */

import { get, post } from "./api.js";
import { note, uuid7 } from "./events.js";
import { session } from "./session.js";

const API = "/api/doctor";
const BEAT_MS = 5000;
const MOST_RANGES = 200;
const STALL_MS = 1500;
const UNSENT = "xinglin.doctor.unsent.";

export class Player {
  /**
   * `progress` is called with what the house says of the doctor's progress, `stopped` with what keeps it from playing;
   * `path` is where the film and the reports of it belong, an episode's unless another is given.
   */
  constructor(video, { id, seconds, reports, progress, stopped, path = `${API}/episodes/${id}` }) {
    Object.assign(this, { video, id, seconds, reports, progress, stopped, path });
    this.sitting = `h5-${uuid7(Date.now())}`;
    this.sequence = 0;
    this.before = [];
    this.told = [];
    this.beating = null;
    this.jump = null;
    this.stalled = 0;
    this.last = 0;
  }

  /** Load the film and go to a second of it. */
  async open(at = 0) {
    await this.load(at);
    const { video } = this;
    video.addEventListener("play", () => this.began());
    video.addEventListener("pause", () => this.paused());
    video.addEventListener("seeking", () => this.sought());
    video.addEventListener("timeupdate", () => {
      if (!video.seeking) this.last = video.currentTime;
    });
    video.addEventListener("waiting", () => (this.stalled = performance.now()));
    video.addEventListener("playing", () => this.flows());
    video.addEventListener("error", () => this.broke());
    video.addEventListener("ended", () => this.report());
    addEventListener("pagehide", () => this.leave());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.leave();
    });
    addEventListener("online", () => this.report());
    if (this.reports) await this.catchUp();
  }

  /** Play from a second; `by` says how one came there: chapter, question. */
  async goTo(second, by) {
    this.jump = by;
    this.video.currentTime = Math.min(second, Math.max(0, this.seconds - 1));
    try {
      await this.video.play();
    } catch {
      // A browser may want a tap on the film itself first; it stands at the right second then.
    }
  }

  async load(at) {
    const { url, expires_at: expires } = await get(`${this.path}/video`);
    this.expires = expires ? new Date(expires).getTime() : Infinity;
    this.before = merged([...this.before, ...played(this.video)]);
    this.jump = "resume";
    // The fragment lets the browser begin to load at the right place.
    this.video.src = at > 0 ? `${url}#t=${at}` : url;
    this.last = at;
  }

  began() {
    this.beating ??= setInterval(() => this.report(), BEAT_MS);
    if (this.reports && this.sequence === 0) this.send([]);
  }

  paused() {
    clearInterval(this.beating);
    this.beating = null;
    this.report();
    if (!this.video.ended && !this.video.seeking) note("video_pause", { item_id: this.id, position_s: this.second() });
  }

  sought() {
    const to = this.video.currentTime;
    const by = this.jump || "bar";
    this.jump = null;
    if (Math.abs(to - this.last) > 1) note("video_seek", { item_id: this.id, from_s: round(this.last), to_s: round(to), by });
    this.last = to;
  }

  flows() {
    const waited = this.stalled ? Math.round(performance.now() - this.stalled) : 0;
    this.stalled = 0;
    if (waited >= STALL_MS && !this.video.seeking) note("video_stall", { item_id: this.id, position_s: this.second(), waited_ms: waited });
  }

  /** The film cannot be played on: its address may be over, which a new one mends. */
  async broke() {
    const at = this.last;
    const over = Date.now() > this.expires - 5000;
    if (over || !this.retried) {
      this.retried = !over;
      try {
        await this.load(at);
        await this.video.play();
        return;
      } catch (problem) {
        if (problem.name !== "AbortError" && problem.name !== "NotAllowedError") this.stopped(problem);
        return;
      }
    }
    this.stopped({ title: "视频没有加载成功", detail: "请检查网络后再试。" });
  }

  second() {
    return round(this.video.currentTime);
  }

  /** All that was played in this sitting. */
  get watched() {
    return merged([...this.before, ...played(this.video)]);
  }

  report() {
    const fresh = without(this.watched, this.told);
    if (this.reports && fresh.length) this.send(fresh);
  }

  leave() {
    if (!this.reports) return;
    const fresh = without(this.watched, this.told);
    if (!fresh.length) return;
    this.keepUnsent(fresh);
    this.send(fresh, { leaving: true });
  }

  async send(ranges, { leaving = false } = {}) {
    const report = { session: this.sitting, sequence: this.sequence++, position_s: this.second(), ranges: longest(ranges) };
    try {
      const told = await post(`${this.path}/progress`, report, { keepalive: leaving });
      this.told = merged([...this.told, ...report.ranges]);
      if (!without(this.watched, this.told).length) localStorage.removeItem(this.place);
      this.progress(told);
    } catch (problem) {
      if (problem.status === 0 || problem.status >= 500) this.keepUnsent(ranges);
      else if (!leaving) {
        this.reports = problem.status === 429;
        this.stopped(problem, { playing: true });
      }
    }
  }

  get place() {
    return `${UNSENT}${session()?.account || 0}.${this.id}`;
  }

  keepUnsent(ranges) {
    localStorage.setItem(this.place, JSON.stringify({ sitting: this.sitting, position: this.second(), ranges: longest(ranges) }));
  }

  /** Tell what an earlier sitting could not. */
  async catchUp() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.place));
    } catch {
      kept = null;
    }
    if (!kept) return;
    try {
      const report = { session: `${kept.sitting}-l`, sequence: 0, position_s: kept.position, ranges: kept.ranges };
      this.progress(await post(`${this.path}/progress`, report));
      localStorage.removeItem(this.place);
    } catch (problem) {
      if (problem.status >= 400 && problem.status < 500) localStorage.removeItem(this.place);
    }
  }
}

function played(video) {
  return Array.from({ length: video.played.length }, (_, place) => [round(video.played.start(place)), round(video.played.end(place))]).filter(([start, end]) => end > start);
}

const round = (second) => Math.round(Math.max(0, second) * 1000) / 1000;

/** Bring ranges in order and join those that touch. */
export function merged(ranges) {
  const joined = [];
  for (const [start, end] of [...ranges].sort((one, other) => one[0] - other[0])) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

/** Take from ranges what others cover; both are merged. */
export function without(ranges, others) {
  const left = [];
  for (const [start, end] of ranges) {
    let at = start;
    for (const [from, to] of others) {
      if (to <= at || from >= end) continue;
      if (from > at) left.push([at, from]);
      at = Math.max(at, to);
    }
    if (at < end) left.push([at, end]);
  }
  return left;
}

function longest(ranges) {
  if (ranges.length <= MOST_RANGES) return ranges;
  return merged([...ranges].sort((one, other) => other[1] - other[0] - (one[1] - one[0])).slice(0, MOST_RANGES));
}
