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
    const shown = races().map((race) => ({ race, rows: rowsOf(race) }));
    const changed = what === "results" ? { raceId, keys: new Set(keys) } : null;
    keyed(lists, shown, ({ race }) => race.raceId, () => section(mine), (element, { race, rows }) => {
      setText(element.heading, raceName(state, race));
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
  const total = sum();
  const star = starButton();
  const main = h("button", { class: "line", click: () => toggle(raceId, row.result) },
    rank, h("span", { class: "who" }, name, h("span", { class: "muted club" }, bib, club)), runs, total);
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
