// The small map in the corner of the graph: there while a part of the drawing is out of sight. A press on it goes there.
import { boxOf, centre, frame, onShow, part, seen, size, svg } from "./viewport.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST = { width: 190, height: 110 };
const SHARE = 0.34; // of a narrow window
const LEAST = 30; // also of a drawing that is far wider than high

const map = () => document.getElementById("graph-map");
const rectangle = ({ x, y, width, height }) => `M${x} ${y}h${width}v${height}h${-width}z`;

function shape(name, d) {
  const path = map().appendChild(document.createElementNS(SVG, "path"));
  path.setAttribute("class", name);
  path.setAttribute("d", d);
  return path;
}

/** Draw it anew: a path for each tone, whatever the number of nodes. */
export function redraw() {
  const { width, height } = size();
  const scale = Math.min(MOST.width / width, (frame().clientWidth * SHARE) / width, MOST.height / height);
  map().replaceChildren();
  map().setAttribute("viewBox", `0 0 ${width} ${height}`);
  map().setAttribute("width", Math.max(LEAST, Math.round(width * scale)));
  map().setAttribute("height", Math.max(LEAST, Math.round(height * scale)));
  const frames = [...svg().querySelectorAll(".frame rect")];
  shape("map-frame", frames.map((rect) => rectangle({ x: rect.getAttribute("x"), y: rect.getAttribute("y"), width: rect.getAttribute("width"), height: rect.getAttribute("height") })).join(""));
  const tones = new Map();
  for (const node of svg().querySelectorAll(".node, .phase-node")) {
    const tone = /tone-\w+/.exec(node.getAttribute("class"))[0];
    tones.set(tone, (tones.get(tone) ?? "") + rectangle(boxOf(node)));
  }
  for (const [tone, d] of tones) shape(`map-node ${tone}`, d);
  shape("map-seen", "");
  follow();
}

function follow() {
  const { x, y, width, height } = seen();
  const isWhole = x <= 1 && y <= 1 && x + width >= size().width - 1 && y + height >= size().height - 1;
  map().toggleAttribute("hidden", isWhole);
  map().querySelector(".map-seen")?.setAttribute("d", rectangle({ x, y, width, height }));
}

function go(event) {
  if (!(event.buttons & 1)) return;
  const box = map().getBoundingClientRect();
  centre({ x: ((event.clientX - box.left) / box.width) * size().width, y: ((event.clientY - box.top) / box.height) * size().height });
}

if (part) {
  onShow(() => map() && follow());
  for (const name of ["pointerdown", "pointermove"]) part.addEventListener(name, (event) => event.target.closest("#graph-map") && go(event));
}
