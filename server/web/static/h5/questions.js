/** The questions that the doctor has handed in, and what became of each. */

import { get, remove } from "./api.js";
import { STANDINGS, standingTag } from "./asking.js";
import { episodeHref, seriesHref } from "./cards.js";
import { note } from "./events.js";
import { endless } from "./items.js";
import { signedIn } from "./session.js";
import { signInCard } from "./sign_in.js";
import { button, busy, dialog, el, empty, icon, part, show, toast, when } from "./ui.js";

const API = "/api/doctor";

show(() => {
  if (!signedIn()) return [signInCard({ title: "登录后查看提问", words: "您提出的问题和答复都在这里。" })];
  note("page_view", { page: document.body.dataset.path });
  return [el("p.quiet", "您为系列提出的问题。原话只有负责答复的编辑看得到，不显示是谁提的。"), part(listed)];
});

async function listed() {
  const load = (next) => get(`${API}/asked?limit=20${next ? `&cursor=${encodeURIComponent(next)}` : ""}`);
  const list = endless(card, load, { layout: "asked", label: "我的提问" });
  const nothing = () => empty("还没有提过问题", { drawn: "question", more: "在系列页点「向编辑提问」。", deed: el("a.button.plain", { href: "/h5/doctor/series" }, "去系列") });
  if (!(await list.first())) return [nothing()];
  return list.nodes;

  function card(one) {
    const back = button("撤回", { tone: "plain small", "data-testid": "take-back" });
    const made = el(
      "article.card.pad.stack.asked-card",
      { "data-testid": "asked-card", "data-state": one.state },
      el("header.row.wrap.spread", standingTag(one.state), el("span.quiet.small.numbers", when(one.created_at))),
      el("p.said.asked-words", one.text),
      one.series ? el("p.quiet.small", el("a.link", { href: seriesHref(one.series.id) }, one.series.title)) : null,
      one.answer ? el("div.answer", el("p.strong.small", "编辑答复", el("span.quiet.small.numbers", `　${when(one.answered_at)}`)), el("p.said", one.answer)) : null,
      one.episode ? el("a.answer.row", { href: episodeHref(one.episode.id), "data-testid": "asked-episode" }, icon("play"), el("span.grow", el("span.quiet.small", STANDINGS.published.words), el("b", one.episode.title), one.episode.airs_at ? el("span.quiet.small.numbers", `${when(one.episode.airs_at)} 播出`) : null), icon("right", "small")) : null,
      el("footer.row.end", back),
    );
    back.addEventListener("click", async () => {
      const sure = await dialog((close) => el("div.stack", el("h2", "撤回这个问题？"), el("p", "您的原话会被删除，也不再通知您它的进展。"), el("div.row.wrap.end", button("再想想", { tone: "plain", onclick: () => close() }), button("撤回", { tone: "danger", "data-testid": "sure", onclick: () => close("yes") }))), { label: "撤回这个问题？" });
      if (sure !== "yes") return;
      await busy(back, async () => {
        await remove(`${API}/asked/${one.id}`);
        const after = made.nextElementSibling || made.previousElementSibling;
        made.remove();
        toast("已撤回");
        if (after) after.querySelector("a, button")?.focus();
        else list.list.replaceChildren(nothing());
      });
    });
    return made;
  }
}
