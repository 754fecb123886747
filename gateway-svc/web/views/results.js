// Result lists: of one race, or of those who are starred in all races.

import { h, keyed, setText } from "../dom.js";
import { gap, penalty, time } from "../format.js";
import { t } from "../i18n.js";
import { isStarred, toggleStar } from "../stars.js";
import { Details } from "../details.js";
import { isBestRun, raceName } from "./races.js";
import { runDetail } from "./run-detail.js";
import { toolbar } from "./toolbar.js";

const NOTICED_FOR_MS = 2_500;

export function resultsView(context, { mine }) {
  const { state, connection } = context;
  const details = new Details(state, connection, () => render({}));
  const tools = mine ? null : toolbar(context, { withDetail: true });
  const lists = h("div", { class: "lists" });
  const empty = h("p", { class: "empty" });
  const element = h("div", {}, ...[tools?.element, lists, empty].filter(Boolean));
  /** Rows that somebody opened, as `raceId bib`. */
  const open = new Set();

  const isOpen = (raceId, bib) => context.detailed() !== open.has(`${raceId} ${bib}`);
  const toggle = (raceId, bib) => {
    const key = `${raceId} ${bib}`;
    open[open.has(key) ? "delete" : "add"](key);
    render({});
  };

  function races() {
    if (!mine) {
      return [state.race(context.raceId())].filter(Boolean);
    }
    return state.races.filter((race) => (state.rows(race.raceId) ?? []).some(isStarred)
      && race.raceType !== "best-run-1");
  }

  function rowsOf(race) {
    const rows = state.rows(race.raceId) ?? [];
    return mine ? rows.filter(isStarred) : rows.filter(context.matches);
  }

  function render({ what, raceId, bibs = [] }) {
    tools?.render();
    const shown = races().map((race) => ({ race, rows: rowsOf(race) }));
    const changed = what === "results" ? { raceId, bibs: new Set(bibs) } : null;
    keyed(lists, shown, ({ race }) => race.raceId, () => section(mine), (element, { race, rows }) => {
      setText(element.heading, raceName(state, race));
      element.list.classList.toggle("best-run", isBestRun(race));
      keyed(element.list, rows, (row) => row.bib ?? row.name, () => resultRow(race.raceId, toggle), (line, row) =>
        line.show(row, {
          category: mine ? "" : context.category(),
          open: isOpen(race.raceId, row.bib),
          detail: () => details.of(race.raceId, row.bib),
          changed: changed?.raceId === race.raceId && changed.bibs.has(row.bib),
        }));
    });
    const count = shown.reduce((sum, { rows }) => sum + rows.length, 0);
    empty.hidden = count > 0;
    setText(empty, emptyText(context, mine));
    details.keepTrue(shown.filter(({ race, rows }) => rows.some((row) => isOpen(race.raceId, row.bib)))
      .map(({ race }) => race.raceId));
  }

  return { element, render };
}

function emptyText({ state, connection, raceId, search, category }, mine) {
  if (mine) {
    return t("noMine");
  }
  const rows = state.rows(raceId());
  if (!rows || state.results.get(raceId()).first) {
    return connection.status === "offline" ? t("notKept") : t("loading");
  }
  return (search() || category()) && rows.length > 0 ? t("nobody") : t("noResults");
}

function section(withHeading) {
  const heading = h("h2", { class: withHeading ? "" : "print-only" });
  const list = h("ol", { class: "rows" });
  const element = h("section", {}, heading, list);
  return Object.assign(element, { heading, list });
}

function resultRow(raceId, toggle) {
  const rank = h("span", { class: "rank" });
  const bib = h("span", { class: "bib" });
  const name = h("strong", { class: "name" });
  const club = h("span", {});
  const runs = h("span", { class: "runs" });
  const total = h("strong", { class: "total" });
  const behind = h("span", { class: "muted behind" });
  const star = h("button", { class: "star", click: () => toggleStar(row.result) });
  const main = h("button", { class: "line", click: () => toggle(raceId, row.result.bib) },
    rank, h("span", { class: "who" }, name, h("span", { class: "muted club" }, bib, club)), runs, h("span", { class: "sum" }, total, behind));
  const detail = h("div", { class: "detail" });
  const row = h("li", { class: "result" }, main, star, detail);
  let noticed = null;
  row.show = (result, { category, open, detail: detailOf, changed }) => {
    row.result = result;
    setText(rank, String((category ? result.catRnk : result.rnk) ?? ""));
    setText(bib, String(result.bib ?? ""));
    setText(name, result.name);
    setText(club, [result.club, result.catId].filter(Boolean).join(" · "));
    showRuns(runs, result);
    showTotal(total, behind, result, category);
    const starred = isStarred(result);
    setText(star, starred ? "★" : "☆");
    star.setAttribute("aria-pressed", String(starred));
    star.setAttribute("aria-label", `${t("star")}: ${result.name}`);
    main.setAttribute("aria-expanded", String(open));
    detail.hidden = !open;
    if (open) {
      runDetail(detail, detailOf());
    }
    if (changed) {
      row.classList.add("changed");
      clearTimeout(noticed);
      noticed = setTimeout(() => row.classList.remove("changed"), NOTICED_FOR_MS);
    }
  };
  return row;
}

function showTotal(total, behind, result, category) {
  const sum = result.totalTotal ?? result.total;
  setText(total, result.status && !result.rnk ? result.status : time(sum));
  setText(behind, gap(category ? result.catTotalBehind : result.totalBehind));
}

/** Runs of a row, each with time and penalties, and which one counts. */
export function runsOf(result) {
  const run = (of, timed, pen, total, status) => ({ of, time: timed, pen, total, status });
  if (!("betterRunNr" in result)) {
    return [run(null, result.time, result.pen, result.total, result.status)];
  }
  return [
    run(1, result.prevTime, result.prevPen, result.prevTotal, result.prevStatus),
    run(2, result.time, result.pen, result.total, result.currStatus),
  ];
}

export function showRuns(element, result) {
  const runs = runsOf(result);
  keyed(element, runs, (run) => run.of ?? 0, () => runLine(), (line, run) => {
    const counts = run.of !== null && run.of === result.betterRunNr;
    line.classList.toggle("better", counts);
    setText(line.total, run.of === null ? time(run.time) : (run.status ?? time(run.total)));
    setText(line.pen, run.status || run.pen === null || run.pen === undefined ? "" : `+${penalty(run.pen)}`);
    line.pen.classList.toggle("clean", run.pen === 0);
    setText(line.spoken, counts ? ` (${t("better")})` : "");
  });
}

function runLine() {
  const total = h("span", { class: "run-total" });
  const pen = h("span", { class: "pen" });
  const spoken = h("span", { class: "visually-hidden" });
  return Object.assign(h("span", { class: "run" }, total, pen, spoken), { total, pen, spoken });
}
