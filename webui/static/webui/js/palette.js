// The command palette: a combobox over what the server finds, what this page can do, and where one was last.
import { closer, entries, inWords, register } from "./keys.js";

const PAUSE = 120; // ms without a key before the server is asked
const KEPT = 8; // pages remembered
const opener = document.querySelector("[data-opens-palette]");
const who = document.body.dataset.person ?? "";
const shelf = `muster:recent:${who}`;
let dialog;
let input;
let list;
let note;
let asked;
let answered; // the text whose answer is listed
let timer;

const make = (tag, { text = "", ...attributes } = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
};

function recents() {
  try {
    const kept = JSON.parse(localStorage.getItem(shelf) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each.path === "string" && /^\/(?!\/)/.test(each.path) && typeof each.title === "string") : [];
  } catch {
    return []; // somebody else wrote there, or storage is switched off
  }
}

const titleOf = () => document.title.replace(/^\(\d+\+?\) /, "").replace(/ · Muster$/, "");

function remember() {
  if (!who || !/^\/(p|t|a)\//.test(location.pathname)) return;
  const here = { path: location.pathname + location.search, title: titleOf() };
  try {
    localStorage.setItem(shelf, JSON.stringify([here, ...recents().filter((each) => each.path !== here.path)].slice(0, KEPT)));
  } catch {
    // Without storage there are no recents, and everything else works.
  }
}

const fits = (words, text) => words.every((word) => text.toLowerCase().includes(word));

function group(title, items) {
  const rows = make("ul", {}, ...items.map((item) => make("li", {}, item)));
  return make("section", { class: "found" }, make("h2", { text: title }), rows);
}

function actionItem(entry) {
  const item = make("button", { type: "button" }, make("span", { class: "grow", text: entry.says }));
  if (entry.keys) item.append(...inWords(entry.keys).split(" then ").map((key) => make("kbd", { text: key })));
  item.addEventListener("click", () => {
    dialog.close();
    entry.run(new Event("palette"));
  });
  return item;
}

function recentItem(each) {
  const icon = opener.querySelector(".icon").cloneNode(true);
  const use = icon.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#history"));
  return make("a", { href: each.path }, icon, make("bdi", { class: "grow", text: each.title }));
}

/** What this page adds to what was found: where else one was, and what it can do. */
function own(words, found) {
  const groups = [];
  const known = new Set([location.pathname + location.search, ...found.flatMap((part) => [...part.querySelectorAll("a")].map((link) => link.getAttribute("href")))]);
  const recent = recents().filter((each) => !known.has(each.path) && fits(words, each.title)).slice(0, words.length ? 3 : 5);
  if (recent.length) groups.push(group("Recent", recent.map(recentItem)));
  const actions = actionsOfPage.filter((entry) => fits(words, entry.says)).slice(0, 8);
  if (actions.length) groups.push(group("On this page", actions.map(actionItem)));
  return groups;
}

let actionsOfPage = [];
const options = () => [...list.querySelectorAll("[role=option]")];

function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function show(found, words) {
  const added = own(words, words.length ? found : []); // unasked, where one was comes first
  list.replaceChildren(...(words.length ? [...found, ...added] : [...added, ...found]));
  let number = 0;
  for (const [index, section] of list.querySelectorAll("section").entries()) {
    section.setAttribute("role", "group");
    const title = section.querySelector("h2");
    title.id = `palette-group-${index}`;
    title.setAttribute("role", "presentation");
    section.setAttribute("aria-labelledby", title.id);
    for (const part of section.querySelectorAll("ul, li, form")) part.setAttribute("role", "presentation");
    for (const option of section.querySelectorAll("a, button")) {
      option.id = `palette-option-${(number += 1)}`;
      option.setAttribute("role", "option");
      option.tabIndex = -1;
    }
  }
  // A list of options may hold nothing else.
  const nothing = list.querySelector("[data-nothing]");
  nothing?.remove();
  note.textContent = number ? "" : (nothing?.textContent ?? "");
  htmx.process(list);
  choose(options()[0]);
}

async function ask() {
  const typed = input.value;
  const text = typed.trim();
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  asked?.abort();
  asked = new AbortController();
  const address = new URL(opener.href);
  address.searchParams.set("q", text);
  let found;
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: asked.signal });
    if (answer.ok) found = new DOMParser().parseFromString(await answer.text(), "text/html").body.children;
  } catch (error) {
    if (error.name === "AbortError") return;
  }
  answered = typed;
  show([...(found ?? [])], words);
  if (!found) note.textContent = "The server cannot be reached. Try again in a moment.";
}

// What is listed may still answer an earlier text: nobody who types fast is taken to what was found before.
async function enter() {
  if (answered !== input.value) {
    clearTimeout(timer);
    await ask();
  }
  if (dialog.open && answered === input.value) list.querySelector('[aria-selected="true"]')?.click();
}

function move(event) {
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: event.ctrlKey ? 0 : undefined, End: event.ctrlKey ? -1 : undefined }[event.key];
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    dialog.close();
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    enter();
  } else if (to !== undefined && all.length) {
    event.preventDefault();
    choose(all.at(to % all.length));
  }
}

function build() {
  input = make("input", {
    ...{ type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-haspopup": "listbox" },
    ...{ "aria-label": "Search or do something", placeholder: "A task, #number, phase, agent, file, page or action…", autocomplete: "off", autofocus: "", spellcheck: "false", maxlength: "100" },
  });
  list = make("div", { id: "palette-list", class: "palette-found", role: "listbox", "aria-label": "Found" });
  note = make("p", { class: "empty", role: "status" });
  const head = make("div", { class: "panel-head" }, make("h2", { text: "Search" }), closer()); // for fingers, which have no Escape
  dialog = make("dialog", { class: "dialog palette", "aria-label": "Command palette" }, head, input, list, note);
  document.body.append(dialog);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener("keydown", move);
  list.addEventListener("mousemove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option.getAttribute("aria-selected") !== "true") choose(option);
  });
  // A click would take the focus out of the field before it counts.
  list.addEventListener("mousedown", (event) => event.preventDefault());
}

function open() {
  if (dialog?.open) return dialog.close();
  if (document.querySelector("dialog:modal")) return false;
  if (!dialog) build();
  const from = document.activeElement;
  actionsOfPage = entries().filter((entry) => !entry.element?.matches("[data-opens-palette]") && entry.keys !== "Mod+k" && !entry.keys.startsWith("g "));
  // An action that was chosen may have put the focus into a field by then.
  dialog.addEventListener("close", () => document.activeElement === document.body && from?.isConnected && from.focus(), { once: true });
  input.value = "";
  answered = undefined;
  list.replaceChildren();
  note.textContent = "";
  dialog.showModal();
  return ask();
}

if (opener) {
  remember();
  register("Mod+k", "Search or do something", open, { group: "Everywhere" });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-opens-palette]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    open();
  });
}
document.body.addEventListener("muster:theme", (event) => (document.documentElement.dataset.theme = event.detail.theme));
// What one person looked at is nothing for the next one at this screen.
for (const form of document.querySelectorAll("form[data-signs-out]")) form.addEventListener("submit", () => localStorage.removeItem(shelf));
