// Theme, density and panes are shown as soon as they are chosen; saving keeps them.

import { on } from "./dom.js";

const SHOWN = ["theme", "density", "panes"];

export function start() {
  on("change", "[data-settings] input[type=radio]", (choice) => {
    if (SHOWN.includes(choice.name)) document.documentElement.dataset[choice.name] = choice.value;
  });
}
