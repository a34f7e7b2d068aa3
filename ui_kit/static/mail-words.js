// mail-words.js - the editor of a mail's words: codes go in where the cursor is, and the preview follows the typing.
// Without it the codes are a list to read and the preview has a button.
const form = document.querySelector("[data-mail-words]");
const refresh = form?.querySelector("[data-preview]");
let field = form?.elements.body;
let timer;

const show = () => { clearTimeout(timer); timer = setTimeout(() => form.requestSubmit(refresh), 600); };
form?.addEventListener("focusin", (event) => { if (event.target.matches("#subject, #body")) field = event.target; });
form?.addEventListener("input", show);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!form || !button) return;
  const before = field.value.slice(0, field.selectionStart), after = field.value.slice(field.selectionEnd);
  const alone = "alone" in button.dataset && field.id === "body";             // a piece stands alone on its line
  const text = (alone && before && !before.endsWith("\n") ? "\n\n" : "") + button.dataset.insert + (alone && after && !after.startsWith("\n") ? "\n\n" : "");
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  show();
});
if (form?.dataset.mailWords === "draft") show();
