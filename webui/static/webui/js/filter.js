// Suggestions under the filter field. Without this script the field is a plain one.
import { combobox } from "./combobox.js";

function suggest(form) {
  const field = form.querySelector("[name=q]");
  const count = form.querySelector("[data-filter-count]");
  const { later } = combobox(field, form.querySelector("[role=listbox]"), {
    pause: 120,
    ask: (signal) => fetch(`${form.dataset.filter}?${new URLSearchParams({ q: field.value, at: field.selectionStart })}`, { signal }),
    came: (found) => (count.textContent = found === 1 ? "1 suggestion" : `${found} suggestions`),
    take(option) {
      field.value = option.dataset.text;
      field.setSelectionRange(option.dataset.caret, option.dataset.caret);
      field.focus();
      later(0);
    },
  });
  field.addEventListener("click", () => later(0));
}

document.querySelectorAll("form[data-filter]").forEach(suggest);
