// Facts that are edited where they stand, and the log of an attempt that is read while it grows.
let focusNext = "";

// A refusal that brings its own place (somebody else changed it: both are shown) is shown there.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status !== 409 || !xhr.getResponseHeader("HX-Retarget")) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

function close(open) {
  focusNext = open.id;
  open.removeAttribute("data-keep");
  open.querySelector("form").reset();
  document.activeElement.blur();
}

document.body.addEventListener("htmx:afterRequest", (event) => {
  const open = event.detail.elt.closest?.(".fact-open");
  if (open && event.detail.xhr?.status === 204) close(open);
});

function cancel(event, open) {
  if (!open?.closest("[hx-get]")) return; // on a page of its own the link leads back
  event.preventDefault();
  close(open);
  htmx.trigger(document.body, "muster:changed");
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-fact-cancel]")) cancel(event, event.target.closest(".fact-open"));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") cancel(event, event.target.closest?.(".fact-open"));
});

document.body.addEventListener("htmx:afterSettle", () => {
  const link = focusNext && document.getElementById(focusNext)?.querySelector(".fact-edit");
  if (!link) return;
  focusNext = "";
  if (document.activeElement === document.body) link.focus();
});

// A log stays at its end until somebody scrolls up to read.
const left = new WeakSet();
const toEnd = () => {
  for (const log of document.querySelectorAll("[data-follow]")) if (!left.has(log)) log.scrollTop = log.scrollHeight;
};
document.addEventListener(
  "scroll",
  ({ target }) => {
    if (!(target instanceof Element) || !target.hasAttribute("data-follow")) return;
    if (target.scrollHeight - target.scrollTop - target.clientHeight > 24) left.add(target);
    else left.delete(target);
  },
  true,
);
document.body.addEventListener("htmx:afterSettle", toEnd);
toEnd();

// Enter on a choice would send a form that offers two decisions, before either is made.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target.type === "radio" && event.target.closest(".review-form")) event.preventDefault();
});
