// Keeps the page itself, so that what was last seen can be read without a network. Results are never
// answered from here: the page keeps them, with when they were true.

const CACHE = "eddyline {assets}";
const SHELL = "/";
/** What came compressed in another way says the same. */
const LOOSE = { ignoreVary: true };
const FILES = [SHELL, "{assets}/app.js", "{assets}/style.css", "{assets}/icon.svg"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) {
    return;
  }
  if (pathname.startsWith("{assets}/")) {
    event.respondWith(caches.match(request, LOOSE).then((kept) => kept ?? fetch(request)));
  } else if (request.mode === "navigate" && (pathname === "/" || pathname.startsWith("/events/"))) {
    event.respondWith(fetch(request).catch(() => caches.match(SHELL, LOOSE)));
  }
});
