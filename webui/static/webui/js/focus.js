// A live update that takes away what has the focus hands it to what stands there now, so that the keyboard and a screen reader
// go on from the same place instead of from the top of the page.
let held;
let places = []; // of each ancestor of what had the focus: itself, and which of its children led there

function note() {
  held = document.activeElement;
  places = [];
  for (let node = held; node?.parentElement && node !== document.body; node = node.parentElement) places.push([node.parentElement, [...node.parentElement.children].indexOf(node)]);
}

function heir() {
  const [parent, index] = places.find(([node]) => node.isConnected) ?? [];
  return parent?.children[index] ?? parent?.lastElementChild ?? parent;
}

function hand() {
  if (!held || held.isConnected || document.activeElement !== document.body) return;
  const next = heir();
  if (!next || next === document.body) return;
  if (next.tabIndex < 0) next.tabIndex = -1;
  next.focus({ preventScroll: true });
}

// Both in one task with the swap between them: nothing that a person does falls in between.
document.body.addEventListener("htmx:beforeSwap", note);
document.body.addEventListener("htmx:afterSwap", hand);
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node, how) => !(name === "tabindex" && how === "remove" && node === document.activeElement);
