// install.js - registers the face's service worker, which its page names; without one, or without support, nothing happens.
const address = document.querySelector('meta[name="worker"]')?.content;
if (address && navigator.serviceWorker) navigator.serviceWorker.register(address).catch(() => { /* private mode, or no secure address */ });
