// Suggestions under the filter field: a combobox with a listbox. Without this script the field is a plain one.
const PAUSE = 120; // ms of typing that belong together

function combobox(form) {
  const field = form.querySelector("[name=q]");
  const list = form.querySelector("[role=listbox]");
  const count = form.querySelector("[data-filter-count]");
  let timer, asking, active = -1;
  const options = () => [...list.children];

  const set = (attributes) => Object.entries(attributes).forEach(([name, value]) => field.setAttribute(name, value));
  set({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" });

  function show(isOpen) {
    list.hidden = !isOpen;
    set({ "aria-expanded": String(isOpen) });
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

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const query = new URLSearchParams({ q: field.value, at: field.selectionStart });
    try {
      const answer = await fetch(`${form.dataset.filter}?${query}`, { signal: asking.signal });
      if (!answer.ok) return;
      list.innerHTML = await answer.text();
    } catch {
      return; // the next key asks again
    }
    activate(-1);
    const found = options().length;
    show(found > 0 && document.activeElement === field);
    count.textContent = found === 1 ? "1 suggestion" : `${found} suggestions`;
  }

  // Also what was asked for and has not come yet must not open the list again.
  function close() {
    clearTimeout(timer);
    asking?.abort();
    show(false);
  }

  function later(pause = PAUSE) {
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
  }

  function take(option) {
    field.value = option.dataset.text;
    field.setSelectionRange(option.dataset.caret, option.dataset.caret);
    field.focus();
    later(0);
  }

  const move = { ArrowDown: 1, ArrowUp: -1 };
  field.addEventListener("keydown", (event) => {
    const found = options();
    if (event.key in move && !event.altKey) {
      event.preventDefault();
      if (list.hidden) return later(0);
      // One step beyond either end is the field itself.
      activate(((active + 1 + move[event.key] + found.length + 1) % (found.length + 1)) - 1);
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
  field.addEventListener("click", () => later(0));
  field.addEventListener("blur", close);
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}

document.querySelectorAll("form[data-filter]").forEach(combobox);
