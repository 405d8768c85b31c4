// Reads out the values of a chart at the pointer, under a finger or by arrow keys. They are those of the table below it, the newest first.
const SVG = "http://www.w3.org/2000/svg";
const HINT = " Arrow keys read its values, Enter follows them.";

for (const chart of document.querySelectorAll("svg[data-chart]")) start(chart);

function start(chart) {
  const rows = () => [...document.getElementById(chart.dataset.chart).rows].reverse();
  const said = document.createElement("p");
  const cursor = document.createElementNS(SVG, "rect");
  let place = -1;

  const sentence = chart.closest("figure").querySelector(".chart-says");

  said.className = "plot-value";
  said.setAttribute("role", "status");
  (sentence || chart.closest("figure").firstElementChild).before(said);
  cursor.setAttribute("class", "plot-cursor");
  chart.querySelector("desc").append(HINT);
  chart.tabIndex = 0;

  function show(wanted) {
    const all = rows();
    const next = Math.min(Math.max(wanted, 0), all.length - 1);
    if (next === place && cursor.isConnected) return;
    place = next;
    const { width, height } = chart.viewBox.baseVal;
    const part = width / all.length;
    for (const [name, value] of Object.entries({ x: place * part, y: 0, width: part, height })) cursor.setAttribute(name, value);
    if (!cursor.isConnected) chart.prepend(cursor);
    said.replaceChildren(...words(all[place]));
    if (sentence) sentence.hidden = true;
  }

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
    if (sentence) sentence.hidden = false;
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
}
