// The large screen at the venue: the current race, scrolling by itself, and who is on the water.

import { fill, h, keyed, setText } from "../dom.js";
import { wallClock } from "../format.js";
import { t } from "../i18n.js";
import { keyOf } from "../state.js";
import { onCoursePanel } from "./on-course.js";
import { currentRace, raceName } from "./races.js";
import { showRuns, sum } from "./runs.js";
import { statusText } from "./status.js";

const PAGE_MS = 8_000;
/** A race that just had boats stays for a while. */
const STAY_MS = 20_000;

export function board(state, connection) {
  document.documentElement.classList.add("board");
  const title = h("span", { class: "title" });
  const race = h("h1", {});
  const status = h("span", { class: "connection" });
  const clock = h("span", { class: "wall-clock" });
  const list = h("ol", { class: "rows" });
  const window_ = h("main", { class: "board-list", id: "main" }, list);
  const parameters = new URLSearchParams(location.search);
  const context = { state, connection, raceId, board: true };
  const panel = onCoursePanel(context);
  const element = h("div", { class: "board-page" },
    h("header", {}, h("div", {}, title, race), h("div", { class: "board-right" }, clock, status)),
    h("div", { class: "board-body" }, window_, h("aside", {}, panel.element)));
  let shown = null;
  let changedAt = 0;

  function raceId() {
    const asked = parameters.get("race");
    if (state.race(asked)) {
      return asked;
    }
    const current = currentRace(state)?.raceId;
    if (current !== shown && (!state.race(shown) || performance.now() - changedAt > STAY_MS)) {
      shown = current;
      changedAt = performance.now();
      window_.scrollTop = 0;
    } else if (current === shown) {
      changedAt = performance.now();
    }
    return shown;
  }

  function render(detail = {}) {
    if (!state.event) {
      fill(list, h("li", { class: "empty" }, t(connection.status === "gone" ? "notFound" : "connecting")));
      return;
    }
    const wanted = raceId();
    connection.show([wanted].filter(Boolean));
    setText(title, state.event.mainTitle);
    setText(race, state.race(wanted) ? raceName(state, state.race(wanted)) : "");
    document.title = `${state.event.mainTitle} · Eddyline`;
    const rows = (state.rows(wanted) ?? []).filter((row) => row.rnk || row.status);
    keyed(list, rows, (row) => `${wanted} ${keyOf(row)}`, boardRow, (line, row) => {
      line.show(row);
      if (detail.raceId === wanted && detail.keys?.includes(keyOf(row))) {
        line.classList.add("changed");
        setTimeout(() => line.classList.remove("changed"), 4_000);
      }
    });
    panel.render();
  }

  function scroll() {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const bottom = window_.scrollHeight - window_.clientHeight;
    const next = window_.scrollTop >= bottom - 4 ? 0 : Math.min(bottom, window_.scrollTop + window_.clientHeight * 0.9);
    window_.scrollTo({ top: next, behavior: calm ? "instant" : "smooth" });
  }

  function renderStatus() {
    status.dataset.status = connection.status;
    setText(status, statusText(connection));
    document.body.dataset.fresh = String(connection.isFresh);
  }

  state.addEventListener("change", ({ detail }) => (detail.what === "oncourse" ? panel.render() : render(detail)));
  connection.addEventListener("status", () => {
    renderStatus();
    panel.render();
    if (!state.event) {
      render();
    }
  });
  const scrolling = setInterval(scroll, PAGE_MS);
  const tick = () => {
    setText(clock, wallClock());
    if (state.event && raceId() !== list.dataset.race) {
      list.dataset.race = shown ?? "";
      render();
    }
  };
  const ticking = setInterval(tick, 1_000);
  tick();
  renderStatus();
  render();
  return {
    element,
    leave() {
      document.documentElement.classList.remove("board");
      clearInterval(scrolling);
      clearInterval(ticking);
      connection.close();
      panel.leave();
      state.save();
    },
  };
}

function boardRow() {
  const [rank, bib, name, club, runs] = ["rank", "bib", "name", "", "runs"].map((names) => h("span", { class: names }));
  const total = sum();
  const row = h("li", { class: "result" },
    h("div", { class: "line" }, rank, h("span", { class: "who" }, name, h("span", { class: "muted club" }, bib, club)), runs, total));
  row.show = (result) => {
    setText(rank, String(result.rnk ?? ""));
    setText(bib, result.bibText ?? "");
    setText(name, result.name);
    setText(club, [result.club, result.members?.join(", ")].filter(Boolean).join(" · "));
    showRuns(runs, result);
    total.show(result, "");
  };
  return row;
}
