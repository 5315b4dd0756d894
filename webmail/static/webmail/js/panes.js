// @ts-check
// The drawer of folders, and the way from list to message and back where only one of them is shown.

import { isPlain, on } from "./dom.js";
import { isTyping } from "./keys.js";
import { reveal } from "./scrolling.js";
import { ROOMY, sayFolders, toggleRail } from "./splits.js";

const side = () => document.querySelector(".side");
const isOpen = () => document.body.dataset.drawer === "open";
/** Firefox before 112 has not: there the focus comes back to the drawer from the page behind it. */
const HAS_INERT = "inert" in HTMLElement.prototype;
/** A window that was opened for one message (js/rowmenu.js). */
const isAlone = window.name.startsWith("message-");
let opener = null;
let listTop = 0;

/** Shuts the page behind the drawer, or opens it. */
function shut(isShut) {
  for (const other of document.querySelectorAll(".top, #content")) {
    /** @type {HTMLElement} */ (other).inert = isShut;
    if (!HAS_INERT) other.setAttribute("aria-hidden", String(isShut));
  }
}

function openDrawer(by) {
  opener = by;
  document.body.dataset.drawer = "open";
  shut(true);
  side().querySelector("a").focus();
  sayFolders();
}

function closeDrawer() {
  if (!isOpen()) return;
  delete document.body.dataset.drawer;
  shut(false);
  sayFolders();
  if (opener?.isConnected) opener.focus();
}

/** Makes the open message the main heading of the page; without one, the folder. */
function rankTitles() {
  const message = document.querySelector("#message[data-open] .reader-title");
  message?.setAttribute("aria-level", "1");
  document.getElementById("list-title")?.setAttribute("aria-level", message ? "2" : "1");
}

const rowOf = (ref) => document.querySelector(`#row-${CSS.escape(ref)} > a`);

/** Shows the list again without a request, so that its scroll position is kept. */
function backToList(list) {
  if (isAlone) return window.close();
  const message = document.getElementById("message");
  const ref = message.dataset.open;
  delete message.dataset.open;
  rankTitles();
  history.pushState({ htmx: true }, "", list.dataset.url);
  document.title = list.dataset.title;
  window.scrollTo(0, listTop);
  const row = rowOf(ref);
  row?.focus({ preventScroll: true });
  if (row) reveal(row); // it may be another message than the one that was opened from the list
}

/** Moves the focus to the list beside the open message. */
function focusList(list) {
  (rowOf(document.getElementById("message").dataset.open) ?? list.querySelector(".rows")).focus();
}

/** After the open message was moved away, restores the address of the list. */
function leaveMessage(list) {
  if (isAlone) return window.close();
  const { pathname, search } = new URL(list.dataset.url, location.href);
  // Beside search results the open message may be in any folder.
  const isOfList = location.pathname.startsWith("searched" in list.dataset ? "/mail/" : pathname);
  if (location.pathname === pathname || !isOfList) return;
  history.pushState({ htmx: true }, "", pathname + search);
  document.title = list.dataset.title;
}

export function start() {
  if (isAlone) document.documentElement.dataset.alone = "";
  on("click", "[data-drawer-open]", (link, event) => {
    event.preventDefault();
    if (link.matches("[data-rail-toggle]") && ROOMY.matches) toggleRail();
    else openDrawer(link);
  });
  // For screen readers it is a button, which the space bar presses.
  on("keydown", "[data-rail-toggle]", (link, event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    link.click();
  });
  on("click", "[data-drawer-close]", (_link, event) => {
    event.preventDefault();
    closeDrawer();
  });
  // The scrim is only a shadow: a click on what is below only closes the drawer.
  document.addEventListener(
    "click",
    (event) => {
      if (!isOpen() || side().contains(event.target)) return;
      event.preventDefault();
      event.stopPropagation();
      closeDrawer();
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeDrawer();
  });
  if (!HAS_INERT)
    document.addEventListener("focusin", ({ target }) => {
      const isBehind = target instanceof Element && target.closest(".top, #content");
      if (isOpen() && isBehind && !side().contains(target)) side().querySelector("a").focus();
    });
  on("click", "[data-back]", (_link, event) => {
    const list = document.getElementById("message-list");
    if (!isPlain(event) || !list?.querySelector(".rows")) return;
    event.preventDefault();
    if (list.offsetParent) focusList(list);
    else backToList(list);
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "message" && !document.querySelector("#message[data-open]"))
      listTop = window.scrollY;
  });
}

/** Scrolls a conversation to its first unread message, unless that is visible together with all above it. */
function beginUnread(message) {
  const first = message.querySelector("[data-begins]");
  if (!first || !message.querySelector(".conversation-head")) return;
  const above = first.getBoundingClientRect().top - message.getBoundingClientRect().top;
  if (above > innerHeight / 2) reveal(first, "start");
}

export function load(root) {
  if (root.id === "message-list") closeDrawer();
  if (root.id === "message" || root.id === "message-list") rankTitles();
  if (root === document.body && document.querySelector("#message[data-open]"))
    beginUnread(document.getElementById("message"));
  if (root.id !== "message") return;
  if (root.dataset.open) {
    if (getComputedStyle(document.querySelector(".to-list")).display !== "none")
      window.scrollTo(0, 0);
    if (!isTyping()) root.querySelector(".reader-title").focus({ preventScroll: true });
    beginUnread(root);
  } else {
    leaveMessage(document.getElementById("message-list"));
  }
}
