// Drawing a dependency: from the handle of a node to the node that is to wait for it. The panel of a node does the same by a form.
import "./graph.js";
import { inTurn } from "./turns.js";
import { boxOf, part, point, svg } from "./viewport.js";

const SVG = "http://www.w3.org/2000/svg";
const MAY_WAIT = new Set(["waiting", "queued", "blocked"]);
const form = document.getElementById("draw-need");

const make = (name, classes, attributes = {}) => {
  const element = document.createElementNS(SVG, name);
  element.setAttribute("class", classes);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

const handle = make("circle", "draw-handle", { r: 8, "data-keep": "" });
const line = make("path", "draw-line");
const hint = make("text", "draw-hint");

// Everything that a node waits for, near or far: none of it may wait for the node.
function upstream(id) {
  const before = new Map();
  for (const { dataset } of part.querySelectorAll(".edge[data-from]")) before.set(dataset.to, [...(before.get(dataset.to) ?? []), dataset.from]);
  const found = new Set([id]);
  for (const each of found) for (const other of before.get(each) ?? []) found.add(other);
  return found;
}

function why(node, source, above) {
  if (node.dataset.node === source) return "A task cannot wait for itself";
  if (above.has(node.dataset.node)) return `Would make a circle: #${source} waits for it`;
  if (!MAY_WAIT.has(node.dataset.state)) return `#${node.dataset.node} is ${node.dataset.state}, it cannot wait any more`;
  return "";
}

function offer(node) {
  const { width, height } = boxOf(node);
  handle.setAttribute("cx", width);
  handle.setAttribute("cy", height / 2);
  node.append(handle);
}

function start(event) {
  event.preventDefault();
  event.stopPropagation();
  const node = handle.parentNode;
  const source = node.dataset.node;
  const above = upstream(source);
  const box = boxOf(node);
  const [x, y] = [box.x + box.width, box.y + box.height / 2];
  part.classList.add("is-drawing");
  for (const each of part.querySelectorAll(".node")) each.classList.toggle("no-drop", Boolean(why(each, source, above)));
  svg().append(line, hint);
  let target = null;

  const move = (moved) => {
    const at = point(moved);
    const bend = (x + at.x) / 2;
    line.setAttribute("d", `M${x} ${y}C${bend} ${y} ${bend} ${at.y} ${at.x} ${at.y}`);
    const over = document.elementFromPoint(moved.clientX, moved.clientY)?.closest(".node");
    target?.classList.remove("is-target");
    target = over && over !== node ? over : null;
    const refusal = target ? why(target, source, above) : "";
    if (target && !refusal) target.classList.add("is-target");
    hint.setAttribute("x", at.x + 14);
    hint.setAttribute("y", at.y - 10);
    hint.textContent = !target ? "Drop on the task that is to wait" : refusal || `#${target.dataset.node} will wait for #${source}`;
  };
  const end = (ended) => {
    if (ended.type === "keydown" && ended.key !== "Escape") return;
    window.removeEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel", "keydown"]) window.removeEventListener(name, end, true);
    line.remove();
    hint.remove();
    part.classList.remove("is-drawing");
    for (const each of part.querySelectorAll(".no-drop, .is-target")) each.classList.remove("no-drop", "is-target");
    if (ended.type === "pointerup" && target) post(source, target.dataset.node);
  };
  window.addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointercancel", "keydown"]) window.addEventListener(name, end, true);
}

// The server decides, also where the drawing knows better: its refusal names the whole circle.
function post(source, target) {
  inTurn("POST", `/t/${target}/needs`, { source: form, values: { on: source }, swap: "none" });
}

if (part && form) {
  handle.addEventListener("pointerdown", start);
  part.addEventListener("pointermove", (event) => {
    const node = event.target.closest(".node");
    if (node && handle.parentNode !== node && !part.matches(".is-drawing, .is-panning, .is-far")) offer(node);
  });
  part.addEventListener("click", (event) => event.target === handle && event.preventDefault());
}
