// offline-day.js - the sitter's day from the phone, while there is no connection. The words stand in the page's templates.
import { flush, mine, note, refresh } from "./day.js";
import { nameOf, useMine, useTheirs } from "./day-report.js";
import { drop, readDay } from "./day-store.js";
import { reportForm } from "./offline-report.js";
import { whereAmI } from "./check-in.js";

const main = document.getElementById("offline-day");
const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
const fill = (root, values) => {
  root.querySelectorAll("[data-is]").forEach((spot) => {
    const value = values[spot.dataset.is];
    if (value) spot.textContent = value; else spot.closest("[data-row]")?.remove() ?? spot.remove();
  });
  return root;
};
const AGAIN = 20000;                                                                  // a connection that comes without a word is looked for so often
// Moments in the time of the business, as its pages say them: a phone may be set to another place's.
let zone;
const moment = (iso, more = {}) => {
  const say = (timeZone) => new Date(iso).toLocaleString(document.documentElement.lang, { ...more, hour: "numeric", minute: "2-digit", timeZone });
  try { return say(zone); } catch { return say(undefined); }                          // a zone that this phone does not know
};

// Where a visit stands with what was tapped on this phone and is not sent yet.
const standing = (visit, taps) => {
  const now = { ...visit };
  for (const { tap, at } of taps) {
    if (tap === "acknowledgement") now.is_read = true;
    if (tap === "arrival") { now.state = "in_progress"; now.came = at; }
    if (tap === "departure") { now.left = at; if (visit.completes) now.state = "completed"; }
    if (tap === "completion") now.state = "completed";
  }
  return now;
};
const steps = (visit) => {
  const open = !visit.opens_at || Date.parse(visit.opens_at) <= Date.now();
  if (visit.state === "scheduled") return [...(open ? ["arrival"] : []), ...(visit.is_read ? [] : ["acknowledgement"])];
  if (visit.state === "in_progress") return visit.left ? ["completion"] : ["departure"];
  return [];
};

const tapped = async (button, visit, tap) => {
  button.disabled = true;
  button.classList.add("is-busy");
  const at = new Date().toISOString();                                                // when it was tapped, not when the phone knew where it is
  const place = tap === "arrival" || tap === "departure" ? await whereAmI() : {};
  await note({ tap, visit: visit.id, at, place });
  await draw();
};

// One report card is open at a time; its form stays as it is while the rest of the page is drawn anew.
let open = null;                                                                      // {visit, key, place, form, keep, say, tell}
const close = () => {
  if (!open) return undefined;
  const { place, form, keep } = open;
  open = null;
  form.remove();
  place.open = false;
  return keep();
};
const reportOf = (day, id) => day?.days.flatMap((one) => one.visits).find((visit) => visit.id === id)?.report;

const opened = async (place, visit, about) => {
  await close();
  const day = await readDay();
  const now = reportOf(day, visit.id);
  if (!now || now.is_sent || !place.open) return;
  const item = (await mine()).find((one) => one.key === about.key);
  const made = reportForm({ report: now, html: day.forms[now.form] ?? "", nothing: day.nothing, item, about: { ...about, base: now.base }, copy, kept: () => { if (isBack) soon(); } });
  open = { visit: visit.id, key: about.key, place, ...made };
  place.append(open.form);
};

const report = (visit, about) => {
  const place = copy("t-report-place");
  place.querySelector("summary").append(Object.assign(document.createElement("span"), { className: "ui-vh", textContent: ` ${visit.client}` }));
  if (open?.visit === visit.id) {
    open.place = place;
    place.append(open.form);
    place.open = true;
  }
  place.addEventListener("toggle", () => {
    if (open?.place === place) { if (!place.open) close(); return; }
    if (place.open) opened(place, visit, about);
  });
  return place;
};

// What the office's side did not take of a report card: why, what was typed, what stands there instead.
const unsaved = (day, item) => {
  const told = fill(copy("t-unsaved"), { title: item.title, why: item.why });
  for (const [name, one] of Object.entries(item.typed)) {
    const theirs = item.theirs && name in item.theirs ? item.theirs[name] || main.dataset.nothing : "";
    told.querySelector("dl").append(fill(copy("t-answer"), { label: one.label, words: one.words || main.dataset.nothing, theirs }));
  }
  const now = reportOf(day, item.visit);
  const isCrossed = Object.keys(item.theirs ?? {}).length > 0 && now && !now.is_sent;
  const acts = { mine: isCrossed && (() => useMine(item.key, now, day.nothing)), theirs: isCrossed && (() => useTheirs(item.key)), drop: () => drop(item.key) };
  for (const [act, work] of Object.entries(acts)) {
    const button = told.querySelector(`[data-act=${act}]`);
    if (!work) { button.remove(); continue; }
    button.addEventListener("click", async () => {
      if (open?.key === item.key) await close();
      await work();
      await draw();
      await back();
    });
  }
  return told;
};

const card = (day, one, visit, waiting) => {
  const own = waiting.filter((item) => item.visit === visit.id);
  const taps = own.filter((item) => item.tap && !item.why);
  const now = standing(visit, taps);
  const row = copy("t-visit");
  row.id = `v-${visit.id}`;
  fill(row, {
    time: visit.time, what: `${visit.service}, ${visit.client}`, address: visit.address, note: visit.note,
    staff_note: visit.staff_note, state: main.dataset[now.state] ?? "",
    came: now.came && moment(now.came), left: now.left && moment(now.left), unsent: own.some((item) => !item.why) ? "✓" : "",
  });
  row.classList.toggle("ui-visit--live", now.state === "in_progress");
  row.classList.toggle("ui-visit--done", now.state === "completed");
  const call = row.querySelector("[data-call]");
  if (visit.phone) { call.href = `tel:${visit.phone}`; call.textContent = visit.phone_words; } else call.remove();
  const pets = row.querySelector("[data-pets]");
  for (const pet of visit.pets) pets.append(fill(copy("t-pet"), pet));
  const acts = row.querySelector("[data-acts]");
  for (const step of steps(now)) {
    const button = copy(`t-${step}`);
    button.append(Object.assign(document.createElement("span"), { className: "ui-vh", textContent: ` ${visit.client}` }));
    button.addEventListener("click", () => tapped(button, visit, step));
    acts.append(button);
  }
  for (const item of own.filter((it) => it.tap && it.why)) {
    const told = fill(copy("t-refused"), { why: item.why });
    told.querySelector("button").addEventListener("click", async () => { await drop(item.key); await draw(); });
    row.append(told);
  }
  if (visit.report && !visit.report.is_sent && now.state !== "scheduled") {
    const title = `${one.label}, ${visit.time}: ${visit.service}, ${visit.client}`;
    row.append(report(visit, { key: nameOf(day.who, visit.id), who: day.who, visit: visit.id, title }));
  } else if (open?.visit === visit.id) close();
  return row;
};

// The day, or the visit, whose page was asked for.
const wanted = location.pathname === "/staff/" ? new URLSearchParams(location.search).get("from") : null;
const [, visitWanted, isReportWanted] = location.pathname.match(/^\/staff\/visits\/([^/]+)\/(report)?/) ?? [];
const stand = (day, waiting) => JSON.stringify([day?.days, waiting]);
const there = wanted || visitWanted ? location.href : "/staff/";

let drawn = "";
const draw = async () => {
  const day = await readDay();
  const waiting = await mine();
  drawn = stand(day, waiting);
  const refused = waiting.filter((item) => item.typed && item.why).map((item) => unsaved(day, item));
  zone = day?.zone;
  if (!day) { close(); main.replaceChildren(...refused, copy("t-nothing")); return; }
  const parts = [...refused, fill(copy("t-head"), { when: moment(day.kept, { weekday: "short" }) })];
  if (wanted && (wanted < day.first || wanted > day.last)) parts.push(copy("t-other"));
  if (open && !reportOf(day, open.visit)) close();
  const focused = document.activeElement?.id;
  for (const one of day.days) {
    const part = fill(copy("t-day"), { label: one.label });
    part.id = `d-${one.date}`;
    for (const visit of one.visits) part.append(card(day, one, visit, waiting));
    parts.push(part);
  }
  if (!day.days.length) parts.push(copy("t-none"));
  main.replaceChildren(...parts);
  if (focused) document.getElementById(focused)?.focus();
};

// There is a connection again: what waits is sent, and the page that was asked for is opened, unless somebody is writing
// on this one or has to read here what was refused.
let isBack = false;
let timer = 0;
const back = async () => {
  await open?.keep();
  isBack = await refresh();
  const day = await readDay();
  document.getElementById("no-signal").hidden = isBack;
  document.getElementById("signal").hidden = !isBack;
  if (!isBack) { if (isDrawn && !day) location.replace(there); return; }              // the session is over: log in again
  const left = await flush();
  const own = await mine();
  const refused = own.some((item) => item.typed && item.why);
  if (!left && !refused && !open) { location.replace(there); return; }
  const item = own.find((one) => one.key === open?.key);
  open?.tell(item?.problems ?? {});
  if (open && !item) open.say("sent"); else if (item?.why) open.say("refused");
  if ((!open || refused) && drawn !== stand(await readDay(), own)) await draw();    // what was read out is not read out again
};
const soon = () => { clearTimeout(timer); timer = setTimeout(() => back().catch(() => {}), 2000); };
const hidden = () => document.visibilityState === "hidden";
addEventListener("online", () => back().catch(() => {}));
addEventListener("pagehide", () => open?.keep());
document.addEventListener("visibilitychange", () => { if (hidden()) open?.keep(); });
setInterval(() => { if (!hidden() && navigator.onLine) back().catch(() => {}); }, AGAIN);
document.getElementById("again").addEventListener("click", async () => { await close(); location.replace(there); });

let isDrawn = false;
const start = async () => {
  await draw();
  isDrawn = await readDay() !== null;
  const place = document.getElementById(visitWanted ? `v-${visitWanted}` : `d-${wanted}`);
  place?.scrollIntoView();
  if (isReportWanted && place?.querySelector("details")) place.querySelector("details").open = true;
  if (location.pathname === "/staff/offline") await back();                           // opened by hand, to see what is kept
};
start();
