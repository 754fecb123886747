// A strip of numbered cells, one for each gate, as they are judged.

import { h, keyed } from "../dom.js";
import { t } from "../i18n.js";

const MARKS = new Map([[0, "clean"], [2, "touched"], [50, "missed"]]);

/** A cell for each gate; what is wrong is spoken. */
export function showGates(element, gates) {
  keyed(element, gates, (gate) => gate.number,
    (gate) => h("span", { class: "gate" }, String(gate.number)),
    (cell, gate) => {
      const mark = MARKS.get(gate.penalty) ?? "not-yet";
      if (cell.dataset.mark !== mark) {
        cell.dataset.mark = mark;
        const way = gate.type === "reverse" ? t("upstream") : t("downstream");
        cell.title = `${t("gate")} ${gate.number}, ${way}: ${t(mark === "not-yet" ? "notYet" : mark)}`;
        cell.classList.toggle("upstream", gate.type === "reverse");
      }
    });
  const told = gates.filter((gate) => gate.penalty > 0).map((gate) => `${t("gate")} ${gate.number}: +${gate.penalty}`);
  element.setAttribute("aria-label", told.join(", ") || t(gates.some((gate) => gate.penalty !== null) ? "noPenalty" : "notYet"));
}
