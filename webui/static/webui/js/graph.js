// The graph: zoom and pan by the viewBox, walking from node to node by keyboard, links that change the graph in place.
// Without this script the drawing scrolls, and every node is a link.
const part = document.getElementById("graph");
const LARGEST = 2;
const SMALLEST = 0.04;
const READABLE = 0.8; // the first look at a drawing that does not fit
const FAR = 0.42; // below this scale words cannot be read, and nodes show their state by a full colour
const STEP = 1.3;
const FRONT = [".node.is-picked", ".node.tone-running", ".phase-node.tone-running", ".node.tone-needs", ".node.tone-queued", ".node.is-critical"];

export const graph = part && { part, svg: () => part.querySelector("#graph-svg"), point, node: (id) => part.querySelector(`#n${id}`) };
let view; // {x, y, scale} of the left upper corner, in units of the drawing
let fitting = "begin"; // "whole": fitted; "": moved by hand, so that nothing but the hand moves it

const frame = () => part.querySelector(".graph-view");
const size = () => ({ width: Number(graph.svg().dataset.width), height: Number(graph.svg().dataset.height) });

function show() {
  const { clientWidth, clientHeight } = frame();
  graph.svg().setAttribute("viewBox", `${view.x} ${view.y} ${clientWidth / view.scale} ${clientHeight / view.scale}`);
  part.classList.toggle("is-far", view.scale < FAR);
  part.style.setProperty("--name-size", `${12 / view.scale}px`);
}

function fit({ largest = 1.15, smallest = SMALLEST } = {}) {
  const { width, height } = size();
  const { clientWidth, clientHeight } = frame();
  const scale = Math.max(smallest, Math.min(largest, clientWidth / width, clientHeight / height));
  const over = (room, length) => Math.min(0, (length - room / scale) / 2);
  view = { scale, x: over(clientWidth, width), y: over(clientHeight, height) };
  fitting = "whole";
  show();
}

function zoom(factor, at) {
  const { clientWidth, clientHeight } = frame();
  const place = at ?? { x: clientWidth / 2, y: clientHeight / 2 };
  const scale = Math.min(LARGEST, Math.max(SMALLEST, view.scale * factor));
  view.x += place.x / view.scale - place.x / scale;
  view.y += place.y / view.scale - place.y / scale;
  view.scale = scale;
  fitting = "";
  show();
}

function pan(x, y) {
  view.x += x / view.scale;
  view.y += y / view.scale;
  fitting = "";
  show();
}

function point(event) {
  const box = frame().getBoundingClientRect();
  return { x: view.x + (event.clientX - box.left) / view.scale, y: view.y + (event.clientY - box.top) / view.scale };
}

// Moves no further than needed for a node to stand in sight.
function reveal(node) {
  const box = frame().getBoundingClientRect();
  const at = node.getBoundingClientRect();
  const off = (from, to, low, high) => (from < low + 24 ? from - low - 24 : to > high - 24 ? to - high + 24 : 0);
  const x = off(at.left, at.right, box.left, box.right);
  const y = off(at.top, at.bottom, box.top, box.bottom);
  if (x || y) pan(x, y);
}

// What this script sets stays over a live refresh.
function keep(element, ...names) {
  element.kept = new Set(names);
}
if (part) Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !element.kept?.has(name);

function ready() {
  const svg = graph.svg();
  document.getElementById("zoom").hidden = !svg;
  if (!svg) return;
  const isNew = !svg.kept;
  keep(svg, "viewBox", "width", "height");
  part.classList.add("is-zoomable");
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  for (const node of svg.querySelectorAll(".node")) {
    if (node.kept) continue;
    node.setAttribute("tabindex", "-1");
    keep(node, "tabindex");
  }
  if (!svg.querySelector('.node[tabindex="0"]')) svg.querySelector(".node")?.setAttribute("tabindex", "0");
  if (isNew) begin(svg);
  else restore();
}

// After a refresh or a change of the window: as it was.
function restore() {
  if (fitting === "begin") begin(graph.svg());
  else if (fitting === "whole") fit();
  else show();
}

// A drawing that fits is shown whole; a larger one at a size to read, with the front of the work in sight.
function begin(svg) {
  fit({ smallest: READABLE });
  fitting = "begin";
  const front = FRONT.map((kind) => svg.querySelector(kind)).find(Boolean);
  const { clientWidth, clientHeight } = frame();
  if (front && (size().width * view.scale > clientWidth + 1 || size().height * view.scale > clientHeight + 1)) {
    const at = front.getBoundingClientRect();
    const box = frame().getBoundingClientRect();
    const most = (start, room, length) => Math.max(0, Math.min(start, length - room / view.scale));
    view.x = most(view.x + (at.left - box.left - clientWidth / 3) / view.scale, clientWidth, size().width);
    const down = view.y + (at.top - box.top) / view.scale;
    view.y = down * view.scale < clientHeight * 0.75 ? Math.min(view.y, 0) : most(down - clientHeight / 3 / view.scale, clientHeight, size().height);
    show();
  }
}

function hold(node) {
  graph.svg().querySelector('.node[tabindex="0"]')?.setAttribute("tabindex", "-1");
  node.setAttribute("tabindex", "0");
}

const middle = (node) => {
  const [, x, y] = /\((\S+) (\S+)\)/.exec(node.getAttribute("transform"));
  return { x: Number(x), y: Number(y) };
};

// Right and left follow a dependency where there is one; otherwise the nearest node on that side.
function neighbour(node, key) {
  const svg = graph.svg();
  const id = node.dataset.node;
  const [from, to] = key === "ArrowRight" ? ["from", "to"] : ["to", "from"];
  const here = middle(node);
  const isAcross = key === "ArrowRight" || key === "ArrowLeft";
  const tied = isAcross ? [...svg.querySelectorAll(`.edge[data-${from}="${id}"]`)].map((edge) => graph.node(edge.dataset[to])).filter(Boolean) : [];
  const side = { ArrowRight: (at) => at.x > here.x, ArrowLeft: (at) => at.x < here.x, ArrowDown: (at) => at.x === here.x && at.y > here.y, ArrowUp: (at) => at.x === here.x && at.y < here.y }[key];
  const near = tied.length ? tied : [...svg.querySelectorAll(".node")].filter((other) => side(middle(other)));
  const distance = (other) => Math.abs(middle(other).x - here.x) * (tied.length ? 0.1 : 1) + Math.abs(middle(other).y - here.y);
  return near.sort((one, other) => distance(one) - distance(other))[0];
}

const address = () => location.pathname + location.search;

// Opens an address of this page in place. The live refresh asks for it, so that of two answers the later one counts.
async function go(href, { push = true, focus = "" } = {}) {
  if (push) history.pushState({ graph: true }, "", href);
  const { width, height } = graph.svg()?.dataset ?? {};
  const shown = new Promise((resolve) => {
    part.addEventListener("htmx:afterSettle", function listen(event) {
      if (event.detail.requestConfig?.path !== address()) return;
      part.removeEventListener("htmx:afterSettle", listen);
      resolve();
    });
  });
  htmx.trigger(document.body, "muster:changed");
  await shown;
  const now = graph.svg()?.dataset;
  if (now && (now.width !== width || now.height !== height)) begin(graph.svg());
  if (focus) document.getElementById(focus)?.focus();
}

function mark(node) {
  for (const each of part.querySelectorAll(".is-near")) each.classList.remove("is-near");
  if (!node) return;
  const id = node.dataset.node;
  for (const edge of part.querySelectorAll(`.edge[data-from="${id}"], .edge[data-to="${id}"]`)) {
    edge.classList.add("is-near");
    graph.node(edge.dataset.from === id ? edge.dataset.to : edge.dataset.from)?.classList.add("is-near");
  }
}

// An edge is thin: look for one a few pixels around, too.
function edgeAt(event) {
  for (const [x, y] of [[0, 0], [0, -3], [0, 3], [-3, 0], [3, 0], [0, -6], [0, 6]]) {
    const found = document.elementFromPoint(event.clientX + x, event.clientY + y);
    if (found?.classList.contains("edge") && !found.closest(".graph-legend")) return found;
  }
  return null;
}

const SIZES = { in: () => zoom(STEP), out: () => zoom(1 / STEP), fit: () => fit() };
const ARROWS = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] };

function watch() {
  const fingers = new Map();
  let travelled = 0;

  part.addEventListener("wheel", (event) => {
    if (!event.target.closest(".graph-view")) return;
    event.preventDefault();
    const box = frame().getBoundingClientRect();
    if (event.shiftKey) pan(event.deltaY || event.deltaX, 0);
    else if (event.deltaX && !event.ctrlKey) pan(event.deltaX, event.deltaY);
    else zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * (event.ctrlKey ? 0.01 : 0.004)), { x: event.clientX - box.left, y: event.clientY - box.top });
  }, { passive: false });

  part.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".graph-view") || event.button !== 0 || event.target.closest(".draw-handle")) return;
    fingers.set(event.pointerId, event);
    travelled = 0;
  });
  part.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const others = [...fingers.values()].filter((each) => each.pointerId !== event.pointerId);
    if (others.length) {
      const box = frame().getBoundingClientRect();
      const apart = (each) => Math.hypot(each.clientX - others[0].clientX, each.clientY - others[0].clientY);
      zoom(apart(event) / (apart(last) || 1), { x: (event.clientX + others[0].clientX) / 2 - box.left, y: (event.clientY + others[0].clientY) / 2 - box.top });
    }
    const share = others.length ? 0.5 : 1;
    travelled += Math.abs(event.clientX - last.clientX) + Math.abs(event.clientY - last.clientY);
    if (travelled > 4) {
      if (!part.classList.contains("is-panning")) part.setPointerCapture(event.pointerId);
      part.classList.add("is-panning");
      pan((last.clientX - event.clientX) * share, (last.clientY - event.clientY) * share);
    }
    fingers.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    part.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      part.classList.remove("is-panning");
    });
  }
  part.addEventListener("dragstart", (event) => event.preventDefault());

  part.addEventListener("click", (event) => {
    if (travelled > 4 && event.target.closest(".graph-view")) {
      event.preventDefault();
      travelled = 0;
      return;
    }
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const link = event.target.closest("a[data-in-place]");
    const edge = !link && event.target.closest(".graph-svg") && edgeAt(event);
    if (link) {
      event.preventDefault();
      const byKey = event.detail === 0;
      go(link.getAttribute("href"), { focus: link.dataset.closes || (byKey && link.matches(".node") ? "picked-title" : "") });
    } else if (edge) {
      const picked = new URL(location.href);
      picked.searchParams.delete("task");
      picked.searchParams.set("edge", `${edge.dataset.from}-${edge.dataset.to}`);
      go(picked.href);
    }
  });

  part.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const node = event.target.closest(".node");
    if (event.key === "Escape") part.querySelector("[data-closes]")?.click();
    else if (!event.target.closest(".graph-view")) return;
    else if (ARROWS[event.key] && node && !event.shiftKey) neighbour(node, event.key)?.focus();
    else if (ARROWS[event.key]) pan(...ARROWS[event.key]);
    else return;
    event.preventDefault();
  });
  part.addEventListener("focusin", (event) => {
    const node = event.target.closest(".node");
    mark(node);
    if (!node) return;
    hold(node);
    reveal(node);
  });
  part.addEventListener("pointerover", (event) => {
    if (!fingers.size) mark(event.target.closest(".node"));
  });

  document.getElementById("zoom").addEventListener("click", (event) => SIZES[event.target.closest("[data-zoom]")?.dataset.zoom]?.());
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt === part) event.detail.path = address();
  });
  part.addEventListener("htmx:afterSwap", ready);
  window.addEventListener("popstate", () => go("", { push: false }));
  new ResizeObserver(() => graph.svg() && restore()).observe(part);
}

if (part) {
  watch();
  ready();
}
