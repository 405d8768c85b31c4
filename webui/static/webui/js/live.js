// The page's one event stream: says when it is lost, and asks for as much of a board as is on the screen.
const PATIENCE = 3000; // ms before a short gap is worth a word
let waiting;

function show(state, words) {
  for (const place of document.querySelectorAll("[data-live-state]")) {
    place.dataset.liveState = state;
    place.querySelector("[data-live-words]").textContent = words;
  }
}

// The words stand beside many things; what is spoken is said once, and only when it matters.
const speak = (words) => (document.getElementById("live-said").textContent = words);

document.body.addEventListener("htmx:sseOpen", () => {
  clearTimeout(waiting);
  waiting = undefined;
  const wasLost = document.querySelector('[data-live-state="lost"]');
  show("live", "Live");
  if (wasLost) speak("Connected again.");
  if (wasLost) htmx.trigger(document.body, "muster:changed");
});

document.body.addEventListener("htmx:sseError", () => {
  waiting ??= setTimeout(() => {
    show("lost", "Reconnecting…");
    speak("The connection is lost. Reconnecting; what you type is kept.");
  }, PATIENCE);
});

// A column that was scrolled further than its first page is refreshed as far as it is shown.
document.body.addEventListener("htmx:configRequest", (event) => {
  const part = event.detail.elt;
  if (part.id !== "board") return;
  for (const column of part.querySelectorAll("[data-column]")) {
    const shown = column.querySelectorAll(".card").length;
    if (shown > Number(column.dataset.page)) event.detail.parameters[`shown_${column.dataset.column}`] = shown;
  }
});
