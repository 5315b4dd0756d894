// The order of rules by dragging, and the days of an absence by a press. The buttons beside each rule, and links, do
// the same for the keyboard, and without this script.

import { on } from "./dom.js";

let dragged = null;

const rows = (list) => [...list.querySelectorAll("[data-rule]")];

function unmark(list) {
  for (const row of rows(list)) row.classList.remove("over-before", "over-after");
}

/** Whether the pointer is in the upper half of the row: the dragged one goes before it. */
function isBefore(row, event) {
  const place = row.getBoundingClientRect();
  return event.clientY < place.top + place.height / 2;
}

function drop(list, row, event) {
  if (row === dragged) return;
  row[isBefore(row, event) ? "before" : "after"](dragged);
  const form = document.getElementById(list.dataset.rules);
  form.elements.order.value = rows(list)
    .map((one) => one.dataset.rule)
    .join(",");
  form.requestSubmit();
}

export function load(root) {
  for (const row of root.querySelectorAll("[data-rules] > [data-rule]")) row.draggable = true;
}

/** The days of a holiday, into the form as it is typed; a text that is there stays. */
function fillDays(link, event) {
  event.preventDefault();
  const { enabled, first, last, text } = link.closest("form").elements;
  enabled.checked = true;
  first.value = link.dataset.first;
  last.value = link.dataset.last;
  if (text.value.trim() === "") text.value = link.dataset.absence;
}

export function start() {
  on("click", "[data-absence]", fillDays);
  document.addEventListener("dragstart", (event) => {
    dragged = event.target instanceof Element && event.target.matches("[data-rule]") ? event.target : null;
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const row = dragged && event.target instanceof Element ? event.target.closest("[data-rule]") : null;
    if (!row) return;
    event.preventDefault();
    unmark(row.parentElement);
    row.classList.add(isBefore(row, event) ? "over-before" : "over-after");
  });
  document.addEventListener("drop", (event) => {
    const row = dragged && event.target instanceof Element ? event.target.closest("[data-rule]") : null;
    if (!row) return;
    event.preventDefault();
    unmark(row.parentElement);
    drop(row.parentElement, row, event);
  });
  document.addEventListener("dragend", () => {
    if (dragged) unmark(dragged.parentElement);
    dragged = null;
  });
}
