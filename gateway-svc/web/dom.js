// Elements, and lists of them that change as little as they can.

/** Makes an element. Properties that are functions listen, `class` and attributes are set. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets text only where it differs: what did not change is not touched. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Replaces what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

/** Makes `parent` hold one child for each item, in order. Children are kept by key; `update` brings one up to date. */
export function keyed(parent, items, keyOf, create, update) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const keys = uniqueKeys(items, keyOf);
  const stay = new Set(keys);
  for (const [key, child] of before) {
    if (!stay.has(key)) {
      child.remove();
    }
  }
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  let at = parent.firstElementChild;
  for (const [index, item] of items.entries()) {
    const key = keys[index];
    let child = before.get(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    update(child, item);
    if (child === at) {
      at = at.nextElementSibling;
    } else {
      parent.insertBefore(child, at);
    }
  }
  // Moving an element takes the focus from it.
  if (focused?.isConnected && focused !== document.activeElement) {
    focused.focus({ preventScroll: true });
  }
}

/** Keys of all items; of those that are the same the later ones are numbered. */
function uniqueKeys(items, keyOf) {
  const seen = new Map();
  return items.map((item) => {
    const key = String(keyOf(item));
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key} #${count}`;
  });
}

let finger = null;
addEventListener("pointerdown", (event) => { finger = event.target; }, { passive: true });
addEventListener("pointerup", () => { finger = null; }, { passive: true });
addEventListener("pointercancel", () => { finger = null; }, { passive: true });

/** Does `work`; then the row that is at the finger, or else the first one in sight, is where it was on the screen. */
export function keepPlace(work) {
  const row = scrollY > 0 || finger ? rowInSight() : null;
  const before = row?.getBoundingClientRect().top;
  work();
  if (row?.isConnected) {
    scrollBy({ top: row.getBoundingClientRect().top - before, behavior: "instant" });
  }
}

function rowInSight() {
  const held = finger?.closest?.(".result");
  return held ?? [...document.querySelectorAll(".result")].find((row) => row.getBoundingClientRect().bottom > 0);
}
