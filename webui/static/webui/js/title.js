// A title is changed where it stands: Enter saves, Escape restores, and what somebody else wrote meanwhile is shown beside it.
import { sayRefusal } from "./forms.js";

const asPart = { "HX-Request": "true" };
const opening = new Set(); // the headings whose field is on its way

async function open(link) {
  const heading = document.getElementById(`title-of-${link.dataset.title}`);
  if (!heading || heading.hasAttribute("data-keep") || opening.has(heading)) return undefined;
  opening.add(heading);
  const response = await fetch(link.href, { headers: asPart }).catch(() => undefined);
  opening.delete(heading);
  if (!response?.ok) return sayRefusal(response);
  const before = [...heading.childNodes];
  const restore = () => {
    heading.replaceChildren(...before);
    heading.removeAttribute("data-keep");
    heading.querySelector("a")?.focus();
  };
  heading.setAttribute("data-keep", ""); // a refresh leaves it alone
  return put(heading, await response.text(), restore);
}

function put(heading, html, restore) {
  heading.innerHTML = html;
  const form = heading.querySelector("form");
  const field = form.elements.title;
  field.focus();
  field.select();
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    restore();
    htmx.trigger(document.body, "muster:changed");
  });
  form.querySelector("[data-restores]").addEventListener("click", (event) => {
    event.preventDefault();
    restore();
    htmx.trigger(document.body, "muster:changed");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (field.readOnly) return undefined; // it is on its way
    if (field.value.trim() === field.defaultValue && !form.querySelector("[role=alert]")) return restore();
    field.readOnly = true;
    const response = await fetch(form.action, { method: "POST", headers: asPart, body: new FormData(form) }).catch(() => undefined);
    field.readOnly = false;
    if (response?.status === 412) return put(heading, await response.text(), restore);
    if (!response?.ok) return sayRefusal(response);
    restore();
    const words = heading.querySelector("bdi");
    if (words) words.textContent = field.value.trim();
    return htmx.trigger(document.body, "muster:changed");
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-title]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  open(link);
});
