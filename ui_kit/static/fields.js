// fields.js - the designer: lists are put in order by dragging and by the arrow keys. The server is asked at once and
// has the last word; without this script the buttons "Move up" and "Move down" do the same.
const token = document.querySelector('meta[name="csrf-token"]')?.content;
const said = document.getElementById("fd-said");
const rowsOf = (list) => [...list.children];
const say = (text) => { said.textContent = ""; requestAnimationFrame(() => { said.textContent = text; }); };

const toast = (text) => {
  const one = document.getElementById("ui-toast-model").content.firstElementChild.cloneNode(true);
  one.querySelector("[data-toast-text]").textContent = text;
  document.querySelector(".ui-toasts").append(one);
  setTimeout(() => one.remove(), 12000);
};

// ---- the server puts it in its place, or says why not: then the list goes back ----
const settle = async (list, row, before) => {
  const seen = list.dataset.seen;
  const to = rowsOf(list).indexOf(row);
  if (before.indexOf(row) === to) return;
  list.setAttribute("aria-busy", "true");
  let answer = null;
  try {
    const sent = await fetch(row.dataset.place, {
      method: "POST", body: new URLSearchParams({ seen, to }), headers: { "X-CSRFToken": token, Accept: "application/json" },
    });
    answer = sent.headers.get("Content-Type")?.includes("json") ? await sent.json() : null;
  } catch { /* no network */ }
  list.removeAttribute("aria-busy");
  if (answer?.seen) {
    list.dataset.seen = answer.seen.join(",");
    say(answer.text);
    document.querySelectorAll("#fd-editor input[name=seen]").forEach((field) => { if (field.value === seen) field.value = list.dataset.seen; });
    document.getElementById("fd-preview")?.dispatchEvent(new Event("change", { bubbles: true }));
    return;
  }
  list.append(...before);
  row.querySelector(".fd-handle").focus();
  toast(answer?.error || document.body.dataset.failText);
};

// ---- by the arrow keys ----
document.addEventListener("keydown", (event) => {
  const handle = event.target.closest?.(".fd-handle");
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!handle || !step) return;
  event.preventDefault();
  const row = handle.closest("li");
  const list = row.parentElement;
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other || list.getAttribute("aria-busy")) return;
  const before = rowsOf(list);
  if (step < 0) other.before(row); else other.after(row);
  handle.focus();
  settle(list, row, before);
});

// ---- by dragging: those that the pointer passes change to the other side. The row itself stays in the document: taken
// out and put in again it would lose the pointer. ----
document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest(".fd-handle");
  if (!handle || event.button !== 0) return;
  const row = handle.closest("li");
  const list = row.parentElement;
  if (list.getAttribute("aria-busy")) return;
  const before = rowsOf(list);
  event.preventDefault();
  handle.focus();
  handle.setPointerCapture(event.pointerId);
  row.classList.add("is-dragged");
  const drag = (moved) => {
    const y = moved.clientY;
    const rows = rowsOf(list);
    const over = rows.find((one) => one !== row && y >= one.getBoundingClientRect().top && y < one.getBoundingClientRect().bottom);
    const box = list.closest(".fd-column").getBoundingClientRect();
    if (y < box.top + 40) list.closest(".fd-column").scrollBy(0, -8);
    if (y > box.bottom - 24) list.closest(".fd-column").scrollBy(0, 8);
    if (!over) return;
    const { top, height } = over.getBoundingClientRect();
    const [here, there] = [rows.indexOf(row), rows.indexOf(over)];
    if (there > here && y > top + height / 2) row.before(...rows.slice(here + 1, there + 1));
    if (there < here && y < top + height / 2) row.after(...rows.slice(there, here));
  };
  const end = (last) => {
    handle.removeEventListener("pointermove", drag);
    handle.removeEventListener("pointerup", end);
    handle.removeEventListener("pointercancel", end);
    row.classList.remove("is-dragged");
    if (last.type === "pointercancel") list.append(...before); else settle(list, row, before);
  };
  handle.addEventListener("pointermove", drag);
  handle.addEventListener("pointerup", end);
  handle.addEventListener("pointercancel", end);
});

// ---- the preview's width ----
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fd-width]");
  if (!button) return;
  document.querySelectorAll("[data-fd-width]").forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
  document.getElementById("fd-preview").classList.toggle("is-phone", button.dataset.fdWidth === "phone");
});

// ---- what is chosen is in sight in its column ----
document.querySelectorAll(".fd-column .is-current").forEach((row) => {
  const column = row.closest(".fd-column");
  if (row.offsetTop > column.clientHeight - 60) column.scrollTop = row.offsetTop - column.clientHeight / 2;
});
