// @ts-check
// Files of an old address book: dropped anywhere on their field, and listed before they are sent.

import { on, within } from "./dom.js";

const KB = 1024;

function size(bytes) {
  const language = document.documentElement.lang;
  const inMb = bytes >= KB * KB;
  const value = inMb ? bytes / KB / KB : Math.max(1, Math.round(bytes / KB));
  const unit = inMb ? "megabyte" : "kilobyte";
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(
    value,
  );
}

function show(form) {
  const list = form.querySelector("[data-chosen]");
  const lines = [...form.querySelector("input[type=file]").files].map((file) => {
    const line = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = file.name;
    const bytes = document.createElement("span");
    bytes.className = "muted";
    bytes.textContent = size(file.size);
    line.append(name, bytes);
    return line;
  });
  list.replaceChildren(...lines);
}

/** A large upload takes a while: a second click would send it twice. */
function send(form, event) {
  const button = form.querySelector("[type=submit]");
  if (button.hasAttribute("aria-busy")) event.preventDefault();
  button.setAttribute("aria-busy", "true");
}

export function start() {
  on("submit", "[data-bring]", send);
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[data-bring] [type=submit]"))
      button.removeAttribute("aria-busy");
  });
  on("change", "[data-bring] input[type=file]", (input) => show(input.form));
  // The file input covers the whole area and receives dropped files itself.
  for (const name of /** @type {const} */ (["dragenter", "dragover"]))
    on(name, "[data-bring] .drop", (drop) => drop.classList.add("is-over"));
  for (const name of /** @type {const} */ (["dragleave", "drop"]))
    on(name, "[data-bring] .drop", (drop) => drop.classList.remove("is-over"));
}

export function load(root) {
  for (const form of within(root, "[data-bring]")) {
    form.classList.add("is-scripted");
    show(form); // a browser that goes back keeps the chosen files
  }
}
