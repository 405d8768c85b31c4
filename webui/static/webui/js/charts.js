// Reads out the values of a chart at the pointer, under a finger or by arrow keys. They are those of the table below it, the newest first.
import { afterSwaps } from "./swaps.js";

const SVG = "http://www.w3.org/2000/svg";
const HINT = " Arrow keys read its values, Enter follows them.";
const started = new WeakMap(); // of each chart: what puts back what a refresh took away

function dress() {
  for (const chart of document.querySelectorAll("svg[data-chart]")) {
    if (!started.has(chart)) started.set(chart, start(chart));
    started.get(chart)();
  }
}

afterSwaps(dress);
dress();

function start(chart) {
  const rows = () => [...document.getElementById(chart.dataset.chart).rows].reverse();
  const figure = chart.closest("figure");
  const said = figure.querySelector(".plot-value");
  const sentence = figure.querySelector(".chart-says");
  const cursor = document.createElementNS(SVG, "rect");
  let place = -1;

  cursor.setAttribute("class", "plot-cursor");

  function show(wanted) {
    const all = rows();
    const next = Math.min(Math.max(wanted, 0), all.length - 1);
    if (next !== place || !cursor.isConnected) draw(all, next);
  }

  function draw(all, next) {
    place = next;
    const { width, height } = chart.viewBox.baseVal;
    const part = width / all.length;
    for (const [name, value] of Object.entries({ x: place * part, y: 0, width: part, height })) cursor.setAttribute(name, value);
    if (!cursor.isConnected) chart.prepend(cursor);
    const fresh = words(all[place]);
    if (fresh.map(text).join("") !== text(said)) said.replaceChildren(...fresh); // what is the same is not said again
    sentence.hidden = true;
  }

  const text = (piece) => piece.textContent ?? piece;

  function words(row) {
    const heads = [...row.closest("table").tHead.rows[0].cells];
    const day = document.createElement("b");
    day.textContent = row.cells[0].textContent;
    return [...row.cells].slice(1).reduce((found, cell, number) => {
      const value = document.createElement("span");
      value.append(`${heads[number + 1].textContent}: `, ...[...cell.childNodes].map((node) => node.cloneNode(true)));
      return [...found, " ", value];
    }, [day]);
  }

  function leave(event) {
    if (document.activeElement === chart || said.contains(event.relatedTarget)) return;
    cursor.remove();
    said.replaceChildren();
    sentence.hidden = false;
    place = -1;
  }

  const at = (event) => {
    const box = chart.getBoundingClientRect();
    return Math.floor(((event.clientX - box.left) / box.width) * rows().length);
  };
  chart.addEventListener("pointermove", (event) => show(at(event)));
  chart.addEventListener("pointerdown", (event) => show(at(event)));
  chart.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && leave(event));
  chart.addEventListener("blur", leave);
  chart.addEventListener("focus", () => place < 0 && show(rows().length - 1));
  // A finger hides what it points at: its tap reads the values out, and their links lead on. A mouse need not hit the bar itself.
  chart.addEventListener("click", (event) => {
    if (event.pointerType === "touch") event.preventDefault();
    else if (!event.target.closest("a")) said.querySelector("a")?.click();
  });
  chart.addEventListener("keydown", (event) => {
    const last = rows().length - 1;
    const step = { ArrowRight: place + 1, ArrowUp: place + 1, ArrowLeft: place - 1, ArrowDown: place - 1, Home: 0, End: last, PageUp: place + 7, PageDown: place - 7 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in step) show(step[event.key]);
    else if (event.key === "Enter") said.querySelector("a")?.click();
    else return;
    event.preventDefault();
  });

  return () => {
    const hint = chart.querySelector("desc");
    if (!hint.textContent.endsWith(HINT)) hint.append(HINT);
    chart.tabIndex = 0;
    if (place >= 0) draw(rows(), Math.min(place, rows().length - 1));
  };
}
