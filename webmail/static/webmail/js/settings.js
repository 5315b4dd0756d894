// How lists and colours look is shown as soon as it is chosen; saving keeps it. What was saved is announced, and has the
// focus: the form is done. Of tabs that do not all have room the open one is in sight.

import { on } from "./dom.js";

const SHOWN = ["theme", "density", "panes", "accent", "text"];

export function start() {
  on("change", "[data-settings] input[type=radio]", (choice) => {
    if (SHOWN.includes(choice.name)) document.documentElement.dataset[choice.name] = choice.value;
  });
  on("change", "[data-settings] input[name=columns]", ({ form }) => {
    const chosen = [...form.elements.columns].filter((box) => box.checked);
    document.documentElement.dataset.columns = chosen.map((box) => box.value).join(" ");
  });
  on("change", "[data-settings] input[name=snippets]", (choice) => (document.documentElement.dataset.sampleSnippets = choice.value));
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  const toast = document.querySelector("#toast [data-toast]");
  if (!toast || !document.querySelector("[data-settings]")) return;
  toast.tabIndex = -1;
  toast.focus();
}
