// @ts-check
// Orders rules by dragging, and fills in the days of an absence by a click. By keyboard and without this script, the
// buttons of each rule, and links, do the same.

import { on, submit } from "./dom.js";

let dragged = null;

const rows = (list) => [...list.querySelectorAll("[data-rule]")];

function unmark(list) {
  for (const row of rows(list)) row.classList.remove("over-before", "over-after");
}

/** Whether the pointer is in the upper half of the row, so that the dragged one goes before it. */
function isBefore(row, event) {
  const place = row.getBoundingClientRect();
  return event.clientY < place.top + place.height / 2;
}

function drop(list, row, event) {
  if (row === dragged) return;
  row[isBefore(row, event) ? "before" : "after"](dragged);
  const form = /** @type {HTMLFormElement} */ (document.getElementById(list.dataset.rules));
  form.elements.order.value = rows(list)
    .map((item) => item.dataset.rule)
    .join(",");
  submit(form);
}

export function load(root) {
  for (const row of root.querySelectorAll("[data-rules] > [data-rule]")) row.draggable = true;
}

/** Fills the days of a holiday into the form without a request; an existing text stays. */
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
    dragged =
      event.target instanceof Element && event.target.matches("[data-rule]") ? event.target : null;
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const row =
      dragged && event.target instanceof Element ? event.target.closest("[data-rule]") : null;
    if (!row) return;
    event.preventDefault();
    unmark(row.parentElement);
    row.classList.add(isBefore(row, event) ? "over-before" : "over-after");
  });
  document.addEventListener("drop", (event) => {
    const row =
      dragged && event.target instanceof Element ? event.target.closest("[data-rule]") : null;
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
