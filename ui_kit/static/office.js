// office.js - comforts of the back office's lists and forms. Every page works without it: a question before a bulk action
// then comes on a page of its own, and a long list's text box is read by the server.

// ---- the question before something is done, such as a bulk action: <button data-ask="Archive these clients?"> ----
const dialog = document.getElementById("ask");
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-ask]");
  if (!button || !dialog || button.disabled) return;
  event.preventDefault();
  const more = dialog.querySelector("[data-ask-more]");
  const yes = dialog.querySelector("[data-ask-yes]");
  dialog.querySelector("[data-ask-text]").textContent = button.dataset.ask;
  if (more) {
    const all = button.form.querySelector("input[data-all]:checked");
    const ticked = all ? Number(all.dataset.all) : document.querySelectorAll(`input[name=${dialog.dataset.counts}]:checked`).length;
    more.textContent = ticked === 1 ? more.dataset.one : more.dataset.many.replace("%", ticked);
  }
  yes.textContent = button.textContent;
  yes.classList.toggle("ui-btn--danger", "danger" in button.dataset);
  yes.classList.toggle("ui-btn--primary", !("danger" in button.dataset));
  yes.onclick = () => {
    const sure = document.createElement("input");
    sure.type = "hidden"; sure.name = "confirmed"; sure.value = "yes";
    button.form.append(sure);
    delete button.dataset.ask;
    dialog.close();
    button.form.requestSubmit(button);
  };
  dialog.showModal();
});

// ---- what is missing is said beside its field in our words, before anything is sent: a file that was chosen stays chosen ----
const unsay = (field) => {
  document.getElementById(`${field.id}-error`)?.remove();
  field.removeAttribute("aria-invalid");
  field.setAttribute("aria-describedby", (field.getAttribute("aria-describedby") || "").replace(` ${field.id}-error`, ""));
};
document.addEventListener("invalid", (event) => {
  const field = event.target, said = document.createElement("p");
  if (!field.dataset.missing) return;
  event.preventDefault();                                                           // no bubble of the browser's
  unsay(field);
  said.id = `${field.id}-error`; said.className = "ui-error"; said.textContent = field.dataset.missing;
  field.closest(".ui-field").append(said);
  field.setAttribute("aria-invalid", "true"); field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby")} ${said.id}`);
  if (field === field.form.querySelector(":invalid:not(fieldset)")) field.focus();
}, true);
document.addEventListener("input", (event) => { if (event.target.dataset.missing && event.target.validity.valid) unsay(event.target); });

// ---- a value is changed in its place: <a href="edit/?id=7#price" data-cell> becomes the small form of cell/?id=7&field=price ----
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-cell]");
  if (!link || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const form = new URL(link.href);
  const field = form.hash.slice(1);
  htmx.ajax("GET", `cell/${form.search}&field=${encodeURIComponent(field)}`, { target: link.closest("td"), swap: "innerHTML" });
});

// ---- a click anywhere on a row ticks it, except on what does something itself ----
document.addEventListener("click", (event) => {
  const row = event.target.closest("table[data-list] tbody tr");
  if (!row || event.target.closest("a, button, input, label, summary") || String(getSelection())) return;
  row.querySelector("input[name=rowid]")?.click();
});

// ---- selects of long lists ask the server while one types: <select data-lookup="/admin/pets/ajax/lookup/?name=client"> ----
for (const select of window.TomSelect ? document.querySelectorAll("select[data-lookup]") : []) {
  const lookup = new URL(select.dataset.lookup, location.href);
  new TomSelect(select, {
    searchField: [], maxOptions: 20, hidePlaceholder: true,
    shouldLoad: (typed) => typed.trim().length > 0,
    score: () => () => 1,                                                             // the server has judged already
    load(typed, done) {
      lookup.searchParams.set("query", typed);
      this.clearOptions((option) => this.items.includes(option.value));
      fetch(lookup, { headers: { Accept: "application/json" } })
        .then((answer) => answer.json())
        .then((found) => done(found.map(([id, text]) => ({ value: String(id), text }))))
        .catch(() => done());
    },
    onItemAdd() { this.setTextboxValue(""); this.refreshOptions(false); },
    render: { no_results: () => { const none = document.createElement("div"); none.className = "no-results"; none.textContent = document.body.dataset.noneText; return none; } },
  });
  select.setAttribute("aria-hidden", "true");                                         // its label now belongs to the text box
}

// ---- a page for paper: <button data-print> ----
document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });
