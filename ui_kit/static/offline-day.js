// offline-day.js - the sitter's day from the phone, while there is no connection. The words stand in the page's templates.
import { flush, note } from "./day.js";
import { drop, put, queue, readDay } from "./day-store.js";
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
const clock = (iso) => new Date(iso).toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit" });

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

const report = (visit, waiting) => {
  const form = copy("t-report");
  const held = waiting.findLast((item) => item.words && item.visit === visit.id && !item.why);
  const words = held?.words ?? visit.report;
  const of = (name) => form.querySelector(`[name=${name}]`);
  for (const name of ["message", "office_note"]) {
    of(name).value = words[name] ?? "";
    of(name).id = `${name}-${visit.id}`;
    form.querySelector(`[data-for=${name}]`).htmlFor = of(name).id;
  }
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const kept = (await queue()).findLast((item) => item.words && item.visit === visit.id && !item.why);
      const item = { words: { message: of("message").value, office_note: of("office_note").value }, visit: visit.id, base: visit.report.base };
      if (kept) await put({ ...kept, ...item }); else await note(item);
      form.querySelector("[role=status]").hidden = false;
    }, 400);
  });
  return form;
};

const card = (visit, waiting) => {
  const own = waiting.filter((item) => item.visit === visit.id);
  const taps = own.filter((item) => item.tap && !item.why);
  const now = standing(visit, taps);
  const row = copy("t-visit");
  fill(row, {
    time: visit.time, what: `${visit.service}, ${visit.client}`, address: visit.address, note: visit.note,
    staff_note: visit.staff_note, state: main.dataset[now.state] ?? "",
    came: now.came && clock(now.came), left: now.left && clock(now.left), unsent: taps.length ? "✓" : "",
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
  for (const item of own.filter((one) => one.why)) {
    const told = fill(copy("t-refused"), { why: item.why, words: item.words ? item.words.message : "" });
    told.querySelector("button").addEventListener("click", async () => { await drop(item.key); await draw(); });
    row.append(told);
  }
  if (visit.report && !visit.report.is_sent && now.state !== "scheduled") row.append(report(visit, waiting));
  return row;
};

// The day whose page was asked for, when it was another than today's.
const wanted = location.pathname === "/staff/" ? new URLSearchParams(location.search).get("from") : null;

const draw = async () => {
  const day = await readDay();
  if (!day) { main.replaceChildren(copy("t-nothing")); return; }
  const waiting = await queue();
  const parts = [fill(copy("t-head"), { when: new Date(day.kept).toLocaleString(document.documentElement.lang, { weekday: "short", hour: "numeric", minute: "2-digit" }) })];
  if (wanted && (wanted < day.first || wanted > day.last)) parts.push(copy("t-other"));
  for (const one of day.days) {
    const part = fill(copy("t-day"), { label: one.label });
    part.id = `d-${one.date}`;
    for (const visit of one.visits) part.append(card(visit, waiting));
    parts.push(part);
  }
  if (!day.days.length) parts.push(copy("t-none"));
  const focused = document.activeElement?.id;
  main.replaceChildren(...parts);
  if (focused) document.getElementById(focused)?.focus();
};

const back = async () => { if (await flush() === 0) location.replace("/staff/"); };
addEventListener("online", () => back().catch(() => {}));
document.getElementById("again").addEventListener("click", () => location.replace(wanted ? location.href : "/staff/"));
draw().then(() => document.getElementById(`d-${wanted}`)?.scrollIntoView());
