// Menus are <details>: here they close on Escape, on a click elsewhere, and when another opens.

import { on } from "./dom.js";

const openMenus = () => document.querySelectorAll("details[data-menu][open]");

export function start() {
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) {
      if (!menu.contains(event.target) || event.target.closest("[name=verb]")) menu.open = false;
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  on("keydown", "details[data-menu][open]", (menu, event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
