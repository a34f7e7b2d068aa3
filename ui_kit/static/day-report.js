// day-report.js - report cards that are written without a connection: what was typed, question by question, and its way to
// the office. Only what was typed here is sent, each answer with the mark of what stood there, so that nobody's words are
// written over unseen. What was sent and not answered is sent again as it was, by the same name, so that it counts once.
import { change, changeDay, newKey } from "./day-store.js";

const isText = (name) => name === "message" || name === "office_note";
export const nameOf = (who, visit) => `report-${who}-${visit}`;
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const only = (of, keep) => Object.fromEntries(Object.entries(of ?? {}).filter(([name, value]) => keep(name, value)));
const made = (of, make) => Object.fromEntries(Object.entries(of).map(([name, value]) => [name, make(value, name)]));

// What this page has sent is no change by somebody else: its marks, by key, until the form is made anew.
const sentMarks = new Map();
export const beginAnew = (key) => sentMarks.delete(key);

// Keep answers: {name: {value, seen, label, words}}. `about` says whose and what visit's they are; an older mark stays.
export const keepTyped = (about, typed) => change(about.key, (old) => {
  const item = old ?? { ...about, made: Date.now(), typed: {} };
  const now = made(typed, (one, name) => ({ ...one, seen: item.typed[name]?.seen ?? sentMarks.get(about.key)?.[name] ?? one.seen }));
  return { ...item, at: new Date().toISOString(), typed: { ...item.typed, ...now }, problems: only(item.problems, (name) => !(name in typed)), theirs: {}, why: "" };
});

const body = ({ typed, base, at }) => {
  const values = made(typed, (one) => one.value);
  return { key: newKey(), base, at, ...only(values, isText), fields: only(values, (name) => !isText(name)), seen: made(typed, (one) => one.seen) };
};

// The day that is kept says what the office has now, also if it cannot be read again before the connection goes.
const noteInDay = (visit, given, { base, seen }) => changeDay((day) => {
  const report = day.days.flatMap((one) => one.visits).find((one) => one.id === visit)?.report;
  if (!report || report.is_sent) return undefined;
  report.base = base;
  for (const [name, value] of Object.entries(given)) {
    if (!(name in seen)) continue;
    report[isText(name) ? "texts" : "fields"][name] = value;
    report.seen[name] = seen[name];
  }
  return day;
});

const settled = (given, { base, seen, problems }) => (item) => {
  const left = made(
    only(item?.typed, (name, one) => name in problems || !same(one.value, given[name])),
    (one, name) => ({ ...one, seen: seen[name] ?? one.seen }),
  );
  if (!Object.keys(left).length) return null;
  const bad = only(problems, (name) => name in left && same(left[name].value, given[name]));
  const why = Object.keys(left).every((name) => name in bad) ? Object.entries(bad).map(([name, said]) => `${left[name].label}: ${said}`).join(" ") : "";
  return { ...item, base, typed: left, problems: bad, sent: null, why };
};

// A page that has the card open sends it itself; it goes on being kept here in case that page is closed.
export const whileOpen = (key) => { navigator.locks.request(key, { ifAvailable: true }, (lock) => lock && new Promise(() => {})); };
const isElsewhere = async (key) => (await navigator.locks.query()).held.some(({ name }) => name === key);

// Send what was typed of one card. `why` says afterwards what was refused; no connection throws, and all stays as it is.
export const sendReport = async (key, post) => {
  if (await isElsewhere(key)) return;
  for (;;) {
    let item = null;
    await change(key, (old) => {
      if (!old || old.why) return undefined;
      item = { ...old, sent: old.sent ?? body(old) };
      return item;
    });
    if (!item) return;
    const answer = await post(`/staff/visits/${item.visit}/report/draft`, { ...item.sent, phone_now: new Date().toISOString() });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) {
      const given = { ...item.sent.fields, ...only(item.sent, isText) };
      await noteInDay(item.visit, given, told);
      sentMarks.set(key, { ...sentMarks.get(key), ...told.seen });
      await change(key, settled(given, told));
    } else if ([404, 409].includes(answer.status) && told.problem) {
      await change(key, (now) => now && { ...now, sent: null, why: told.problem, theirs: told.theirs ?? {} });
    } else return;                                                                    // the server is away, or busy: later
  }
};

// Somebody else wrote the same answers meanwhile: mine go over theirs, which were read, or theirs stay.
export const useMine = (key, { base, seen }, nothing) => change(key, (item) => item && {
  ...item, base, why: "", theirs: {}, typed: made(item.typed, (one, name) => (name in item.theirs ? { ...one, seen: seen[name] ?? nothing } : one)),
});
export const useTheirs = (key) => change(key, (item) => {
  const typed = only(item?.typed, (name) => !(name in item.theirs));
  return Object.keys(typed).length ? { ...item, typed, why: "", theirs: {} } : null;
});
