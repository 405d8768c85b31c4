// A filter applies as soon as it is chosen; its button is for browsers without this script. Whoever chooses by keyboard passes
// through other values on the way (the year 2026 through 2, 20 and 202), and is done with Enter or on leaving the field.
const LEFT = "filter-left"; // the field that had the focus, for the page that comes

for (const form of document.querySelectorAll("form[data-submits]")) {
  let byKey = false;
  let isDue = false;
  const apply = () => isDue && form.requestSubmit();
  form.addEventListener("keydown", (event) => {
    byKey = event.key !== "Tab";
    if (event.key !== "Enter" || !isDue) return;
    event.preventDefault();
    apply();
  });
  form.addEventListener("pointerdown", () => (byKey = false));
  form.addEventListener("change", () => {
    isDue = true;
    if (!byKey) apply();
  });
  form.addEventListener("focusout", () => setTimeout(apply)); // once the next field has the focus
  form.addEventListener("submit", () => {
    isDue = false;
    sessionStorage.setItem(LEFT, `${location.pathname}#${document.activeElement.id}`);
  });
  form.querySelector("[type=submit]")?.setAttribute("hidden", "");
}

const [page, field] = (sessionStorage.getItem(LEFT) ?? "").split("#");
sessionStorage.removeItem(LEFT);
if (field && page === location.pathname) document.getElementById(field)?.focus();
