// htmx tells of a swap once for each element that came. Whoever looks at the whole page wants to hear of it once.
export function afterSwaps(run) {
  let isDue = false;
  document.body.addEventListener("htmx:afterSwap", () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      run();
    });
  });
}
