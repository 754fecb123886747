// Who starts when.

import { sleep } from "../connection.js";
import { h, keyed, setText } from "../dom.js";
import { clock } from "../format.js";
import { t } from "../i18n.js";
import { keyOf } from "../state.js";
import { raceName } from "./races.js";
import { starButton } from "./star.js";
import { toolbar } from "./toolbar.js";

const READ_AGAIN_MS = 1_000;

export function startlistView(context) {
  const { state, connection } = context;
  const tools = toolbar(context, { withDetail: false });
  const heading = h("h2", { class: "print-only" });
  const list = h("ol", { class: "rows starts" });
  const empty = h("p", { class: "empty" });
  const element = h("div", {}, tools.element, heading, list, empty);
  /** By race: the list, and after how many changes it was read. */
  const known = new Map();
  let reading = null;

  async function read(raceId) {
    reading = raceId;
    while (reading === raceId && !connection.closed) {
      const { outdated, outdatedAt } = state;
      const answer = await connection.read(`/startlist/${encodeURIComponent(raceId)}`);
      const isCurrent = answer?.ok && answer.seq >= outdatedAt && answer.epoch === state.epoch;
      if (isCurrent || answer?.status === 404) {
        known.set(raceId, { startlist: answer.body?.startlist ?? [], outdated });
        break;
      }
      await sleep(READ_AGAIN_MS);
    }
    if (reading === raceId) {
      reading = null;
      render();
    }
  }

  function render() {
    const raceId = context.raceId();
    tools.render();
    const found = known.get(raceId);
    if (raceId && found?.outdated !== state.outdated && reading !== raceId) {
      read(raceId);
    }
    const race = state.race(raceId);
    setText(heading, race ? `${raceName(state, race)} – ${t("startlist")}` : "");
    const rows = (found?.startlist ?? []).filter(context.matches);
    keyed(list, rows, keyOf, startRow, (line, row) => line.show(row));
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
  const star = starButton();
  const row = h("li", { class: "result" },
    h("div", { class: "line" }, at,
      h("span", { class: "who" }, name, h("span", { class: "muted club" }, bib, club))), star);
  row.show = (start) => {
    setText(at, clock(start.startTime));
    setText(bib, start.bibText ?? "");
    setText(name, start.name);
    setText(club, [start.club, start.catId, start.members?.join(", ")].filter(Boolean).join(" · "));
    star.show(start);
  };
  return row;
}
