// Showing the password, and not sending the forms before the mail twice.

import { on, within } from "./dom.js";

// The domain whose looks the page has, or waits for.
let shown = "";

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
  on("change", "#id_login", follow);
  // Coming back to this page by the browser's button, the form may be sent again.
  window.addEventListener("pageshow", () => {
    document.querySelector("[data-sign-in] [type=submit]")?.removeAttribute("aria-busy");
  });
}

/** Shows the looks of the domain that is typed: of the address the domain alone leaves the page. */
function follow(field) {
  const brand = document.getElementById("sign-in-brand");
  const domain = field.value.trim().split("@")[1];
  if (!brand || !domain || shown === domain) return;
  shown = domain;
  const url = `${brand.dataset.themeUrl}?domain=${encodeURIComponent(domain)}`;
  window.htmx.ajax("GET", url, { source: brand, target: brand, swap: "outerHTML" });
}

export function load(root) {
  // Typed, or filled in by the browser, before this module was there.
  for (const field of within(root, "#id_login")) follow(field);
  for (const button of within(root, "[data-reveal]")) button.hidden = false;
}
