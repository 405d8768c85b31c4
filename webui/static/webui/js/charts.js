// Reads out the values of a chart at the pointer, under a finger or by arrow keys. They are those of the table below it, the newest first.
const SVG = "http://www.w3.org/2000/svg";
const HINT = "Point at the chart, or focus it and press the arrow keys, to read its values.";

for (const chart of document.querySelectorAll("svg[data-chart]")) start(chart);

function start(chart) {
  const rows = () => [...document.getElementById(chart.dataset.chart).rows].reverse();
  const said = document.createElement("p");
  const cursor = document.createElementNS(SVG, "rect");
  let place = -1;

  said.className = "plot-value small";
  said.setAttribute("role", "status");
  said.textContent = HINT;
  chart.parentElement.after(said);
  cursor.setAttribute("class", "plot-cursor");
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

  function leave() {
    if (document.activeElement === chart) return;
    cursor.remove();
    place = -1;
    // The last values stay: their links are on the way from the chart.
  }

  const at = (event) => {
    const box = chart.getBoundingClientRect();
    return Math.floor(((event.clientX - box.left) / box.width) * rows().length);
  };
  chart.addEventListener("pointermove", (event) => show(at(event)));
  chart.addEventListener("pointerdown", (event) => show(at(event)));
  chart.addEventListener("pointerleave", leave);
  chart.addEventListener("blur", leave);
  chart.addEventListener("focus", () => place < 0 && show(rows().length - 1));
  // A finger hides what it points at: its tap reads the values out, and their links lead on.
  chart.addEventListener("click", (event) => event.pointerType === "touch" && event.preventDefault());
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
