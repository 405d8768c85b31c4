// The page's one event stream: says when it is lost.
const PATIENCE = 3000; // ms before a short gap is worth a word
let waiting;

function show(state, words) {
  for (const place of document.querySelectorAll("[data-live-state]")) {
    place.dataset.liveState = state;
    place.querySelector("[data-live-words]").textContent = words;
  }
}

document.body.addEventListener("htmx:sseOpen", () => {
  clearTimeout(waiting);
  waiting = undefined;
  const wasLost = document.querySelector('[data-live-state="lost"]');
  show("live", "Live");
  if (wasLost) htmx.trigger(document.body, "muster:changed");
});

document.body.addEventListener("htmx:sseError", () => {
  waiting ??= setTimeout(() => show("lost", "Reconnecting…"), PATIENCE);
});
