// Whom somebody follows; known to this browser alone.

const KEY = "stars";
const STARS_MAX = 500;

const stars = new Set(read());

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

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
  try {
    localStorage.setItem(KEY, JSON.stringify([...stars]));
  } catch {
    // No room: it holds as long as the page is open.
  }
  dispatchEvent(new Event("stars"));
}
