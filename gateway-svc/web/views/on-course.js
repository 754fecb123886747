// Who is on the water, in any race: running time, penalties, gap, and the gates as they are judged.

import { h, keyed, setText } from "../dom.js";
import { gap, penalty, running, time } from "../format.js";
import { t } from "../i18n.js";
import { keep, kept } from "../storage.js";
import { showGates } from "./gates.js";
import { raceName } from "./races.js";

const TICK_MS = 100;
/** A boat that has come this far is told no running time any more. */
const LONGEST_MS = 10 * 60 * 1000;
/** The time on the water comes in whole seconds, a moment late; more than this is another start. */
const SAME_START_MS = 1_500;

const keyOf = (boat) => `${boat.raceId} ${boat.rowId} ${boat.bibText ?? ""}`;

export function onCoursePanel(context) {
  const { state, connection } = context;
  const list = h("ol", { class: "boats" });
  const count = h("span", { class: "count" });
  const element = h("details", { class: "on-course" }, h("summary", {}, t("onCourse"), " ", count), list);
  element.open = context.board || kept("boats") !== "closed";
  element.hidden = true;
  element.addEventListener("toggle", () => {
    if (!context.board) {
      keep("boats", element.open ? "open" : "closed");
    }
  });
  /** By boat: the moment by the page's own clock at which it started, and the time on the water that says so. */
  const started = new Map();

  function noteStart(boat) {
    const key = keyOf(boat);
    if (boat.time === null || boat.completed) {
      started.delete(key);
      return;
    }
    const before = started.get(key);
    if (before?.time === boat.time) {
      return;
    }
    // The earliest start seen fits best.
    const start = performance.now() - boat.time * 10;
    const isSame = before !== undefined && Math.abs(before.start - start) < SAME_START_MS;
    started.set(key, { start: isSame ? Math.min(before.start, start) : start, time: boat.time });
  }

  function render() {
    // Without a connection nobody knows who is on the water.
    const shown = connection.status !== "offline" && state.event?.config?.showOnCourse !== false;
    const boats = shown ? state.oncourse : [];
    element.hidden = boats.length === 0;
    setText(count, String(boats.length));
    keyed(list, boats, keyOf, boatRow, (row, boat) => row.show(boat, context));
    tick();
  }

  function tick() {
    for (const row of list.children) {
      const elapsed = performance.now() - started.get(row.dataset.key)?.start;
      if (connection.status === "live" && elapsed >= 0 && elapsed < LONGEST_MS) {
        setText(row.clock, running(elapsed / 10));
      }
    }
  }

  const note = ({ detail }) => {
    if (detail.what !== "results") {
      const present = new Set(state.oncourse.map(keyOf));
      [...started.keys()].filter((key) => !present.has(key)).forEach((key) => started.delete(key));
      state.oncourse.forEach(noteStart);
    }
  };
  state.addEventListener("change", note);
  const timer = setInterval(tick, TICK_MS);
  return { element, render, leave: () => clearInterval(timer) };
}

function boatRow() {
  const bib = h("span", { class: "bib" });
  const name = h("strong", { class: "name" });
  const race = h("span", { class: "muted race-of" });
  const clock = h("span", { class: "clock" });
  const extra = h("span", { class: "pen" });
  const toBeat = h("span", { class: "to-beat" });
  const gates = h("span", { class: "gates", role: "img" });
  const row = h("li", { class: "boat" }, bib, h("span", { class: "who" }, name, race),
    h("span", { class: "sum" }, h("span", {}, clock, extra), toBeat), gates);
  row.clock = clock;
  row.show = (boat, { state, connection }) => {
    setText(bib, boat.bibText ?? "");
    setText(name, boat.name ?? "");
    setText(race, state.race(boat.raceId) ? raceName(state, state.race(boat.raceId)) : "");
    setText(extra, boat.pen ? ` +${penalty(boat.pen)}` : "");
    if (boat.completed) {
      setText(clock, time(boat.total ?? boat.time));
    } else if (boat.time === null) {
      setText(clock, boat.dtStart ? "" : t("waiting"));
    } else if (connection.status !== "live" || clock.textContent === "" || clock.textContent === t("waiting")) {
      setText(clock, running(boat.time));
    }
    row.classList.toggle("completed", boat.completed);
    const place = boat.completed && boat.rank ? `${boat.rank}. ` : "";
    setText(toBeat, `${place}${gap(boat.ttbDiff)}`);
    toBeat.classList.toggle("ahead", boat.ttbDiff?.startsWith("-") ?? false);
    toBeat.title = boat.ttbName ? `${t("toBeat")}: ${boat.ttbName}` : "";
    gates.hidden = boat.gates.length === 0;
    showGates(gates, boat.gates);
  };
  return row;
}
