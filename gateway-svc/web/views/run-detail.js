// What is behind a row: when each run began and ended, and every gate.

import { fill, h } from "../dom.js";
import { penalty, time, timeOfDay } from "../format.js";
import { t } from "../i18n.js";
import { showGates } from "./gates.js";
import { runsOf } from "./runs.js";

/** Shows `row`, a detailed one, in `element`; a row that is not here yet is announced. */
export function runDetail(element, row) {
  const key = row ? JSON.stringify(row) : "";
  if (element.dataset.shown === key) {
    return;
  }
  element.dataset.shown = key;
  fill(element, ...(row ? runsOf(row).map(run) : [h("p", { class: "muted" }, t("loading"))]));
}

function run({ of, counts, start, finish, time: timed, pen, total, gates, status }) {
  const title = h("strong", {}, of ? `${of}. ${t("run")}` : t("oneRun"));
  if (counts) {
    title.append(h("span", { class: "counts" }, t("better")));
  }
  if (!start && !finish && timed === null && !status) {
    return h("div", { class: "run-detail" }, title, h("span", { class: "muted" }, t("notYetRun")));
  }
  const strip = h("span", { class: "gates", role: "img" });
  showGates(strip, gates ?? []);
  const fact = (name, value) => (value ? h("span", {}, h("span", { class: "muted" }, `${name} `), value) : null);
  return h("div", { class: "run-detail" }, title,
    h("span", { class: "facts" },
      fact(t("start"), timeOfDay(start)), fact(t("finish"), timeOfDay(finish)), fact(t("time"), time(timed)),
      fact(t("penalties"), penalty(pen)), fact(t("total"), status ?? time(total))),
    gates?.length ? strip : null);
}
