// @ts-check
// Shows the look of lists and colours as soon as it is chosen; saving stores it. The result of saving is announced and
// has the focus. A tab bar that is too long is scrolled to the open tab.

import { on } from "./dom.js";
import { revealInRow } from "./scrolling.js";

const SHOWN = ["theme", "density", "panes", "accent", "text"];

/** Moves a tool one place up or down; the focus stays on it, and its place is announced. */
function moveTool(button, event) {
  const line = button.closest("li");
  const other = button.name === "raise" ? line.previousElementSibling : line.nextElementSibling;
  event.preventDefault();
  if (!other) return;
  if (button.name === "raise") other.before(line);
  else other.after(line);
  // At the end of the list the pressed button is hidden.
  const isAtEnd = button.name === "raise" ? !line.previousElementSibling : !line.nextElementSibling;
  (isAtEnd ? line.querySelector(`button:not([name=${button.name}])`) : button).focus();
  sayPlace(line);
}

function sayPlace(line) {
  const { moved } = line.parentElement.dataset;
  const place = [...line.parentElement.children].indexOf(line) + 1;
  const words = moved.replace("@", line.textContent.trim()).replace("#", place);
  document.querySelector("[data-order-said]").textContent = words;
}

let dragged = null;

function dragOver(line, event) {
  if (!dragged || dragged.parentElement !== line.parentElement) return;
  event.preventDefault();
  const { top, height } = line.getBoundingClientRect();
  if (event.clientY < top + height / 2) line.before(dragged);
  else line.after(dragged);
}

/** Fills a pressed key into its field; Tab moves on, and Backspace empties it. */
function typeKey(field, event) {
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.isComposing ||
    event.key.length !== 1 ||
    event.key === " "
  )
    return;
  event.preventDefault();
  const isShifted = event.shiftKey && event.key.toUpperCase() !== event.key.toLowerCase();
  field.value = `${isShifted ? `${field.dataset.ownKey}+` : ""}${event.key.toLowerCase()}`;
}

export function start() {
  on("click", "[data-tool-order] button", moveTool);
  on("dragstart", "[data-tool-order] li", (line, { dataTransfer }) => {
    dragged = line;
    dataTransfer.effectAllowed = "move";
    dataTransfer.setData("text/plain", "");
  });
  on("dragover", "[data-tool-order] li", dragOver);
  on("dragend", "[data-tool-order] li", (line) => {
    dragged = null;
    sayPlace(line);
  });
  on("keydown", "[data-own-key]", typeKey);
  on("change", "[data-settings] input[type=radio]", (choice) => {
    if (SHOWN.includes(choice.name)) document.documentElement.dataset[choice.name] = choice.value;
  });
  on("change", "[data-settings] input[name=columns]", ({ form }) => {
    const chosen = [...form.elements.columns].filter((box) => box.checked);
    document.documentElement.dataset.columns = chosen.map((box) => box.value).join(" ");
  });
  on(
    "change",
    "[data-settings] input[name=snippets]",
    (choice) => (document.documentElement.dataset.sampleSnippets = choice.value),
  );
  const tab = document.querySelector(".tabs [aria-current]");
  if (tab) revealInRow(tab);
  const toast = document.querySelector("#toast [data-toast]");
  if (!toast || !document.querySelector("[data-settings]")) return;
  toast.tabIndex = -1;
  toast.focus();
}
