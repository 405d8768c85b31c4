// Signed out in the middle of something: what is typed stays, and goes out once the same person has signed in again elsewhere.
import { isDirty } from "./morph.js";
import { say } from "./toasts.js";

const SENTENCE = "You are signed out. What you typed stays here: sign in, then go on.";
const FIELDS = "form[method=post] :is(textarea, select, input:not([type=hidden]))";
const person = document.body.dataset.person;
const channel = new BroadcastChannel("signed-in");
const shelf = (work) => {
  try {
    return work(localStorage);
  } catch {
    return undefined; // storage may be forbidden: then a form of an older session is refused, and says so
  }
};
let notice;

if (person) {
  shelf((storage) => storage.setItem("person", person));
  channel.postMessage(person);
}
channel.addEventListener("message", ({ data }) => data === person && notice?.remove());

/** Go and sign in if nothing would be lost by that, else offer to do it in another tab. */
export function signedOut(sentence = SENTENCE) {
  if (![...document.querySelectorAll(FIELDS)].some(isDirty)) location.reload();
  else if (!notice?.isConnected) {
    const next = encodeURIComponent(location.pathname + location.search);
    notice = say(sentence, { error: true, link: { says: "Sign in", url: `/login?next=${next}` } });
  }
}

// Signing in makes a new token. The forms of a page from before are as good as new if they are the same person's.
function fresh(old) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  return (person && shelf((storage) => storage.getItem("person")) === person && token) || old;
}

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
