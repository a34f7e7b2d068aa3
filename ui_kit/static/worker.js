// worker.js - the service worker of one face; ABOUT, put in front by the server, says what it keeps.
// Only the shell is kept: sheets, scripts, icons and the one offline page. What people see is never in a cache.
const isShell = new Set(ABOUT.keep.map((path) => new URL(path, location.origin).pathname));

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(ABOUT.cache);
    await cache.addAll(ABOUT.keep);
    await cache.add(new Request(ABOUT.offline, { credentials: "omit", cache: "reload" })); // of nobody, so with nobody's cookie
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(`${ABOUT.name}-`) && name !== ABOUT.cache);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

const offlinePage = async () => (await caches.match(ABOUT.offline)) ?? Response.error();

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(offlinePage));
  } else if (request.method === "GET" && url.origin === location.origin && isShell.has(url.pathname)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});
