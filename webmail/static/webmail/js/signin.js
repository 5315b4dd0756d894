// Showing the password, and not sending the sign-in form twice.

import { on, within } from "./dom.js";

export function start() {
  on("click", "[data-reveal]", (button) => {
    const field = document.getElementById(button.dataset.reveal);
    const isShown = field.type === "text";
    field.type = isShown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!isShown));
    field.focus();
  });
  on("submit", "[data-sign-in]", (form, event) => {
    const button = form.querySelector("[type=submit]");
    if (button.getAttribute("aria-busy") === "true") event.preventDefault();
    button.setAttribute("aria-busy", "true");
    // Browsers keep what is typed as text for later; a password must not be.
    form.elements.password.type = "password";
  });
  // Coming back to this page by the browser's button, the form may be sent again.
  window.addEventListener("pageshow", () => {
    document.querySelector("[data-sign-in] [type=submit]")?.removeAttribute("aria-busy");
  });
}

export function load(root) {
  for (const button of within(root, "[data-reveal]")) button.hidden = false;
}
