// The timeline: what runs grows with the clock, and a bar says its exact times under the pointer and under the focus.
const SECOND = 1000; // ms
const part = document.getElementById("timeline");
const tip = document.createElement("div");

function grow() {
  const line = part.querySelector(".timeline");
  if (!line || document.hidden) return;
  const { moment, pace, nowAt } = line.dataset;
  const now = Number(nowAt) + ((Date.now() - skew - Date.parse(moment)) / SECOND) * Number(pace);
  if (now >= 100) {
    skew = null; // the next answer tells the server's time again
    htmx.trigger(document.body, "muster:changed");
    return;
  }
  for (const mark of line.querySelectorAll("[data-now]")) for (const side of mark.matches("line") ? ["x1", "x2"] : ["x"]) mark.setAttribute(side, `${now}%`);
  for (const bar of line.querySelectorAll("[data-live] > rect")) bar.setAttribute("width", `${Math.max(0.3, now - parseFloat(bar.getAttribute("x")))}%`);
}

// The server's clock counts: this one may be wrong.
let skew = 0;
const set = () => (skew = Date.now() - Date.parse(part.querySelector(".timeline")?.dataset.moment ?? new Date().toISOString()));

function tell(bar) {
  tip.hidden = !bar;
  if (!bar) return;
  tip.textContent = bar.dataset.says;
  const box = bar.querySelector("rect").getBoundingClientRect();
  const left = Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8));
  tip.style.left = `${left}px`;
  tip.style.top = `${box.bottom + tip.offsetHeight + 8 > innerHeight ? box.top - tip.offsetHeight - 6 : box.bottom + 6}px`;
}

if (part) {
  tip.className = "bar-tip";
  tip.setAttribute("aria-hidden", "true"); // the bar's own name says the same
  tip.hidden = true;
  document.body.append(tip);
  set();
  for (const [name, place] of [["pointerover", "target"], ["pointerout", ""], ["focusin", "target"], ["focusout", ""]]) {
    part.addEventListener(name, (event) => tell(place && event.target.closest("[data-says]:not([data-key])")));
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && tell(null));
  part.addEventListener("htmx:afterSwap", () => {
    set();
    tell(null);
  });
  setInterval(grow, SECOND);
}
