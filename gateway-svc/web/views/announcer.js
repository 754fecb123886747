// Tells screen readers who finished, seldom enough to be listened to.

import { t } from "../i18n.js";

const PAUSE_MS = 8_000;

/** Returns what is to be called when results have changed. Of several finishes the best place is told. */
export function announcer(state, shownRace) {
  const region = document.getElementById("announcer");
  let timer = null;
  return () => {
    if (timer || state.finishes.length === 0) {
      return;
    }
    timer = setTimeout(() => {
      timer = null;
      const finishes = state.finishes.splice(0).filter(({ raceId }) => raceId === shownRace());
      const best = finishes.sort((one, other) => one.row.rnk - other.row.rnk)[0];
      if (best) {
        region.textContent = t("finishedAs", { rank: best.row.rnk, name: best.row.name });
      }
    }, region.textContent ? PAUSE_MS : 500);
  };
}
