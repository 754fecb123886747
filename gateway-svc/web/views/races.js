// What a race is called, how far it is, and which one matters now.

import { shortDay } from "../format.js";
import { t } from "../i18n.js";

const RUN = { "best-run-1": 1, "best-run-2": 2 };
const OTHER_RUN = { "best-run-1": ["BR1", "BR2"], "best-run-2": ["BR2", "BR1"] };
const STATES = { running: "running", unofficial: "finished", official: "finished", cancelled: "cancelled", postponed: "postponed" };

const dayOf = (race) => race.startTime?.slice(0, 10) ?? "";

/** The race whose id is the same with the other run's discipline in it. */
function partnerById(state, race) {
  const [own, other] = OTHER_RUN[race.raceType];
  const parts = race.raceId.split(own);
  return state.races.find((one) => one.raceType !== race.raceType && one.classId === race.classId && RUN[one.raceType]
    && parts.some((_, at) => at > 0 && `${parts.slice(0, at).join(own)}${other}${parts.slice(at).join(own)}` === one.raceId));
}

/** The other run of a best-run race: by its id, else the only one of its class and day that is left over, as the server has it. */
function partnerOf(state, race) {
  const named = partnerById(state, race);
  if (named) {
    return named;
  }
  const left = state.races.filter((one) => RUN[one.raceType] && one.classId === race.classId
    && dayOf(one) === dayOf(race) && !partnerById(state, one));
  const [own, other] = [true, false].map((same) => left.filter((one) => (one.raceType === race.raceType) === same));
  return own.length === 1 && other.length === 1 ? other[0] : undefined;
}

/** Whether a race is a first run whose list is that of its second run too. */
export function isListedTwice(state, race) {
  return race.raceType === "best-run-1" && partnerOf(state, race) !== undefined;
}

/** Such as `K1m - střední trať · 2. jízda · so 25. 4.`: of an event of several days with its day, unless that stands above. */
export function raceName(state, race, { day = true } = {}) {
  const name = state.classOf(race)?.name ?? race.classId;
  const run = RUN[race.raceType];
  const kind = run ? `${run}. ${t("run")}` : race.raceType ? t(`type_${race.raceType}`, {}, race.raceType) : null;
  const days = new Set(state.races.map(dayOf).filter(Boolean));
  const ofDay = day && days.size > 1 && dayOf(race) ? shortDay(dayOf(race)) : null;
  const title = race.title && race.title !== name ? race.title : null;
  return [name, title, kind, ofDay].filter(Boolean).join(" · ");
}

/** `waiting`, `running`, `finished`, `cancelled` or `postponed`. */
export function raceState(race) {
  return STATES[race.raceState] ?? "waiting";
}

/** The one with boats on the water; else one that is being raced; else what the organisers say, or the last that was. */
export function currentRace(state) {
  const racing = state.oncourse.find((boat) => !boat.completed) ?? state.oncourse[0];
  const running = state.races.filter((race) => raceState(race) === "running");
  const over = state.races.filter((race) => raceState(race) === "finished");
  return state.race(racing?.raceId) ?? running.at(-1) ?? state.race(state.event?.config?.activeRaceId)
    ?? over.at(-1) ?? state.races[0];
}
