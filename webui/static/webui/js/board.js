// What the board adds to a page: cards by keyboard, by mouse and finger, selected, renamed; and columns that page as they scroll.
import "./cards.js";
import "./columns.js";
import "./drag.js";
import "./pick.js";
import "./title.js";

// One more task after the other: the field stays, empty, with the focus in it.
document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  if (form.matches?.("form[data-stays]") && event.detail.successful) form.elements.title.focus();
});
