// files.js - sends chosen files one by one, each with its progress. Without it the form goes as it stands; the server decides.
const $ = (selector, root) => root.querySelector(selector);

const line = (list, file, text) => {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const bar = document.createElement("progress");
  const state = document.createElement("span");
  name.className = "ui-uploads__name"; name.textContent = file.name;
  bar.className = "ui-progress"; bar.max = 100; bar.value = 0; bar.setAttribute("aria-label", file.name);
  state.className = "ui-uploads__state"; state.textContent = text;
  item.append(name, bar, state);
  list.append(item);
  return { item, bar, state };
};

const end = (row, kind, text) => {
  row.item.className = kind;
  row.bar.remove();
  row.state.textContent = text;
};

const send = (form, file, key, row) => new Promise((resolve) => {
  const data = new FormData(form);
  data.set("form_key", key);
  data.set("files", file, file.name);
  const call = new XMLHttpRequest();
  call.open("POST", form.action);
  call.setRequestHeader("Accept", "application/json");
  call.upload.addEventListener("progress", ({ loaded, total }) => {
    row.bar.value = total ? (100 * loaded) / total : 0;
    row.state.textContent = loaded < total ? `${Math.round(row.bar.value)} %` : form.dataset.checking;
  });
  call.addEventListener("loadend", () => {
    let answer = {};
    try { answer = JSON.parse(call.responseText); } catch { /* a page in place of an answer: logged out, or a proxy's */ }
    resolve(answer.ok ? "" : answer.problem || (call.status === 413 ? form.dataset.big : form.dataset.failed));
  });
  call.send(data);
});

let busy = 0;
addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-upload]")) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  const input = $("input[type=file]", form);
  const list = $(".ui-uploads", form);
  const button = $("button:not([type=button])", form);
  const files = [...input.files];
  form.dataset.busy = "yes"; busy += 1;
  button.setAttribute("aria-disabled", "true");
  list.replaceChildren(); list.hidden = false;
  const rows = files.map((file) => line(list, file, form.dataset.waiting));
  let sent = 0;
  for (const [i, file] of files.entries()) {
    form.dataset.count = Number(form.dataset.count || 0) + 1;
    const problem = file.size > Number(form.dataset.max) ? form.dataset.big : await send(form, file, `${form.elements.form_key.value}-${form.dataset.count}`, rows[i]);
    if (problem) end(rows[i], "is-bad", problem); else { sent += 1; end(rows[i], "is-ok", form.dataset.sent); }
    $("[role=status]", form).textContent = form.dataset.status.replace("{n}", sent).replace("{all}", files.length);
  }
  input.value = "";
  delete form.dataset.busy; busy -= 1;
  button.removeAttribute("aria-disabled");
  const refresh = form.dataset.refresh;
  if (sent && refresh && window.htmx) window.htmx.ajax("GET", location.href, { target: refresh, select: refresh, swap: "outerHTML" });
});
