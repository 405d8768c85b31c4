// What was answered leaves the inbox, and the next thing that waits gets the focus.
document.body.addEventListener("htmx:afterRequest", (event) => {
  const need = event.detail.elt.closest?.(".need");
  if (!need || !event.detail.successful || event.detail.requestConfig.verb === "get") return;
  const next = need.nextElementSibling ?? need.previousElementSibling;
  (next?.querySelector("textarea, button, a") ?? document.getElementById("main")).focus();
});
