/** All series, page by page, and those that the doctor follows first. */

import { get } from "./api.js";
import { seriesCard } from "./cards.js";
import { note } from "./events.js";
import { signedIn } from "./session.js";
import { button, busy, el, empty, part, section, show, tag } from "./ui.js";

const API = "/api/doctor";

show(() => {
  note("page_view", { page: document.body.dataset.path });
  return [signedIn() ? part(followed, { waiting: 0 }) : null, section("全部系列", {}, part(all, { waiting: 3 }))];
});

async function followed() {
  const { items } = await get(`${API}/following?limit=12`);
  if (!items.length) return [];
  return [
    section(
      "我关注的",
      {},
      el(
        "div.grid.three",
        items.map((one, place) => seriesCard(one, { list: "following", position: place + 1, below: one.behind ? tag(`有 ${one.behind} 集待看`, "warm") : null })),
      ),
    ),
  ];
}

async function all() {
  const grid = el("div.grid.three");
  let place = 0;
  const more = button("再看一些", { tone: "plain", onclick: () => busy(more, load) });
  async function load(cursor = more.dataset.next || "") {
    const page = await get(`${API}/series?limit=12${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    grid.append(...page.items.map((one) => seriesCard(one, { list: "series", position: ++place, eager: place === 1 })));
    more.hidden = !page.next;
    more.dataset.next = page.next || "";
  }
  await load();
  return place ? [grid, more] : [empty("还没有上线的系列", { drawn: "play" })];
}
