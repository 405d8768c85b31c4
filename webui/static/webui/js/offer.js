// A field that takes the number of a task offers tasks by the words of their titles. Without this script the number is typed.
import { combobox } from "./combobox.js";

function dress(field) {
  const list = document.createElement("ul");
  list.id = `${field.id}-offer`;
  list.className = "offer";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Tasks");
  const { close } = combobox(field, list, {
    pause: 150,
    ask(signal) {
      const url = new URL(field.dataset.pick, location.href);
      url.searchParams.set("q", field.value);
      return fetch(url, { headers: { "HX-Request": "true" }, signal });
    },
    take(option) {
      field.value = option.dataset.value;
      close();
      field.focus();
    },
  });
  return list;
}

// Such fields come and go with the parts of a page, and a refresh may take the list alone: both are seen to when somebody types.
const lists = new WeakMap();
document.addEventListener("input", (event) => {
  const field = event.target.closest?.("input[data-pick]");
  if (!field) return;
  if (!lists.has(field)) lists.set(field, dress(field));
  if (!lists.get(field).isConnected) field.after(lists.get(field));
}, true);
