// Signed out in the middle of something: what is typed stays, and goes out once the same person has signed in again elsewhere.
import { isDirty } from "./morph.js";
import { say } from "./toasts.js";

const PERSON = "muster:person"; // who signed in last in this browser; its tabs tell each other by it
const SENTENCE = "You are signed out. What you typed stays here: sign in, then go on.";
const OTHER = "Somebody else signed in in another tab. What you typed stays here until you reload the page.";
const FIELDS = "form[method=post] :is(textarea, select, input:not([type=hidden]))";
const me = document.body.dataset.person ?? "";
const shelf = (work) => {
  try {
    return work(localStorage);
  } catch {
    return undefined; // storage may be forbidden: then each tab finds out by itself, and a form of an older session is refused
  }
};
const here = () => location.pathname + location.search;
const last = () => shelf((storage) => storage.getItem(PERSON));
let hasEnded = false;
let notice;

/** Whether the session of this page has ended; nothing is fetched until its person is back. */
export const isOver = () => hasEnded;

function show(sentence, link) {
  if (notice?.isConnected && notice.textContent.startsWith(sentence)) return;
  notice?.remove();
  notice = say(sentence, { error: true, link });
  if (hasEnded) return;
  hasEnded = true;
  document.dispatchEvent(new Event("muster:over"));
}

const isTypedIn = () => [...document.querySelectorAll(FIELDS)].some(isDirty);

/** Go and sign in if nothing would be lost by that, else offer to do it in another tab. */
export function signedOut(sentence = SENTENCE) {
  if (!me) return;
  if (last() === me) shelf((storage) => storage.removeItem(PERSON)); // tells the other tabs
  if (!isTypedIn()) location.reload();
  else show(sentence, { says: "Sign in", url: `/login?next=${encodeURIComponent(here())}` });
}

// Signing in makes a new token. The forms of a page from before are as good as new if they are the same person's.
export function fresh(old) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  return (me && last() === me && token) || old;
}

function follow(person) {
  if (!person) return signedOut();
  if (person !== me) return isTypedIn() ? show(OTHER, { says: "Reload", url: here(), isHere: true }) : location.reload();
  if (!hasEnded) return undefined;
  hasEnded = false;
  notice.remove();
  document.dispatchEvent(new Event("muster:back"));
  return htmx.trigger(document.body, "muster:changed");
}

if (me) {
  shelf((storage) => storage.setItem(PERSON, me));
  addEventListener("storage", ({ key, newValue }) => key === PERSON && follow(newValue));
  addEventListener("pageshow", ({ persisted }) => persisted && last() !== undefined && follow(last())); // it slept, and heard nothing
} else {
  shelf((storage) => storage.removeItem(PERSON));
  // Somebody signed in in another tab: this page, which asks for it, leads on.
  addEventListener("storage", ({ key, newValue }) => key === PERSON && newValue && location.replace(location.href));
}

// What a page fetches by itself would only be refused; what a person sends is answered by the server.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (hasEnded && event.detail.requestConfig.verb === "get") event.preventDefault();
});

document.body.addEventListener("htmx:configRequest", ({ detail: { parameters } }) => {
  if (parameters.csrfmiddlewaretoken) parameters.csrfmiddlewaretoken = fresh(parameters.csrfmiddlewaretoken);
});
document.addEventListener(
  "submit",
  ({ target }) => {
    const field = target.querySelector("[name=csrfmiddlewaretoken]");
    if (field) field.value = fresh(field.value);
  },
  true,
);
