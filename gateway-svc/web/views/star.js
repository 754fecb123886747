// The star beside a name.

import { h, setText } from "../dom.js";
import { t } from "../i18n.js";
import { isStarred, toggleStar } from "../stars.js";

/** A button that follows whom `show` named last. */
export function starButton() {
  let row = null;
  const button = h("button", { class: "star", click: () => toggleStar(row) });
  button.show = (person) => {
    row = person;
    const starred = isStarred(person);
    setText(button, starred ? "★" : "☆");
    button.setAttribute("aria-pressed", String(starred));
    button.setAttribute("aria-label", `${t("star")}: ${person.name}`);
  };
  return button;
}
