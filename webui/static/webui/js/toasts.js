// Short sentences at the corner, politely announced. What can be undone has a form of its own; an error stays until it is dismissed.
const STAY = 8000; // ms, without those in which somebody points at it, is in it or looks at another tab

const region = () => document.getElementById("toasts");

function button(words, type, className) {
  const made = document.createElement("button");
  made.type = type;
  made.className = `button small ${className}`;
  made.textContent = words;
  return made;
}

function hidden(name, value) {
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = name;
  field.value = value;
  return field;
}

function undoForm({ says, url, fields }) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  form.setAttribute("hx-post", url);
  form.setAttribute("hx-swap", "none");
  form.setAttribute("data-toast", "");
  // Every page has a form, that of signing out, and so the token.
  const token = document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
  for (const [name, values] of Object.entries({ ...fields, csrfmiddlewaretoken: [token] })) form.append(...values.map((value) => hidden(name, value)));
  const send = button(says, "submit", "accent");
  send.dataset.key = "z";
  send.dataset.says = says === "Undo" ? "Undo what was just done" : says;
  send.dataset.group = "Everywhere";
  form.append(send);
  return form;
}

function linkTo({ says, url, isHere = false }) {
  const made = document.createElement("a");
  made.className = "button small";
  made.href = url;
  if (!isHere) Object.assign(made, { target: "_blank", title: "In a new tab" });
  made.textContent = says;
  return made;
}

function leaveLater(toast, remove) {
  let left = STAY;
  let since = 0;
  let timer;
  const isHeld = () => document.hidden || toast.matches(":hover") || toast.contains(document.activeElement);
  const go = () => {
    clearTimeout(timer);
    if (since) left -= Date.now() - since;
    since = 0;
    if (isHeld() || !toast.isConnected) return;
    since = Date.now();
    timer = setTimeout(remove, Math.max(left, 1000));
  };
  for (const name of ["mouseenter", "mouseleave", "focusin"]) toast.addEventListener(name, go);
  toast.addEventListener("focusout", () => setTimeout(go));
  document.addEventListener("visibilitychange", go);
  go();
}

/** Show a sentence, and return it. `undo` is `{says, url, fields}`: what its button says, and where it posts what; `link` is `{says, url, isHere}`. */
export function say(sentence, { error = false, undo, link } = {}) {
  const toast = document.createElement("div");
  toast.className = error ? "toast error" : "toast";
  const words = document.createElement("span");
  words.className = "toast-words";
  words.textContent = sentence;
  toast.append(words);
  let from;
  const remove = () => {
    const hadFocus = toast.contains(document.activeElement);
    toast.remove();
    if (hadFocus) (from?.isConnected ? from : document.getElementById("main")).focus();
  };
  toast.addEventListener("focusin", (event) => (from = toast.contains(event.relatedTarget) ? from : event.relatedTarget));
  if (undo) {
    const form = undoForm(undo);
    form.addEventListener("htmx:afterRequest", (event) => event.detail.successful && remove());
    // Only the newest can be taken back with a key, and an old one may no longer be true. The answer that tells of this one may be
    // to an old one, and what it tells next reaches the page only from where that stands.
    const old = region().querySelectorAll("form");
    queueMicrotask(() => old.forEach((each) => each.remove()));
    toast.append(form);
  }
  if (link) toast.append(linkTo(link));
  const close = button("Dismiss", "button", "quiet");
  close.addEventListener("click", remove);
  toast.append(close);
  region().append(toast);
  if (undo) htmx.process(toast);
  if (!error) leaveLater(toast, remove);
  return toast;
}
