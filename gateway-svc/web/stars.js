// Whom somebody follows; known to this browser alone.

import { keep, keptValue } from "./storage.js";

const KEY = "stars";
const STARS_MAX = 500;

const known = keptValue(KEY, []);
const stars = new Set(Array.isArray(known) ? known : []);

const keyOf = (row) => row.athleteId ?? `${row.name} ${row.club ?? ""}`;

export function isStarred(row) {
  return stars.has(keyOf(row));
}

/** Follows somebody, or does so no more; `stars` is sent on `window` then. */
export function toggleStar(row) {
  const key = keyOf(row);
  if (!stars.delete(key) && stars.size < STARS_MAX) {
    stars.add(key);
  }
  keep(KEY, JSON.stringify([...stars]));
  dispatchEvent(new Event("stars"));
}
