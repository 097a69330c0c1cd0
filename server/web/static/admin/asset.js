// One file of the library: the point that cuts keep, a picture from a film, and other bytes in its place.

import { sentence, upload } from "./upload.js";

const form = document.querySelector("[data-focus-form]");
const area = document.querySelector("[data-focus]");

if (form && area) {
  const { x, y } = form.elements;
  const point = area.querySelector("[data-point]");
  const image = area.querySelector("img");
  const show = () => {
    point.hidden = false;
    point.style.left = `${image.offsetLeft + (image.clientWidth * x.value) / 100}px`;
    point.style.top = `${image.offsetTop + (image.clientHeight * y.value) / 100}px`;
    for (const cut of form.querySelectorAll("[data-cut]")) cut.style.objectPosition = position(cut);
  };
  // CSS puts the same hundredth of image and frame upon each other; a cut of ours is centred on the point.
  const position = (cut) => {
    const [width, height] = [cut.naturalWidth || 1, cut.naturalHeight || 1];
    const scale = Math.max(cut.clientWidth / width, cut.clientHeight / height);
    const along = (share, whole, seen) => {
      const over = whole - seen;
      return over <= 0 ? 50 : (Math.min(Math.max((whole * share) / 100 - seen / 2, 0), over) / over) * 100;
    };
    return `${along(x.value, width * scale, cut.clientWidth)}% ${along(y.value, height * scale, cut.clientHeight)}%`;
  };
  form.addEventListener("input", show);
  image.addEventListener("click", (event) => {
    x.value = Math.round((event.offsetX / image.clientWidth) * 100);
    y.value = Math.round((event.offsetY / image.clientHeight) * 100);
    show();
  });
  for (const loaded of [image, ...form.querySelectorAll("[data-cut]")]) {
    if (!loaded.complete) loaded.addEventListener("load", show);
  }
  addEventListener("resize", show);
  show();
}

const film = document.querySelector("[data-film]");
const poster = document.querySelector("[data-poster-form]");

if (film && poster) {
  const now = poster.querySelector("[data-now]");
  now.hidden = false;
  now.addEventListener("click", () => {
    film.pause();
    poster.elements.second.value = (Math.floor(film.currentTime * 100) / 100).toString();
  });
}

const replace = document.getElementById("replace");

if (replace) {
  const bar = replace.querySelector("progress");
  const said = replace.querySelector("[data-said]");
  replace.querySelector("[data-file]").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    event.target.value = "";
    if (!file) return;
    bar.hidden = false;
    said.textContent = replace.dataset.textUploading;
    try {
      await upload(file, replace.dataset.kind, (share) => {
        bar.value = Math.round(share * 100);
        if (share >= 1) said.textContent = replace.dataset.textChecking;
      }, { replaces: replace.dataset.asset });
      location.reload();
    } catch (fault) {
      said.textContent = sentence(fault, replace.dataset);
    } finally {
      bar.hidden = true;
    }
  });
}
