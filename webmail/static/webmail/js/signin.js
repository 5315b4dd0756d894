// Showing the password, and not sending the forms before the mail twice.

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
    if (form.elements.password) form.elements.password.type = "password";
  });
  // A browser may fill in a date of birth, but the next person at this computer must not be offered it.
  on("submit", "[data-keep-nothing]", (form) => {
    for (const field of form.elements) field.autocomplete = "off";
  });
  // Of what is typed the domain alone leaves the page before the form is sent.
  on("change", "#id_login", (field) => {
    const brand = document.getElementById("sign-in-brand");
    const domain = field.value.trim().split("@")[1];
    if (!brand?.dataset.themeUrl || !domain) return;
    const url = `${brand.dataset.themeUrl}?domain=${encodeURIComponent(domain)}`;
    window.htmx.ajax("GET", url, { source: brand, target: brand, swap: "innerHTML" });
  });
  // Coming back to this page by the browser's button, the form may be sent again.
  window.addEventListener("pageshow", () => {
    document.querySelector("[data-sign-in] [type=submit]")?.removeAttribute("aria-busy");
  });
}

export function load(root) {
  for (const button of within(root, "[data-reveal]")) button.hidden = false;
}
