// The runs behind a row, and what they come to.

import { h, keyed, setText } from "../dom.js";
import { gap, penalty, time } from "../format.js";
import { t } from "../i18n.js";

const NO_RESULT = "–";
const NO_RUN = { time: null, pen: null, total: null, status: null, start: null, finish: null, gates: [] };

/** Runs of a row, `of` 1 and 2 or the only one `null`; gates and times of day where the row is a detailed one. */
export function runsOf(row) {
  const own = {
    time: row.time, pen: row.pen, total: row.total, status: row.status,
    start: row.dtStart, finish: row.dtFinish, gates: row.gates,
  };
  if (!("betterRunNr" in row)) {
    return [{ ...own, of: null, counts: false }];
  }
  const last = { ...own, status: row.currStatus };
  const before = {
    time: row.prevTime, pen: row.prevPen, total: row.prevTotal, status: row.prevStatus,
    start: row.prevDtStart, finish: row.prevDtFinish, gates: row.prevGates,
  };
  // Who has no second start has the first run where others have the second.
  const isAlone = row.betterRunNr === 1 && row.prevTotal === null;
  const runs = isAlone ? [last, NO_RUN] : [before, last];
  const has = row.totalTotal !== null;
  return runs.map((run, at) => ({ ...run, of: at + 1, counts: has && row.betterRunNr === at + 1 }));
}

/** Shows each run's time with its penalties, which one counts, and which one has no result. */
export function showRuns(element, row) {
  keyed(element, runsOf(row), (run) => run.of, runLine, (line, run) => {
    line.classList.toggle("better", run.counts);
    const shown = run.of === null ? time(run.time) : (run.status ?? time(run.total ?? run.time));
    const none = run.of !== null && !shown;
    setText(line.total, none ? NO_RESULT : shown);
    const hasPenalty = shown && !run.status && run.pen !== null && run.pen !== undefined;
    setText(line.pen, hasPenalty ? `+${penalty(run.pen)}` : "");
    line.pen.classList.toggle("clean", run.pen === 0);
    setText(line.spoken, none ? ` (${t("noResult")})` : run.counts ? ` (${t("better")})` : "");
  });
}

function runLine() {
  const total = h("span", { class: "run-total" });
  const pen = h("span", { class: "pen" });
  const spoken = h("span", { class: "visually-hidden" });
  return Object.assign(h("span", { class: "run" }, total, pen, spoken), { total, pen, spoken });
}

/** What a row comes to, and how far that is behind the first. */
export function sum() {
  const total = h("strong", { class: "total" });
  const behind = h("span", { class: "muted behind" });
  const element = h("span", { class: "sum" }, total, behind);
  element.show = (row, category) => {
    setText(total, row.status ? (row.statusCode ?? row.status) : time(row.totalTotal ?? row.total));
    setText(behind, gap(category ? row.catTotalBehind : row.totalBehind));
  };
  return element;
}
