// The one event stream of a browser, which its tabs share in a SharedWorker. Without HTTP/2 a browser opens six connections to a
// server and no more, and each stream holds one as long as it lasts: the seventh board would wait for ever for its page.
const SILENCE = 45000; // ms; the server says something every 15 s, so longer means that the connection died without a word
const ROUND = 5000; // ms between looks at that
const LONGEST = 30000; // ms between two tries
const tabs = new Set();
let source;
let settled = 0; // the event up to which everything was told: where a new stream begins
let since = 0; // the event with which this watch began
let last = {}; // the newest event of each project
let heard = 0;
let pause = 1000;
let isOpen = false;

const tell = (message) => tabs.forEach((tab) => tab.postMessage(message));

function lost() {
  isOpen = false;
  tell({ is: "error" });
}

function close() {
  source?.close();
  source = undefined;
  isOpen = false;
}

function hear(event) {
  heard = Date.now();
  const [id, ...projects] = event.data.split(" ");
  for (const each of projects) last[each] = Number(id);
  if (event.type === "figures") settled = Number(id);
  tell({ is: event.type, id: Number(id), projects });
}

// Refused, not only broken off: somebody signed out, or a proxy answers for a server that is not there.
async function refused(address) {
  const answer = await fetch(address, { method: "HEAD", headers: { Accept: "text/event-stream" } }).catch(() => undefined);
  if (answer?.status === 401) {
    close();
    return tell({ is: "ended" });
  }
  pause = Math.min(pause * 2, LONGEST);
  return setTimeout(() => source?.readyState === EventSource.CLOSED && open(), pause);
}

function open() {
  close();
  heard = Date.now();
  const address = `/live?after=${settled}`;
  const opened = new EventSource(address);
  source = opened;
  opened.onopen = () => {
    heard = Date.now();
    pause = 1000;
    isOpen = true;
    tell({ is: "open" });
  };
  opened.onerror = () => {
    if (opened !== source) return;
    lost();
    if (opened.readyState === EventSource.CLOSED) refused(address);
  };
  for (const name of ["board", "figures"]) opened.addEventListener(name, hear);
  opened.addEventListener("beat", () => (heard = Date.now()));
}

setInterval(() => {
  if (!isOpen || Date.now() - heard < SILENCE) return;
  lost();
  open();
}, ROUND);

function join(tab, { after, project }) {
  tabs.add(tab);
  if (!source) {
    settled = since = after;
    last = {};
    return open();
  }
  if (isOpen) tab.postMessage({ is: "open" });
  const newest = Math.max(since, ...Object.entries(last).map(([each, id]) => (!project || each === project || each === "all" ? id : 0)));
  if (newest > after) for (const is of ["board", "figures"]) tab.postMessage({ is, id: newest, projects: ["all"] });
  return undefined;
}

function leave(tab) {
  tabs.delete(tab);
  if (!tabs.size) close();
}

/** Serve a tab, or whatever holds the other end of the port: it says `{after, project}` to join and `"leave"` to leave. */
export function serve(port) {
  port.onmessage = ({ data }) => (data === "leave" ? leave(port) : join(port, data));
}

self.onconnect = ({ ports }) => serve(ports[0]);
