// day.js - the sitter's pages without a connection. What is tapped goes into the phone's queue first and from there to
// the office, each once (its key), with its own time: also after the page was closed, and when it was sent twice.
import { sendReport } from "./day-report.js";
import { drop, forgetDay, keepDay, newKey, put, queue, readDay } from "./day-store.js";

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const DAY = "/staff/offline/day.json", TAPS = "/staff/offline/taps";
const FRESH = 60000;                                                                  // the day is read again after so long
let token = meta("csrf-token") || "", who = "";

const asked = async (path, body) => fetch(path, {
  method: body ? "POST" : "GET", redirect: "manual", cache: "no-store", credentials: "same-origin",
  headers: body ? { "Content-Type": "application/json", "X-CSRFToken": token } : {},
  body: body && JSON.stringify(body),
});

// The day as it is now, and a token that is good. False without a connection; a session that is over clears the phone.
export const refresh = async () => {
  let answer;
  try { answer = await asked(DAY); } catch { return false; }
  if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) { await forgetDay(); who = ""; return false; }
  if (!answer.ok) return false;
  const day = await answer.json();
  ({ token, who } = day);
  delete day.token;
  await keepDay(day);
  return true;
};

// What this person tapped and wrote and is still here: several may use one phone, each sends their own.
export const mine = async () => {
  const person = who || (await readDay())?.who;
  return (await queue()).filter((item) => !item.who || item.who === person);
};
const waits = (item) => !item.why;

const sendTaps = async (items) => {
  const answer = await asked(TAPS, { phone_now: new Date().toISOString(), taps: items.map(({ key, tap, visit, at, place }) => ({ key, tap, visit, at, ...place })) });
  if (!answer.ok) throw new Error("later");
  const { results } = await answer.json();
  for (const { key, outcome, said } of results) {
    const item = items.find((one) => one.key === key);
    if (outcome === "done") await drop(key); else if (item) await put({ ...item, why: said });
  }
};

// Send what waits of this person's; how many still wait. One tab at a time, in the order in which it was done.
export const flush = () => navigator.locks.request("latchkey-day", async () => {
  if (!(await queue()).some(waits)) return 0;
  if (await refresh()) {
    const own = (await mine()).filter(waits);
    try {
      const taps = own.filter((item) => item.tap);
      if (taps.length) await sendTaps(taps);
      for (const item of own) if (item.typed) await sendReport(item.key, asked);
      await refresh();
    } catch { /* no connection, or the server is away: it stays in the queue */ }
  }
  return (await mine()).filter(waits).length;
});

export const note = async (item) => {
  const person = who || (await readDay())?.who || "";
  await put({ key: newKey(), made: Date.now(), at: new Date().toISOString(), who: person, ...item });
};

// ---- pages that were served: a tap is kept before anything else, so that a lost connection loses nothing ----
const say = async () => {
  const place = document.getElementById("unsent");
  if (!place) return;
  const own = await mine();
  const waiting = own.filter(waits).length;
  place.hidden = !waiting;
  place.querySelector("[data-n]").textContent = String(waiting);
  document.getElementById("unsaved").hidden = !own.some((item) => item.typed && item.why);
};

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form");
  if (!form) return;
  if (form.action.endsWith("/log-out")) {                                             // send what waits, then leave nothing of the day behind
    if (form.dataset.cleared) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await flush().catch(() => {});
    const own = await mine().catch(() => []);
    const leaving = document.getElementById("leaving");
    if (leaving?.hidden && own.some((item) => waits(item) || item.typed)) {           // it would be gone with the day: say so first
      leaving.hidden = false;
      leaving.focus();
      return;
    }
    await Promise.all([forgetDay(), ...own.map((item) => drop(item.key))]).catch(() => {});
    form.dataset.cleared = "yes";
    form.requestSubmit(event.submitter ?? undefined);
    return;
  }
  if (!form.dataset.tap || (form.elements.place && !form.dataset.asked)) return;      // check-in.js asks for the place first
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.kept) return;
  form.dataset.kept = "yes";
  const value = (name) => form.elements[name]?.value || undefined;
  const place = { place: value("place"), latitude: value("latitude"), longitude: value("longitude"), accuracy: value("accuracy") };
  try {
    await note({ key: value("form_key") ?? newKey(), tap: form.dataset.tap, visit: form.dataset.visit, place });
  } catch { form.submit(); return; }                                                  // the phone keeps nothing (private mode): send it plainly
  if (await flush() === 0) { location.reload(); return; }
  form.querySelector("button")?.setAttribute("disabled", "");
  form.querySelector("button")?.classList.remove("is-busy");
  await say();
}, true);

// The page shows what was so before: it is read again once something was sent, a report card only before it is written on.
const start = async (old = "form[data-tap], form[data-draft]") => {
  await say();
  const count = async () => (await queue()).filter(waits).length;
  const waited = await count();
  await flush();
  if (await count() < waited && document.querySelector(old)) { location.reload(); return; }
  if (!waited) await refresh();
  await say();
};
if (!document.getElementById("offline-day")) {
  start().catch(() => {});
  addEventListener("online", () => start("form[data-tap]").catch(() => {}));
  setInterval(() => { if (document.visibilityState === "visible") refresh().catch(() => {}); }, FRESH);
}
