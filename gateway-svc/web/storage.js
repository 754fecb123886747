// What this browser keeps. Where it keeps nothing, or something broken, the page works all the same.

/** A kept text; `null` when there is none. */
export function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text, or says that there is no room. */
export function keep(name, text) {
  try {
    localStorage.setItem(name, text);
    return true;
  } catch {
    return false;
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // Then nothing was kept.
  }
}

/** A kept value; `otherwise` when there is none that can be read. */
export function keptValue(name, otherwise) {
  try {
    return JSON.parse(kept(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}
