// Picking several messages, and what follows an action without asking for the list again.

import { on } from "./dom.js";
import { focusRow, markRead, rows } from "./list.js";

const picked = () => [...document.querySelectorAll("#rows .pick input:checked")];
let lastPicked = null;
let nextFocus = null;

function countPicked() {
  const words = document.getElementById("bulk-count");
  if (!words) return;
  const number = picked().length;
  words.textContent = number === 1 ? words.dataset.one : words.dataset.many.replace("#", number);
  if (number === 0) words.textContent = "";
}

function unpick() {
  for (const box of picked()) box.checked = false;
  lastPicked = null;
  countPicked();
}

function pickRange(box, event) {
  const all = rows().map((row) => row.querySelector(".pick input"));
  if (event.shiftKey && lastPicked?.isConnected) {
    const [from, to] = [all.indexOf(lastPicked), all.indexOf(box)].sort((a, b) => a - b);
    for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  }
  lastPicked = box;
  countPicked();
}

// Single letters act only while the list has the focus (WCAG 2.1.4).
function key(region, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest(".row")?.querySelector(".pick input");
  switch (event.key) {
    case "x":
      if (!box) return;
      box.checked = !box.checked;
      lastPicked = box;
      return countPicked();
    case "Escape":
      return unpick();
    case "Delete":
      if (!box) return;
      if (picked().length === 0) box.checked = true;
      return document.querySelector("#act-form :is([value=trash], [value=delete])")?.click();
  }
}

/** The row that has the focus once those named are gone. */
function after(refs) {
  const all = rows();
  const index = all.findIndex((row) => refs.includes(row.dataset.ref));
  return all.slice(index).find((row) => !refs.includes(row.dataset.ref)) ?? all[index - 1];
}

/** A day goes with its last message. A list left empty is asked for again, to say that it is. */
function dropEmptyDays() {
  for (const day of document.querySelectorAll("#rows > ul")) {
    if (day.childElementCount) continue;
    if (day.previousElementSibling?.matches(".day")) day.previousElementSibling.remove();
    day.remove();
  }
  if (document.getElementById("rows")?.childElementCount === 0) document.querySelector("[data-refresh]")?.click();
}

function acted({ requestConfig, successful }) {
  if (requestConfig.verb !== "post" || !requestConfig.formData.has("verb") || !successful) return;
  const verb = requestConfig.formData.get("verb");
  if (verb === "seen" || verb === "unseen") {
    for (const ref of requestConfig.formData.getAll("refs")) markRead(ref, verb === "seen");
  }
  unpick();
  dropEmptyDays();
  // What had the focus is gone, or its bar is about to be.
  const focused = document.activeElement;
  if (focused === document.body || focused.closest("#act-form")) focusRow(nextFocus);
}

export function start() {
  on("click", "#rows .pick input", pickRange);
  on("click", "[data-unpick]", unpick);
  on("keydown", "#rows", key);
  document.body.addEventListener("htmx:beforeRequest", ({ detail: { requestConfig } }) => {
    const data = requestConfig.formData;
    if (requestConfig.verb === "post" && data.has("refs")) nextFocus = after(data.getAll("refs"));
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => acted(detail));
  countPicked();
}

export function load(root) {
  if (root.id === "message-list") countPicked();
}
