// Columns that page as they scroll. A refresh asks for as many cards as are shown and gets those around what is seen; of the others
// it gets their places, and the page keeps the cards that it has. So nothing jumps, however far somebody has scrolled.
import { afterSwaps } from "./swaps.js";

const board = document.getElementById("board");
const DRAWN = 40; // cards, less than what a refresh draws of a cell: from so many on it matters where one looks
const FAR = 15; // cards beyond which what is seen now was not drawn by the last refresh
const REST = 150; // ms without scrolling
let asked = new Map(); // what the last refresh asked for: of each cell how many cards, and which is the first that is seen
let resting;

const cells = () => [...board.querySelectorAll("[data-cell]")];
const cardsIn = (cell) => [...cell.querySelectorAll(":scope > [data-task]")];
const refresh = () => htmx.trigger(document.body, "muster:changed");

function seen(cell) {
  const cards = cardsIn(cell);
  const { top } = cell.getBoundingClientRect();
  return { count: cards.length, at: cards.length > DRAWN ? Math.max(0, cards.findIndex((card) => card.getBoundingClientRect().bottom > top)) : 0 };
}

/** Whether a cell shows what the last refresh did not draw. */
function isStale(cell) {
  const before = asked.get(cell.dataset.cell);
  return before?.count > DRAWN && Math.abs(seen(cell).at - before.at) > FAR;
}

function ask(event) {
  const open = [...board.querySelectorAll(".lane:not(.is-folded)")].map((lane) => lane.id.replace("lane-", ""));
  if (open.length) event.detail.parameters.open = open.join();
  asked = new Map(cells().map((cell) => [cell.dataset.cell, seen(cell)]));
  for (const cell of cells()) {
    const { count, at } = asked.get(cell.dataset.cell);
    if (count > Number(cell.dataset.page)) event.detail.parameters[`shown.${cell.dataset.cell}`] = count;
    if (at) event.detail.parameters[`at.${cell.dataset.cell}`] = at;
  }
}

/** Each card stands once: one that moved while the next page was on its way may have come with that page again. */
function dropDoubles() {
  const met = new Set();
  const doubles = [...board.querySelectorAll("[data-cell] > [data-task]")].filter((card) => met.size === met.add(card.id).size);
  for (const card of doubles) card.remove();
  if (doubles.length) refresh();
}

if (board) {
  document.body.addEventListener("htmx:configRequest", (event) => event.detail.elt === board && ask(event));
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== board) return;
    // Pages that came meanwhile are not in this answer.
    if (!cells().some((cell) => cardsIn(cell).length > (asked.get(cell.dataset.cell)?.count ?? Infinity))) return;
    event.detail.shouldSwap = false;
    refresh();
  });
  afterSwaps(dropDoubles);
  board.addEventListener(
    "scroll",
    () => {
      clearTimeout(resting);
      resting = setTimeout(() => cells().some(isStale) && refresh(), REST);
    },
    { capture: true, passive: true },
  );
}
