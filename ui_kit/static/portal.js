// portal.js - comforts of the request form and the schedule. The pages work without it; nothing is decided here.
import { askWhatFits } from "./onlyif.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- how much is chosen: "3 days chosen.", "Add 6 visits to your request" ----
const fill = (place, n) => {
  const text = n === 0 ? place.dataset.none : n === 1 ? place.dataset.one : place.dataset.many;
  if (text) place.textContent = text.replace("{n}", n);
};
const addLabels = new WeakMap();
const count = () => {
  const form = $("form[data-adds]");
  if (!form) return;
  const days = new Set($$("input[name=dates]:checked", form).map((box) => box.value)).size;
  const time = $("input[name=service]:checked", form)?.closest(".pt-service")?.querySelector("[data-times]");
  const times = Number(time?.dataset.times) ? $$("input:checked", time).length : 1;
  $$("[data-days-chosen]", form).forEach((place) => fill(place, days));
  $$("[data-add-label]", form).forEach((place) => {
    if (!addLabels.has(place)) addLabels.set(place, place.textContent);
    if (days * times) fill(place, days * times); else place.textContent = addLabels.get(place);
  });
};
document.addEventListener("change", (event) => {
  if (!event.target.closest("form[data-adds]")) return;
  count();
  // Another service may have another limit: ask for the month again, with what is chosen.
  if (event.target.name === "service" && window.htmx) {
    const form = event.target.form;
    window.htmx.ajax("POST", form.action, { source: $("#picker"), target: "#picker", select: "#picker", swap: "outerHTML", values: { ...entries(form), go: $("input[name=month]", form).value } });
  }
});
const entries = (form) => {
  const values = {};
  for (const [name, value] of new FormData(form)) (values[name] ??= []).push(value);
  return values;
};

// ---- the phone's basket bar is not needed while the basket itself is on the screen ----
let watcher;
const watchBasket = () => {
  watcher?.disconnect();
  const bar = $(".ui-basketbar");
  const card = $("#basket > section");
  if (!bar || !card) return;
  watcher = new IntersectionObserver(([seen]) => { bar.hidden = seen.isIntersecting; }, { threshold: 0.15 });
  watcher.observe(card);
};

// ---- after a part of the page was replaced: the focus goes on from where it was, or to what is new ----
let pressed = null;
document.addEventListener("htmx:beforeRequest", (event) => {
  const from = event.detail.elt;
  pressed = from.getAttribute("aria-label") || (from.closest(".ui-cal") ? "day" : null);
});
document.addEventListener("htmx:afterSettle", (event) => {
  count();
  watchBasket();
  if (document.activeElement && document.activeElement !== document.body) return;
  const id = event.detail.target?.id;
  const again = pressed && $$("a[aria-label], button[aria-label]", document.getElementById(id) ?? document).find((one) => one.getAttribute("aria-label") === pressed && !one.disabled);
  const next = $("#problems") ?? again ?? (id === "schedule" ? $("#panel-head") : id === "basket" || id === "main" ? $("#basket-h") : null);
  next?.focus({ preventScroll: !next.matches("#problems") && !(pressed === "day" && matchMedia("(max-width: 979px)").matches) });
});

// ---- Your Data: questions that hang on other answers come and go while the form is filled in ----
$$("form[data-unsaved]").forEach((form) => {
  const asSent = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value.name ?? value]));
  const before = asSent();
  let leaving = false;
  if ($("[data-only-if]", form)) { askWhatFits(form); form.addEventListener("input", () => askWhatFits(form)); }
  form.addEventListener("submit", () => { leaving = true; });
  // What came back with a refusal is not saved either.
  addEventListener("beforeunload", (event) => { if (!leaving && ($(".ui-problems") || asSent() !== before)) event.preventDefault(); });
  addEventListener("pageshow", () => { leaving = false; });
});

count();
watchBasket();
