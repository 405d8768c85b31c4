// Which tasks are selected for a bulk action. The boxes belong to the form #bulk wherever they stand; a refresh keeps them ticked.
import { register } from "./keys.js";
import { afterSwaps } from "./swaps.js";

const picked = new Set();
let newest;

const boxes = () => [...document.querySelectorAll('input[form="bulk"][name="task"]')];
export const pickedCount = () => picked.size;
/** The boxes that one at the head of a column, or of the list, stands for. */
const boxesOf = ({ dataset }) => boxes().filter((box) => !dataset.picks || box.closest(`[data-column="${dataset.picks}"]`));
const counted = (count) => (count === 1 ? "1 task" : `${count} tasks`);

function tell() {
  const form = document.getElementById("bulk");
  if (!form) return;
  form.classList.toggle("is-on", picked.size > 0);
  for (const all of document.querySelectorAll("input[data-picks]")) {
    const own = boxesOf(all);
    all.checked = own.length > 0 && own.every((box) => box.checked);
  }
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
  else if (box.matches?.("input[data-picks]"))
    for (const each of boxesOf(box)) {
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

// Enter in a field of the bar presses the button beside it; on the box of a card it presses none.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches?.('input[form="bulk"], #bulk input')) return;
  event.preventDefault();
  event.target.closest(".bulk-pair")?.querySelector("button").click();
});

document.addEventListener("reset", (event) => event.target.id === "bulk" && setTimeout(clear));
document.body.addEventListener("htmx:afterSwap", (event) => event.target.id === "bulk-results" && event.target.showModal());
afterSwaps(() => {
  for (const box of boxes()) box.checked = picked.has(box.value);
  tell();
});
// Also what is selected and not on the page at this moment, in a column that was collapsed since or further down.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id === "bulk") event.detail.parameters.task = [...picked];
});
register("Escape", "Clear the selection", clear, { where: "#bulk.is-on", group: "Cards" });
// What the bar can do is in the palette too, while something is selected.
const DEEDS = [
  ["Set the priority of the selected tasks", "#bulk-priority"],
  ["Set the tier of the selected tasks", "#bulk-tier"],
  ["Move the selected tasks to a phase", "#bulk-phase"],
  ["Assign the selected tasks to an agent", "#bulk-agent"],
  ["Label the selected tasks", "#bulk-labels"],
  ["Run the selected tasks again", "#bulk button[value=requeue]"],
  ["Cancel the selected tasks", "#bulk button[value=cancel]"],
];
for (const [says, control] of DEEDS) {
  const use = () => {
    const found = document.querySelector(control);
    found.focus();
    if (found.matches("button")) found.click();
  };
  register("", says, use, { where: "#bulk.is-on", group: "Cards" });
}

for (const box of boxes()) note(box);
tell();
