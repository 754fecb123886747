// Keeps the page itself, so that what was last seen can be read without a network. Results are never
// answered from here: the page keeps them, with when they were true.

const CACHE = "eddyline {assets}";
const SHELL = "/";
/** What came compressed in another way says the same. */
const LOOSE = { ignoreVary: true };
const FILES = [SHELL, "{assets}/app.js", "{assets}/style.css", "{assets}/icon.svg"];

addEventListener("install", (event) => {
  event.waitUntil(install().then(() => self.skipWaiting()));
});

/** While servers are replaced, one of another version may answer; then this is tried again another time. */
async function install() {
  const cache = await caches.open(CACHE);
  const answers = await Promise.all(FILES.map((file) => fetch(file, { cache: "no-cache" })));
  const isOurs = await Promise.all(answers.map(async (answer, at) => (FILES[at] === SHELL
    ? (await answer.clone().text()).includes("{assets}/")
    : answer.headers.get("Cache-Control")?.includes("immutable"))));
  if (!answers.every((answer, at) => answer.ok && isOurs[at])) {
    throw new Error("another version answered");
  }
  await Promise.all(answers.map((answer, at) => cache.put(FILES[at], answer)));
}

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
