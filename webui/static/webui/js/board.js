// What the board adds to a page: cards by keyboard, by mouse and finger, selected, renamed; and refreshed as far as they are shown.
import "./cards.js";
import "./drag.js";
import "./pick.js";
import "./title.js";

document.body.addEventListener("htmx:configRequest", (event) => {
  const part = event.detail.elt;
  if (part.id !== "board") return;
  for (const cell of part.querySelectorAll("[data-cell]")) {
    const shown = cell.querySelectorAll("[data-task]").length;
    if (shown > Number(cell.dataset.page)) event.detail.parameters[`shown.${cell.dataset.cell}`] = shown;
  }
});

// One more task after the other: the field stays, empty, with the focus in it.
document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  if (form.matches?.("form[data-stays]") && event.detail.successful) form.elements.title.focus();
});
