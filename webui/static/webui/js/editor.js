// The editor: write and preview as tabs, and a draft that stays in this browser until it is saved or discarded.
const PREFIX = "draft:";
const store = (work) => {
  try {
    return work(localStorage);
  } catch {
    return undefined; // storage may be full or forbidden: then there are no drafts
  }
};
const nameOf = (field) => `${PREFIX}${field.dataset.draft}:`;
const keysOf = (field) => store((storage) => Object.keys(storage).filter((key) => key.startsWith(nameOf(field)))) ?? [];
const draftIn = (key) => store((storage) => JSON.parse(storage.getItem(key)));
const keep = (key, text, form) =>
  store((storage) => {
    storage.setItem(key, JSON.stringify({ text, at: Date.now(), base: form.elements.base.value }));
    return true;
  });
const forget = (keys) => keys.forEach((key) => store((storage) => storage.removeItem(key)));

function ageOf(at) {
  const minutes = Math.round((Date.now() - at) / 60000);
  if (minutes < 1) return "just now";
  if (minutes < 90) return `${minutes} min ago`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1440)} d ago`;
}

function offer(form, field) {
  const place = form.querySelector("[data-draft-offer]");
  const kept = keysOf(field).map((key) => ({ key, base: key.slice(nameOf(field).length), ...draftIn(key) }));
  forget(kept.filter((draft) => draft.text === field.value || typeof draft.text !== "string").map((draft) => draft.key));
  const [newest] = kept.filter((draft) => typeof draft.text === "string" && draft.text !== field.value).sort((one, other) => other.at - one.at);
  if (!newest) return;
  const older = newest.base !== form.elements.base.value ? ", typed on an older version" : "";
  place.querySelector("[data-draft-words]").textContent = `You have a draft that was not saved, from ${ageOf(newest.at)}${older}.`;
  place.hidden = false;
  place.querySelector("[data-draft-take]").onclick = () => {
    const typed = field.value;
    field.value = newest.text;
    place.hidden = true;
    // What stood there can come back with the browser's own undo only if it was typed; keep it as a draft instead.
    if (typed !== field.defaultValue) keep(`${nameOf(field)}before`, typed, form);
    // What was saved since the draft's own version is a conflict to be shown, not to be written over.
    form.elements.base.value = newest.base;
    show(form, "write");
    field.focus();
  };
  place.querySelector("[data-draft-drop]").onclick = () => {
    forget([newest.key]);
    place.hidden = true;
    offer(form, field);
    field.focus();
  };
}

function show(form, pane) {
  for (const part of form.querySelectorAll("[data-pane]")) part.hidden = part.dataset.pane !== pane;
  for (const tab of form.querySelectorAll("[data-shows]")) tab.setAttribute("aria-pressed", String(tab.dataset.shows === pane));
}

function setUp(form) {
  const field = form.querySelector("textarea[data-draft]");
  for (const tab of form.querySelectorAll("[data-shows]")) tab.hidden = false;
  form.querySelector('[data-shows="write"]').addEventListener("click", () => {
    show(form, "write");
    field.focus();
  });
  form.querySelector('[data-shows="preview"]').addEventListener("click", () => show(form, "preview"));
  show(form, form.querySelector('[data-shows="preview"]').getAttribute("aria-pressed") === "true" ? "preview" : "write");
  field.addEventListener("input", () => {
    form.querySelector("[data-draft-kept]").hidden = !keep(nameOf(field) + form.elements.base.value, field.value, form);
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === form && event.detail.xhr?.status === 204) forget(keysOf(field));
  });
  form.querySelector("[data-draft-leave]")?.addEventListener("click", () => forget(keysOf(field)));
  // A text that comes back with a conflict is what was just typed: nothing to offer.
  if (!form.querySelector("[name=mine]")) offer(form, field);
}

document.body.addEventListener("htmx:load", ({ detail }) => {
  const form = detail.elt.matches("[data-draft-form]") ? detail.elt : detail.elt.querySelector("[data-draft-form]");
  if (form && !form.dataset.ready) {
    form.dataset.ready = "yes";
    setUp(form);
  }
});
