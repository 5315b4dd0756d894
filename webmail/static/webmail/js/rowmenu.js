// @ts-check
// Actions on a row by pointer: a few buttons while it hovers, all actions in a menu by the secondary button (Shift+F10
// or the context key by keyboard), and the message in a window of its own by a double click. The verbs come from the
// buttons for selected messages: there is no other table of them.

import { isPlain, on } from "./dom.js";
import { actOn } from "./selection.js";

const HOVERED = ["archive", "trash", "delete", "seen", "unseen"];
const WINDOW = "popup,width=900,height=860";

const menu = () => document.getElementById("row-menu");
const items = () =>
  [...menu().querySelectorAll("[role=menuitem]")].filter((item) => item.offsetParent);
const linkOf = (row) => row.querySelector(":scope > a");
const isFirst = ({ value }, index, all) =>
  all.findIndex((other) => other.value === value) === index;
// Each verb once, since buttons that do not fit in a narrow bar are also in its menu.
const verbs = () =>
  [...(document.getElementById("act-form")?.querySelectorAll("[name=verb]") ?? [])].filter(isFirst);
const wordsOf = (button) => button.getAttribute("aria-label") ?? button.textContent.trim();

let about = null; // the row of the open menu
let bar = null;

// Links of a row

/** Points the menu's links to the message that this link opens. */
function lead(message) {
  const { pathname } = new URL(message.href);
  const isDraft = Boolean(message.querySelector(".is-draft"));
  for (const link of menu()?.querySelectorAll("a[data-to]") ?? []) {
    link.href = pathname + link.dataset.to;
    link.parentElement.hidden = isDraft && link.dataset.to !== "";
  }
}

/** The link that a key follows for the message of a row, or of its conversation; none for a draft, which cannot be
 * answered. */
export function linkFor(element, selector) {
  const message =
    element.closest(".members a") ?? element.closest(".row")?.querySelector(":scope > a");
  if (!message || !menu()) return null;
  lead(message);
  const link = menu().querySelector(`a${selector}`);
  return link && !link.parentElement.hidden ? link : null;
}

/** Follows a hidden link by a copy. After a composer closes, the row gets the focus back, not the link. */
export function follow(link) {
  const copy = link.cloneNode(true);
  document.body.append(copy);
  copy.click();
  copy.remove();
}

// The menu

function fill() {
  const end = menu().querySelector("[data-verbs-end]");
  for (const item of menu().querySelectorAll("[data-verb]")) item.remove();
  for (const button of verbs()) end.before(itemOf(button));
}

function itemOf(button) {
  const line = document.createElement("li");
  line.setAttribute("role", "none");
  line.dataset.verb = button.value;
  const item = document.createElement("button");
  item.type = "button";
  item.setAttribute("role", "menuitem");
  item.tabIndex = -1;
  item.append(button.querySelector("svg").cloneNode(true), wordsOf(button));
  item.addEventListener("click", () => {
    const row = about;
    close(true);
    actOn(button, row);
  });
  line.append(item);
  return line;
}

function open(row, x, y) {
  close(false);
  about = row;
  fill();
  lead(linkOf(row));
  menu().hidden = false;
  const { offsetWidth: width, offsetHeight: height } = menu();
  menu().style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
  menu().style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
  items()[0].focus({ preventScroll: true });
}

/** Moves the focus back to the row if it is still in the menu, and not in what the menu opened. */
function close(givesBack) {
  if (!about) return;
  const row = about;
  const hadFocus = menu().contains(document.activeElement);
  about = null;
  menu().hidden = true;
  if (givesBack && hadFocus && row.isConnected) linkOf(row).focus({ preventScroll: true });
}

const STEPS = {
  ArrowDown: (at, all) => (at + 1) % all,
  ArrowUp: (at, all) => (at - 1 + all) % all,
  Home: () => 0,
  End: (_at, all) => all - 1,
};

function key(_menu, event) {
  const all = items();
  const at = all.indexOf(document.activeElement);
  if (event.key === "Escape" || event.key === "Tab") close(true);
  else if (STEPS[event.key]) all[STEPS[event.key](at, all.length)].focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function byPointer(link, event) {
  if (event.pointerType === "touch" || event.shiftKey || event.ctrlKey || !menu()) return;
  event.preventDefault();
  open(link.closest(".row"), event.clientX, event.clientY);
}

function byKey(link, event) {
  if (!(event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) || !menu()) return;
  event.preventDefault();
  const { left, bottom } = link.getBoundingClientRect();
  open(link.closest(".row"), left + 36, Math.min(bottom, innerHeight) - 8);
}

// While the pointer hovers

const FINE = matchMedia("(hover: hover) and (pointer: fine)");

let dismissed = null; // the row whose buttons Escape has hidden while the pointer stays on it

function hover(row) {
  if (!FINE.matches || row === dismissed || row.contains(bar)) return;
  dismissed = null;
  bar?.remove();
  bar = document.createElement("span");
  bar.className = "hover-acts";
  bar.append(
    ...verbs()
      .filter(({ value }) => HOVERED.includes(value))
      .map((button) => quick(button, row)),
  );
  row.append(bar);
}

/** Hides the buttons, so that the content below can be read without moving the pointer (WCAG 1.4.13). */
function dismiss({ key: pressed }) {
  if (pressed !== "Escape" || !bar?.isConnected) return;
  dismissed = bar.closest(".row");
  bar.remove();
}

function quick(button, row) {
  const copy = document.createElement("button");
  copy.type = "button";
  copy.dataset.does = button.value;
  copy.tabIndex = -1; // by keyboard the keys and the menu do the same
  copy.setAttribute("aria-label", wordsOf(button));
  copy.title = button.title || wordsOf(button);
  copy.append(button.querySelector("svg").cloneNode(true));
  copy.addEventListener("click", () => actOn(button, row));
  return copy;
}

function openWindow(link, event) {
  if (!isPlain(event)) return;
  window.open(link.href, `message-${linkOf(link.closest(".row")).pathname}`, WINDOW);
}

export function start() {
  on("contextmenu", "#rows .row > a", byPointer);
  on("keydown", "#rows .row > a", byKey);
  on("keydown", "#row-menu", key);
  on("click", "#row-menu a", () => close(true));
  on("pointerover", "#rows .row[data-ref]", hover);
  on("dblclick", "#rows .row > a", openWindow);
  document.addEventListener(
    "pointerdown",
    (event) => about && !menu().contains(event.target) && close(false),
  );
  const leave = ({ target }) => about && !menu().contains(target) && close(true);
  document.addEventListener("scroll", leave, {
    capture: true,
    passive: true,
  });
  document.addEventListener("keydown", dismiss);
  addEventListener("blur", () => close(true));
}

export function load(root) {
  if (root.id === "message-list") about = null;
}
