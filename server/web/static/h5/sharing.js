/** Handing an item on: by the phone's own sheet, or by a link. It brings nobody anything, and nothing depends on it. */

import { once, post } from "./api.js";
import { signedIn } from "./session.js";
import { busy, dialog, button, el, icon, toast } from "./ui.js";

const API = "/api/doctor";

/** The button that makes a share of an item and hands its link on. */
export function shareButton(itemId, { deed = false } = {}) {
  const pressed = el(deed ? "button.deed" : "button.link", { type: "button", "data-testid": "share" }, icon("share", deed ? "" : "small"), "分享");
  pressed.addEventListener("click", () => busy(pressed, () => share(itemId)));
  return pressed;
}

async function share(itemId) {
  if (!signedIn()) {
    await handOn({ title: document.title, url: location.origin + location.pathname });
    return;
  }
  const made = await post(`${API}/items/${itemId}/shares`, { channel: "link" }, { key: once() });
  await handOn({ title: made.title, url: `${location.origin}/h5/doctor/share/${made.share_id}` });
}

async function handOn(link) {
  if (navigator.share) {
    try {
      await navigator.share(link);
      return;
    } catch (fault) {
      if (fault.name === "AbortError") return;
    }
  }
  if (await copy(link.url)) toast("链接已复制");
  else await byHand(link.url);
}

/** Put a text into the clipboard, where the browser lets us; gives whether it did. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function byHand(url) {
  const field = el("input.copy", { readonly: true, value: url, "aria-label": "分享链接" });
  return dialog((close) => el("div.stack", el("h2", "复制链接"), field, button("完成", { onclick: () => close() })), { label: "复制链接" });
}
