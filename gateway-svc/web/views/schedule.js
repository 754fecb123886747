// All races by day; the one that matters now is marked.

import { fill, h } from "../dom.js";
import { clock, day } from "../format.js";
import { t } from "../i18n.js";
import { currentRace, raceName, raceState } from "./races.js";

export function scheduleView(context) {
  const { state } = context;
  const element = h("div", { class: "schedule" });
  let shown = "";

  function render() {
    const current = currentRace(state)?.raceId;
    const key = JSON.stringify([state.races.map((race) => [race.raceId, race.raceState, race.startTime, race.title]), current]);
    if (shown === key) {
      return;
    }
    shown = key;
    const days = new Map();
    for (const race of state.races) {
      const date = race.startTime?.slice(0, 10) ?? "";
      days.set(date, [...(days.get(date) ?? []), race]);
    }
    const sections = [...days].map(([date, races]) => h("section", {},
      date ? h("h2", {}, day(date)) : null,
      h("ol", { class: "rows" }, ...races.map((race) => entry(race, race.raceId === current)))));
    fill(element, ...sections);
  }

  function entry(race, isCurrent) {
    const kind = raceState(race);
    return h("li", { class: "result" },
      h("button", {
        class: "line", "aria-current": isCurrent ? "true" : false,
        click: () => context.set({ race: race.raceId, view: kind === "running" || kind === "finished" ? "" : "startlist", search: "", category: "" }),
      },
      h("span", { class: "at" }, clock(race.startTime)),
      h("span", { class: "who" }, h("strong", { class: "name" }, raceName(state, race, { day: false }))),
      h("span", { class: `status ${kind}` }, kind === "waiting" ? "" : t(`race_${race.raceState}`))));
  }
  return { element, render };
}
