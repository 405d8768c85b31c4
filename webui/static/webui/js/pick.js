// Which tasks are selected for a bulk action. The boxes belong to the form #bulk wherever they stand; a refresh keeps them ticked.
import { register } from "./keys.js";

const picked = new Set();
let newest;

const boxes = () => [...document.querySelectorAll('input[form="bulk"][name="task"]')];
export const pickedCount = () => picked.size;
const counted = (count) => (count === 1 ? "1 task" : `${count} tasks`);

function tell() {
  const form = document.getElementById("bulk");
  if (!form) return;
  form.querySelector("[data-picked]").textContent = picked.size ? `${counted(picked.size)} selected` : "";
  for (const button of form.querySelectorAll("[data-confirm-many]")) button.dataset.confirm = button.dataset.confirmMany.replace("{}", counted(picked.size));
}

function note(box) {
  if (box.checked) picked.add(box.value);
  else picked.delete(box.value);
}

function clear() {
  for (const box of boxes()) box.checked = false;
  picked.clear();
  tell();
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches?.('input[form="bulk"][name="task"]')) note(box);
  else if (box.matches?.("input[data-picks-all]"))
    for (const each of boxes()) {
      each.checked = box.checked;
      note(each);
    }
  else return;
  tell();
});

// Shift and a click ticks everything between the last box and this one.
document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.('input[form="bulk"][name="task"]')) return;
  const all = boxes();
  const [from, to] = [all.indexOf(newest), all.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) {
    for (const each of all.slice(from, to + 1)) {
      each.checked = box.checked;
      note(each);
    }
    tell();
  }
  newest = box;
});

document.addEventListener("reset", (event) => event.target.id === "bulk" && setTimeout(clear));
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "bulk-results") return event.target.showModal();
  const there = boxes();
  for (const box of there) box.checked = picked.has(box.value);
  return undefined;
});
register("Escape", "Clear the selection", clear, { where: 'input[form="bulk"]:checked', group: "Cards" });
for (const box of boxes()) note(box);
tell();
