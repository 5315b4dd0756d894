// @ts-check
// Messages dragged to a folder: the selected ones, or the one that is dragged. With Ctrl they are copied. By keyboard
// the dialog of "move" does the same.

import { grouped, on } from "./dom.js";

const KIND = "application/x-webmail-messages";
let dragged = [];

const folderOf = (event) => event.target.closest?.(".folder[data-folder]");
/** Messages from a shared folder without the right to delete are always copied. */
const isCopy = (event) =>
  event.ctrlKey || event.altKey || document.querySelector("#message-list[data-copies]") !== null;

function begin(row, event) {
  const box = row.querySelector(".pick input");
  const picked = [...document.querySelectorAll("#rows .pick input:checked")];
  dragged = box.checked ? picked : [box];
  event.dataTransfer.setData(KIND, String(dragged.length));
  event.dataTransfer.effectAllowed = "copyMove";
  event.dataTransfer.setDragImage(label(dragged.length), -12, -12);
  document.documentElement.dataset.dragging = "messages";
}

/** The number of messages beside the pointer. The browser draws it from an element in the page. */
function label(number) {
  const words = document.getElementById("bulk-count").dataset;
  const shown = document.createElement("div");
  shown.className = "drag-label";
  shown.textContent = number === 1 ? words.one : words.many.replace("#", grouped(number));
  document.body.append(shown);
  setTimeout(() => shown.remove());
  return shown;
}

function end() {
  dragged = [];
  delete document.documentElement.dataset.dragging;
  for (const folder of document.querySelectorAll(".folder.is-target"))
    folder.classList.remove("is-target");
}

function over(event) {
  for (const other of document.querySelectorAll(".folder.is-target"))
    other.classList.remove("is-target");
  const folder = folderOf(event);
  if (!folder || dragged.length === 0 || folder.matches("[aria-current]")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = isCopy(event) ? "copy" : "move";
  folder.classList.add("is-target");
}

function drop(event) {
  const folder = folderOf(event);
  if (!folder || dragged.length === 0 || folder.matches("[aria-current]")) return;
  event.preventDefault();
  const form = document.getElementById("act-form");
  const everything = form.querySelector("[name=all]") && dragged.every((box) => box.checked);
  const values = new FormData(everything ? form : undefined);
  if (!everything) for (const box of dragged) values.append("refs", box.value);
  values.set("next", form.elements.next.value);
  values.set("opened", document.querySelector("#message [name=opened]")?.value ?? "");
  values.set("verb", isCopy(event) ? "copy" : "move");
  values.set("to", folder.dataset.folder);
  end();
  htmx.ajax("POST", form.getAttribute("action"), {
    source: form,
    swap: "none",
    values: asObject(values),
  });
}

function asObject(values) {
  const names = [...new Set(values.keys())];
  return Object.fromEntries(names.map((name) => [name, values.getAll(name)]));
}

export function start() {
  on("dragstart", "#rows .row", begin);
  document.addEventListener("dragend", end);
  document.addEventListener("dragover", over);
  document.addEventListener("drop", drop);
}
