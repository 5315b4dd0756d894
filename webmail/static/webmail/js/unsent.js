// @ts-check
// Holds a message back while what it goes to, or what it brings, is not on the server.

const SENDING = new Set(["send", "schedule"]);

/**
 * Stops the sending of the form, says so, and opens the part with what is missing; `way` is its button there. Returns
 * whether the event was a sending.
 * @param {CustomEvent} event
 * @param {HTMLFormElement} form
 * @param {HTMLElement} part
 * @param {string} way
 */
export function holdBack(event, form, part, way) {
  const act = event.detail.triggeringEvent?.submitter?.value ?? "send";
  if (event.target !== form || !SENDING.has(act)) return false;
  event.preventDefault();
  event.stopImmediatePropagation();
  const saved = form.querySelector("[data-saved]");
  if (saved) saved.textContent = document.getElementById("upload-status")?.dataset.unsent ?? "";
  for (const folded of part.querySelectorAll("details")) folded.open = true;
  /** @type {HTMLElement | null} */ (part.querySelector(way))?.focus();
  return true;
}
