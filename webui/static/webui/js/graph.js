// The graph: walking from node to node by keyboard, links that change the graph in place, hands that move it.
// Without this script the drawing scrolls, and every node is a link.
import { redraw } from "./minimap.js";
import { say } from "./toasts.js";
import { anchor, begun, fit, frame, isBeside, pan, part, point, refreshed, resized, reveal, standing, store, svg, zoom } from "./viewport.js";

const STEP = 1.3;
let held; // where the view stood before a refresh
let pressed = ""; // the phase that is being opened or collapsed: it stays under the pointer

const nodeOf = (id) => part.querySelector(`#n${id}`);

// What this script sets stays over a live refresh.
function keep(element, ...names) {
  element.kept = new Set(names);
}
if (part) Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !element.kept?.has(name);

function ready() {
  if (!svg()) return;
  document.getElementById("zoom").hidden = false;
  const isNew = !svg().kept;
  keep(svg(), "viewBox", "width", "height");
  part.classList.add("is-zoomable");
  svg().removeAttribute("width");
  svg().removeAttribute("height");
  for (const node of svg().querySelectorAll(".node")) {
    if (node.kept) continue;
    node.setAttribute("tabindex", "-1");
    keep(node, "tabindex");
  }
  if (!svg().querySelector('.node[tabindex="0"]')) svg().querySelector(".node")?.setAttribute("tabindex", "0");
  if (isNew) begun();
  else refreshed(held);
  redraw();
}

function hold(node) {
  svg().querySelector('.node[tabindex="0"]')?.setAttribute("tabindex", "-1");
  node.setAttribute("tabindex", "0");
}

// Right and left follow a dependency where there is one; otherwise the nearest node on that side.
function neighbour(node, key) {
  const id = node.dataset.node;
  const [from, to] = key === "ArrowRight" ? ["from", "to"] : ["to", "from"];
  const here = standing(node);
  const isAcross = key === "ArrowRight" || key === "ArrowLeft";
  const tied = isAcross ? [...svg().querySelectorAll(`.edge[data-${from}="${id}"]`)].map((edge) => nodeOf(edge.dataset[to])).filter(Boolean) : [];
  const side = { ArrowRight: (at) => at.x > here.x, ArrowLeft: (at) => at.x < here.x, ArrowDown: (at) => at.x === here.x && at.y > here.y, ArrowUp: (at) => at.x === here.x && at.y < here.y }[key];
  const near = tied.length ? tied : [...svg().querySelectorAll(".node")].filter((other) => side(standing(other)));
  const distance = (other) => Math.abs(standing(other).x - here.x) * (tied.length ? 0.1 : 1) + Math.abs(standing(other).y - here.y);
  return near.sort((one, other) => distance(one) - distance(other))[0];
}

const address = () => location.pathname + location.search;

// On a phone the panel stands below the drawing, out of sight.
function showPanel() {
  const panel = part.querySelector(".graph-panel");
  if (panel && !isBeside(panel)) panel.scrollIntoView({ block: "nearest" });
}

// Opens an address of this page in place. The live refresh asks for it, so that of two answers the later one counts.
async function go(href, { push = true, focus = "", beside = "" } = {}) {
  if (push) history.pushState({ graph: true }, "", href);
  const shown = new Promise((resolve) => {
    const settled = ["htmx:afterSettle", "htmx:responseError", "htmx:sendError"];
    const listen = ({ type, detail }) => {
      if (type === settled[0] && detail.requestConfig?.path !== address()) return;
      settled.forEach((name) => part.removeEventListener(name, listen));
      resolve(type === settled[0]);
    };
    settled.forEach((name) => part.addEventListener(name, listen));
  });
  pressed = beside;
  htmx.trigger(document.body, "muster:changed");
  const isShown = await shown;
  pressed = "";
  if (!isShown) return say("The server cannot show this now. It is shown as soon as the server answers.", { error: true });
  const picked = svg()?.querySelector(".node.is-picked");
  if (picked) reveal(picked);
  showPanel();
  if (focus) document.getElementById(focus)?.focus();
  return undefined;
}

function mark(node) {
  for (const each of part.querySelectorAll(".is-near")) each.classList.remove("is-near");
  if (!node) return;
  const id = node.dataset.node;
  for (const edge of part.querySelectorAll(`.edge[data-from="${id}"], .edge[data-to="${id}"]`)) {
    edge.classList.add("is-near");
    nodeOf(edge.dataset.from === id ? edge.dataset.to : edge.dataset.from)?.classList.add("is-near");
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

const SIZES = { in: () => zoom(STEP), out: () => zoom(1 / STEP), fit };
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
      go(link.getAttribute("href"), { beside: link.id, focus: link.dataset.closes || (byKey && link.matches(".node") ? "picked-title" : "") });
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
    if (event.key === "Escape") part.querySelector("a[data-closes]")?.click();
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

  part.addEventListener("click", (event) => SIZES[event.target.closest("[data-zoom]")?.dataset.zoom]?.());
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt === part) event.detail.path = address();
  });
  part.addEventListener("htmx:beforeSwap", () => (held = svg() && anchor(pressed)));
  part.addEventListener("htmx:afterSwap", ready);
  window.addEventListener("pagehide", store);
  window.addEventListener("popstate", () => go("", { push: false }));
  new ResizeObserver(() => svg() && resized()).observe(part);
}

if (part) {
  watch();
  ready();
  showPanel();
}
