// offline-report.js - a report card's form without a connection: the office's questions as its page has them, filled in
// from the phone. Each answer is kept as it is given.
import { beginAnew, keepTyped } from "./day-report.js";
import { askWhatFits } from "./onlyif.js";

const PAUSE = 250;
const inputs = (entry) => [...entry.querySelectorAll("input:not([type=hidden]), select, textarea")];
const isPicked = (one) => ["radio", "checkbox"].includes(one.type);
const chosen = (entry) => inputs(entry).filter((one) => !isPicked(one) || one.checked);

const fill = (entry, value) => {
  const given = [value].flat();
  for (const one of inputs(entry)) if (isPicked(one)) one.checked = given.includes(one.value); else [one.value] = given;
};
const valueOf = (entry) => {
  const values = chosen(entry).map((one) => one.value);
  return entry.querySelector("fieldset [type=checkbox]") ? values : values[0] ?? "";
};
const plain = (element) => {
  const words = element.cloneNode(true);
  words.querySelectorAll(".ui-meta, .ui-choice__meta").forEach((one) => one.remove());
  return words.textContent.trim();
};
const labelOf = (entry) => plain(entry.querySelector("legend, .ui-label, .ui-choice > .ui-grow"));
const wordsOf = (entry) => chosen(entry).filter((one) => one.value).map((one) => {
  if (one.localName === "select") return one.selectedOptions[0].textContent;
  return isPicked(one) ? plain(one.closest("label")) : one.value;
}).join(", ");

export const answerOf = (entry) => ({ value: valueOf(entry), label: labelOf(entry), words: wordsOf(entry) });

// A problem is said at its answer, and taken back from there.
const described = (entry) => (entry.querySelector("fieldset") ? [entry.querySelector("fieldset")] : inputs(entry));
const complain = (entry, said, sign) => {
  sign.id = `${entry.dataset.entry}-problem`;
  sign.querySelector("span").textContent = said;
  entry.querySelector(".ui-field").append(sign);
  for (const one of described(entry)) one.setAttribute("aria-describedby", [one.getAttribute("aria-describedby"), sign.id].filter(Boolean).join(" "));
  for (const one of inputs(entry)) one.setAttribute("aria-invalid", "true");
};
const forget = (sign) => {
  const entry = sign.closest("[data-entry]");
  for (const one of described(entry)) {
    const left = one.getAttribute("aria-describedby").split(" ").filter((id) => id !== sign.id).join(" ");
    if (left) one.setAttribute("aria-describedby", left); else one.removeAttribute("aria-describedby");
  }
  for (const one of inputs(entry)) one.removeAttribute("aria-invalid");
  sign.remove();
};

// `copy` makes an element of a template; `about` names what is kept (day-report.js); `kept` is called after each save.
export const reportForm = ({ report, html, nothing, item, about, copy, kept }) => {
  const form = copy("t-report");
  beginAnew(about.key);
  form.querySelector("[data-questions]").append(...new DOMParser().parseFromString(html, "text/html").body.children);
  for (const entry of form.querySelectorAll("[data-entry]")) {
    const name = entry.dataset.entry;
    fill(entry, item?.typed[name]?.value ?? report.texts[name] ?? report.fields[name] ?? "");
  }
  askWhatFits(form);
  // What the office's side said about answers stands at each of them.
  const tell = (problems) => {
    form.querySelectorAll("[data-problem]").forEach(forget);
    for (const entry of form.querySelectorAll("[data-entry]")) {
      if (problems[entry.dataset.entry]) complain(entry, problems[entry.dataset.entry], copy("t-problem"));
    }
  };
  tell(item?.problems ?? {});

  const state = form.querySelector("[role=status]");
  const say = (what) => { state.textContent = state.dataset[what]; state.classList.toggle("ui-error", what === "failed" || what === "refused"); };
  let typed = {};
  let timer = 0;
  const keep = async () => {
    clearTimeout(timer);
    const now = typed;
    if (!Object.keys(now).length) return;
    typed = {};
    try {
      await keepTyped(about, now);
      say("kept");
      kept();
    } catch { typed = { ...now, ...typed }; say("failed"); }
  };
  form.addEventListener("input", (event) => {
    askWhatFits(form);
    const entry = event.target.closest("[data-entry]");
    if (!entry) return;
    const name = entry.dataset.entry;
    typed[name] = { ...answerOf(entry), seen: report.seen[name] ?? nothing };
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  });
  if (item) say(item.why ? "refused" : "kept");
  return { form, keep, say, tell };
};
