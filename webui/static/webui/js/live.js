// What a page hears of the stream that the browser's tabs share (stream.js): htmx's extension takes it for an EventSource of the page's own.
import { isOver, signedOut } from "./signed.js";

const PATIENCE = 3000; // ms before a short gap is worth a word
const AWAY = 10000; // ms between two counts in the title of a window that nobody looks at
const AGAIN = 2000; // ms
let waiting;

let isShared = Boolean(window.SharedWorker);

class Stream extends EventTarget {
  constructor(address) {
    super();
    this.readyState = EventSource.CONNECTING; // it never says closed, or the extension would open another
    this.after = Number(new URL(address, location).searchParams.get("after"));
    this.project = document.body.dataset.project ?? "";
    this.isOwed = false;
    this.failures = 0;
    this.join();
    document.addEventListener("visibilitychange", () => this.look());
    document.addEventListener("muster:over", () => this.leave());
    document.addEventListener("muster:back", () => this.join());
    // A page that the browser keeps for its Back button lets go of the stream, or it could not be kept.
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => event.persisted && this.join());
  }

  join() {
    if (isOver()) return;
    this.port ??= portOf(() => this.joinAgain()).then((port) => {
      port.onmessage = ({ data }) => this.hear(data);
      port.postMessage({ after: this.after, project: this.project });
      return port;
    });
  }

  leave() {
    this.port?.then((port) => {
      port.postMessage("leave");
      port.close();
    });
    this.port = undefined;
  }

  close() {
    this.leave();
  }

  // The script of the worker could not be fetched: the server goes away at this very moment, or this browser takes no modules there.
  joinAgain() {
    this.failures += 1;
    if (this.failures > 2) isShared = false;
    this.leave();
    this.onerror?.({});
    setTimeout(() => this.join(), AGAIN);
  }

  hear({ is, id, projects }) {
    if (is === "ended") return signedOut();
    if (is === "open") return this.onopen?.();
    if (is === "error") return this.onerror?.({});
    this.after = Math.max(this.after, id);
    if (this.project && !projects.includes(this.project) && !projects.includes("all")) return undefined;
    if (!document.hidden) return this.signal(is);
    this.isOwed = true;
    return count();
  }

  signal(topic) {
    this.dispatchEvent(new MessageEvent(topic, { data: String(this.after) }));
  }

  look() {
    // Where each page has a stream of its own, one that nobody looks at goes without.
    if (document.hidden) return isShared || this.leave();
    this.join();
    if (!this.isOwed) return undefined;
    this.isOwed = false;
    return ["board", "figures"].forEach((topic) => this.signal(topic));
  }
}

async function portOf(onerror) {
  const { stream, person } = document.body.dataset;
  try {
    // One worker for each person: another one's pages must not hear what this one may see.
    const worker = isShared && new SharedWorker(stream, { type: "module", name: `muster ${person}` });
    if (worker) return Object.assign(worker, { onerror }).port;
  } catch {
    isShared = false; // forbidden together with cookies and storage
  }
  const { serve } = await import("./stream.js");
  const both = new MessageChannel();
  serve(both.port1);
  return both.port2;
}

htmx.createEventSource = (address) => new Stream(address);

// Ten windows in the background would ask ten times as much as the one that is looked at. Their titles still count what waits.
let counting;
let counted = 0;

function count() {
  counting ??= setTimeout(() => {
    counting = undefined;
    counted = Date.now();
    htmx.trigger(document.getElementById("needs-you") ?? document.body, "sse:board");
  }, Math.max(0, counted + AWAY - Date.now()));
}

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

document.addEventListener("muster:over", () => {
  clearTimeout(waiting);
  waiting = undefined;
  show("lost", "Signed out");
});
