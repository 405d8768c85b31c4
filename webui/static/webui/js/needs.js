// How much waits for a person stands in the bar at the top and in the title, so that a tab in the background tells it too.
function tell() {
  const place = document.getElementById("needs-you");
  if (!place) return;
  const count = place.dataset.needs; // "99+" if it is more
  document.title = (count ? `(${count}) ` : "") + document.title.replace(/^\(\d+\+?\) /, "");
  for (const copy of document.querySelectorAll("[data-needs-copy]")) {
    copy.textContent = count;
    copy.hidden = !count;
  }
  const unread = document.getElementById("unread");
  for (const copy of unread ? document.querySelectorAll("[data-unread-copy]") : []) {
    copy.textContent = unread.firstChild.textContent;
    copy.hidden = unread.hidden;
  }
}
document.body.addEventListener("htmx:afterSettle", tell);
document.body.addEventListener("htmx:oobAfterSwap", tell);

// It is counted a second after news, for all that came by then. (A delay that begins again with each of them would never end while
// much happens.)
let waiting;
let isDue = false;
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "needs-you" || isDue) return;
  event.preventDefault();
  waiting ??= setTimeout(() => {
    waiting = undefined;
    isDue = true;
    htmx.trigger("#needs-you", "sse:board");
    isDue = false;
  }, 1000);
});
