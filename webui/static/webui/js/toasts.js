// Short sentences at the corner. The region is announced politely; an error stays until it is clicked away.
const STAY = 6000; // ms

export function say(sentence, { error = false } = {}) {
  const region = document.getElementById("toasts");
  const toast = document.createElement("div");
  toast.className = error ? "toast error" : "toast";
  const words = document.createElement("span");
  words.textContent = sentence;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button quiet small";
  close.textContent = "Dismiss";
  close.addEventListener("click", () => toast.remove());
  toast.append(words, close);
  region.append(toast);
  if (!error) setTimeout(() => toast.remove(), STAY);
}
