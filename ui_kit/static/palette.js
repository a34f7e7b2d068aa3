// palette.js - the office's search answers while one types, and a few keys lead about. Without it the box leads to a page.
const box = document.getElementById("search");
const form = box?.form;
const typingIn = (target) => target.closest?.("input, textarea, select, [contenteditable]");
const isOff = () => { try { return localStorage.getItem("shortcuts") === "off"; } catch { return false; } };

// ---- the box as a combobox: what is found is a list of options below it ----
if (form) {
  const list = document.createElement("div");
  const said = document.createElement("span");
  Object.assign(list, { id: "found", className: "ui-found", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.labels[0].textContent);
  said.className = "ui-vh";
  said.setAttribute("role", "status");
  form.append(list, said);
  box.type = "text";
  for (const [name, value] of [["role", "combobox"], ["aria-controls", "found"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["enterkeyhint", "search"]]) box.setAttribute(name, value);

  const options = () => [...list.querySelectorAll("[role=option]")];
  const active = () => document.getElementById(box.getAttribute("aria-activedescendant"));
  const choose = (option) => {
    active()?.setAttribute("aria-selected", "false");
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", option.id);
    } else box.removeAttribute("aria-activedescendant");
  };
  const show = (open) => {
    if (!open) choose(null);
    list.hidden = !open;
    box.setAttribute("aria-expanded", String(open));
  };
  let timer, asking, shown = "";
  const ask = async () => {
    const text = box.value.trim();
    asking?.abort();
    if (!text) { shown = ""; said.textContent = ""; show(false); return; }
    asking = new AbortController();
    const { signal } = asking;
    try {
      const answer = await fetch(`${form.action}quick?${new URLSearchParams({ q: text })}`, { signal });
      if (!answer.ok || answer.redirected) { show(false); return; }
      const piece = await answer.text();
      if (signal.aborted || !form.contains(document.activeElement)) return;
      choose(null);
      list.innerHTML = piece;
      shown = text;
      said.textContent = list.firstElementChild?.dataset.said || "";
      list.scrollTop = 0;
      show(true);
    } catch { if (!signal.aborted) show(false); }                                     // the page answers what the piece did not
  };
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  box.addEventListener("focus", () => { if (box.value.trim() && shown === box.value.trim()) show(true); });
  form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) show(false); });
  form.addEventListener("submit", (event) => { if (!box.value.trim()) event.preventDefault(); });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    const at = all.indexOf(active());
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length && shown) {
      event.preventDefault();
      show(true);
      const next = event.key === "ArrowDown" ? at + 1 : at - 1;
      choose(all[next < -1 ? all.length - 1 : next] || null);                         // past the end: back in the box
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      event.preventDefault();
      all[at].click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (list.hidden) { box.value = ""; shown = ""; said.textContent = ""; box.blur(); } else show(false);
    }
  });
}

// ---- "?" and the menu entry: the list of keys, with the switch that turns single keys off ----
const keysLink = document.querySelector("a[data-keys]");
const showKeys = async () => {
  let dialog = document.getElementById("keys-dialog");
  if (!dialog) {
    const answer = await fetch(`${keysLink.href}?piece=1`);
    if (!answer.ok || answer.redirected) { location.assign(keysLink.href); return; }
    document.body.insertAdjacentHTML("beforeend", await answer.text());
    dialog = document.getElementById("keys-dialog");
  }
  dialog.querySelector("[data-shortcuts]").setAttribute("aria-pressed", String(!isOff()));
  if (!dialog.open) dialog.showModal();
};
keysLink?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  keysLink.closest("details")?.removeAttribute("open");
  showKeys();
});

// ---- single keys: never while one types, never in a dialog, and only while they are on ----
const PLACES = { h: "/admin/", s: "/admin/schedule/", r: "/admin/job-requests/", c: "/admin/clients/", p: "/admin/pets/", m: "/admin/letters/" };
let going = 0;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isOff()) return;
  if (typingIn(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?" && keysLink) { event.preventDefault(); showKeys(); return; }
  const place = performance.now() - going < 1500 ? PLACES[event.key] : undefined;
  going = event.key === "g" ? performance.now() : 0;
  const link = place && document.querySelector(`#side a[href$="${place}"]`);
  if (link) { event.preventDefault(); location.assign(link.href); }
});
