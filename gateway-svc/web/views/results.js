// Result lists: of one race, or of those who are starred in all races.

import { Details } from "../details.js";
import { h, keyed, setText } from "../dom.js";
import { t } from "../i18n.js";
import { keyOf } from "../state.js";
import { isStarred } from "../stars.js";
import { isListedTwice, raceName } from "./races.js";
import { runDetail } from "./run-detail.js";
import { showRuns, sum } from "./runs.js";
import { starButton } from "./star.js";
import { toolbar } from "./toolbar.js";

const NOTICED_FOR_MS = 2_500;

export function resultsView(context, { mine }) {
  const { state, connection } = context;
  // Once another view is shown nothing is read for this one.
  const details = new Details(state, connection, () => element.isConnected && render({}));
  const tools = mine ? null : toolbar(context, { withDetail: true });
  const lists = h("div", { class: "lists" });
  const empty = h("p", { class: "empty" });
  const element = h("div", {}, ...[tools?.element, lists, empty].filter(Boolean));
  /** Rows that somebody opened or closed, as `raceId key`. */
  const open = new Set();

  const isOpen = (raceId, row) => context.detailed() !== open.has(`${raceId} ${keyOf(row)}`);
  const toggle = (raceId, row) => {
    const key = `${raceId} ${keyOf(row)}`;
    open[open.has(key) ? "delete" : "add"](key);
    render({});
  };

  function races() {
    if (!mine) {
      return [state.race(context.raceId())].filter(Boolean);
    }
    return state.races.filter((race) => (state.rows(race.raceId) ?? []).some(isStarred)
      && !isListedTwice(state, race));
  }

  function rowsOf(race) {
    const rows = state.rows(race.raceId) ?? [];
    return mine ? rows.filter(isStarred) : rows.filter(context.matches);
  }

  function render({ what, raceId, keys = [] }) {
    tools?.render();
    const shown = races().flatMap((race) => byHeat(rowsOf(race)).map(([heat, rows]) => ({ race, heat, rows })));
    const changed = what === "results" ? { raceId, keys: new Set(keys) } : null;
    keyed(lists, shown, ({ race, heat }) => `${race.raceId} ${heat ?? ""}`, () => section(), (element, { race, heat, rows }) => {
      const name = heat ? t("heat", { heat }) : raceName(state, race);
      element.heading.className = mine || heat ? "" : "print-only";
      setText(element.heading, mine && heat ? `${raceName(state, race)} · ${name}` : name);
      keyed(element.list, rows, keyOf, () => resultRow(race.raceId, toggle), (line, row) =>
        line.show(row, {
          category: mine ? "" : context.category(),
          open: isOpen(race.raceId, row),
          detail: () => details.of(race.raceId, row),
          changed: changed?.raceId === race.raceId && changed.keys.has(keyOf(row)),
        }));
    });
    const count = shown.reduce((sum, { rows }) => sum + rows.length, 0);
    empty.hidden = count > 0;
    setText(empty, emptyText(context, mine));
    details.keepTrue(shown.filter(({ race, rows }) => rows.some((row) => isOpen(race.raceId, row)))
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

/** The rows of a race by heat, in the order of the list; those of no heat are one group. */
function byHeat(rows) {
  const heats = new Map();
  for (const row of rows) {
    const heat = row.heat ?? null;
    if (!heats.has(heat)) {
      heats.set(heat, []);
    }
    heats.get(heat).push(row);
  }
  const groups = [...heats].sort(([one], [other]) => (one ?? 0) - (other ?? 0));
  return groups.length > 0 ? groups : [[null, []]];
}

function section() {
  const heading = h("h2", {});
  const list = h("ol", { class: "rows" });
  const element = h("section", {}, heading, list);
  return Object.assign(element, { heading, list });
}

function resultRow(raceId, toggle) {
  const rank = h("span", { class: "rank" });
  const bib = h("span", { class: "bib" });
  const name = h("strong", { class: "name" });
  const club = h("span", {});
  const note = h("span", { class: "note" });
  const runs = h("span", { class: "runs" });
  const total = sum();
  const star = starButton();
  const main = h("button", { class: "line", click: () => toggle(raceId, row.result) },
    rank, h("span", { class: "who" }, name, h("span", { class: "muted club" }, bib, club), note), runs, total);
  const detail = h("div", { class: "detail" });
  const row = h("li", { class: "result" }, main, star, detail);
  let noticed = null;
  row.show = (result, { category, open, detail: detailOf, changed }) => {
    row.result = result;
    setText(rank, String((category ? result.catRnk : result.rnk) ?? ""));
    setText(bib, result.bibText ?? "");
    setText(name, result.name);
    setText(club, [result.club, result.catId, result.members?.join(", ")].filter(Boolean).join(" · "));
    setText(note, [result.underReview && t("underReview"), result.faults && t("faults", { count: result.faults }),
      result.heatPlace && t("heatPlace", { place: result.heatPlace }), result.qualified].filter(Boolean).join(" · "));
    showRuns(runs, result);
    total.show(result, category);
    star.show(result);
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
