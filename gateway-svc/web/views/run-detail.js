// What is behind a row: when each run began and ended, and every gate.

import { fill, h } from "../dom.js";
import { penalty, time, timeOfDay } from "../format.js";
import { t } from "../i18n.js";
import { showGates } from "./gates.js";

/** Shows `row`, a detailed one, in `element`; a row that is not here yet is announced. */
export function runDetail(element, row) {
  const key = row ? JSON.stringify(row) : "";
  if (element.dataset.shown === key) {
    return;
  }
  element.dataset.shown = key;
  if (!row) {
    fill(element, h("p", { class: "muted" }, t("loading")));
    return;
  }
  const isBestRun = "betterRunNr" in row;
  const second = run(row, isBestRun ? 2 : null, {
    start: row.dtStart, finish: row.dtFinish, timed: row.time, pen: row.pen, total: row.total, gates: row.gates,
    status: isBestRun ? row.currStatus : row.status,
  });
  const first = isBestRun ? run(row, 1, {
    start: row.prevDtStart, finish: row.prevDtFinish, timed: row.prevTime, pen: row.prevPen, total: row.prevTotal,
    gates: row.prevGates, status: row.prevStatus,
  }) : null;
  fill(element, first, second);
}

function run(row, number, { start, finish, timed, pen, total, gates, status }) {
  const strip = h("span", { class: "gates", role: "img" });
  showGates(strip, gates ?? []);
  const fact = (name, value) => (value ? h("span", {}, h("span", { class: "muted" }, `${name} `), value) : null);
  const title = h("strong", {}, number ? `${number}. ${t("run")}` : t("oneRun"));
  if (number && number === row.betterRunNr) {
    title.append(h("span", { class: "counts" }, t("better")));
  }
  if (!start && !finish && timed === null && !status) {
    return h("div", { class: "run-detail" }, title, h("span", { class: "muted" }, t("notYetRun")));
  }
  return h("div", { class: "run-detail" }, title,
    h("span", { class: "facts" },
      fact(t("start"), timeOfDay(start)), fact(t("finish"), timeOfDay(finish)), fact(t("time"), time(timed)),
      fact(t("penalties"), penalty(pen)), fact(t("total"), status ?? time(total))),
    gates?.length ? strip : null);
}
