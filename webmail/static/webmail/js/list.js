// @ts-check
// The message list: its keys, the open row, and pages that load while scrolling.

import { isKey, on, strokeOf, within } from "./dom.js";

export const rows = () => [...document.querySelectorAll("#rows .row")];

export function focusRow(row) {
  row?.querySelector(":scope > a").focus();
}

function move(event, current, step) {
  const all = rows();
  const index = current ? all.indexOf(current) + step : 0;
  if (!all[index]) return;
  event.preventDefault();
  focusRow(all[index]);
}

/** Shows or hides the messages of a conversation; hiding moves the focus back to its row. */
function unfold(event, row, isOpen) {
  const members = row?.querySelector(":scope > .members");
  if (!members || members.open === isOpen) return;
  event.preventDefault();
  members.open = isOpen;
  if (!isOpen) focusRow(row);
}

// Single letters only work while the list has the focus (WCAG 2.1.4).
function key(region, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const current = event.target.closest(".row");
  const stroke = strokeOf(event);
  if (stroke === "ArrowDown" || isKey(stroke, "next")) move(event, current, 1);
  else if (stroke === "ArrowUp" || isKey(stroke, "previous")) move(event, current, -1);
  else if (["ArrowRight", "ArrowLeft"].includes(stroke))
    unfold(event, current, stroke === "ArrowRight");
}

export function markRead(ref, isRead) {
  document.getElementById(`row-${ref}`)?.classList.toggle("is-new", !isRead);
}

function markOpen() {
  const ref = document.getElementById("message")?.dataset.open;
  for (const link of document.querySelectorAll("#rows a[aria-current]"))
    link.removeAttribute("aria-current");
  if (!ref) return;
  if (!document.querySelector("#message[data-unread]")) markRead(ref, true);
  // The other unread messages of its conversation are open too.
  const member =
    document.querySelector("#message .conversation") &&
    document.querySelector(`#rows .members a[href*="/${CSS.escape(ref)}/"]`);
  const conversation = member?.closest(".row");
  const isRead = !document.querySelector("#message .conversation-card.is-unread");
  if (isRead) conversation?.classList.remove("is-new");
  const row =
    document.getElementById(`row-${ref}`) ??
    document.querySelector(`#rows [data-shown="${CSS.escape(ref)}"]`) ??
    conversation;
  row?.querySelector(":scope > a").setAttribute("aria-current", "true");
}

/** Removes a heading of the next page that repeats the last day of the page before. */
function dropRepeatedDay(heading) {
  let before = heading.previousElementSibling;
  while (before && !before.matches(".day")) before = before.previousElementSibling;
  if (before?.textContent === heading.textContent) heading.remove();
}

/** Moves the focus to the list of a folder's page, so that keys work at once; without a focus ring, since the user
 * did not move the focus. */
function beginInList() {
  const list = document.getElementById("rows");
  const isFree = document.activeElement === document.body && !location.hash;
  if (
    !list ||
    !isFree ||
    document.querySelector("#message[data-open]") ||
    !matchMedia("(pointer: fine)").matches
  )
    return;
  list.focus({ preventScroll: true, focusVisible: false });
}

/** Makes a row a single stop of the tab key: the checkbox and the flag have keys and menu items instead. */
export function oneStop(root) {
  for (const other of within(root, "#rows .pick input, #rows .flag")) other.tabIndex = -1;
}

export function start() {
  on("keydown", "#rows", key);
  beginInList();
  // A message that stays unread for some seconds.
  document.body.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (!detail.successful || !target.matches("#message[data-unread] [data-seen]")) return;
    delete document.getElementById("message").dataset.unread;
    markOpen();
  });
  // The notice about adverts disappears with the button that closes it.
  document.body.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    const hasFocus = target?.id === "advert-line" && target.contains(document.activeElement);
    if (hasFocus) document.getElementById("rows")?.focus({ preventScroll: true });
  });
}

export function load(root) {
  oneStop(root);
  for (const heading of within(root, ".day")) dropRepeatedDay(heading);
  if (root.matches(".conversation-body"))
    root.closest(".conversation-card.is-unread")?.classList.remove("is-unread");
  if (root.id === "message" || root.id === "message-list" || root.matches(".conversation-body"))
    markOpen();
  if (root.id === "message-list") beginInList();
}
