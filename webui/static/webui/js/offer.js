// A field that takes the number of a task offers tasks by the words of their titles. Without this script the number is typed.
const WAIT = 150; // ms after the last letter
let timer;
let latest = 0;

const listOf = (field) => document.getElementById(`${field.id}-offer`);
const options = (field) => [...(listOf(field)?.querySelectorAll("[data-value]") ?? [])];

function dress(field) {
  if (listOf(field)) return;
  const list = document.createElement("ul");
  list.id = `${field.id}-offer`;
  list.className = "offer";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Tasks");
  field.after(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
}

function close(field) {
  const list = listOf(field);
  if (list) list.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function point(field, option) {
  for (const each of options(field)) each.setAttribute("aria-selected", String(each === option));
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function take(field, option) {
  field.value = option.dataset.value;
  close(field);
  field.focus();
}

async function offer(field) {
  const asked = ++latest;
  const url = new URL(field.dataset.pick, location.href);
  url.searchParams.set("q", field.value);
  const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  if (!answer?.ok || asked !== latest || document.activeElement !== field) return;
  const list = listOf(field);
  list.innerHTML = await answer.text();
  options(field).forEach((option, number) => (option.id = `${list.id}-${number}`));
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
}

document.addEventListener("input", (event) => {
  const field = event.target.closest?.("input[data-pick]");
  if (!field) return;
  dress(field);
  clearTimeout(timer);
  timer = setTimeout(() => offer(field), WAIT);
});
document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("input[data-pick]");
  if (!field || listOf(field)?.hidden !== false) return;
  const all = options(field);
  const now = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (all.length) point(field, all[(now + (event.key === "ArrowDown" ? 1 : now < 0 ? 0 : -1) + all.length) % all.length]);
  } else if (event.key === "Enter" && now >= 0) take(field, all[now]);
  else if (event.key === "Escape") close(field);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.(".offer [data-value]");
  if (!option) return;
  event.preventDefault();
  take(option.closest(".picker").querySelector("[data-pick]"), option);
});
document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("input[data-pick]")) close(event.target);
});
