// Which tasks are selected for a bulk action. The boxes belong to the form #bulk wherever they stand; a refresh keeps them ticked,
// and where the tasks come page by page (data-of, the filter that they match), so does the way to the next page and back.
import { sayRefusal } from "./forms.js";
import { register } from "./keys.js";
import { afterSwaps } from "./swaps.js";
import { nameOf, shelf } from "./typed.js";

const bar = document.getElementById("bulk");
const picked = new Set(kept());
let newest;

function kept() {
  const found = bar?.dataset.of === undefined ? null : shelf((storage) => JSON.parse(storage.getItem(nameOf("picked"))));
  return found?.of === bar?.dataset.of ? (found?.tasks ?? []) : [];
}

function keep() {
  if (bar?.dataset.of === undefined) return;
  if (picked.size) shelf((storage) => storage.setItem(nameOf("picked"), JSON.stringify({ of: bar.dataset.of, tasks: [...picked] })));
  else shelf((storage) => storage.removeItem(nameOf("picked")));
}

const boxes = () => [...document.querySelectorAll('input[form="bulk"][name="task"]')];
export const pickedCount = () => picked.size;
/** The boxes that one at the head of a column, or of the list, stands for. */
const boxesOf = ({ dataset }) => boxes().filter((box) => !dataset.picks || box.closest(`[data-column="${dataset.picks}"]`));
const counted = (count) => (count === 1 ? "1 task" : `${count} tasks`);

/** Offer what is on the other pages too, once all of this one is selected. */
function offerAll(own) {
  const button = bar.querySelector("[data-picks-all]");
  const total = Number(document.querySelector("[data-total]")?.dataset.total ?? 0);
  if (!button) return;
  button.hidden = total > Number(button.dataset.most) || picked.size >= total || !own.length || !own.every((box) => box.checked);
  button.textContent = `Select all ${total} that match`;
}

async function pickAll({ dataset }) {
  const answer = await fetch(dataset.picksAll, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  if (!answer?.ok) return sayRefusal(answer);
  for (const task of (await answer.json()).tasks) picked.add(String(task));
  return tick();
}

function tell() {
  if (!bar) return;
  keep();
  offerAll(boxes());
  const away = picked.size - boxes().filter((box) => box.checked).length;
  bar.classList.toggle("is-on", picked.size > 0);
  for (const all of document.querySelectorAll("input[data-picks]")) {
    const own = boxesOf(all);
    all.checked = own.length > 0 && own.every((box) => box.checked);
  }
  bar.querySelector("[data-picked]").textContent = picked.size ? `${counted(picked.size)} selected${away ? `, ${away} not shown here` : ""}` : "";
  for (const button of bar.querySelectorAll("[data-confirm-many]")) button.dataset.confirm = button.dataset.confirmMany.replace("{}", counted(picked.size));
}

function note(box) {
  if (box.checked) picked.add(box.value);
  else picked.delete(box.value);
}

function tick() {
  for (const box of boxes()) box.checked = picked.has(box.value);
  tell();
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
afterSwaps(tick);
bar?.querySelector("[data-picks-all]")?.addEventListener("click", ({ target }) => pickAll(target));
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

for (const box of boxes()) if (box.checked) note(box);
tick();
