// One event: what is on the water, and one of its views. The URL says which race, view and filter.

import { Connection } from "../connection.js";
import { fill, h, keepPlace, setText } from "../dom.js";
import { plain } from "../format.js";
import { t } from "../i18n.js";
import { EventState } from "../state.js";
import { announcer } from "./announcer.js";
import { board } from "./board.js";
import { footer } from "./footer.js";
import { onCoursePanel } from "./on-course.js";
import { preferences } from "./preferences.js";
import { currentRace, isListedTwice, raceName, raceState } from "./races.js";
import { resultsView } from "./results.js";
import { scheduleView } from "./schedule.js";
import { startlistView } from "./startlist.js";
import { statusText } from "./status.js";

const VIEWS = { results: resultsView, startlist: startlistView, schedule: scheduleView, mine: resultsView };

const parameters = () => new URLSearchParams(location.search);

/** What the views share: the event, and what the URL asks for. */
function contextOf(state, connection, changed) {
  const context = {
    state,
    connection,
    view: () => (Object.hasOwn(VIEWS, parameters().get("view")) ? parameters().get("view") : "results"),
    raceId() {
      const asked = parameters().get("race");
      return state.race(asked) ? asked : currentRace(state)?.raceId;
    },
    /** A category that the race has; what another one was filtered by does not hide it. */
    category() {
      const asked = parameters().get("category");
      const known = state.classOf(state.race(context.raceId()))?.categories ?? [];
      return known.some(({ catId }) => catId === asked) ? asked : "";
    },
    search: () => parameters().get("search") ?? "",
    detailed() {
      const asked = parameters().get("detail");
      return asked ? asked === "all" : state.event?.config?.displayMode === "detailed";
    },
    /** Whether a row fits the category and what is searched for. */
    matches(row) {
      const words = plain(context.search()).split(" ").filter(Boolean);
      const text = plain(`${row.name} ${row.club ?? ""} ${row.members?.join(" ") ?? ""}`);
      return (!context.category() || row.catId === context.category())
        && words.every((word) => text.includes(word) || row.bibText?.toLowerCase() === word);
    },
    /** Changes the URL, and with it what is shown. */
    set(values) {
      const next = parameters();
      for (const [name, value] of Object.entries(values)) {
        if (value) {
          next.set(name, value);
        } else {
          next.delete(name);
        }
      }
      const query = next.toString();
      history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}`);
      changed();
    },
  };
  return context;
}

export function eventPage(eventId) {
  const state = new EventState(eventId);
  state.restore();
  const connection = new Connection(state);
  if (parameters().get("view") === "board") {
    return board(state, connection);
  }
  const context = contextOf(state, connection, () => render());
  const title = h("h1", {});
  const status = h("span", { class: "connection", role: "status" });
  const race = h("select", { class: "race", "aria-label": t("race"), change: () => context.set({ race: race.value, category: "" }) });
  const tabs = h("nav", { class: "tabs", "aria-label": t("views") },
    ...Object.keys(VIEWS).map((one) => h("button", { click: () => context.set({ view: one === "results" ? "" : one }) }, t(one))));
  const panel = onCoursePanel(context);
  const main = h("main", { id: "main", tabindex: "-1" });
  const element = h("div", { class: "page" },
    h("header", { class: "bar" },
      h("a", { class: "quiet", href: "/", "aria-label": t("events") }, "‹"),
      h("div", { class: "titles" }, title, status), preferences()),
    tabs, panel.element, h("div", { class: "pick" }, race), main, footer(eventId));
  const announce = announcer(state, context.raceId);
  let shown = null;
  let shownRace = null;
  let view = null;

  function renderTabs() {
    const name = context.view();
    if (tabs.dataset.shown === name) {
      return;
    }
    tabs.dataset.shown = name;
    for (const [at, one] of Object.keys(VIEWS).entries()) {
      if (one === name) {
        tabs.children[at].setAttribute("aria-current", "page");
      } else {
        tabs.children[at].removeAttribute("aria-current");
      }
    }
  }

  function renderRaces() {
    const wanted = context.raceId();
    const marks = { running: "● ", finished: "✓ ", cancelled: "✕ " };
    const names = state.races.map((one) => (marks[raceState(one)] ?? "") + raceName(state, one));
    const key = JSON.stringify([names, wanted]);
    if (race.dataset.shown !== key && document.activeElement !== race) {
      race.dataset.shown = key;
      fill(race, ...state.races.map((one, at) => h("option", { value: one.raceId }, names[at])));
    }
    race.value = wanted ?? "";
    race.hidden = context.view() === "schedule" || context.view() === "mine" || state.races.length === 0;
  }

  function renderStatus() {
    status.dataset.status = connection.status;
    setText(status, statusText(connection));
    document.body.dataset.fresh = String(connection.isFresh);
  }

  /** The races whose results the view needs. */
  function wantedRaces(name) {
    if (name === "mine") {
      return state.races.filter((one) => !isListedTwice(state, one)).map((one) => one.raceId);
    }
    return name === "results" ? [context.raceId()].filter(Boolean) : [];
  }

  function render() {
    if (!state.event) {
      fill(main, h("p", { class: "empty" }, connection.status === "gone" ? t("notFound") : statusText(connection)));
      return;
    }
    setText(title, state.event.mainTitle);
    document.title = `${state.event.mainTitle} · Eddyline`;
    renderTabs();
    renderRaces();
    const name = context.view();
    if (shown !== name) {
      shown = name;
      view = VIEWS[name](context, { mine: name === "mine" });
      fill(main, view.element);
    }
    shownRace = context.raceId();
    connection.show(wantedRaces(name));
    view.render({});
    panel.render();
  }

  state.addEventListener("change", ({ detail }) => {
    keepPlace(() => {
      // Boats and finishes decide which race is on.
      if (context.raceId() !== shownRace) {
        render();
      } else if (detail.what === "oncourse") {
        panel.render();
      } else if (detail.what === "results" && view) {
        view.render(detail);
      } else {
        render();
      }
    });
    announce();
  });
  connection.addEventListener("status", () => {
    renderStatus();
    keepPlace(panel.render);
    if (!state.event || connection.status === "gone") {
      render();
    }
  });
  const starred = () => render();
  addEventListener("stars", starred);
  renderStatus();
  render();
  return {
    element,
    leave() {
      removeEventListener("stars", starred);
      connection.close();
      panel.leave();
      state.save();
    },
  };
}
