// @ts-check
// Resizes panes by dragging their border, or by arrow keys on it (ARIA Authoring Practices, window splitter), and
// reduces the folders to a rail of icons. A cookie stores the sizes, so that the server renders them.

import { isShared, on, within } from "./dom.js";

// The same as in css/mail.css: pixels of a width, hundredths of a height.
const STEPS = {
  side: { first: 200, step: 16, last: 11 },
  list: { first: 288, step: 24, last: 22 },
  height: { first: 20, step: 5, last: 12 },
};
/** Where the column of folders has room. */
export const ROOMY = matchMedia("(min-width: 75em)");
const YEAR_S = 31536000;
const KEYS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -99, End: 99 };
const root = document.documentElement;
let dragged = null;

const isBelow = () => root.dataset.panes === "below";
const nameOf = (split) =>
  split.dataset.split === "list" && isBelow() ? "height" : split.dataset.split;

function keep() {
  if (isShared()) return;
  const { side = "", list = "", height = "" } = root.dataset;
  const kept = `${side}.${list}.${height}.${"rail" in root.dataset ? 1 : 0}`;
  const isHttps = location.protocol === "https:";
  const named = `${isHttps ? "__Host-" : ""}panes=${kept}`;
  document.cookie = `${named}; path=/; max-age=${YEAR_S}; samesite=lax${isHttps ? "; secure" : ""}`;
}

/** The end of the pane before the split, in the unit of its steps. */
function size(split, { clientX, clientY }) {
  const sheet = split.parentElement.getBoundingClientRect();
  if (split.dataset.split === "side") return clientX;
  return isBelow() ? (100 * (clientY - sheet.top)) / sheet.height : clientX - sheet.left;
}

function put(split, step) {
  const name = nameOf(split);
  root.dataset[name] = String(Math.max(0, Math.min(STEPS[name].last, Math.round(step))));
  tell(split);
}

function tell(split) {
  const name = nameOf(split);
  split.setAttribute("aria-orientation", name === "height" ? "horizontal" : "vertical");
  split.setAttribute("aria-valuenow", Math.round((100 * stepOf(split)) / STEPS[name].last));
}

/** The current step, chosen or not. */
function stepOf(split) {
  const name = nameOf(split);
  const { first, step } = STEPS[name];
  const box = split.getBoundingClientRect();
  return (size(split, { clientX: box.right - 5, clientY: box.bottom - 5 }) - first) / step;
}

function drag(event) {
  const { first, step } = STEPS[nameOf(dragged)];
  put(dragged, (size(dragged, event) - first) / step);
}

function drop() {
  dragged?.removeEventListener("pointermove", drag);
  if (dragged) keep();
  dragged = null;
}

function begin(split, event) {
  if (event.button !== 0) return;
  event.preventDefault();
  dragged = split;
  split.setPointerCapture(event.pointerId);
  split.addEventListener("pointermove", drag);
}

function key(split, event) {
  const by = KEYS[event.key];
  if (!by) return;
  event.preventDefault();
  put(split, stepOf(split) + by);
  keep();
}

/** Restores the default size. */
function forget(split) {
  delete root.dataset[nameOf(split)];
  tell(split);
  keep();
}

export function toggleRail() {
  root.toggleAttribute("data-rail");
  keep();
  sayFolders();
}

/** Announces whether the folders are shown with their names: in their column, or in the drawer where that has no
 * room. */
export function sayFolders() {
  const isWhole = ROOMY.matches
    ? !("rail" in root.dataset)
    : document.body.dataset.drawer === "open";
  document.querySelector("[data-rail-toggle]")?.setAttribute("aria-expanded", String(isWhole));
}

export function start() {
  on("pointerdown", "[data-split]", begin);
  on("pointerup", "[data-split]", drop);
  on("pointercancel", "[data-split]", drop);
  on("keydown", "[data-split]", key);
  on("dblclick", "[data-split]", forget);
  ROOMY.addEventListener("change", sayFolders);
}

export function load(body) {
  for (const split of within(body, "[data-split]")) tell(split);
  if (body === document.body) sayFolders();
}
