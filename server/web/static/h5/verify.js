/**
 * Being verified as a professional: where the doctor stands, and the form in three steps.
 *
 * The rule: the text is read and agreed to before anything is asked; what is typed and the photo stay on the phone until
 * they are handed in, and leave it in one request.
 */

import { get, post, remove } from "./api.js";
import { note } from "./events.js";
import { hospitalField } from "./hospital_field.js";
import { signedIn } from "./session.js";
import { agree, decide, signInCard } from "./sign_in.js";
import { button, busy, dialog, el, icon, section, show, size, tag, toast, when } from "./ui.js";

const API = "/api/doctor";
const PURPOSE = "verification";
const SOON_MS = 30 * 24 * 3600 * 1000;
const MOST_BYTES = 10 * 1024 * 1024;
const STATES = {
  submitted: ["审核中", "warm"],
  approved: ["已通过", ""],
  refused: ["未通过", "alarm"],
  withdrawn: ["已撤回", "grey"],
  expired: ["已到期", "warm"],
  revoked: ["已失效", "alarm"],
  replaced: ["已更新", "grey"],
};

const load = async () => {
  if (!signedIn()) return [signInCard({ title: "登录后认证", words: "认证后，可以查看仅面向医疗卫生专业人士的内容。" })];
  note("page_view", { page: document.body.dataset.path });
  const [standing, { items: texts }] = await Promise.all([get(`${API}/professional`), get(`${API}/consents`)]);
  return page(standing, texts);
};
const again = () => show(load);
show(load);

function page(standing, texts) {
  const [latest] = standing.applications;
  const renewing = standing.verified && !standing.open;
  const place = el("div.stack.wide-gap");
  const begin = async () => {
    const known = await get(`${API}/profile`).catch(() => ({ profile: null }));
    place.replaceChildren(form(standing, texts, latest, known.profile));
    place.querySelector("input")?.focus();
  };
  if (!standing.open) {
    if (renewing) place.append(renewal(standing, begin));
    else if (standing.applications.length) place.append(button("重新提交认证", { tone: "wide", icon: "replay", "data-testid": "begin", onclick: begin }));
    else begin();
  }
  return [
    el(
      "div.two.even",
      el("div.stack.wide-gap", stands(standing, latest), place),
      el("div.stack.wide-gap", why(), history(standing.applications)),
    ),
  ];
}

/** The card that says where one stands. */
function stands(standing, latest) {
  const cards = [];
  if (standing.verified) {
    const held = standing.applications.find((one) => one.state === "approved");
    cards.push(
      card("shield", "已认证的专业人士", `有效期至 ${when(standing.verified_until)}`, "verified",
        held ? facts(held) : null,
      ),
    );
  }
  if (standing.open) {
    const waiting = standing.applications.find((one) => one.state === "submitted");
    cards.push(
      card("replay", "认证审核中", waiting ? `${when(waiting.submitted_at)} 提交，通常在两个工作日内完成` : "", "waiting",
        waiting ? facts(waiting) : null,
        el(
          "div.row.wrap",
          button("有结果时通知我", { icon: "bell", tone: "plain small", "data-testid": "tell-me", onclick: (event) => busy(event.currentTarget, tellMe) }),
          button("撤回申请", { tone: "plain small", "data-testid": "take-back", onclick: (event) => busy(event.currentTarget, takeBack) }),
        ),
      ),
    );
  }
  if (!cards.length && latest && latest.state !== "withdrawn") {
    const ended = {
      refused: ["认证未通过", latest.reason_name],
      expired: ["认证已到期", `已于 ${when(latest.ended_at || latest.valid_until)} 到期`],
      revoked: ["认证已失效", latest.end_reason === "consent_withdrawn" ? "您撤回了授权，资料已删除" : "认证被撤销"],
    }[latest.state];
    if (ended) cards.push(card("lock", ...ended, latest.state, latest.note || latest.end_note ? el("p.letter", latest.note || latest.end_note) : null));
  }
  if (!cards.length) cards.push(card("shield", "专业人士认证", "三步完成，资料加密保存，审核后照片自动删除。", "none"));
  return el("div.stack", cards);
}

function card(drawn, title, words, testid, ...more) {
  return el(
    "section.card.pad.stack",
    { "aria-label": title, "data-testid": `standing-${testid}` },
    el("div.row", el("span.round", icon(drawn)), el("div.grow", el("h2", title), el("p.quiet.numbers", words))),
    more,
  );
}

function facts(one) {
  const rows = [["执业机构", one.hospital], ["科室", one.department], ["职称", one.title], ["证书编码", one.licence]];
  return el("dl.facts", rows.filter(([, value]) => value).map(([name, value]) => el("div", el("dt", name), el("dd.numbers", value))));
}

function renewal(standing, begin) {
  const soon = Date.parse(standing.verified_until) - Date.now() < SOON_MS;
  return el(
    "div.stack.tight",
    soon ? el("p.notice.card.pad", "认证即将到期，请重新提交。审核期间，现有认证继续有效。") : null,
    button(soon ? "重新提交认证" : "执业信息有变化？重新提交", { tone: soon ? "wide" : "plain wide", "data-testid": "begin", onclick: begin }),
  );
}

function why() {
  return section(
    "为什么需要认证",
    {},
    el(
      "div.card.pad.stack.tight",
      el("p", "依照药品广告与信息服务的有关规定，处方药等内容只向医疗卫生专业人士展示。"),
      el("p.quiet.small", "只有负责审核的人员能打开您的资料，每次查看都有记录；照片的拍摄时间和地点会被去除。"),
    ),
  );
}

function history(applications) {
  if (!applications.length) return null;
  return section(
    "认证记录",
    {},
    el(
      "ul.card.list",
      { "data-testid": "history" },
      applications.map((one) =>
        el(
          "li",
          el("span.grow", el("b", one.hospital), el("span.quiet.small.numbers", `${when(one.submitted_at)} 提交${one.reason_name ? ` · ${one.reason_name}` : ""}`)),
          tag(...STATES[one.state]),
        ),
      ),
    ),
  );
}

// The form.

function form(standing, texts, latest, profile) {
  const text = texts.find((one) => one.purpose === PURPOSE);
  const service = texts.find((one) => one.required);
  const steps = el("form.stack.wide-gap", { novalidate: true, "data-testid": "verify-form" });
  const consented = text?.granted;
  const fields = consented ? particulars(standing, latest, profile) : null;
  steps.append(consentStep(text, service, consented));
  if (fields) {
    steps.append(fields.node, fields.photo, el("div.stack.tight", button("提交认证", { tone: "wide", icon: "check", type: "submit", "data-testid": "hand-in" }), el("p.quiet.small", "提交后可随时撤回，资料会立即删除。")));
    steps.addEventListener("submit", (event) => {
      event.preventDefault();
      const pressed = steps.querySelector("[type=submit]");
      busy(pressed, () => handIn(fields));
    });
  }
  return steps;
}

function step(number, title, ...content) {
  return el("section.card.pad.stack", { "aria-label": title }, el("div.row", el("b.step", { "aria-hidden": "true" }, String(number)), el("h2", title)), content);
}

function consentStep(text, service, consented) {
  if (!text) return step(1, "阅读授权说明", el("p", "暂未开放认证。"));
  if (consented) return step(1, "授权说明", el("p.row.gap-s", icon("check", "small"), `已同意版本 ${text.agreed_version}`));
  return step(
    1,
    "阅读授权说明",
    el("div.letter", { tabindex: "0", role: "region", "aria-label": text.title }, el("h3", text.title), el("p", text.body)),
    button("同意并继续", {
      tone: "wide",
      "data-testid": "agree-verification",
      onclick: (event) =>
        busy(event.currentTarget, async () => {
          if (!service?.granted && !(await agree())) return;
          await decide(text, true);
          again();
        }),
    }),
  );
}

function particulars(standing, latest, profile) {
  const known = latest || {};
  const name = input("name", "姓名", { autocomplete: "name", maxlength: 40, value: profile?.name || "", hint: "与执业证书一致" });
  const hospital = hospitalField(known.hospital || profile?.hospital || "");
  const department = input("department", "科室", { maxlength: 60, value: known.department || profile?.department || "" });
  const title = select("title", "职称", standing.titles, known.title);
  const licence = input("licence", "医师执业证书编码", { inputmode: "numeric", autocomplete: "off", maxlength: 30, hint: "15 位数字，见执业证书" });
  const photo = photoField();
  return {
    node: step(2, "填写执业信息", name.node, hospital.node, department.node, title.node, licence.node),
    photo: step(3, "上传执业证书照片", photo.node),
    all: { name, hospital, department, title, licence, file: photo },
  };
}

async function handIn({ all }) {
  const body = new FormData();
  for (const one of Object.values(all)) one.complain("");
  body.set("name", all.name.value());
  body.set("hospital", all.hospital.value());
  body.set("hospital_key", all.hospital.key());
  body.set("department", all.department.value());
  body.set("title", all.title.value());
  body.set("licence", all.licence.value());
  const file = all.file.file();
  if (!file) return all.file.complain("请上传执业证书照片。");
  body.set("file", file, file.name);
  try {
    await post(`${API}/professional`, body, { asked: true });
    toast("已提交，请等待审核");
    again();
    window.scrollTo({ top: 0 });
  } catch (problem) {
    const wrong = all[problem.field] || (problem.status === 413 || problem.code?.startsWith("file") || problem.code?.startsWith("image") ? all.file : null);
    if (!wrong) throw problem;
    wrong.complain(problem.detail || problem.title);
  }
  return undefined;
}

function input(id, label, { hint = "", value = "", ...rest } = {}) {
  const box = el("input.box", { id: `verify-${id}`, name: id, value, "aria-describedby": `${id}-hint ${id}-wrong`, ...rest });
  return { ...field(id, label, box, hint), value: () => box.value };
}

function select(id, label, choices, chosen) {
  const box = el("select.box", { id: `verify-${id}`, name: id, "aria-describedby": `${id}-wrong` }, el("option", { value: "" }, "请选择"), choices.map((one) => el("option", { value: one.code, selected: one.name === chosen }, one.name)));
  return { ...field(id, label, box, ""), value: () => box.value };
}

function field(id, label, box, hint) {
  const wrong = el("p.wrong.small", { id: `${id}-wrong`, role: "alert", hidden: true });
  const complain = (words) => {
    wrong.textContent = words;
    wrong.hidden = !words;
    if (words) {
      box.setAttribute("aria-invalid", "true");
      box.focus();
    } else box.removeAttribute("aria-invalid");
  };
  return { node: el("div.stack.tight", el("label.strong", { for: `verify-${id}` }, label), box, hint ? el("p.quiet.small", { id: `${id}-hint` }, hint) : null, wrong), complain };
}

function photoField() {
  const box = el("input.sr", { id: "verify-file", type: "file", accept: "image/jpeg,image/png,image/webp", "aria-describedby": "file-hint file-wrong" });
  const preview = el("img.licence", { alt: "待上传的照片", hidden: true });
  const words = el("span", "选择或拍摄照片");
  const told = el("p.quiet.small.numbers", { role: "status" });
  let address = "";
  box.addEventListener("change", () => {
    const [file] = box.files;
    if (address) URL.revokeObjectURL(address);
    address = file ? URL.createObjectURL(file) : "";
    preview.hidden = !file;
    if (file) preview.src = address;
    words.textContent = file ? "换一张" : "选择或拍摄照片";
    told.textContent = file ? `${file.name} · ${size(file.size)}` : "";
    shown.complain(file && file.size > MOST_BYTES ? "照片不能超过 10 MB。" : "");
  });
  const pick = el("label.button.plain.wide", { for: "verify-file" }, icon("plus", "small"), words);
  const shown = field("file", "", box, "请拍摄含姓名和编码的页面，四角完整、文字清晰；支持 JPEG、PNG、WebP，10 MB 以内。");
  shown.node.prepend(preview);
  shown.node.querySelector("label").replaceWith(pick);
  pick.before(box);
  box.after(pick);
  shown.node.append(told);
  return { ...shown, file: () => box.files[0] };
}

// What can be done while it waits.

async function tellMe() {
  const { items } = await get(`${API}/messages/credits`);
  const template = items.find((one) => one.notices.includes("professional_decided"));
  if (!template) return toast("暂不能通知，请稍后来这里查看");
  const done = await dialog(
    (close) =>
      el(
        "div.stack",
        el("p.quiet.small", "微信替身 · 订阅消息"),
        el("h2", `允许「杏林医生」发送一次「${template.title}」？`),
        el("div.row.wrap.end", button("取消", { tone: "plain", onclick: () => close("reject") }), button("允许", { "data-testid": "prompt-accept", onclick: () => close("accept") })),
      ),
    { label: "订阅消息授权" },
  );
  const results = { [template.template_id]: done === "accept" ? "accept" : "reject" };
  await post(`${API}/demo/prompts`, { results });
  await post(`${API}/messages/credits`, { results }, { key: crypto.randomUUID() });
  return toast(done === "accept" ? "有结果时会通知您" : "没有允许");
}

async function takeBack() {
  const said = await dialog(
    (close) => el("div.stack", el("h2", "撤回申请？"), el("p", "已提交的资料和照片会立即删除，之后可以重新提交。"), el("div.row.wrap.end", button("再想想", { tone: "plain", onclick: () => close() }), button("撤回", { tone: "danger", "data-testid": "sure", onclick: () => close("yes") }))),
    { label: "撤回申请" },
  );
  if (said !== "yes") return;
  await remove(`${API}/professional`);
  toast("已撤回，资料已删除");
  again();
}
