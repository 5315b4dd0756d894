// @ts-check
// Copies a passphrase into both fields by a click, and sends the form once, with no readable password in it.

import { on, within } from "./dom.js";

function use(button) {
  const form = document.querySelector("[data-password-form]");
  const phrase = button.closest(".phrase").querySelector("[data-phrase]").textContent;
  for (const name of ["new", "again"]) {
    form.elements[name].value = phrase;
    const reveal = form.querySelector(`[data-reveal="${form.elements[name].id}"]`);
    if (form.elements[name].type === "password") reveal.click();
  }
  // Triggers the listeners that rate a typed password.
  form.elements.new.dispatchEvent(new Event("input", { bubbles: true }));
  form.elements.new.focus();
}

function send(form, event) {
  const button = form.querySelector("[type=submit]");
  if (button.getAttribute("aria-busy") === "true") event.preventDefault();
  button.setAttribute("aria-busy", "true");
  // Browsers store typed text for later, but must not store a password.
  for (const name of ["old", "new", "again"]) form.elements[name].type = "password";
}

export function start() {
  on("click", "[data-use-phrase]", use);
  on("submit", "[data-password-form]", send);
  // When the browser goes back to this page, the form is empty and enabled.
  window.addEventListener("pageshow", (event) => {
    const form = document.querySelector("[data-password-form]");
    if (!form || !event.persisted) return;
    form.reset();
    form.querySelector("[type=submit]").removeAttribute("aria-busy");
  });
}

export function load(root) {
  for (const button of within(root, "[data-use-phrase]")) button.hidden = false;
}
