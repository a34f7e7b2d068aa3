// report.js - a report card is saved while it is typed, and its photos go as they are chosen. Without it the buttons do the
// same. Each save has a key of its own and is sent again until it is answered, so that it counts once. Without a connection
// what was typed is kept on the phone too: if the page is closed before there is one, the day's pages send it.
import { keepTyped, nameOf, whileOpen } from "./day-report.js";
import { drop, readDay } from "./day-store.js";
import { answerOf } from "./offline-report.js";
import { askWhatFits } from "./onlyif.js";

const $ = (selector, root = document) => root.querySelector(selector);
const form = $("form[data-draft]");
const words = form.dataset;
const state = $("#draft-state");
const headers = { "X-CSRFToken": $('meta[name="csrf-token"]').content, Accept: "application/json" };
const say = (text, bad = false) => { state.textContent = text; state.classList.toggle("ui-error", bad); };
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

let waiting = null;                                                                 // what was sent and not answered yet
let isTyped = false;
let isStopped = false;
let running = null;
let timer = 0;
let pressed = null;

const touched = new Set();                                                          // entries with something that is not saved yet
let kept = "";

// True when all of it is kept: what the phone's own form of this card does not ask for (files, what is restricted) is not.
const keepHere = async () => {
  const day = await readDay();
  const report = day?.days.flatMap((one) => one.visits).find(({ id }) => id === words.visit)?.report;
  if (!report || report.is_sent) return false;
  const asked = day.forms[report.form];
  const keeps = ({ dataset: { entry } }) => entry === "message" || entry === "office_note" || asked.includes(`data-entry="${entry}"`);
  const mine = [...touched].filter(keeps);
  if (!mine.length) return false;
  const about = { key: nameOf(day.who, words.visit), who: day.who, visit: words.visit, title: words.title, base: Number(form.elements.base.value) };
  const answers = mine.map((entry) => [entry.dataset.entry, { ...answerOf(entry), seen: form.elements[`seen-${entry.dataset.entry}`].value }]);
  kept = about.key;
  whileOpen(kept);
  await keepTyped(about, Object.fromEntries(answers));
  return mine.length === touched.size;
};

const typed = () => {
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
  data.set("key", newKey());
  return data;
};

const settle = async ({ base, seen, problems, saved }) => {
  if (!isTyped) touched.clear();
  if (kept && !isTyped) { await drop(kept); kept = ""; }
  form.elements.base.value = base;
  for (const [key, sign] of Object.entries(seen)) { const mark = form.elements[`seen-${key}`]; if (mark) mark.value = sign; }
  const wrong = Object.values(problems);
  say(wrong.length ? `${words.saved.replace("{time}", saved)} ${wrong[0]}` : words.saved.replace("{time}", saved), wrong.length > 0);
};

const send = async () => {
  if (!waiting) { waiting = typed(); isTyped = false; }
  say(words.saving);
  try {
    const answer = await fetch(words.draft, { method: "POST", body: waiting, headers, keepalive: true });
    const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : null;
    waiting = null;
    if (told && answer.ok) await settle(told);
    else { isStopped = true; isTyped = true; say(told?.theirs ? `${told.problem} ${words.crossed}` : told?.problem || words.failed, true); }
  } catch {                                                                         // no network: the very same is sent again
    say(await keepHere().catch(() => false) ? words.kept : words.offline, true);
    plan(5000);
  }
};

const save = () => {
  if (running || isStopped || !(isTyped || waiting)) return;
  clearTimeout(timer);
  running = send().finally(() => {
    running = null;
    if (pressed) form.requestSubmit(pressed); else if (isTyped && !waiting) plan(800);
  });
};
const plan = (after) => { clearTimeout(timer); timer = setTimeout(save, after); };

form.addEventListener("input", (event) => {
  askWhatFits(form);
  if (event.target.type === "file") return;
  isTyped = true;
  const entry = event.target.closest("[data-entry]");
  if (entry && form.elements[`seen-${entry.dataset.entry}`]) touched.add(entry);
  plan(event.target.matches("textarea, input:not([type=radio], [type=checkbox])") ? 900 : 200);
});
addEventListener("online", save);
document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });

// What is on its way is waited for: the form that is sent then is based on it.
let isLeaving = false;
form.addEventListener("submit", (event) => {
  if (running) { event.preventDefault(); event.stopPropagation(); pressed = event.submitter; return; }
  pressed = null;
  isLeaving = true;
});
addEventListener("beforeunload", (event) => { if (!isLeaving && (isTyped || waiting)) event.preventDefault(); });
addEventListener("pageshow", () => { isLeaving = false; });

// ---- photos ----
const refresh = async () => {
  const text = await (await fetch(location.pathname, { headers: { "X-Requested-With": "fetch" } })).text();
  const now = new DOMParser().parseFromString(text, "text/html").getElementById("photos-there");
  if (now) $("#photos-there").replaceWith(document.adoptNode(now));
};
const post = async (address, data) => {
  try {
    const answer = await fetch(address, { method: "POST", body: data, headers });
    const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    return told.ok ? "" : told.problem || words.failed;
  } catch { return words.failed; }
};
form.addEventListener("change", async (event) => {
  if (event.target.name !== "photos") return;
  const files = [...event.target.files];
  event.target.value = "";
  const list = $("#photos-way");
  const rows = files.map((file) => {
    const row = document.createElement("li");
    const name = document.createElement("span");
    const where = document.createElement("span");
    name.className = "ui-uploads__name"; name.textContent = file.name;
    where.className = "ui-uploads__state"; where.textContent = words.way;
    row.append(name, where);
    list.append(row);
    return [row, where];
  });
  list.hidden = false;
  for (const [i, file] of files.entries()) {
    const data = new FormData();
    data.set("photos", file, file.name);
    const [row, where] = rows[i];
    const problem = file.size > Number(words.most) ? words.big : await post(words.photos, data);
    if (problem) { row.className = "is-bad"; where.textContent = problem; } else row.remove();
  }
  list.hidden = !list.children.length;
  await refresh();
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-remove]");
  if (!button) return;
  event.preventDefault();
  const problem = await post(button.formAction, new FormData());
  if (problem) say(problem, true);
  await refresh();
  $("#photos").focus();
});

askWhatFits(form);
