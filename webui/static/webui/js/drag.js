// Cards by mouse or finger. The server says before the drop what each column would mean and why not; after it, it has the last word.
import { cardOf } from "./cards.js";
import { sayRefusal } from "./forms.js";
import { pickedCount } from "./pick.js";
import { fresh } from "./signed.js";
import { say } from "./toasts.js";

const FAR = 5; // px before a press is a drag
const LONG = 350; // ms before a finger that rests is one
const EDGE = 60; // px from the border where things begin to scroll
const asPart = { "HX-Request": "true" };
let drag; // the card in the hand
let isHeld = false; // a drop that waits for the server, or for a person's words
let missed = false; // a refresh that was put off

const board = () => document.getElementById("board");
const isBusy = () => Boolean(drag?.ghost) || isHeld;

async function offersFor(id) {
  const response = await fetch(`/t/${id}/move`, { headers: asPart }).catch(() => undefined);
  if (!response?.ok) return void sayRefusal(response);
  const html = await response.text();
  const part = new DOMParser().parseFromString(html, "text/html");
  return { html, by: new Map([...part.querySelectorAll("[data-to]")].map((each) => [each.dataset.to, each.dataset])) };
}

/** What dropping on this cell would be: `{refusal}` or `{words, column, lane, asks}`. */
function verdict(cell) {
  const { column, lane } = cell.dataset;
  const isOther = lane && lane !== drag.from.dataset.lane;
  const toLane = isOther ? drag.offers.by.get(lane) : undefined;
  const toColumn = drag.offers.by.get(column);
  const isMoved = column !== drag.from.dataset.column;
  if (!toColumn || (isOther && !toLane)) return { refusal: "It cannot be moved there." };
  if (isOther && toLane.refusal) return { refusal: toLane.refusal };
  if (isMoved && toColumn.refusal) return { refusal: toColumn.refusal };
  if (!isMoved && !isOther && toColumn.verb !== "reprioritise") return { isHome: true };
  const words = [isOther && `${toLane.label}. ${toLane.effect}`, isMoved && `${toColumn.label}. ${toColumn.effect}`].filter(Boolean).join(" ");
  return { words: words || toColumn.label, column: isMoved || !isOther ? column : "", lane: isOther ? lane : "", asks: isMoved ? toColumn.asks : "" };
}

function mark() {
  for (const cell of board().querySelectorAll("[data-cell]")) {
    const found = verdict(cell);
    const place = cell.closest(".column");
    drag.verdicts.set(place, { cell, ...found });
    if (found.isHome) continue;
    place.classList.add(found.refusal ? "refuses-it" : "takes-it");
    const words = place.appendChild(document.createElement("p"));
    words.className = "drop-words";
    words.textContent = found.refusal ?? found.words;
  }
}

function unmark() {
  for (const place of document.querySelectorAll(".takes-it, .refuses-it, .is-over")) place.classList.remove("takes-it", "refuses-it", "is-over");
  for (const words of document.querySelectorAll(".drop-words")) words.remove();
}

async function lift() {
  const box = drag.card.getBoundingClientRect();
  drag.grip = { x: drag.x - box.left, y: drag.y - box.top };
  drag.ghost = document.createElement("div");
  drag.ghost.className = "ghost";
  drag.ghost.inert = true;
  drag.ghost.append(drag.card.querySelector(".card").cloneNode(true));
  drag.ghost.style.width = `${box.width}px`;
  drag.card.style.height = `${box.height}px`;
  document.body.append(drag.ghost);
  drag.card.classList.add("is-lifted");
  board().classList.add("is-dragging");
  document.body.classList.add("is-dragging");
  follow();
  requestAnimationFrame(scroll);
  const mine = drag;
  mine.offers = await mine.asked;
  if (drag !== mine) return;
  if (!mine.offers) return cancel();
  mark();
  over();
}

function follow() {
  drag.ghost.style.transform = `translate(${drag.x - drag.grip.x}px, ${drag.y - drag.grip.y}px)`;
}

/** Show where the card would land: at the pointer in Queued, whose order is a person's to change, else at the end that is its own. */
function over() {
  const place = document.elementFromPoint(drag.x, drag.y)?.closest("#board .column");
  const found = drag.verdicts.get(place);
  if (drag.over !== place) {
    drag.over?.classList.remove("is-over");
    place?.classList.add("is-over");
    drag.over = place;
  }
  if (!found || found.refusal || found.isHome || place.classList.contains("is-folded")) return home();
  const cards = [...found.cell.querySelectorAll(":scope > [data-task]")].filter((each) => each !== drag.card);
  if (found.cell.dataset.column !== "queued") return found.cell.prepend(drag.card);
  const next = cards.find((each) => drag.y < each.getBoundingClientRect().top + each.offsetHeight / 2);
  if (next) next.before(drag.card);
  else if (cards.length) cards.at(-1).after(drag.card);
  else found.cell.prepend(drag.card);
  return undefined;
}

function home() {
  if (drag.after?.isConnected) drag.after.before(drag.card);
  else drag.from.append(drag.card);
}

function scroll() {
  if (!drag?.ghost) return;
  const push = (element, axis, at, low, high) => {
    if (at < low + EDGE) element[axis] -= Math.ceil((low + EDGE - at) / 6);
    else if (at > high - EDGE) element[axis] += Math.ceil((at - high + EDGE) / 6);
  };
  const whole = board().getBoundingClientRect();
  push(board(), "scrollLeft", drag.x, whole.left, whole.right);
  if (board().classList.contains("has-lanes")) push(board(), "scrollTop", drag.y, whole.top, whole.bottom);
  const list = drag.over?.querySelector("[data-cell]");
  if (list) {
    const box = list.getBoundingClientRect();
    if (drag.y > box.top && drag.y < box.bottom) push(list, "scrollTop", drag.y, box.top, box.bottom);
  }
  requestAnimationFrame(scroll);
}

function count(column, step) {
  const figure = board().querySelector(`[data-count="${column}"]`);
  const node = figure?.firstChild;
  if (node) node.data = node.data.replace(/^\d+/, (number) => Number(number) + step);
}

function putDown() {
  clearTimeout(drag.timer);
  drag.ghost?.remove();
  drag.card.classList.remove("is-lifted");
  drag.card.style.height = "";
  board()?.classList.remove("is-dragging");
  document.body.classList.remove("is-dragging");
  unmark();
}

function cancel() {
  if (drag.ghost) {
    home();
    putDown();
  }
  clearTimeout(drag.timer);
  drag = undefined;
  catchUp();
}

function catchUp() {
  if (!missed || isBusy()) return;
  missed = false;
  htmx.trigger(document.body, "muster:changed");
}

function drop() {
  const mine = drag;
  const found = mine.verdicts.get(mine.over);
  const isSame = mine.card.parentElement === mine.from && mine.card.nextElementSibling === mine.after;
  if (!found || found.refusal || found.isHome || (isSame && !mine.over.classList.contains("is-folded"))) {
    if (found?.refusal) say(found.refusal, { error: true });
    return cancel();
  }
  putDown();
  drag = undefined;
  isHeld = true;
  const from = mine.from.dataset.column;
  const to = found.cell.dataset.column;
  const back = () => {
    if (mine.after?.isConnected) mine.after.before(mine.card);
    else mine.from.append(mine.card);
    count(from, 1);
    count(to, -1);
  };
  count(from, -1);
  count(to, 1);
  mine.card.classList.add("is-busy");
  const done = (isMoved) => {
    mine.card.classList.remove("is-busy");
    isHeld = false;
    if (!isMoved) back();
    missed = true;
    catchUp();
  };
  if (found.asks) return ask(mine, to, done);
  return send(mine, found, done);
}

async function send(mine, found, done) {
  const form = new FormData();
  form.set("csrfmiddlewaretoken", fresh(document.querySelector("input[name=csrfmiddlewaretoken]").value));
  form.set("column", found.column);
  form.set("lane", found.lane);
  if (found.cell.dataset.column === "queued") {
    form.set("above", mine.card.previousElementSibling?.dataset.task ?? "");
    form.set("below", mine.card.nextElementSibling?.dataset.task ?? "");
  }
  const response = await fetch(`/t/${mine.card.dataset.task}/moved`, { method: "POST", headers: asPart, body: form }).catch(() => undefined);
  if (response?.ok) {
    const { sentence, ...offer } = JSON.parse(response.headers.get("HX-Trigger") ?? "{}")["muster:said"] ?? {};
    if (sentence) say(sentence, offer);
  } else sayRefusal(response);
  done(Boolean(response?.ok));
}

/** Ask for the words that a move needs, with the form of the Move to menu. */
function ask(mine, to, done) {
  const dialog = document.getElementById("card-menu");
  dialog.innerHTML = mine.offers.html;
  htmx.process(dialog);
  dialog.showModal();
  const details = dialog.querySelector(`[data-to="${to}"] details`);
  details.open = true;
  details.querySelector("textarea").focus();
  let isSaid = false;
  const said = (event) => (isSaid ||= dialog.contains(event.target));
  document.body.addEventListener("muster:said", said, { capture: true });
  dialog.addEventListener(
    "close",
    () => {
      document.body.removeEventListener("muster:said", said, { capture: true });
      done(isSaid);
    },
    { once: true },
  );
}

document.addEventListener("pointerdown", (event) => {
  const card = cardOf(event.target);
  const isControl = event.target.closest?.(".card-tools, form, input, textarea, button");
  if (!card || drag || isHeld || isControl || event.button !== 0 || !card.querySelector(".card-pick") || !board()?.contains(card)) return;
  if (pickedCount() > 1) return;
  drag = { card, from: card.parentElement, after: card.nextElementSibling, x: event.clientX, y: event.clientY, start: [event.clientX, event.clientY] };
  drag.pointer = event.pointerId;
  drag.isTouch = event.pointerType !== "mouse";
  drag.verdicts = new Map();
  if (drag.isTouch) drag.timer = setTimeout(() => begin(), LONG);
});

function begin() {
  drag.asked = offersFor(drag.card.dataset.task);
  lift();
}

document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.pointer) return;
  [drag.x, drag.y] = [event.clientX, event.clientY];
  const way = Math.hypot(drag.x - drag.start[0], drag.y - drag.start[1]);
  if (!drag.ghost) {
    if (drag.isTouch && way > FAR) cancel(); // it scrolls
    else if (!drag.isTouch && way > FAR) begin();
    return;
  }
  follow();
  if (drag.offers) over();
});

document.addEventListener("pointerup", (event) => {
  if (!drag || event.pointerId !== drag.pointer) return;
  if (!drag.ghost) return cancel();
  // The click that follows would open the task.
  const stop = (click) => (click.preventDefault(), click.stopPropagation());
  document.addEventListener("click", stop, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", stop, { capture: true }), 50);
  return drag.offers ? drop() : cancel();
});
document.addEventListener("pointercancel", () => drag && cancel());
document.addEventListener("dragstart", (event) => cardOf(event.target) && board() && event.preventDefault());
document.addEventListener("contextmenu", (event) => drag?.isTouch && event.preventDefault());
document.getElementById("board")?.addEventListener("touchmove", (event) => drag?.ghost && event.preventDefault(), { passive: false });
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || !drag?.ghost) return;
    event.stopPropagation();
    cancel();
  },
  { capture: true },
);

// A refresh waits until the card is out of the hand and the server has answered.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id !== "board" || !isBusy()) return;
  missed = true;
  event.preventDefault();
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "board" || !isBusy()) return;
  missed = true;
  event.detail.shouldSwap = false;
});
