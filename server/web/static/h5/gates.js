/** What keeps a reader from an item that is there: signing in, being verified, a right; it names nothing of the item. */

import { agree, signInCard } from "./sign_in.js";
import { signedIn } from "./session.js";
import { button, el, icon } from "./ui.js";

/** Draw the gate that a problem speaks of, or give nothing where it speaks of none. */
export function gate(problem) {
  if (problem.code === "sign_in_needed" || (problem.status === 401 && !signedIn())) {
    return [el("div.gate", el("span.round.large", icon("lock")), el("h2", "登录后可查看"), el("p", "这项内容面向已登录的医生。")), signInCard({ title: "登录后查看", words: "登录后回到这一页。" })];
  }
  if (problem.code === "professional_needed") {
    return [
      el(
        "section.gate.card.pad",
        { "data-testid": "professional-gate", "aria-label": "专业身份认证" },
        el("span.round.large", icon("shield")),
        el("h2", "通过专业身份认证后可查看"),
        el("p", "依照药品信息管理的规定，这项内容仅供医学药学专业人士阅读。提交执业信息，审核通过后即可查看。"),
        el("div.row.wrap.centre", el("a.button", { href: "/h5/doctor/verify" }, "去认证"), el("a.button.plain", { href: "/h5/doctor/" }, "回到首页")),
      ),
    ];
  }
  if (problem.code === "entitlement_needed") {
    return [el("section.gate.card.pad", { "data-testid": "entitlement-gate" }, el("span.round.large", icon("star")), el("h2", problem.title), el("p", "开通相应权益后可查看。"), el("a.button.plain", { href: "/h5/doctor/" }, "回到首页"))];
  }
  if (problem.code === "consent_needed") {
    return [el("section.gate.card.pad", el("span.round.large", icon("shield")), el("h2", "需要您的同意"), el("p", "同意个人信息处理规则后，这里会保存您的记录。"), button("查看并同意", { onclick: async () => (await agree()) && location.reload() }))];
  }
  return null;
}
