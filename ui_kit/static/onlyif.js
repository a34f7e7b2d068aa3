// onlyif.js - questions that hang on other answers come and go while a form is filled in; the server decides again.
const $$ = (selector, root) => [...root.querySelectorAll(selector)];
const answersOf = (form, key) => $$(`[name="f-${CSS.escape(key)}"]`, form)
  .filter((one) => !["radio", "checkbox"].includes(one.type) || one.checked).map((one) => one.value).filter(Boolean);
export const askWhatFits = (form) => {
  const entries = new Map($$("[data-entry]", form).map((one) => [one.dataset.entry, one]));
  entries.forEach((one) => { one.hidden = false; });
  for (let changed = true; changed;) {
    changed = false;
    for (const one of entries.values()) {
      if (one.hidden || !one.dataset.onlyIf) continue;
      const fits = JSON.parse(one.dataset.onlyIf).every(({ field, values }) => {
        const given = answersOf(form, field);
        return !entries.get(field)?.hidden && (values.length ? values.some((value) => given.includes(value)) : given.length > 0);
      });
      if (!fits) { one.hidden = true; changed = true; }
    }
  }
  $$("[data-part]", form).forEach((part) => { part.hidden = !$$("[data-entry]", part).some((one) => !one.hidden); });
};
