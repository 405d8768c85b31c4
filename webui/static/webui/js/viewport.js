// What part of the graph is in sight, as the viewBox of its drawing. It begins whole where its words can be read then, else with
// what runs now; a refresh and a reload find it where it was.
export const part = document.getElementById("graph");
export const svg = () => part.querySelector("#graph-svg");
export const frame = () => part.querySelector(".graph-view");
export const size = () => ({ width: Number(svg().dataset.width), height: Number(svg().dataset.height) });

const LARGEST = 2;
const SMALLEST = 0.04;
const READABLE = 0.72; // the smallest scale at which words are easy to read
const AT_EASE = 0.85; // the scale of a first look at a part
const AS_IT_IS = 1.15; // a small drawing is hardly enlarged
const FAR = 0.5; // below, words cannot be read, and nodes show their state by a full colour
const NAME = 12; // px, of a phase seen from far
const EDGE = 24;
const FRONT = [".node.is-picked", ".node.tone-running", ".phase-node.tone-running", ".node.is-critical", ".node.tone-needs", ".node.tone-queued"];

let view; // {x, y, scale} of the left upper corner, in units of the drawing
let fitting; // "begin": the first look at a part; "whole": all of it; "hand": moved, so that nothing but the hand moves it
let isAsked = false; // whether somebody wanted the whole however small
let wide = 0; // the frame in pixels: asking for it while the drawing changes would lay out a thousand nodes at once
let high = 0;
let follow = () => {};

export const onShow = (tell) => (follow = tell);
export const standing = (element) => {
  const [, x, y] = /\((\S+) (\S+)\)/.exec(element.getAttribute("transform"));
  return { x: Number(x), y: Number(y) };
};
export const boxOf = (element) => {
  const box = element.querySelector(".box");
  return { ...standing(element), width: Number(box.getAttribute("width")), height: Number(box.getAttribute("height")) };
};
const clamp = (least, value, most) => Math.max(least, Math.min(value, most));

/** The visible rectangle, in units of the drawing. */
export const seen = () => ({ x: view.x, y: view.y, width: wide / view.scale, height: high / view.scale });

function measure() {
  wide = frame().clientWidth;
  high = frame().clientHeight;
}

export const isBeside = (panel) => getComputedStyle(panel).position === "absolute";

// The room beside an open panel, in pixels.
function room() {
  const panel = part.querySelector(".graph-panel");
  const covered = panel && isBeside(panel) ? panel.offsetWidth + EDGE : 0;
  return { width: wide - covered, height: high };
}

function show() {
  const { x, y, width, height } = seen();
  svg().setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  const isFar = view.scale < FAR;
  part.classList.toggle("is-far", isFar);
  const size = isFar ? `${NAME / view.scale}px` : "";
  if (part.style.getPropertyValue("--name-size") !== size) part.style.setProperty("--name-size", size);
  follow();
}

function look(next, how) {
  view = next;
  fitting = how;
  show();
}

const wholeScale = () => Math.min(AS_IT_IS, room().width / size().width, room().height / size().height);
const spare = (available, scale, length) => Math.min(0, (length - available / scale) / 2);

/** Show all of it: in the middle, and at the top. */
export function fit({ asked = true } = {}) {
  const scale = Math.max(SMALLEST, wholeScale());
  isAsked = asked;
  look({ scale, x: spare(room().width, scale, size().width), y: scale < FAR ? -NAME / scale : 0 }, "whole"); // far names stand high
}

export function begin() {
  if (wholeScale() >= READABLE) return fit({ asked: false });
  const { width, height } = room();
  const scale = clamp(READABLE, Math.max(width / size().width, height / size().height), AT_EASE);
  const middle = front(width / scale, height / scale);
  const place = (at, available, length) => clamp(0, at - available / scale / 2, Math.max(0, length - available / scale));
  const x = size().width * scale < width ? spare(width, scale, size().width) : place(middle.x, width, size().width);
  return look({ scale, x, y: place(middle.y, height, size().height) }, "begin");
}

// The middle of what is at work, as far as it can be seen at once; else of the first of it.
function front(width, height) {
  const kind = FRONT.find((each) => svg().querySelector(each));
  const boxes = kind ? [...svg().querySelectorAll(kind)].map(boxOf) : [];
  if (!boxes.length) return { x: 0, y: 0 };
  const around = (some) => {
    const [left, top] = [Math.min(...some.map((box) => box.x)), Math.min(...some.map((box) => box.y))];
    const [right, bottom] = [Math.max(...some.map((box) => box.x + box.width)), Math.max(...some.map((box) => box.y + box.height))];
    return { x: (left + right) / 2, y: (top + bottom) / 2, fits: right - left < width && bottom - top < height };
  };
  const all = around(boxes);
  return all.fits ? all : around(boxes.slice(0, 1));
}

export function zoom(factor, at) {
  const place = at ?? { x: wide / 2, y: high / 2 };
  const scale = clamp(SMALLEST, view.scale * factor, LARGEST);
  look({ scale, x: view.x + place.x / view.scale - place.x / scale, y: view.y + place.y / view.scale - place.y / scale }, "hand");
}

export const pan = (x, y) => look({ ...view, x: view.x + x / view.scale, y: view.y + y / view.scale }, "hand");

export function centre(at) {
  const { width, height } = seen();
  look({ ...view, x: at.x - width / 2, y: at.y - height / 2 }, "hand");
}

export function point(event) {
  const box = frame().getBoundingClientRect();
  return { x: view.x + (event.clientX - box.left) / view.scale, y: view.y + (event.clientY - box.top) / view.scale };
}

/** Move no further than needed for a node to stand in sight, beside the panel. */
export function reveal(node) {
  const box = frame().getBoundingClientRect();
  const at = node.getBoundingClientRect();
  const off = (from, to, low, high) => (from < low + EDGE ? from - low - EDGE : to > high - EDGE ? to - high + EDGE : 0);
  const x = off(at.left, at.right, box.left, box.left + room().width);
  const y = off(at.top, at.bottom, box.top, box.bottom);
  if (x || y) pan(x, y);
}

/** Where the view stands beside the node in its middle, or beside that one: the drawing may grow around it. */
export function anchor(id) {
  const { x, y, width, height } = seen();
  const far = (at) => Math.hypot(at.x - x - width / 2, at.y - y - height / 2);
  const near = [...svg().querySelectorAll("a[transform]")].map((element) => ({ id: element.id, at: standing(element) }));
  const found = near.find((each) => each.id === id) ?? near.sort((one, other) => far(one.at) - far(other.at))[0];
  return found && { id: found.id, x: x - found.at.x, y: y - found.at.y, scale: view.scale, fitting };
}

function back(held) {
  const element = held && document.getElementById(held.id);
  if (!element || !svg().contains(element)) return false;
  const at = standing(element);
  look({ scale: held.scale, x: at.x + held.x, y: at.y + held.y }, held.fitting);
  return true;
}

/** After a refresh: the whole if it was whole and can still be read, else what was in sight. */
export function refreshed(held) {
  measure();
  if (fitting === "whole" && (isAsked || wholeScale() >= READABLE)) return fit({ asked: isAsked });
  if (!back(held && { ...held, fitting: held.fitting === "whole" ? "hand" : held.fitting })) return begin();
  return undefined;
}

export function resized() {
  measure();
  if (fitting === "begin") begin();
  else if (fitting === "whole") fit({ asked: isAsked });
  else show();
}

// One place for each drawing: what is picked in it does not count.
function shelf() {
  const asked = new URLSearchParams(location.search);
  for (const name of ["task", "edge"]) asked.delete(name);
  return `graph ${location.pathname}?${asked}`;
}

/** Keep the place for a reload; what is seen whole needs none. */
export function store() {
  if (!svg()) return;
  const place = fitting !== "whole" && anchor();
  if (place) sessionStorage.setItem(shelf(), JSON.stringify({ ...place, fitting: "hand" }));
  else sessionStorage.removeItem(shelf());
}

export function begun() {
  measure();
  if (!back(JSON.parse(sessionStorage.getItem(shelf()) ?? "null"))) begin();
  const picked = svg().querySelector(".node.is-picked");
  if (picked && fitting !== "whole") reveal(picked);
}
