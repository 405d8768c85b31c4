// The order of phases by dragging and by keys. The buttons beside each phase do the same without this script.
import { register } from "./keys.js";
import { say } from "./toasts.js";
import { inTurn } from "./turns.js";

const phaseOf = (node) => node?.closest?.("[data-phase]");
const place = (phase) => [...phase.parentElement.children].indexOf(phase) + 1;
let held; // the phase that is being dragged
let order = 0; // grows with every move and with its answer: a refresh that was asked for before knows an older order
let moving = 0; // how many moves have no answer yet
let known = []; // the order as the server told it

// The first phase moves no further up, the last no further down.
function ends(list) {
  for (const each of list.children) {
    each.querySelector("[id^=up-]").disabled = !each.previousElementSibling;
    each.querySelector("[id^=down-]").disabled = !each.nextElementSibling;
  }
}

function move(phase, position) {
  if (position < 1 || position > phase.parentElement.children.length || position === place(phase)) return;
  const others = [...phase.parentElement.children].filter((each) => each !== phase);
  const focused = document.activeElement;
  phase.parentElement.insertBefore(phase, others[position - 1] ?? null);
  ends(phase.parentElement);
  if (phase.contains(focused)) (focused.disabled ? phase.querySelector(".phase-handle") : focused).focus();
  phase.scrollIntoView({ block: "nearest" });
  order += 1;
  moving += 1;
  inTurn("POST", phase.dataset.move, { source: "#phase-move", values: { position }, swap: "none" });
}

const note = () => (known = [...document.querySelectorAll("[data-phase]")]);

document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.elt.id !== "phase-move") return;
  order += 1;
  moving -= 1;
});
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "phases") event.detail.xhr.order = order;
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "phases" && (held || moving || event.detail.xhr.order !== order)) event.detail.shouldSwap = false;
});

// The form of a new phase stands outside of what refreshes, and may be half filled in: only its places are renewed.
function renewPlaces() {
  const [fresh, field] = ["phase-places", "phase_behind"].map((id) => document.getElementById(id));
  const told = (list) => [...list.options].map((option) => `${option.value} ${option.text}`).join("\n");
  if (!fresh || !field || told(fresh) === told(field)) return;
  const chosen = field.value;
  field.replaceChildren(...[...fresh.options].map((option) => new Option(option.text, option.value, option.value === chosen, option.value === chosen)));
  if (field.value === chosen) return;
  field.value = "";
  if (field.closest("[open]")) say("The phase that you had chosen as the place of the new one is gone. It will come last, unless you choose again.", { error: true });
}
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "phases") return;
  renewPlaces();
  note();
});
note();

// Whoever opens the form types at once; the first letter would be a shortcut elsewhere.
document.getElementById("new-phase")?.addEventListener("toggle", (event) => event.target.open && event.target.querySelector("[name=name]").focus());

// A refusal puts everything back where it was.
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.elt.id === "phase-move") htmx.trigger(document.body, "muster:changed");
});
document.body.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt.id !== "phase-move") return;
  moving -= 1;
  const focused = document.activeElement;
  for (const phase of known) phase.parentElement?.append(phase);
  ends(document.querySelector("[data-phases]"));
  focused.focus();
  htmx.trigger(document.body, "muster:changed"); // it may have arrived after all
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

// Dragging by pointer events: one way for mouse, pen and finger.
const EDGE = 60; // px from the window's edge where the page begins to scroll
let hasMoved = false; // not a class alone: a live refresh takes those off

const unmark = () => {
  for (const phase of document.querySelectorAll("[data-drop]")) delete phase.dataset.drop;
};

function placeUnder(y) {
  const others = [...held.parentElement.children].filter((each) => each !== held);
  const next = others.findIndex((each) => y < each.getBoundingClientRect().top + each.offsetHeight / 2);
  return { others, position: (next < 0 ? others.length : next) + 1 };
}

function drop(position) {
  const phase = held;
  held.classList.remove("is-held");
  held = undefined;
  hasMoved = false;
  unmark();
  if (position && position !== place(phase)) move(phase, position);
  else htmx.trigger(document.body, "muster:changed"); // what happened meanwhile was not shown
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.(".phase-handle");
  if (!handle || event.button) return;
  held = phaseOf(handle);
  handle.setPointerCapture(event.pointerId);
});
let at = 0; // where the pointer is: at an edge the page goes on scrolling while it rests there

function follow() {
  if (!held || !hasMoved) return;
  const { others, position } = placeUnder(at);
  unmark();
  if (position === place(held)) return;
  if (position > others.length) others.at(-1).dataset.drop = "after";
  else others[position - 1].dataset.drop = "before";
}

function roll() {
  if (!held) return;
  const before = scrollY;
  if (at < EDGE * 2) scrollBy(0, -12);
  if (at > innerHeight - EDGE) scrollBy(0, 12);
  if (scrollY !== before) follow();
  requestAnimationFrame(roll);
}

document.addEventListener("pointermove", (event) => {
  if (!held) return;
  at = event.clientY;
  held.classList.add("is-held");
  if (!hasMoved) requestAnimationFrame(roll);
  hasMoved = true;
  follow();
});
document.addEventListener("pointerup", (event) => {
  if (held) drop(hasMoved && placeUnder(event.clientY).position);
});
document.addEventListener("pointercancel", () => held && drop());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && held) drop();
});
