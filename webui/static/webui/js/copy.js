// A button that copies the text of the element it names.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copies]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent.trim());
  const words = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = words), 1500);
});
const offer = () => document.querySelectorAll("button[data-copies]").forEach((button) => (button.hidden = !navigator.clipboard));
offer();
document.body.addEventListener("htmx:afterSettle", offer);
