// @ts-check
// Menus are <details>: this closes them on Escape, on a click elsewhere, and when another one opens, and handles arrows
// in them. A tool bar is a single stop of the tab key, with arrows inside (ARIA Authoring Practices).

import { on, within } from "./dom.js";

const STOPS = "a[href], button:not(:disabled), summary";
const openMenus = () => document.querySelectorAll("details[data-menu][open]");
const isShown = (element) => element.offsetParent !== null;
const itemsOf = (menu) =>
  [...menu.querySelectorAll(":scope > .menu-panel :is(a[href], button)")].filter(isShown);
const stopsOf = (bar) =>
  [...bar.querySelectorAll(STOPS)].filter(
    (element) => !element.closest(".menu-panel") && isShown(element),
  );
const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;

/** The item to which an arrow leads; after the last one the first follows. */
function next(all, at, key, [back, on]) {
  const steps = { [back]: at - 1, [on]: at + 1, Home: 0, End: all.length - 1 };
  return key in steps ? all.at(steps[key] % all.length) : undefined;
}

function goThrough(menu, event) {
  if (hasModifier(event) || event.target.closest("input, select, textarea")) return;
  const isSummary = event.target.matches("summary");
  if (isSummary && event.key === "ArrowDown") menu.open = true;
  if (!menu.open) return;
  const all = itemsOf(menu);
  const at = all.indexOf(event.target);
  const item =
    isSummary && event.key !== "ArrowDown"
      ? undefined
      : next(all, at, event.key, ["ArrowUp", "ArrowDown"]);
  if (!item) return;
  event.preventDefault();
  item.focus();
}

function goAlong(bar, event) {
  const all = stopsOf(bar);
  const at = all.indexOf(event.target);
  if (at < 0 || hasModifier(event)) return;
  const stop = next(all, at, event.key, ["ArrowLeft", "ArrowRight"]);
  if (!stop) return;
  event.preventDefault();
  stop.focus();
}

function stopAt(bar, stop) {
  for (const other of stopsOf(bar)) other.tabIndex = other === stop ? 0 : -1;
}

/** Chooses the tab stop of a bar, since its visible buttons depend on the window's width. */
function settle(bar) {
  const all = stopsOf(bar);
  if (all.filter((stop) => stop.tabIndex === 0).length !== 1) stopAt(bar, all[0]);
}

export function start() {
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) {
      if (!menu.contains(event.target) || event.target.closest("[name=verb]")) menu.open = false;
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  on("keydown", "details[data-menu][open]", (menu, event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  on("keydown", "details[data-menu]", goThrough);
  on("keydown", "[role=toolbar][aria-label]:not(.format-tools)", goAlong);
  on("focusin", "[role=toolbar][aria-label]:not(.format-tools)", (bar, { target }) => {
    if (stopsOf(bar).includes(target)) stopAt(bar, target);
  });
  addEventListener("resize", () => load(document.body));
}

export function load(root) {
  for (const bar of within(root, "[role=toolbar][aria-label]:not(.format-tools)")) settle(bar);
}
