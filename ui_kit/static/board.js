// board.js - the schedule board: EventCalendar over the visits that the server gives. Every drop is asked of the server
// first; what it refuses goes back. The list and the Move page do all of it without this script.
const root = document.getElementById("board");
const config = JSON.parse(root.dataset.config);
const words = config.words;
const filters = new URLSearchParams(location.search);
const token = document.querySelector('meta[name="csrf-token"]')?.content;
const failed = document.body.dataset.failText;
const pad = (n) => String(n).padStart(2, "0");
const day = (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
const time = (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}`;

// ---- words on the screen: a toast, with Undo where there is one; the polite line says it to screen readers ----
const say = (text, undo, seconds = 12, job = "") => {
  if (!text) return;
  document.getElementById("board-said").textContent = text;
  document.querySelectorAll(".ui-toasts [data-undo]").forEach((old) => old.closest(".ui-toast").remove());  // only the last move is offered
  const toast = document.getElementById("undo-model").content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-text]").textContent = text;
  const button = toast.querySelector("[data-undo]");
  if (undo) button.addEventListener("click", async () => {
    toast.remove();
    const answer = await post(undo, { job });
    if (answer.body?.visit) draw(answer.body.visit);
    say(answer.body?.text || answer.body?.error || failed);
  }); else button.remove();
  document.querySelector(".ui-toasts:last-of-type").append(toast);
  setTimeout(() => toast.remove(), Math.max(seconds, 10) * 1000);
};

const post = async (url, values) => {
  try {
    const answer = await fetch(url, { method: "POST", body: new URLSearchParams(values), headers: { "X-CSRFToken": token, Accept: "application/json" } });
    return { status: answer.status, body: answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : null };
  } catch { return { status: 0, body: null }; }
};

const isWeek = () => (calendar ? calendar.getView().type : config.view) === "resourceTimelineWeek";

// ---- reading ----
const load = async (span) => {
  const asked = new URLSearchParams({ start: day(span.start), end: day(span.end) });
  for (const name of ["sitter", "group"]) if (filters.get(name)) asked.set(name, filters.get(name));
  const answer = await fetch(`${config.visits}?${asked}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const found = await answer.json();
  calendar.setOption("resources", found.resources);
  const names = new Map(found.resources.map((row) => [row.id, row.title]));
  const events = found.visits.map((visit) => made(visit, found.looks[visit.look], names.get(visit.row)));
  widen(events);
  return [...events, ...found.away];
};

// What the server says of a visit, and of all that look like it, as EventCalendar wants it.
const made = (visit, look, sitter) => {
  const who = visit.noKey ? `${visit.who} (${words.noKey})` : visit.who;
  const said = [look.span, visit.who, visit.service, sitter, look.word];
  if (visit.noKey) said.push(words.noKey);
  const at = (address, id) => address.replace(/\/0(?=\/)/, `/${id}`);
  return {
    id: visit.job ? `job-${visit.job}` : `line-${visit.line}`, resourceIds: [visit.row], start: look.start, end: look.end, allDay: look.allDay,
    title: visit.job ? who : `${words.req} ${visit.who}`, classNames: look.class ? [look.class] : [],
    editable: look.movable, startEditable: look.movable, durationEditable: false,
    extendedProps: {
      job: visit.job, version: visit.version, time: look.time, label: said.join(", "),
      url: visit.job ? at(config.visit, visit.job) : at(config.request, visit.client), move: look.movable ? at(config.move, visit.job) : null,
    },
  };
};
const draw = (visit) => {
  const event = made(visit, visit.look, visit.sitter);
  calendar.updateEvent({ ...event, start: new Date(event.start), end: new Date(event.end) });
};

// The hours shown are those of the business, and more when a visit lies outside of them.
const widen = (events) => {
  const timed = events.filter((event) => !event.allDay && event.start.slice(0, 10) === event.end.slice(0, 10));
  const first = Math.min(config.opens, ...timed.map((event) => Number(event.start.slice(11, 13))));
  const last = Math.max(config.closes, ...timed.map((event) => Number(event.end.slice(11, 13)) + 1));
  calendar.setOption("slotMinTime", `${pad(first)}:00`);
  calendar.setOption("slotMaxTime", `${pad(Math.min(last, 24))}:00`);
};

// ---- moving ----
const ask = (found) => new Promise((decide) => {
  const dialog = document.getElementById("clashes");
  dialog.querySelector("[data-alert]").textContent = found.alert;
  dialog.querySelector("[data-clashes]").replaceChildren(...found.conflicts.map((text) => { const line = document.createElement("li"); line.textContent = text; return line; }));
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => decide(dialog.returnValue === "yes"), { once: true });
  dialog.showModal();
});
const drop = async ({ event, revert }) => {
  const { job, version } = event.extendedProps;
  const values = {
    job, version, date: day(event.start), time: isWeek() || event.allDay ? "" : time(event.start), sitter: event.resourceIds[0],
    tell_client: document.getElementById("tell").checked ? "1" : "",
  };
  let answer = await post(config.moves, values);
  if (answer.status === 409 && answer.body?.conflicts) {
    if (!await ask(answer.body)) { revert(); return; }
    answer = await post(config.moves, { ...values, accept: answer.body.accept });
  }
  const { body } = answer;
  if (answer.status !== 200) revert();
  if (body?.visit) draw(body.visit);
  say(body?.text || body?.error || (answer.status === 200 ? "" : body?.alert || failed), body?.undo, body?.seconds, job);
};

// ---- a visit, opened: what it is, and the form that moves it without a mouse ----
const open = ({ event, jsEvent }) => {
  jsEvent?.preventDefault();                                                          // the Enter that opens must not press the button that gets the focus
  const more = event.extendedProps;
  if (!more.url) return;
  if (!more.move) { location.assign(more.url); return; }
  const dialog = document.getElementById("visit");
  dialog.querySelector("#visit-h").textContent = event.title;
  dialog.querySelector("[data-label]").textContent = more.label;
  dialog.querySelector("[data-open]").href = more.url;
  const place = dialog.querySelector("[data-form]");
  place.replaceChildren();
  const back = `${config.here}?${here()}`;
  htmx.ajax("GET", `${more.move}?back=${encodeURIComponent(back)}`, { target: place, swap: "innerHTML" }).then(() => place.querySelector("input:not([type=hidden])")?.focus());
  dialog.showModal();
};

const here = () => {
  const query = new URLSearchParams(filters);
  query.set("view", isWeek() ? "week" : "day");
  query.set("on", day(isWeek() ? calendar.getOption("date") : calendar.getView().currentStart));
  return query;
};
const turned = () => {
  const query = here();
  history.replaceState(null, "", `${config.here}?${query}`);
  document.getElementById("as-list").href = `${config.list}?${query}`;
  document.getElementById("on").value = query.get("on");
  document.querySelector('.ui-filterbar [name="view"]').value = query.get("view");
};

const sameClock = Intl.DateTimeFormat().resolvedOptions().timeZone === config.zone;
let calendar;
calendar = EventCalendar.create(root, {
  view: config.view, date: config.date, height: "auto", slotDuration: "01:00", snapDuration: "00:15", slotMinTime: `${pad(config.opens)}:00`, slotMaxTime: `${pad(config.closes)}:00`, slotWidth: 148,
  views: { resourceTimelineWeek: { slotDuration: { days: 1 }, slotWidth: 122 } },
  headerToolbar: { start: "title", center: "", end: "resourceTimelineDay,resourceTimelineWeek today prev,next" },
  buttonText: words, locale: document.documentElement.lang || undefined, firstDay: config.firstDay, nowIndicator: sameClock,
  editable: true, eventStartEditable: true, eventDurationEditable: false, dragScroll: true, longPressDelay: 400,
  resources: [], eventSources: [{ events: (span) => load(span).catch((problem) => { say(failed); throw problem; }) }],
  eventContent: ({ event }) => {
    if (event.display === "background") return "";
    const holder = document.createElement("span"), strong = document.createElement("b");
    holder.title = event.extendedProps.label;
    if (isWeek()) { strong.textContent = event.extendedProps.time; holder.append(strong, ` ${event.title}`); return { domNodes: [holder] }; }
    const time = document.createElement("small"); time.textContent = event.extendedProps.time;
    strong.textContent = event.title; holder.append(strong, time);                  // by day the place says the time: the name first
    return { domNodes: [holder] };
  },
  eventClick: open, eventDrop: drop, datesSet: () => queueMicrotask(() => { if (calendar) turned(); }),
});

// ---- ARIA: EventCalendar 5 puts table roles on what is no table. We present a group of buttons that say who and when.
// The real way by keyboard is the Move form, here in the dialog and in the list on a page of its own.
const labels = () => new Map(calendar.getEvents().map((event) => [event.id, event.extendedProps.label]));
const mend = () => {
  root.querySelectorAll('[role="table"],[role="rowgroup"],[role="row"],[role="rowheader"],[role="columnheader"],[role="cell"],[role="list"],[role="listitem"]')
    .forEach((node) => ["role", "aria-colindex", "aria-colspan", "aria-rowindex", "aria-rowspan", "aria-colcount", "aria-rowcount"].forEach((name) => node.removeAttribute(name)));
  const whole = root.querySelector(".ec") || root;
  whole.setAttribute("role", "group"); whole.setAttribute("aria-label", words.board);
  root.querySelectorAll(".ec-event").forEach((node) => {
    node.removeAttribute("role"); node.removeAttribute("tabindex");
    const body = node.querySelector(".ec-event-body");
    if (body && body.getAttribute("role") !== "button") { body.setAttribute("role", "button"); body.tabIndex = 0; }
    node.querySelectorAll("h4").forEach((head) => head.setAttribute("role", "presentation"));
  });
  root.querySelectorAll("[aria-label]:not([role]):not(button):not(time)").forEach((node) => { if (node.matches("div, span, article, section")) node.removeAttribute("aria-label"); });
  const main = root.querySelector(".ec-main");
  if (main && main.tabIndex < 0) { main.tabIndex = 0; main.setAttribute("role", "region"); main.setAttribute("aria-label", words.board); }
};
new MutationObserver(mend).observe(root, { childList: true, subtree: true });
mend();
