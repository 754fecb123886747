// What a race is called, how far it is, and which one matters now.

import { t } from "../i18n.js";

const RUN = { "best-run-1": 1, "best-run-2": 2 };
const RUNNING = 3;
const FINISHED = 5;

/** Whether a race is a first run whose list is that of its second run too. */
export function isListedTwice(state, race) {
  const day = (one) => one.startTime?.slice(0, 10);
  return race.raceType === "best-run-1" && state.races.some((other) =>
    other.raceType === "best-run-2" && other.classId === race.classId && day(other) === day(race));
}

/** Such as `K1m - střední trať · 2. jízda`. */
export function raceName(state, race) {
  const name = state.classOf(race)?.name ?? race.classId;
  const run = RUN[race.raceType];
  if (run) {
    return `${name} · ${run}. ${t("run")}`;
  }
  return race.raceType ? `${name} · ${t(`type_${race.raceType}`, {}, race.raceType)}` : name;
}

/** `waiting`, `running` or `finished`. */
export function raceState(race) {
  return race.raceStatus === RUNNING ? "running" : race.raceStatus >= FINISHED ? "finished" : "waiting";
}

/** The one with boats on the water; else one that is being raced; else what the organisers say, or the last that was. */
export function currentRace(state) {
  const racing = state.oncourse.find((boat) => !boat.completed) ?? state.oncourse[0];
  const running = state.races.filter((race) => raceState(race) === "running");
  const over = state.races.filter((race) => raceState(race) === "finished");
  return state.race(racing?.raceId) ?? running.at(-1) ?? state.race(state.event?.config?.activeRaceId)
    ?? over.at(-1) ?? state.races[0];
}
