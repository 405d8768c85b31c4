// What is half typed or chosen outlives a reload, a way back and a new sign-in: it stays in this tab until it is sent.
import { isDirty } from "./morph.js";

const PREFIX = "typed:";
/** Do something with what this tab stores, or nothing where it may not. */
export const shelf = (work) => {
  try {
    return work(sessionStorage);
  } catch {
    return null; // storage may be full or forbidden
  }
};
/** Return under which name something of this page and person is kept; it goes when they sign out. */
export const nameOf = (what) => `${PREFIX}${document.body.dataset.person}:${location.pathname}:${what}`;
const keyOf = (field) => nameOf(field.dataset.typed);

// Kept is what differs from the page's own; of a group of radio buttons, which stand under one name, the value of the chosen one.
export function keep(field) {
  if (field.type === "radio" && !field.checked) return;
  const kept = field.type === "checkbox" ? String(field.checked) : field.value;
  if (isDirty(field)) shelf((storage) => storage.setItem(keyOf(field), kept));
  else shelf((storage) => storage.removeItem(keyOf(field)));
}

function bringBack(field) {
  const kept = shelf((storage) => storage.getItem(keyOf(field)));
  if (kept === null) return;
  if (field.type === "radio") field.checked ||= field.value === kept;
  else if (isDirty(field)) return;
  else if (field.type === "checkbox") field.checked = kept === "true";
  else if (!(field instanceof HTMLSelectElement) || [...field.options].some(({ value }) => value === kept)) field.value = kept;
}

document.addEventListener("input", ({ target }) => target.matches?.("[data-typed]") && keep(target));
document.addEventListener("focusin", ({ target }) => target.matches?.("[data-typed]") && bringBack(target));
document.body.addEventListener("htmx:load", ({ detail }) => detail.elt.querySelectorAll("[data-typed]").forEach(bringBack));

for (const form of document.querySelectorAll("form[data-signs-out]")) {
  form.addEventListener("submit", () => {
    const kept = shelf((storage) => Object.keys(storage).filter((key) => key.startsWith(PREFIX))) ?? [];
    kept.forEach((key) => shelf((storage) => storage.removeItem(key)));
  });
}
