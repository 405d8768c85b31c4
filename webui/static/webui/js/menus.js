import { say } from "./toasts.js";

// Menus are <details>: one open at a time, closed by Escape or a click elsewhere, focus back on what opened them.
const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    const shuts = menu.contains(event.target.closest?.("[data-shuts]"));
    if (shuts || !menu.contains(event.target)) menu.open = false;
    if (shuts) menu.querySelector("summary").focus();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A card's actions are fetched when they are asked for; without this script the link opens the task's page.
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-menu]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const dialog = document.getElementById("card-menu");
  if (!dialog.open) dialog.replaceChildren();
  await htmx.ajax("GET", link.dataset.menu, { target: dialog, swap: "innerHTML" }).catch(() => undefined); // said below
  if (!dialog.firstElementChild) return say("The menu could not be fetched. Try again in a moment, or open the task.", { error: true });
  dialog.showModal();
  dialog.addEventListener("close", () => link.isConnected && link.focus(), { once: true });
  return undefined;
});
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement) event.target.close();
});
// What was sent from a dialog is done with it; the answer to something else must not take away what is typed there.
document.body.addEventListener("muster:said", (event) => event.target.closest("dialog[open]")?.close());
