// The one registry of shortcuts. A link, button or field becomes one by data-key="g b" data-says="Go to the board"; what has
// no control of its own is registered by a script. `?` lists whatever is live on the page at that moment.
const SEQUENCE_MS = 1500; // the longest pause between the keys of a sequence
const SPOKEN = { " ": "Space", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const registered = new Set();
let pressed = [];
let since = 0; // when the last of them was pressed, which a busy page may hear of much later

// WCAG 2.1.4: keys without a modifier can be switched off, on the account page.
const singleKeys = document.documentElement.dataset.shortcuts !== "off";

/**
 * Make keys do something: "j", "g b" (one after the other), "Shift+J", "Mod+k" (Ctrl, or Cmd on a Mac), several with commas.
 * @param says what the sheet and the palette call it
 * @param run called with the event; returning false leaves the key to the page
 * @param where a selector: live only while an element matches it
 * @param group the sheet's heading
 * @returns a function that takes it back
 */
export function register(keys, says, run, { where = "", group = "On this page" } = {}) {
  const entry = { keys, says, run, where, group };
  registered.add(entry);
  return () => registered.delete(entry);
}

const isField = (node) => node instanceof HTMLElement && (node.isContentEditable || node.matches("input, textarea, select"));
const types = (node) => isField(node) && !node.matches("input[type=checkbox], input[type=radio], input[type=button], input[type=submit]");
const scope = () => document.querySelector("dialog:modal") ?? document;
const isLive = (element) => !element.disabled && !element.closest("[hidden], [inert], dialog:not([open])");
const groupOf = (element) => element.dataset.group ?? (element.dataset.key?.startsWith("g ") ? "Go to" : "On this page");

function use(element) {
  if (!isField(element) || element.matches("[type=checkbox], [type=radio]")) return element.click();
  element.focus();
  return element.select?.();
}

/** Everything that could be done on this page now: `{keys, says, run, group, element}`; of two with the same keys, the first. */
export function entries() {
  const found = [];
  const taken = new Set();
  const add = (entry) => {
    if (!taken.has(entry.keys)) found.push(entry);
    if (entry.keys) taken.add(entry.keys);
  };
  const place = scope();
  for (const element of place.querySelectorAll("[data-key], [data-says]")) {
    if (!isLive(element)) continue;
    const says = element.dataset.says ?? element.getAttribute("aria-label") ?? element.textContent.trim();
    add({ keys: element.dataset.key ?? "", says, run: () => use(element), group: groupOf(element), element });
  }
  for (const entry of registered) if (place === document ? !entry.where || document.querySelector(entry.where) : entry.where && place.querySelector(entry.where)) add(entry);
  return found;
}

const choices = (keys) => (keys === "," ? [","] : keys.split(",").map((each) => each.trim())).filter(Boolean);

/** "g b" as people read it: "g then b"; "Mod+k" as "Ctrl+K" or "⌘K". */
export function inWords(keys) {
  const one = (key) => key.replace("Mod+", isMac ? "⌘" : "Ctrl+").replace(/[^+]+$/, (last) => SPOKEN[last] ?? (key.includes("+") && last.length === 1 ? last.toUpperCase() : last));
  return choices(keys).map((each) => each.split(" ").map(one).join(" then ")).join(" or ");
}

function nameOf(event) {
  const mod = event.ctrlKey || event.metaKey ? "Mod+" : "";
  // A shifted character is a character of its own ("?"); a shifted letter or arrow is written Shift+.
  const shift = event.shiftKey && (event.key.length > 1 || /^[a-z]$/i.test(event.key)) ? "Shift+" : "";
  return mod + shift + (event.key.length === 1 ? (shift ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key);
}

function clear() {
  pressed = [];
}

// Escape leaves a field with what is typed in it, so that the single keys work again; Tab goes on from there.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.repeat && pressed.length) return;
  if (["Shift", "Control", "Meta", "AltGraph", "CapsLock"].includes(event.key)) return;
  const name = nameOf(event);
  const isPlain = !name.startsWith("Mod+");
  if (name === "Escape" && types(event.target) && !event.target.closest("dialog, details[open]")) return event.target.blur();
  if (isPlain && (!singleKeys || types(event.target))) return clear();
  if (event.timeStamp - since > SEQUENCE_MS) clear();
  since = event.timeStamp;
  pressed.push(name);
  const live = entries().flatMap((entry) => choices(entry.keys).map((keys) => ({ keys, entry })));
  // A key that continues no sequence begins one.
  for (const typed of [pressed.join(" "), name]) {
    const match = live.find(({ keys }) => keys === typed);
    if (match) {
      clear();
      if (match.entry.run(event) !== false) event.preventDefault();
      return;
    }
    if (live.some(({ keys }) => keys.startsWith(`${typed} `))) {
      pressed = typed.split(" ");
      return;
    }
  }
  clear();
});

// Each control tells its keys: to the eye in its tooltip, to a screen reader where its attribute can say them.
function tell(root) {
  if (!singleKeys) return;
  for (const element of root.querySelectorAll("[data-key]")) {
    const words = inWords(element.dataset.key);
    const about = (element.title || element.dataset.says || "").replace(/ \([^)]*\)$/, "");
    element.title = about ? `${about} (${words})` : words;
    // The attribute has no way to write a sequence.
    if (!element.dataset.key.includes(" ")) element.setAttribute("aria-keyshortcuts", choices(element.dataset.key).join(" ").replace("Mod+", isMac ? "Meta+" : "Control+"));
  }
}
tell(document);
document.body.addEventListener("htmx:afterSettle", (event) => tell(event.target.parentElement ?? document));

// The sheet's heading says it for all of its rows.
const withoutVerb = (says) => says.replace(/^Go to (.)/, (_, first) => first.toUpperCase());

/** The X at the end of a dialog's head. */
export function closer() {
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "push";
  const button = form.appendChild(document.createElement("button"));
  button.className = "button small quiet square";
  button.setAttribute("aria-label", "Close");
  const icon = button.appendChild(document.querySelector("svg.icon").cloneNode(true));
  const use = icon.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#x"));
  return form;
}

function sheet() {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog keys-sheet";
  dialog.setAttribute("aria-labelledby", "keys-title");
  const make = (tag, text, into, className = "") => {
    const node = into.appendChild(document.createElement(tag));
    node.textContent = text;
    node.className = className;
    return node;
  };
  const head = make("div", "", dialog, "panel-head");
  make("h2", "Keyboard shortcuts", head).id = "keys-title";
  head.append(closer());
  const body = make("div", "", dialog, "panel-body keys-groups");
  body.tabIndex = 0;
  body.setAttribute("role", "group");
  body.setAttribute("aria-label", "Shortcuts of this page");
  const columns = make("div", "", body, "keys-columns");
  const groups = Map.groupBy ? Map.groupBy(listed(), (entry) => entry.group) : grouped(listed());
  for (const [title, list] of groups) {
    const section = make("section", "", columns);
    make("h3", title, section);
    const rows = make("dl", "", section, "keys-list");
    for (const { keys, says } of list) {
      const row = make("div", "", rows);
      make("dt", title === "Go to" ? withoutVerb(says) : says, row);
      const cell = make("dd", "", row);
      choices(keys).forEach((choice, number) => {
        if (number) make("span", " or ", cell, "muted");
        choice.split(" ").forEach((key) => make("kbd", inWords(key), cell));
      });
    }
  }
  return dialog;
}

const ORDER = ["On this page", "Everywhere", "Go to"];
const place = (group) => (ORDER.indexOf(group) + 1 || 1.5);
const listed = () => entries().filter((entry) => entry.keys).sort((a, b) => place(a.group) - place(b.group));

function grouped(list) {
  const groups = new Map();
  for (const entry of list) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  return groups;
}

/** Show every shortcut that is live on this page. */
function showSheet() {
  const dialog = sheet();
  const from = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (from?.isConnected) from.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}

register("?", "Show the shortcuts", showSheet, { group: "Everywhere" });
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-shows-keys]")) showSheet();
});
for (const button of document.querySelectorAll("[data-shows-keys]")) button.hidden = !singleKeys;
