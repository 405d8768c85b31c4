// What a live update must not touch: the field in use, half-typed text, open menus and details.
export const isDirty = (field) => {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field instanceof HTMLSelectElement) {
    const options = [...field.options];
    // Where the page names none, the browser selects the first.
    if (!field.multiple && !options.some((option) => option.defaultSelected)) return field.selectedIndex > 0;
    return options.some((option) => option.selected !== option.defaultSelected);
  }
  return field.value !== field.defaultValue;
};
const isField = (node) => node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement || node instanceof HTMLSelectElement;
const isTypedIn = (node) => isField(document.activeElement) && node.contains(document.activeElement);
const holdsWork = (node) =>
  node instanceof HTMLFormElement && (isTypedIn(node) || [...node.elements].some((field) => isField(field) && field.type !== "hidden" && isDirty(field)));

// ignoreActiveValue would keep everything inside the element that has the focus, also inside a link or a scrolling region.
Idiomorph.defaults.ignoreActiveValue = false;
Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => {
  if (!(old instanceof Element)) return true;
  if (fresh instanceof Element && fresh.hasAttribute("data-stub") && !old.hasAttribute("data-stub")) return false; // it is there already
  if (old.hasAttribute("data-keep") || holdsWork(old) || (isField(old) && old === document.activeElement)) return false;
  if (old instanceof HTMLInputElement && old.type === "checkbox" && isDirty(old)) return false; // a row that is selected stays so
  if (old instanceof HTMLDetailsElement && fresh instanceof HTMLDetailsElement) fresh.open = old.open;
  return true;
};
// Nor is what somebody typed taken away with the thing that it was about: sending it says what became of that.
const mustStay = (node) => node.hasAttribute("data-keep") || isTypedIn(node) || [node, ...node.querySelectorAll("form")].some(holdsWork);
Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => !(node instanceof Element && mustStay(node));
