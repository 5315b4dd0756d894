// @ts-check
// The folder tree: folded folders stay folded, the opened folder is marked at once unless the request fails, its
// actions open in a dialog, and folders are dragged into other folders. The menu, F2 and the context key do the same by
// keyboard.

import { isPlain, isShared, on, within } from "./dom.js";

const KEY = "webmail.folded";
const HOLD_MS = 600;
const isOpen = new Map(isShared() ? [] : read());

function read() {
  try {
    return Object.entries(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
  } catch (error) {
    // Storage is disabled, or its value is invalid: every folder is then as the server rendered it.
    if (error instanceof SyntaxError || error instanceof DOMException) return [];
    throw error;
  }
}

function keep(branch) {
  isOpen.set(branch.dataset.branch, branch.open);
  if (isShared()) return;
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(isOpen)));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

/** Opens the page of a folder's actions, as a dialog if the page has a place for it. */
function ask(url) {
  const here = location.pathname + location.search;
  const address = `${url}?next=${encodeURIComponent(here)}`;
  if (document.getElementById("ask")) htmx.ajax("GET", address, { target: "#ask" });
  else location.assign(address);
}

const menuOf = (folder) => folder.parentElement.querySelector(":scope > .tree-menu");

function openMenu(link, event) {
  if (!isPlain(event) || link.matches(".always, .new")) return;
  event.preventDefault();
  ask(link.getAttribute("href"));
}

function key(folder, event) {
  const opens =
    event.key === "F2" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
  if (!opens) return;
  event.preventDefault();
  ask(menuOf(folder).getAttribute("href"));
}

let dragged = "";
let held = null; // the folded branch under the dragged item
let opening = 0;

function target(event) {
  const place = event.target.closest?.(".folder[data-folder], .side-title");
  return place?.matches(".folder") || place?.querySelector(".always") ? place : null;
}

function begin(folder, event) {
  dragged = folder.dataset.folder;
  event.dataTransfer.setData("application/x-webmail-folder", dragged);
  event.dataTransfer.effectAllowed = "move";
  document.documentElement.dataset.dragging = "folder";
}

function end() {
  dragged = "";
  held = null;
  clearTimeout(opening);
  delete document.documentElement.dataset.dragging;
  for (const place of document.querySelectorAll(".side .is-target"))
    place.classList.remove("is-target");
}

function over(event) {
  if (!dragged) return;
  for (const other of document.querySelectorAll(".side .is-target"))
    other.classList.remove("is-target");
  const place = target(event);
  if (!place || place.dataset.folder === dragged) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  place.classList.add("is-target");
}

/** Unfolds the folder under the dragged item. */
function unfold(event) {
  const line = "dragging" in document.documentElement.dataset && event.target.closest?.(".side li");
  const branch = line ? line.querySelector(":scope > .branch:not([open])") : null;
  if (branch === held) return;
  clearTimeout(opening);
  held = branch;
  if (branch) opening = setTimeout(() => (branch.open = true), HOLD_MS);
}

/** Drops into a folder, or on the title above the tree, to the top level. The server checks whether that is
 * possible. */
function drop(event) {
  const place = dragged && target(event);
  if (!place || place.dataset.folder === dragged) return;
  event.preventDefault();
  const fields = document.getElementById("folder-form").elements;
  fields.folder.value = dragged;
  fields.to.value = place.dataset.folder ?? "";
  fields.next.value = location.pathname + location.search;
  end();
  fields.folder.form.submit();
}

/** Marks the open folder; a favourite has two links in the list. */
function mark(...links) {
  for (const other of document.querySelectorAll(".folder[aria-current]"))
    other.removeAttribute("aria-current");
  for (const link of links) link.setAttribute("aria-current", "page");
}

// After a change by a script the list differs from the server's version, so the server must send it again.
function change() {
  document.getElementById("folder-list")?.removeAttribute("data-version");
}

export function start() {
  on("click", ".tree-menu", openMenu);
  document.addEventListener("mail:changed", change);
  document.body.addEventListener("htmx:configRequest", ({ detail: { headers } }) => {
    headers["X-Folders"] = document.getElementById("folder-list")?.dataset.version ?? "";
  });
  on("keydown", "a.folder", key);
  on("dragstart", "a.folder[data-folder]", begin);
  document.addEventListener("dragend", end);
  document.addEventListener("dragover", over);
  document.addEventListener("dragover", unfold);
  document.addEventListener("drop", drop);
  // "toggle" does not bubble, so it is handled in the capture phase.
  document.addEventListener(
    "toggle",
    ({ target }) => target instanceof Element && target.matches(".branch") && keep(target),
    true,
  );
  document.body.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
    if (!elt.matches(".folder")) return;
    change();
    mark(elt);
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail: { elt, successful } }) => {
    const { folder = "" } = document.getElementById("message-list")?.dataset ?? {};
    if (elt.matches(".folder") && !successful)
      mark(...document.querySelectorAll(`.folder[data-folder="${CSS.escape(folder)}"]`));
  });
}

export function load(root) {
  for (const branch of within(root, ".branch")) {
    const name = branch.dataset.branch;
    if (isOpen.has(name)) branch.open = isOpen.get(name);
  }
}
