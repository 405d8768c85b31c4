// A form that carries a passkey: asks the browser for one when it is sent, and sends the answer with it.
const REFUSED = {
  NotAllowedError: "The browser got no answer from a passkey. Try again.",
  InvalidStateError: "This device or key is one of your passkeys here already.",
  SecurityError: "Browsers keep passkeys for names and not for numbers: open Muster under its name, or on this machine as localhost.",
};
const UNKNOWN = "This browser offers no passkeys here. They need a current browser, and https or localhost in the address.";
const FAILED = "The passkey could not be asked for. Reload the page and try again.";
const isKnown = "parseRequestOptionsFromJSON" in (window.PublicKeyCredential ?? {});

async function asked(form) {
  if (form.dataset.asked) return JSON.parse(form.dataset.asked);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (answer.status === 429) throw new Error("Too many attempts. Wait a minute, then try again.");
  return (await answer.json()).request_options.publicKey;
}

async function credential(form) {
  const options = await asked(form);
  if (form.dataset.passkey === "get") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  }
  if (form.elements.passwordless.checked) {
    options.authenticatorSelection = { residentKey: "required", requireResidentKey: true, userVerification: "required" };
  }
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
}

function say(form, sentence) {
  const place = form.querySelector("[data-passkey-says]");
  place.textContent = sentence;
  place.hidden = !sentence;
}

async function send(form) {
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  say(form, "");
  try {
    form.elements.credential.value = JSON.stringify((await credential(form)).toJSON());
    form.submit();
    form.elements.credential.value = ""; // whoever comes back to the page is asked anew
  } catch (error) {
    say(form, error instanceof DOMException ? (REFUSED[error.name] ?? FAILED) : error instanceof TypeError ? FAILED : error.message);
  } finally {
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !isKnown && form.hasAttribute("data-extra");
  if (!isKnown) say(form, UNKNOWN);
  form.querySelector("[type=submit]").disabled = !isKnown; // until here it would send a form without a passkey
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
