// @ts-check
// Contacts: which row is open, and further lines in the form without a request.

import { on } from "./dom.js";

function markOpen(contact) {
  for (const link of document.querySelectorAll(".person > a[aria-current]"))
    link.removeAttribute("aria-current");
  document
    .querySelector(`#row-${CSS.escape(contact.dataset.open)} > a`)
    ?.setAttribute("aria-current", "true");
}

/** Gives the copied line its number, and removes values and errors of the original. */
function renumber(line, prefix, number) {
  for (const error of line.querySelectorAll('[id$="_error"]')) error.remove();
  for (const element of line.querySelectorAll("[id], [name], [for]")) {
    for (const name of ["id", "name", "for"]) {
      const value = element.getAttribute(name);
      if (value)
        element.setAttribute(
          name,
          value.replace(new RegExp(`(${prefix}-)\\d+(-)`), `$1${number}$2`),
        );
    }
    element.removeAttribute("aria-invalid");
    if (element.matches("input:not([type=radio]), textarea")) element.value = "";
    if (element.type === "radio") Object.assign(element, { checked: false, value: String(number) });
  }
}

function addEntry(button, event) {
  const prefix = button.value;
  const total = button.form.elements.namedItem(`${prefix}-TOTAL_FORMS`);
  const entries = button.closest("[data-entries]").querySelectorAll("[data-entry]");
  const most = Number(button.form.elements.namedItem(`${prefix}-MAX_NUM_FORMS`).value);
  if (!entries.length || entries.length >= most) return;
  event.preventDefault();
  const last = entries[entries.length - 1];
  const copy = last.cloneNode(true);
  renumber(copy, prefix, entries.length);
  last.after(copy);
  total.value = String(entries.length + 1);
  copy.querySelector("input, textarea").focus();
}

export function start() {
  on("click", "[data-more]", addEntry);
}

export function load(root) {
  if (root.id !== "contact" || !root.dataset.open) return;
  markOpen(root);
  if (getComputedStyle(root.querySelector(".to-list")).display !== "none") window.scrollTo(0, 0);
  root.querySelector(".reader-title").focus({ preventScroll: true });
}
