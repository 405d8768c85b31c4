// Remarks open below their line instead of on a page of their own, and a file that is viewed folds up.
import { register } from "./keys.js";
import { keep } from "./typed.js";

let opener;

function placeOf(button) {
  const file = button.closest("[data-file]").dataset;
  const [, side, line] = button.value.match(/^([LO])(\d+)-/);
  return side === "O" ? { line, commit: file.old, path: file.oldPath } : { line, commit: file.new, path: file.path };
}

function open(button) {
  const template = document.getElementById("remark-form");
  if (!template) return false;
  document.querySelector(".remark-row.is-new")?.remove(); // what is typed there comes back with it
  const row = template.content.firstElementChild.cloneNode(true);
  const form = row.querySelector("form");
  const place = placeOf(button);
  for (const name of ["line", "commit", "path"]) form.elements[name].value = place[name];
  form.elements.next.value = location.pathname + location.search + "#" + button.value;
  form.elements.text.dataset.typed = Object.values(place).join(":");
  row.querySelector("label").textContent = `Remark on line ${place.line}`;
  let below = button.closest("tr");
  while (below.nextElementSibling?.classList.contains("remark-row")) below = below.nextElementSibling;
  below.after(row);
  htmx.process(row);
  opener = button;
  form.elements.text.focus();
  return true;
}

function discard(row) {
  const field = row.querySelector("textarea");
  field.value = "";
  keep(field);
  close(row);
}

function close(row) {
  row.remove();
  if (opener?.isConnected) opener.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button.say");
  if (button && open(button)) event.preventDefault();
  const cancel = event.target.closest?.("[data-cancels]");
  if (cancel && opener) {
    event.preventDefault();
    discard(cancel.closest("tr"));
  }
});

// Only one line of a file is in the way of the Tab key; the arrows reach the others.
for (const file of document.querySelectorAll("[data-file]")) {
  for (const link of file.querySelectorAll(".diff .no a")) link.tabIndex = -1;
  for (const button of [...file.querySelectorAll("button.say")].slice(1)) button.tabIndex = -1;
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };
document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.(".remark-row.is-new");
  if (event.key === "Escape" && row) return close(row);
  const button = event.target.closest?.("button.say");
  if (!button || !STEPS[event.key]) return;
  const all = [...button.closest("[data-file]").querySelectorAll("button.say")];
  const next = all[all.indexOf(button) + STEPS[event.key]];
  if (!next) return;
  event.preventDefault();
  button.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});

// The answer to a remark leads back to its line. Other answers come at any time, such as what waits for a person: whoever types goes on.
document.body.addEventListener("htmx:afterSettle", (event) => {
  const row = event.detail.requestConfig?.elt.closest(".remark-row");
  if (row && opener?.isConnected && (row.classList.contains("is-new") || document.activeElement === document.body)) opener.focus();
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const key = event.detail.requestConfig?.elt?.dataset.viewed;
  if (!key) return;
  const isViewed = document.getElementById(`viewed-${key}`).getAttribute("aria-pressed") === "true";
  document.getElementById(key).querySelector(".file-body").open = !isViewed;
  document.getElementById(`listed-${key}`)?.classList.toggle("is-viewed", isViewed);
  document.getElementById("viewed-count").textContent = document.querySelectorAll(".diff-list .is-viewed").length;
});

function toFile(step) {
  const files = [...document.querySelectorAll("[data-file]")];
  const line = 2 + files[0].querySelector(".file-head").getBoundingClientRect().height + document.querySelector(".top").getBoundingClientRect().height;
  const past = files.filter((file) => file.getBoundingClientRect().top < line).length;
  const file = files[Math.min(Math.max(past - 1 + step, 0), files.length - 1)];
  file.tabIndex = -1;
  file.focus({ preventScroll: true });
  file.scrollIntoView();
}
register("n", "Next file", () => toFile(1), { where: "[data-file]" });
register("p", "Previous file", () => toFile(-1), { where: "[data-file]" });
