// Forms that post in place: a refusal is shown where it happened, Ctrl+Enter sends, drafts survive a closed tab.
import { say } from "./toasts.js";

const SENTENCES = { 0: "The server cannot be reached. Nothing was changed; try again in a moment.", 403: "You may not do this.", 413: "This is too large to be sent." };

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

/** What an answer to fetch() says that is no success; without one the server could not be reached. */
export async function refusalIn(answer) {
  if (!answer) return SENTENCES[0];
  return sentenceOf({ status: answer.status, responseText: await answer.text(), getResponseHeader: (name) => answer.headers.get(name) });
}

document.body.addEventListener("htmx:responseError", (event) => {
  const form = event.detail.elt;
  const sentence = sentenceOf(event.detail.xhr);
  if (form instanceof HTMLFormElement && !form.hasAttribute("data-toast")) refuse(form, sentence);
  else if (event.detail.requestConfig.verb !== "get") say(sentence, { error: true });
});
document.body.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt instanceof HTMLFormElement) refuse(event.detail.elt, SENTENCES[0]);
});

document.body.addEventListener("muster:said", (event) => say(event.detail.sentence, { undo: event.detail.undo }));

document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  if (!(form instanceof HTMLFormElement) || !event.detail.successful || event.detail.requestConfig.verb === "get") return;
  form.querySelector(":scope > .refusal")?.remove();
  form.reset();
  form.closest("details[data-closes]")?.removeAttribute("open");
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target instanceof HTMLTextAreaElement) {
    event.preventDefault();
    event.target.form?.requestSubmit();
  }
});

// A second click before the answer is no second deed.
document.addEventListener(
  "submit",
  (event) => {
    if (!event.isTrusted || !event.target.classList.contains("htmx-request")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

// A filter applies as soon as it is chosen; its button is for browsers without this script.
for (const form of document.querySelectorAll("form[data-submits]")) {
  form.addEventListener("change", () => form.requestSubmit());
  form.querySelector("[type=submit]")?.setAttribute("hidden", "");
}

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
