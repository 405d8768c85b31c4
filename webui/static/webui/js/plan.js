// The order of phases by dragging and by keys. The buttons beside each phase do the same without this script.
import { register } from "./keys.js";

const phaseOf = (node) => node?.closest?.("[data-phase]");
const place = (phase) => [...phase.parentElement.children].indexOf(phase) + 1;
let held;

function move(phase, position) {
  if (position < 1 || position > phase.parentElement.children.length || position === place(phase)) return;
  const others = [...phase.parentElement.children].filter((each) => each !== phase);
  const focused = document.activeElement;
  phase.parentElement.insertBefore(phase, others[position - 1] ?? null);
  if (phase.contains(focused)) focused.focus();
  phase.scrollIntoView({ block: "nearest" });
  htmx.ajax("POST", phase.dataset.move, { source: "#phase-move", values: { position }, swap: "none" });
}

// A refusal puts everything back where it was.
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.elt.id === "phase-move") htmx.trigger(document.body, "muster:changed");
});

document.addEventListener("keydown", (event) => {
  const handle = event.target.closest?.(".phase-handle");
  if (!handle || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(phaseOf(handle), place(phaseOf(handle)) + step);
});

const withFocus = (step) => () => {
  const phase = phaseOf(document.activeElement);
  if (!phase) return false;
  move(phase, place(phase) + step);
};
register("Shift+ArrowUp", "Move the phase with the focus up", withFocus(-1), { where: "#phase-move" });
register("Shift+ArrowDown", "Move the phase with the focus down", withFocus(1), { where: "#phase-move" });

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.(".phase-handle");
  if (handle) phaseOf(handle).draggable = true;
});
document.addEventListener("pointerup", () => {
  for (const phase of document.querySelectorAll("[data-phase][draggable=true]")) phase.draggable = false;
});

const unmark = () => {
  for (const phase of document.querySelectorAll("[data-drop]")) delete phase.dataset.drop;
};
const isBelow = (phase, event) => event.clientY > phase.getBoundingClientRect().top + phase.offsetHeight / 2;

document.addEventListener("dragstart", (event) => {
  if (!event.target.matches?.("[data-phase]")) return;
  held = event.target;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", held.dataset.phase);
});
document.addEventListener("dragover", (event) => {
  const over = held && phaseOf(event.target);
  if (!over) return;
  event.preventDefault();
  const side = isBelow(over, event) ? "after" : "before";
  if (over.dataset.drop === side) return;
  unmark();
  if (over !== held) over.dataset.drop = side;
});
document.addEventListener("drop", (event) => {
  const over = held && phaseOf(event.target);
  if (!over) return;
  event.preventDefault();
  const others = [...over.parentElement.children].filter((each) => each !== held);
  if (over !== held) move(held, others.indexOf(over) + 1 + (isBelow(over, event) ? 1 : 0));
});
document.addEventListener("dragend", () => {
  unmark();
  if (held) held.draggable = false;
  held = undefined;
});
