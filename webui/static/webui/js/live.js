// The page's one event stream: says when it is lost.
import { signedOut } from "./signed.js";

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

// Figures cost many rows to draw: a window that nobody looks at fetches them once it is looked at.
let missed;

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (!document.hidden || !event.target.matches('[hx-trigger*="sse:figures"]')) return;
  event.preventDefault();
  missed = event.target;
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !missed) return;
  htmx.trigger(missed, "sse:figures");
  missed = undefined;
});

// A stream does not tell whether the server is away or the session has ended.
async function askWhy() {
  const answer = await fetch(document.body.getAttribute("sse-connect"), { method: "HEAD", headers: { "HX-Request": "true" } }).catch(() => undefined);
  if (answer?.status === 401) signedOut();
}

document.body.addEventListener("htmx:sseError", () => {
  waiting ??= setTimeout(() => {
    show("lost", "Reconnecting…");
    speak("The connection is lost. Reconnecting; what you type is kept.");
    askWhy();
  }, PATIENCE);
});
