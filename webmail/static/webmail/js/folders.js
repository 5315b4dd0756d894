// The folder tree: what was folded stays folded, the folder gone to is marked at once, until that fails, its actions
// come in a dialog, and it is dragged into another one. The menu, F2 and the context key do the same by keyboard.

import { isPlain, isShared, on, within } from "./dom.js";

const KEY = "webmail.folded";
const HOLD_MS = 600;
const isOpen = new Map(isShared() ? [] : read());

function read() {
  try {
    return Object.entries(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
  } catch (error) {
    // Storage switched off, or something else under our key: every folder is then as the server says.
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

/** The page of a folder's actions, as a dialog where the page has a place for one. */
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
  const opens = event.key === "F2" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
  if (!opens) return;
  event.preventDefault();
  ask(menuOf(folder).getAttribute("href"));
}

let dragged = "";
let held = null; // the folded branch that something is held over
let opening = 0;

const target = (event) => event.target.closest?.(".folder[data-folder], .side-title:has(.always)");

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
  for (const place of document.querySelectorAll(".side .is-target")) place.classList.remove("is-target");
}

function over(event) {
  if (!dragged) return;
  for (const other of document.querySelectorAll(".side .is-target")) other.classList.remove("is-target");
  const place = target(event);
  if (!place || place.dataset.folder === dragged) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  place.classList.add("is-target");
}

/** Whatever is dragged: folders inside the one that it is held over come to light. */
function unfold(event) {
  const line = "dragging" in document.documentElement.dataset && event.target.closest?.(".side li");
  const branch = line ? line.querySelector(":scope > .branch:not([open])") : null;
  if (branch === held) return;
  clearTimeout(opening);
  held = branch;
  if (branch) opening = setTimeout(() => (branch.open = true), HOLD_MS);
}

/** Into the folder, or, on the title above the tree, to its top. The server says whether that can be. */
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

/** Which folder is open: a favourite stands in the list twice. */
function mark(...links) {
  for (const other of document.querySelectorAll(".folder[aria-current]")) other.removeAttribute("aria-current");
  for (const link of links) link.setAttribute("aria-current", "page");
}

// What a script changed in the list is no longer as the server said: it sends the list anew.
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
  // "toggle" does not bubble; it is caught on its way down.
  document.addEventListener("toggle", (event) => event.target.matches?.(".branch") && keep(event.target), true);
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
