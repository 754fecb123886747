// Who starts when.

import { h, keyed, setText } from "../dom.js";
import { clock } from "../format.js";
import { t } from "../i18n.js";
import { isStarred, toggleStar } from "../stars.js";
import { raceName } from "./races.js";
import { toolbar } from "./toolbar.js";

export function startlistView(context) {
  const { state, connection } = context;
  const tools = toolbar(context, { withDetail: false });
  const heading = h("h2", { class: "print-only" });
  const list = h("ol", { class: "rows starts" });
  const empty = h("p", { class: "empty" });
  const element = h("div", {}, tools.element, heading, list, empty);
  /** By race: the list, and the event's position at its read. */
  const known = new Map();
  let reading = null;

  async function read(raceId) {
    reading = raceId;
    const answer = await connection.read(`/startlist/${encodeURIComponent(raceId)}`);
    reading = null;
    if (answer?.ok) {
      const { startlist } = await answer.json();
      known.set(raceId, { startlist, revision: state.structureSeq });
      render();
    } else if (answer) {
      known.set(raceId, { startlist: [], revision: state.structureSeq });
      render();
    }
  }

  function render() {
    const raceId = context.raceId();
    tools.render();
    const found = known.get(raceId);
    if (raceId && (!found || found.revision !== state.structureSeq) && reading !== raceId) {
      read(raceId);
    }
    const race = state.race(raceId);
    setText(heading, race ? `${raceName(state, race)} – ${t("startlist")}` : "");
    const rows = (found?.startlist ?? []).filter(context.matches);
    keyed(list, rows, (row) => row.bib ?? row.name, startRow, (line, row) => line.show(row));
    empty.hidden = rows.length > 0;
    setText(empty, found ? (found.startlist.length ? t("nobody") : t("noStartlist"))
      : connection.status === "offline" ? t("notKept") : t("loading"));
  }
  return { element, render };
}

function startRow() {
  const at = h("span", { class: "at" });
  const bib = h("span", { class: "bib" });
  const name = h("strong", { class: "name" });
  const club = h("span", {});
  const star = h("button", { class: "star", click: () => toggleStar(row.start) });
  const row = h("li", { class: "result" },
    h("div", { class: "line" }, at,
      h("span", { class: "who" }, name, h("span", { class: "muted club" }, bib, club))), star);
  row.show = (start) => {
    row.start = start;
    setText(at, clock(start.startTime));
    setText(bib, String(start.bib ?? ""));
    setText(name, start.name);
    setText(club, [start.club, start.catId].filter(Boolean).join(" · "));
    const starred = isStarred(start);
    setText(star, starred ? "★" : "☆");
    star.setAttribute("aria-pressed", String(starred));
    star.setAttribute("aria-label", `${t("star")}: ${start.name}`);
  };
  return row;
}
