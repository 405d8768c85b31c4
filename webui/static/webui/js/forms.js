// Forms that post in place: a refusal is shown where it happened, Ctrl+Enter sends, what is typed meanwhile stays.
import { signedOut } from "./signed.js";
import { say } from "./toasts.js";
import { keep } from "./typed.js";

// A reload of what a form answered asks for its address, and sends nothing again: no second key, no second webhook.
history.replaceState(history.state, "", location.href);

const SENTENCES = { 0: "The server cannot be reached. Try again in a moment.", 403: "You may not do this.", 413: "This is too large to be sent." };

function refuse(form, sentence) {
  let place = form.querySelector(":scope > .refusal");
  if (!place) {
    place = document.createElement("div");
    place.className = "refusal";
    place.setAttribute("role", "alert");
    form.prepend(place);
  }
  place.textContent = sentence;
}

function sentenceOf(xhr) {
  const isText = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  if (isText && xhr.responseText) return xhr.responseText;
  return SENTENCES[xhr.status] || "Something broke on the server. Nothing was changed; try again in a moment.";
}

/** Tell of an answer to fetch() that is no success; without one the server could not be reached. */
export async function sayRefusal(answer) {
  if (!answer) return say(SENTENCES[0], { error: true });
  const sentence = sentenceOf({ status: answer.status, responseText: await answer.text(), getResponseHeader: (name) => answer.headers.get(name) });
  return answer.status === 401 ? signedOut(sentence) : say(sentence, { error: true });
}

function tell({ elt, requestConfig }, sentence) {
  if (elt instanceof HTMLFormElement && !elt.hasAttribute("data-toast")) refuse(elt, sentence);
  else if (requestConfig.verb !== "get" || requestConfig.triggeringEvent?.type === "click") say(sentence, { error: true }); // what refreshes by itself does so again
}

document.body.addEventListener("htmx:responseError", ({ detail }) => {
  const sentence = sentenceOf(detail.xhr);
  if (detail.xhr.status === 401) signedOut(sentence);
  else tell(detail, sentence);
});
document.body.addEventListener("htmx:sendError", ({ detail }) => tell(detail, SENTENCES[0]));

document.body.addEventListener("muster:said", (event) => say(event.detail.sentence, { undo: event.detail.undo }));

const isTyped = (field) => field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && !["hidden", "file"].includes(field.type));
const texts = (form) => [...form.elements].filter(isTyped);
const sent = new WeakMap();

document.body.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  if (!(elt instanceof HTMLFormElement)) return;
  sent.set(elt, new Map(texts(elt).map((field) => [field, field.value])));
  if (elt.hasAttribute("data-leaves")) texts(elt).forEach((field) => (field.readOnly = true));
});
document.body.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => {
  if (elt instanceof HTMLFormElement && elt.hasAttribute("data-leaves")) texts(elt).forEach((field) => (field.readOnly = false));
});

// A form that its answer takes away (data-leaves) takes nothing more until then. In any other the answer clears what was sent, and
// nothing that was typed while it was on its way.
function clear(form) {
  const before = sent.get(form);
  const kept = texts(form).filter((field) => field.value !== before.get(field)).map((field) => [field, field.value]);
  form.reset();
  for (const [field, value] of kept) field.value = value;
  form.querySelectorAll("[data-typed]").forEach(keep);
}

document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  if (!(form instanceof HTMLFormElement) || !event.detail.successful || event.detail.requestConfig.verb === "get") return;
  form.querySelector(":scope > .refusal")?.remove();
  clear(form);
  fold(form.closest("details[data-closes]"));
});

function fold(details) {
  if (!details?.open) return;
  const hadFocus = details.contains(document.activeElement);
  details.open = false;
  if (hadFocus) details.querySelector("summary").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target instanceof HTMLTextAreaElement) {
    event.preventDefault();
    event.target.form?.requestSubmit();
  }
});

// A second click before the answer is no second deed. The class that htmx sets does not tell: a refresh takes it off.
const sending = new WeakSet();
document.body.addEventListener("htmx:beforeSend", (event) => event.detail.requestConfig.verb !== "get" && sending.add(event.detail.elt));
document.body.addEventListener("htmx:afterRequest", (event) => sending.delete(event.detail.elt));
document.addEventListener(
  "submit",
  (event) => {
    if (!event.isTrusted || !sending.has(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

// Dangerous actions name their effect once more.
document.addEventListener(
  "submit",
  (event) => {
    const question = event.submitter?.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);
