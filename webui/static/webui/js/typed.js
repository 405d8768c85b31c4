// What is half typed outlives a reload, a way back and a new sign-in: it stays in this tab until it is sent.
const PREFIX = "typed:";
const shelf = (work) => {
  try {
    return work(sessionStorage);
  } catch {
    return null; // storage may be full or forbidden
  }
};
const keyOf = (field) => `${PREFIX}${document.body.dataset.person}:${location.pathname}:${field.dataset.typed}`;

export function keep(field) {
  if (field.value) shelf((storage) => storage.setItem(keyOf(field), field.value));
  else shelf((storage) => storage.removeItem(keyOf(field)));
}

function bringBack(field) {
  if (!field.value) field.value = shelf((storage) => storage.getItem(keyOf(field))) ?? "";
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
