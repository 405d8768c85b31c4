// Messages count as read once they were really shown: in a window that is looked at, with the list in view.
const list = document.querySelector("[data-reads]");
let told = "";

const seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && tell(), { threshold: 0 });

function tell() {
  const form = document.getElementById("read-form");
  if (!form || form.hidden || document.visibilityState !== "visible" || !list.querySelector("[data-shown]")) return;
  const place = `${form.elements.thread.value} ${form.elements.upto.value}`;
  if (place === told) return;
  told = place;
  htmx.trigger(form, "submit");
}

function watch() {
  const shown = list.querySelector("[data-shown]");
  seen.disconnect();
  if (shown) seen.observe(shown); // tells at once if it is in view
}

list.addEventListener("htmx:afterSettle", watch);
document.addEventListener("visibilitychange", watch);
watch();
