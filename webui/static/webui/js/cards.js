// Cards of the board and rows of a list, by keyboard. A card is any element with data-task inside one with data-cell.
import { register } from "./keys.js";

export const cardOf = (node) => node?.closest?.("[data-cell] [data-task]");
const cardsIn = (cell) => [...cell.querySelectorAll("[data-task]")];
const linkOf = (card) => card.querySelector(".card-title > a, a[data-open]");
let last; // where the focus was: {id, cell, place}
let acted; // where it was when something was done to the card
let pointed; // the card below the mouse

document.addEventListener("pointerover", (event) => (pointed = cardOf(event.target)));
document.addEventListener("focusin", (event) => {
  const card = cardOf(event.target);
  if (card) last = placeOf(card);
});

export function placeOf(node) {
  const card = cardOf(node);
  const cell = card.closest("[data-cell]");
  return { id: card.id, cell: cell.dataset.cell, place: cardsIn(cell).indexOf(card) };
}

/** Put the focus where it was before a card went away: on the card if it is still there, else on the one in its place. */
function focusAt({ id, cell, place }) {
  const list = document.querySelector(`[data-cell="${CSS.escape(cell)}"]`);
  const cards = list ? cardsIn(list) : [];
  const card = cards.find((each) => each.id === id) ?? cards[Math.min(place, cards.length - 1)];
  if (card) focus(card);
}

function current() {
  return cardOf(document.activeElement) ?? (pointed?.isConnected ? pointed : undefined);
}

function focus(card) {
  linkOf(card)?.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function beside(card, step) {
  const cells = [...document.querySelectorAll("[data-cell]")].filter((cell) => cardsIn(cell).length);
  const cell = card.closest("[data-cell]");
  const cards = cardsIn(cell);
  const next = cards[cards.indexOf(card) + step];
  if (next) return next;
  // Beyond the end of a lane's cell: the same column of the next lane.
  const same = cells.filter((each) => each.dataset.column === cell.dataset.column);
  const other = same[same.indexOf(cell) + step];
  return other && cardsIn(other).at(step > 0 ? 0 : -1);
}

function across(card, step) {
  const cell = card.closest("[data-cell]");
  const cells = [...document.querySelectorAll("[data-cell]")].filter((each) => each.dataset.lane === cell.dataset.lane && cardsIn(each).length);
  const other = cells[cells.indexOf(cell) + step];
  if (!other) return undefined;
  const { top } = card.getBoundingClientRect();
  const distance = (each) => Math.abs(each.getBoundingClientRect().top - top);
  return cardsIn(other).reduce((best, each) => (distance(each) < distance(best) ? each : best));
}

function go(find, step) {
  return (event) => {
    const card = cardOf(document.activeElement);
    if (!card) {
      const first = document.querySelector("[data-cell] [data-task]");
      if (event.key.startsWith("Arrow") || !first) return false;
      return focus(first);
    }
    const next = find(card, step);
    if (next) focus(next);
    return undefined;
  };
}

function tick(card, on) {
  const box = card?.querySelector('input[form="bulk"]');
  if (!box || box.checked === on) return;
  box.checked = on ?? !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function extend(step) {
  return () => {
    const card = cardOf(document.activeElement);
    if (!card) return false;
    tick(card, true);
    const next = beside(card, step);
    if (next) focus(next);
    return tick(next, true);
  };
}

function press(selector) {
  return () => {
    const control = current()?.querySelector(selector);
    if (!control) return false;
    return control.click();
  };
}

const on = { where: "[data-cell] [data-task]", group: "Cards" };
const picks = { where: 'input[form="bulk"]', group: "Cards" };
register("j, ArrowDown", "Next card", go(beside, 1), on);
register("k, ArrowUp", "Previous card", go(beside, -1), on);
register("l, ArrowRight", "Column to the right", go(across, 1), { ...on, where: "#board [data-task]" });
register("h, ArrowLeft", "Column to the left", go(across, -1), { ...on, where: "#board [data-task]" });
register("x", "Select the card", () => (current() ? tick(current()) : false), picks);
register("Shift+J, Shift+ArrowDown", "Select this and the next", extend(1), picks);
register("Shift+K, Shift+ArrowUp", "Select this and the one before", extend(-1), picks);
register("m", "Move the card to…", press("a[data-menu]"), { ...on, where: "[data-task] a[data-menu]" });
register("e", "Rename the card", press("a[data-title]"), { ...on, where: "[data-task] a[data-title]" });

// After a refresh that took the focused card away, its neighbour has the focus: the next key works where the last one did.
document.body.addEventListener("htmx:beforeSwap", () => {
  if (!cardOf(document.activeElement) && document.activeElement !== document.body) last = undefined;
});
document.body.addEventListener("muster:said", () => (acted = last));
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "board") return;
  const isLost = document.activeElement === document.body;
  const isMoved = acted && cardOf(document.activeElement)?.id === acted.id && placeOf(document.activeElement).cell !== acted.cell;
  if (isLost ? last : isMoved) focusAt(isMoved ? acted : last);
  acted = undefined;
});
document.addEventListener("pointerdown", (event) => {
  if (!cardOf(event.target)) last = undefined;
});
