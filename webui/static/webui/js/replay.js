// The slider of the replay: it fetches the board of a moment, steps by keys and plays. Without it the form and its buttons do the same.
import { say } from "./toasts.js";

const form = document.querySelector("form[data-replay]");
if (form) start(form);

function start(form) {
  const slider = form.querySelector("input[type=range]");
  const play = form.querySelector("[data-replay-play]");
  const speed = form.querySelector("[data-replay-speed]");
  const target = document.getElementById("replay");
  let wanted = null;
  let busy = false;
  let pending; // the step that was asked for while the answer to another was on its way
  let timer;
  let failure = "";

  const failed = (sentence) => ({ detail }) => detail.target === target && (failure = sentence);
  document.body.addEventListener("htmx:responseError", failed("The server could not show this moment. Try again."));
  document.body.addEventListener("htmx:sendError", failed("The server cannot be reached. Try again in a moment."));

  const facts = () => target.querySelector("[data-at]").dataset;

  async function show(at) {
    if (at === "" || at === undefined) return;
    wanted = at;
    if (busy) return;
    busy = true;
    try {
      while (wanted !== null) {
        const next = wanted;
        wanted = null;
        await htmx.ajax("GET", `${form.dataset.replay}?at=${encodeURIComponent(next)}`, { target, swap: "morph:innerHTML" }).catch(() => undefined);
      }
    } finally {
      busy = false;
    }
    if (failure) fail();
    settle();
  }

  // What is shown stays, and the slider goes back to it.
  function fail() {
    stop();
    pending = undefined;
    say(failure, { error: true });
    failure = "";
  }

  function step(name) {
    if (busy) pending = name;
    else show(facts()[name]);
  }

  function settle() {
    const { at, last, words } = facts();
    slider.max = last;
    slider.value = at;
    slider.setAttribute("aria-valuetext", words);
    history.replaceState(history.state, "", `?at=${at}`);
    if (!facts().next) stop();
    const name = pending;
    pending = undefined;
    if (name) step(name);
  }

  function stop() {
    clearTimeout(timer);
    timer = undefined;
    play.setAttribute("aria-pressed", "false");
    play.querySelector("span").textContent = "Play";
  }

  // At most four answers a second: a faster replay leaps over moments instead of asking for more.
  async function beat() {
    const pace = Number(speed.value);
    const begun = Date.now();
    await show(pace > 4 ? facts().leap : facts().next);
    if (timer === undefined) return;
    timer = setTimeout(beat, Math.max(0, 1000 / Math.min(pace, 4) - (Date.now() - begun)));
  }

  function toggle() {
    if (timer !== undefined) return stop();
    play.setAttribute("aria-pressed", "true");
    play.querySelector("span").textContent = "Stop";
    timer = 0;
    if (facts().next) beat();
    else show(slider.min).then(beat);
  }

  const KEYS = { ArrowRight: "next", ArrowUp: "next", ArrowLeft: "previous", ArrowDown: "previous", PageUp: "leap", PageDown: "behind" };
  slider.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") toggle();
    else if (KEYS[event.key]) step(KEYS[event.key]);
    else return;
    event.preventDefault();
  });
  slider.addEventListener("input", () => {
    stop();
    show(slider.value);
  });
  target.addEventListener("submit", (event) => {
    event.preventDefault();
    stop();
    show(event.submitter.value);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(slider.value);
  });
  play.addEventListener("click", toggle);
  for (const each of form.querySelectorAll("[data-replay-only]")) each.hidden = false;
  play.hidden = false;
  form.querySelector("[data-replay-go]").hidden = true;
  if (slider.value !== slider.defaultValue) show(slider.value); // moved before this was loaded
}
