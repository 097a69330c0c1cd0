/** Handing in a question for a series: in the doctor's own words, without anything by which somebody is known. */

import { get, post } from "./api.js";
import { episodeHref } from "./cards.js";
import { button, busy, clock, dialog, el, icon, toast } from "./ui.js";

const API = "/api/doctor";
const LONGEST = 500;

/** The button that opens the sheet; `done` is called with what was handed in. */
export function askButton(series, { done = null, tone = "plain wide" } = {}) {
  const pressed = button("向编辑提问", { icon: "question", tone, "data-testid": "ask" });
  pressed.addEventListener("click", async () => {
    const made = await ask(series);
    if (made) done?.(made);
  });
  return pressed;
}

async function ask(series) {
  let made = null;
  await dialog(
    (close) => {
      const field = el("textarea.writing", { id: "asked", rows: "5", maxlength: String(LONGEST), required: true, "aria-describedby": "asked-hint asked-wrong", placeholder: "例如：放化疗后完全缓解，还要手术吗？" });
      const count = el("span.quiet.small.numbers", { "aria-hidden": "true" }, `0 / ${LONGEST}`);
      const wrong = el("p.wrong.small", { id: "asked-wrong", role: "alert" });
      const likely = el("div", { "aria-live": "polite" });
      const send = button("提交问题", { type: "submit", "data-testid": "ask-send" });
      send.type = "submit";
      let looking = null;
      field.addEventListener("input", () => {
        count.textContent = `${field.value.length} / ${LONGEST}`;
        wrong.textContent = "";
        clearTimeout(looking);
        looking = setTimeout(look, 600);
      });
      async function look() {
        const text = field.value.trim().slice(0, 100);
        if (text.length < 6) return likely.replaceChildren();
        const { items } = await get(`${API}/questions?text=${encodeURIComponent(text)}&limit=2`).catch(() => ({ items: [] }));
        return likely.replaceChildren(
          ...(items.length
            ? [el("p.quiet.small", "也许已有节目回答了："), el("ul.card.list.flat", items.map((one) => el("li", el("a.row", { href: episodeHref(one.episode.id, one.starts_at_s) }, el("span.grow", el("b", one.text), el("span.quiet.small", one.episode.title)), el("span.end.numbers", clock(one.starts_at_s))))))]
            : []),
        );
      }
      return el(
        "form.stack",
        {
          onsubmit: (event) => {
            event.preventDefault();
            busy(send, async () => {
              try {
                made = await post(`${API}/series/${series.id}/asked`, { text: field.value });
                close("yes");
                toast("已收到，有答复会通知您");
              } catch (problem) {
                if (problem.status !== 422 && problem.status !== 409 && problem.status !== 429) throw problem;
                wrong.textContent = problem.title;
                field.setAttribute("aria-invalid", "true");
                field.focus();
              }
            });
          },
        },
        el("h2", "向编辑提问"),
        el("p.quiet", `为「${series.title}」提出一个您想弄清楚的问题。编辑会整理、答复，或做成一集节目。`),
        el("label.strong", { for: "asked" }, "您的问题"),
        field,
        el("div.row.spread", el("p.quiet.small", { id: "asked-hint" }, "请不要写患者姓名、电话、证件号或病案号。"), count),
        wrong,
        likely,
        el("div.row.wrap.end", button("取消", { tone: "plain", onclick: () => close("") }), send),
      );
    },
    { label: "向编辑提问" },
  );
  return made;
}

/** What has become of a question, in words and with a mark. */
export const STANDINGS = {
  open: { words: "等待整理", tone: "warm", drawn: "cloud" },
  answered: { words: "已答复", tone: "", drawn: "check" },
  planned: { words: "节目制作中", tone: "warm", drawn: "play" },
  published: { words: "节目已上线", tone: "", drawn: "play" },
  set_aside: { words: "未采纳", tone: "grey", drawn: "article" },
};

export const standingTag = (state) => el(`span.tag${STANDINGS[state].tone ? `.${STANDINGS[state].tone}` : ""}`, { "data-state": state }, icon(STANDINGS[state].drawn, "tiny"), STANDINGS[state].words);
