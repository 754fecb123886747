// All public events, those that are raced first.

import { fill, h } from "../dom.js";
import { days } from "../format.js";
import { t } from "../i18n.js";
import { keptEvents } from "../state.js";
import { preferences } from "./preferences.js";

const ORDER = ["running", "startlist", "finished", "official"];
const REFRESH_MS = 30_000;
const ANSWER_WITHIN_MS = 6_000;

export function eventList() {
  document.title = `Eddyline · ${t("events")}`;
  const list = h("ul", { class: "events" });
  const element = h("div", { class: "page" },
    h("header", { class: "bar" }, h("h1", {}, "Eddyline"), preferences()),
    h("main", { id: "main", tabindex: "-1" }, h("h2", { class: "visually-hidden" }, t("events")), list));
  let timer = null;
  let left = false;

  async function load() {
    try {
      const answer = await fetch("/api/v1/events", { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      const { events } = await answer.json();
      if (!left) {
        render(list, events);
      }
    } catch {
      // Shown as it was, or at least what is kept; the next try comes by itself.
      if (!left && list.children.length === 0) {
        render(list, keptEvents());
      }
    }
    if (!left) {
      timer = setTimeout(load, REFRESH_MS);
    }
  }
  load();
  return {
    element,
    leave() {
      left = true;
      clearTimeout(timer);
    },
  };
}

function render(list, events) {
  const place = (event) => ORDER.indexOf(event.status);
  const sorted = [...events].sort((one, other) =>
    place(one) - place(other) || (other.startDate ?? "").localeCompare(one.startDate ?? ""));
  fill(list, ...sorted.map(card));
  if (sorted.length === 0) {
    fill(list, h("li", { class: "empty" }, t("noEvents")));
  }
}

function card(event) {
  const where = [event.location, event.facility].filter(Boolean).join(", ");
  return h("li", {},
    h("a", { class: "card", href: `/events/${encodeURIComponent(event.eventId)}` },
      event.imageUrl ? h("img", { src: event.imageUrl, alt: "", loading: "lazy", width: 72, height: 72 }) : null,
      h("span", { class: "card-text" },
        h("span", { class: `status ${event.status}` }, t(`status_${event.status}`)),
        h("strong", {}, event.mainTitle),
        event.subTitle ? h("span", {}, event.subTitle) : null,
        h("span", { class: "muted" }, [days(event.startDate, event.endDate), where].filter(Boolean).join(" · ")))));
}
