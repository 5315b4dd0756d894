// @ts-check
// Copies the value beside a button to the clipboard.

import { on, within } from "./dom.js";

const SHOWN_MS = 2000;

function icon(button, name) {
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
}

function say(words) {
  for (const place of document.querySelectorAll("[data-copied]"))
    place.textContent = place.dataset[words];
}

/** Selects the value for copying by keyboard where the clipboard is not accessible (no https, or no permission). */
function select(button) {
  const value = button.closest("dd").previousElementSibling;
  getSelection().selectAllChildren(value);
  say("selected");
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
    return select(button);
  }
  say("copied");
  icon(button, "check");
  setTimeout(() => icon(button, "copy"), SHOWN_MS);
}

export function start() {
  on("click", "[data-copy]", copy);
}

export function load(root) {
  for (const button of within(root, "[data-copy]")) button.hidden = false;
}
