// Deeds that share one form: of several that wait for it, htmx would send the last alone.
let latest = Promise.resolve();

/** Send by `htmx.ajax` once everything before has its answer. */
export function inTurn(...asked) {
  latest = latest.then(() => htmx.ajax(...asked)).catch(() => undefined); // forms.js says what failed
  return latest;
}
