// Language and appearance.

import { h } from "../dom.js";
import { switchLanguage, t } from "../i18n.js";
import { keep } from "../storage.js";

export function preferences() {
  return h("div", { class: "preferences" },
    h("button", {
      class: "quiet", title: t("theme"), "aria-label": t("theme"),
      click: switchTheme,
    }, "◐"),
    h("button", {
      class: "quiet language", lang: t("language") === "Česky" ? "cs" : "en",
      click() {
        switchLanguage();
        dispatchEvent(new Event("language"));
      },
    }, t("language")));
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  keep("theme", root.dataset.theme);
}
