// The folder tree: what was folded stays folded, and the folder gone to is marked at once.

import { isShared, within } from "./dom.js";

const KEY = "webmail.folded";
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

export function start() {
  // "toggle" does not bubble; it is caught on its way down.
  document.addEventListener("toggle", (event) => event.target.matches?.(".branch") && keep(event.target), true);
  document.body.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
    if (!elt.matches(".folder")) return;
    for (const other of document.querySelectorAll(".folder[aria-current]")) other.removeAttribute("aria-current");
    elt.setAttribute("aria-current", "page");
  });
}

export function load(root) {
  for (const branch of within(root, ".branch")) {
    const name = branch.dataset.branch;
    if (isOpen.has(name)) branch.open = isOpen.get(name);
  }
}
