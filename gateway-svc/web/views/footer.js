// What the cells of gates mean, what the numbers are worth, and where the large screen is.

import { h } from "../dom.js";
import { t } from "../i18n.js";

export function footer(eventId) {
  const cell = (mark, text) => h("span", {}, h("span", { class: "gate", "data-mark": mark, "aria-hidden": "true" }), text);
  return h("footer", { class: "muted" },
    h("p", { class: "legend" }, cell("clean", t("clean")), cell("touched", `${t("touched")} +2`),
      cell("missed", `${t("missed")} +50`), cell("not-yet", t("notYet"))),
    h("p", {}, t("footer")),
    h("a", { class: "wide-only", href: `/events/${encodeURIComponent(eventId)}?view=board` }, t("board")));
}
