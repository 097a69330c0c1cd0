/** What a doctor does with an item: favourite, like, hand on, give stars. */

import { call, get, put, remove } from "./api.js";
import { shareButton } from "./sharing.js";
import { busy, el, icon } from "./ui.js";

const API = "/api/doctor";

/** Draw the deeds of an item with what all have said of it. */
export async function deeds(id) {
  let state = await get(`${API}/items/${id}/reactions`);
  const bar = el("div.deeds");
  const stars = el("div.stars", { role: "radiogroup", "aria-label": "评分" });
  const mean = el("p.quiet.small.numbers");
  const deed = (name, words, drawn, count) => {
    const pressed = el("button.deed", { type: "button", "aria-pressed": String(state[name]), "data-testid": name }, icon(drawn), `${words}${count ? ` ${count}` : ""}`);
    pressed.addEventListener("click", () =>
      busy(pressed, async () => {
        const path = `${API}/items/${id}/${name}`;
        if (state[name]) {
          await remove(path);
          state = await get(`${API}/items/${id}/reactions`);
        } else state = await put(path);
        draw();
        bar.querySelector(`[data-testid="${name}"]`).focus();
      }),
    );
    return pressed;
  };
  const rate = (value) =>
    busy(stars, async () => {
      if (value === state.stars) {
        await remove(`${API}/items/${id}/rating`);
        state = await get(`${API}/items/${id}/reactions`);
      } else state = await call("PUT", `${API}/items/${id}/rating`, { body: { stars: value } });
      draw();
      stars.querySelector('[tabindex="0"]').focus();
    });
  function draw() {
    bar.replaceChildren(deed("favourite", "收藏", "bookmark", state.favourites), deed("like", "喜欢", "heart", state.likes), shareButton(id, { deed: true }));
    stars.replaceChildren(
      ...[1, 2, 3, 4, 5].map((value) =>
        el(
          "button.star",
          {
            type: "button",
            role: "radio",
            "aria-checked": String(state.stars === value),
            "aria-label": `${value} 星`,
            "data-lit": state.stars >= value ? "yes" : null,
            "data-testid": `star-${value}`,
            tabindex: value === (state.stars || 1) ? "0" : "-1",
            onclick: () => rate(value),
            onkeydown: (event) => {
              const to = value + ({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key] || 0);
              if (to !== value && to >= 1 && to <= 5) {
                event.preventDefault();
                stars.children[to - 1].focus();
              }
            },
          },
          icon("star"),
        ),
      ),
    );
    mean.textContent = state.ratings ? `平均 ${state.mean_stars.toFixed(1)} 分，${state.ratings} 人评分` : "还没有人评分";
  }
  draw();
  return [el("div.card.pad.stack", bar, el("div.row.wrap.spread", stars, mean))];
}
