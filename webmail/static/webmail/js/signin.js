// @ts-check
// Shows the password, and prevents the forms before the mail from being sent twice.

import { on, within } from "./dom.js";

// The domain whose theme the page shows, or waits for.
let shown = "";

export function start() {
  on("click", "[data-reveal]", (button) => {
    const field = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset.reveal));
    const isShown = field.type === "text";
    field.type = isShown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!isShown));
    field.focus();
  });
  on("submit", "[data-sign-in]", (form, event) => {
    const button = form.querySelector("[type=submit]");
    if (button.getAttribute("aria-busy") === "true") event.preventDefault();
    button.setAttribute("aria-busy", "true");
    // Browsers store typed text for later, but must not store a password.
    if (form.elements.password) form.elements.password.type = "password";
  });
  // A browser may fill in a date of birth, but must not offer it to the next user of this computer.
  on("submit", "[data-keep-nothing]", (form) => {
    for (const field of /** @type {Iterable<HTMLInputElement>} */ (form.elements))
      field.autocomplete = "off";
  });
  on("change", "#id_login", follow);
  // When the browser goes back to this page, the form can be sent again.
  window.addEventListener("pageshow", () => {
    document.querySelector("[data-sign-in] [type=submit]")?.removeAttribute("aria-busy");
  });
}

/** Shows the theme of the typed domain. Only the domain of the address is sent. */
function follow(field) {
  const brand = document.getElementById("sign-in-brand");
  const domain = field.value.trim().split("@")[1];
  if (!brand || !domain || shown === domain) return;
  shown = domain;
  const url = `${brand.dataset.themeUrl}?domain=${encodeURIComponent(domain)}`;
  window.htmx.ajax("GET", url, { source: brand, target: brand, swap: "outerHTML" });
}

export function load(root) {
  // The field may have been filled before this module was loaded.
  for (const field of within(root, "#id_login")) follow(field);
  for (const button of within(root, "[data-reveal]")) button.hidden = false;
}
