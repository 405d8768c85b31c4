// Ages grow while the page stays open. Says them as webui/templatetags/muster.py does.
const UNITS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

function relative(seconds) {
  const size = Math.abs(seconds);
  if (size < 5) return "now";
  const [length, unit] = UNITS.find(([length]) => size >= length);
  const amount = `${Math[seconds > 0 ? "floor" : "round"](size / length)} ${unit}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const words = relative(Math.round((Date.now() - Date.parse(time.dateTime)) / 1000));
    const says = { short: "$1", for: "for $1" }[time.dataset.ago];
    time.textContent = says ? words.replace(/^(.*) ago$/, says) : words;
  }
}, 10000);
