// A field with a list of suggestions from the server: the keys, the roles and the timing, for every such field.

const MOVES = { ArrowDown: 1, ArrowUp: -1 };

/**
 * Make `field` a combobox over `list`. `ask(signal)` returns the answer of the server, whose text is a row of options; `take(option)`
 * does what choosing means; `came(count)` hears how many there are; `pause` ms of typing belong together.
 * Returns how to ask again and how to close.
 */
export function combobox(field, list, { ask, take, pause, came = () => {} }) {
  let timer, asking, active = -1;
  const options = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
  const meaning = (option) => option && JSON.stringify({ ...option.dataset });
  const set = (attributes) => Object.entries(attributes).forEach(([name, value]) => field.setAttribute(name, value));

  function show(isOpen) {
    list.hidden = !isOpen;
    // All of them each time: a refresh of the page may have taken them away.
    set({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": String(isOpen) });
    if (!isOpen) activate(-1);
  }

  function activate(number) {
    active = number;
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === number)));
    const option = options()[number];
    if (!option) return field.removeAttribute("aria-activedescendant");
    set({ "aria-activedescendant": option.id });
    option.scrollIntoView({ block: "nearest" });
  }

  async function refresh() {
    asking?.abort();
    asking = new AbortController();
    let html;
    try {
      const answer = await ask(asking.signal);
      if (!answer.ok) return;
      html = await answer.text();
    } catch {
      return; // the next key asks again
    }
    const chosen = meaning(options()[active]);
    list.innerHTML = html;
    options().forEach((option, place) => (option.id ||= `${list.id}-${place}`));
    // An answer that comes late must not take away what was chosen by then, or Enter would do something else.
    activate(chosen ? options().findIndex((option) => meaning(option) === chosen) : -1);
    show(list.children.length > 0 && document.activeElement === field);
    came(options().length);
  }

  function later(wait = pause) {
    clearTimeout(timer);
    timer = setTimeout(refresh, wait);
  }

  // Also what was asked for and has not come yet must not open the list again.
  function close() {
    clearTimeout(timer);
    asking?.abort();
    show(false);
  }

  field.addEventListener("keydown", (event) => {
    const found = options();
    if (event.key in MOVES && !event.altKey) {
      event.preventDefault();
      if (list.hidden) return later(0);
      // One step beyond either end is the field itself.
      activate(((active + 1 + MOVES[event.key] + found.length + 1) % (found.length + 1)) - 1);
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      take(found[active]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  field.addEventListener("input", () => later());
  field.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]:not([aria-disabled])");
    if (option) take(option);
  });
  show(false);
  return { later, close };
}
