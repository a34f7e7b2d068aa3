// ui.js - small comforts over pages that work without it. Everything listens on the document, so that what htmx swaps in
// works too, and nothing is inline, so that the strict CSP holds. The server never relies on any of this.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const stored = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { if (value === null) localStorage.removeItem(key); else localStorage.setItem(key, value); } catch { /* private mode */ } },
};

// ---- dialogs: <a href="/the/plain/page" data-dialog="id">, or a button where there is no page ----
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog instanceof HTMLDialogElement && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    opener.closest("details.ui-menu")?.removeAttribute("open");
    dialog.showModal();
    return;
  }
  if (event.target instanceof HTMLDialogElement) event.target.close();              // the backdrop
  event.target.closest("[data-dialog-close]")?.closest("dialog")?.close();
});

// ---- half a date, letters for a number: the browser sends those as nothing, so nobody could say that they are wrong ----
document.addEventListener("submit", (event) => {
  const unread = event.submitter?.formNoValidate ? null : [...event.target.elements].find((field) => field.validity?.badInput);
  if (!unread) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  unread.reportValidity();
}, { capture: true });

// ---- forms whose figures follow what is chosen: what was chosen before htmx was there counts too ----
const isChanged = (field) => {
  if (field.localName === "select") return field.selectedIndex !== Math.max([...field.options].findIndex((one) => one.defaultSelected), 0);
  if (!["input", "textarea"].includes(field.localName)) return false;
  return ["radio", "checkbox"].includes(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
};
document.addEventListener("htmx:load", () => {
  for (const form of $$('form[hx-trigger^="change"]')) {
    [...form.elements].find(isChanged)?.dispatchEvent(new Event("change", { bubbles: true }));
  }
}, { once: true });

// ---- menus (<details class="ui-menu">): one at a time; Esc, a click elsewhere or leaving by Tab closes ----
const closeMenus = (except) => $$("details.ui-menu[open]").forEach((menu) => { if (menu !== except) menu.open = false; });
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.ui-menu")));
document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details.ui-menu")));

// ---- the office's side menu on a narrow screen ----
const side = $("#side");
const sideOpeners = $$("[data-side-open]");
const setSide = (open) => {
  if (!side || side.classList.contains("is-open") === open) return;
  side.classList.toggle("is-open", open);
  sideOpeners.forEach((opener) => opener.setAttribute("aria-expanded", String(open)));
  const column = $(".ui-office__col");
  if (column) column.inert = open;
  if (open) $(".ui-side__close", side)?.focus(); else sideOpeners[0]?.focus();
};
sideOpeners.forEach((opener) => { opener.setAttribute("role", "button"); opener.setAttribute("aria-expanded", "false"); });
if (side && location.hash === "#side") history.replaceState(null, "", location.pathname + location.search);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-side-open]")) { event.preventDefault(); setSide(true); }
  if (event.target.closest("[data-side-close]")) { event.preventDefault(); setSide(false); }
});
matchMedia("(min-width: 1000px)").addEventListener("change", (query) => { if (query.matches) setSide(false); });

// ---- keys ----
const shortcutsOff = () => stored.get("shortcuts") === "off";
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = $("details.ui-menu[open]");
    if (menu) { menu.open = false; $("summary", menu)?.focus(); return; }
    setSide(false);
  }
  if (event.key === " " && event.target.matches?.("a[role=button]")) { event.preventDefault(); event.target.click(); }
  const search = $("#search");
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !shortcutsOff();
  const ctrlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  if (search && (slash || ctrlK)) { event.preventDefault(); search.focus(); search.select(); }
});

// ---- choices kept on this device: theme, single-key shortcuts ----
const showChoices = () => {
  const theme = document.documentElement.dataset.theme || "device";
  $$("[data-theme-set]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme)));
  $$("[data-shortcuts]").forEach((button) => button.setAttribute("aria-pressed", String(!shortcutsOff())));
};
document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-theme-set]")?.dataset.themeSet;
  if (theme === "device") { delete document.documentElement.dataset.theme; stored.set("theme", null); }
  if (theme === "light" || theme === "dark") { document.documentElement.dataset.theme = theme; stored.set("theme", theme); }
  if (event.target.closest("[data-shortcuts]")) stored.set("shortcuts", shortcutsOff() ? null : "off");
  showChoices();
});
showChoices();

// ---- tick all, how many are ticked, and what needs at least one tick ----
const countTicks = (name) => {
  const boxes = $$(`input[type=checkbox][name="${CSS.escape(name)}"]:not(:disabled)`);
  const ticked = boxes.filter((box) => box.checked).length;
  $$(`[data-check-all="${CSS.escape(name)}"]`).forEach((all) => { all.checked = ticked > 0 && ticked === boxes.length; all.indeterminate = ticked > 0 && ticked < boxes.length; });
  $$(`[data-check-count="${CSS.escape(name)}"]`).forEach((place) => { place.textContent = ticked; });
  $$(`[data-check-needed="${CSS.escape(name)}"], [data-check-bar="${CSS.escape(name)}"] button`).forEach((control) => { control.disabled = ticked === 0; });
  $$(`[data-check-bar="${CSS.escape(name)}"]`).forEach((bar) => { bar.hidden = ticked === 0; });
  boxes.forEach((box) => box.closest("tr")?.classList.toggle("is-picked", box.checked));
};
const checkNames = () => new Set($$("[data-check-all], [data-check-count], [data-check-needed], [data-check-bar]")
  .map(({ dataset }) => dataset.checkAll || dataset.checkCount || dataset.checkNeeded || dataset.checkBar));
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-check-all]");
  if (all) $$(`input[type=checkbox][name="${CSS.escape(all.dataset.checkAll)}"]:not(:disabled)`).forEach((box) => { box.checked = all.checked; });
  if (event.target.type === "checkbox") { const names = checkNames(); const name = all?.dataset.checkAll || event.target.name; if (names.has(name)) countTicks(name); }
  if (event.target.closest("form[data-autosubmit]") && event.target.matches("select, input:not([type=text], [type=search])")) event.target.form.requestSubmit();
  const preview = event.target.type === "file" && event.target.closest(".ui-drop") && $("img", event.target.closest(".ui-drop"));
  if (preview) {
    const [file] = event.target.files;
    if (preview.src.startsWith("blob:")) URL.revokeObjectURL(preview.src);
    preview.hidden = !file?.type.startsWith("image/");
    if (preview.hidden) preview.removeAttribute("src"); else preview.src = URL.createObjectURL(file);
  }
});
document.addEventListener("reset", (event) => setTimeout(() => { if (event.target.isConnected) checkNames().forEach(countTicks); }));

// ---- one press, one post: the button dims and a second press is swallowed. The server is the real guard. ----
const release = (form) => { delete form.dataset.sent; $$(".is-busy", form).forEach((button) => { button.classList.remove("is-busy"); button.removeAttribute("aria-disabled"); }); };
document.addEventListener("submit", (event) => {
  const form = event.target;
  const how = event.submitter?.getAttribute("formmethod") || form.getAttribute("method") || "get";
  if (event.defaultPrevented || how.toLowerCase() !== "post" || form.target === "_blank" || event.submitter?.hasAttribute("formtarget")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  const button = event.submitter || $("button:not([type=button])", form);
  button?.classList.add("is-busy");
  button?.setAttribute("aria-disabled", "true");
  setTimeout(() => release(form), 15000);                                           // an answer that is a download leaves the page standing
});
addEventListener("pageshow", (event) => { if (event.persisted) $$("form[data-sent]").forEach(release); });

// ---- toasts: at least ten seconds, longer while read or held ----
const armToast = (toast) => {
  let timer;
  const wait = () => { clearTimeout(timer); timer = setTimeout(() => toast.remove(), Number(toast.dataset.toastSeconds || 12) * 1000); };
  const hold = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", hold); toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", wait); toast.addEventListener("focusout", wait);
  wait();
};
document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest(".ui-toast")?.remove());
const toast = (text) => {
  const place = $(".ui-toasts");
  const model = $("#ui-toast-model");
  if (!place || !model || !text) return;
  const one = model.content.firstElementChild.cloneNode(true);
  $("[data-toast-text]", one).textContent = text;
  place.append(one);
  armToast(one);
};

// ---- files that are too large are said before anything is sent: what was typed stays where it is ----
const overweight = (form) => {
  const fields = $$("input[type=file]", form);
  const sizeOf = (field) => [...field.files].map((file) => file.size);
  const all = fields.flatMap(sizeOf).reduce((sum, size) => sum + size, 0);
  fields.forEach((field) => field.setCustomValidity(""));
  return fields.find((field) => sizeOf(field).some((size) => size > form.dataset.most)) || (all > form.dataset.room ? fields.findLast((field) => field.files.length) : undefined);
};
document.addEventListener("submit", (event) => {
  const field = event.target.dataset.most ? overweight(event.target) : undefined;
  if (!field) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  field.setCustomValidity(event.target.dataset.big);
  field.reportValidity();
}, true);

// ---- htmx: the CSRF token on every request, and a word when the network or the server fails ----
document.addEventListener("htmx:configRequest", (event) => {
  const token = $('meta[name="csrf-token"]')?.content;
  if (token) event.detail.headers["X-CSRFToken"] = token;
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.addEventListener(name, () => toast(document.body.dataset.failText));

// ---- long lists: Tom Select where the page has loaded it ----
const prepare = (root) => {
  $$(".ui-toast", root).forEach(armToast);
  checkNames().forEach(countTicks);
  if (window.TomSelect) $$("select[data-searchable]", root).forEach((select) => { if (select.tomselect) return;
    new TomSelect(select, {
      maxOptions: 300,
      hidePlaceholder: true,
      onItemAdd() { this.setTextboxValue(""); this.refreshOptions(false); },
      render: { no_results: () => { const none = document.createElement("div"); none.className = "no-results"; none.textContent = document.body.dataset.noneText; return none; } },
    });
    select.setAttribute("aria-hidden", "true");                                     // its label now belongs to the text box
  });
};
document.addEventListener("htmx:load", (event) => { if (event.target !== document.body) prepare(event.target); });
prepare(document);

// ---- a row of tabs that is wider than the phone begins with the tab one is on ----
for (const tab of $$(".pt-tabs [aria-current], .ui-tabs [aria-current]")) {
  const row = tab.parentElement;
  if (row.scrollWidth > row.clientWidth) row.scrollLeft = tab.offsetLeft - row.offsetLeft - 16;
}

// ---- the phone's basket bar is not needed while the basket itself is on the screen ----
const bar = $(".ui-basketbar");
const basket = $("#basket");
if (bar && basket) new IntersectionObserver(([seen]) => { bar.hidden = seen.isIntersecting; }, { threshold: 0.3 }).observe(basket);
const problems = $(".ui-problems");                                                 // a form that came back: start at what is wrong
if (problems) problems.focus();
