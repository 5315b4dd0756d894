// The message list: keys, picking several, and what follows an action without asking for the list again.

import { on, within } from "./dom.js";

const rows = () => [...document.querySelectorAll("#rows .row")];
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

function focusRow(row) {
  row?.querySelector(":scope > a").focus();
}

function move(event, current, step) {
  const all = rows();
  const index = current ? all.indexOf(current) + step : 0;
  if (!all[index]) return;
  event.preventDefault();
  focusRow(all[index]);
}

// Single letters act only while the list has the focus (WCAG 2.1.4).
function key(region, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const current = event.target.closest(".row");
  const box = current?.querySelector(".pick input");
  switch (event.key) {
    case "ArrowDown":
    case "j":
      return move(event, current, 1);
    case "ArrowUp":
    case "k":
      return move(event, current, -1);
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

function markRead(ref, isRead) {
  document.getElementById(`row-${ref}`)?.classList.toggle("is-new", !isRead);
}

function markOpen() {
  const ref = document.getElementById("message")?.dataset.open;
  for (const link of document.querySelectorAll("#rows a[aria-current]")) link.removeAttribute("aria-current");
  if (!ref) return;
  markRead(ref, true);
  document.querySelector(`#row-${CSS.escape(ref)} > a`)?.setAttribute("aria-current", "true");
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

/** The next page may begin with the day that the last one ended with. */
function dropRepeatedDay(heading) {
  let before = heading.previousElementSibling;
  while (before && !before.matches(".day")) before = before.previousElementSibling;
  if (before?.textContent === heading.textContent) heading.remove();
}

/** A page of a folder begins in its list, so that its keys work at once. No ring: nobody asked for it. */
function beginInList() {
  const list = document.getElementById("rows");
  const isFree = document.activeElement === document.body && !location.hash;
  if (!list || !isFree || document.querySelector("#message[data-open]") || !matchMedia("(pointer: fine)").matches) return;
  list.focus({ preventScroll: true, focusVisible: false });
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
  beginInList();
}

export function load(root) {
  for (const heading of within(root, ".day")) dropRepeatedDay(heading);
  if (root.id === "message" || root.id === "message-list") markOpen();
  if (root.id === "message-list") {
    countPicked();
    beginInList();
  }
}
