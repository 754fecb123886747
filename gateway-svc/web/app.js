// Which page is shown, by its URL.

import { fill } from "./dom.js";
import { language, t } from "./i18n.js";
import { kept } from "./storage.js";
import { eventList } from "./views/event-list.js";
import { eventPage } from "./views/event.js";

const app = document.getElementById("app");
let page = null;

function show() {
  page?.leave();
  document.documentElement.lang = language();
  document.querySelector("[data-text=skip]").textContent = t("skip");
  const match = location.pathname.match(/^\/events\/([^/]+)$/);
  page = match ? eventPage(decodeURIComponent(match[1])) : eventList();
  fill(app, page.element);
}

/** Goes to another URL of ours without loading anything anew. */
function go(href, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", href);
  show();
  scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  if (event.target.closest(".skip")) {
    event.preventDefault();
    document.getElementById("main").focus();
    return;
  }
  const link = event.target.closest("a[href^='/']");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (link && plain && !link.hasAttribute("download") && !link.getAttribute("href").startsWith("/docs")) {
    event.preventDefault();
    go(link.getAttribute("href"));
  }
});
addEventListener("popstate", show);
addEventListener("language", () => {
  const { scrollY } = window;
  show();
  scrollTo(0, scrollY);
  document.querySelector(".language").focus();
});

const theme = kept("theme");
if (theme) {
  document.documentElement.dataset.theme = theme;
}
show();
if ("serviceWorker" in navigator && isSecureContext) {
  navigator.serviceWorker.register("/service-worker.js");
}
