// @ts-check
// From the open message to the next or previous one in the list beside or behind it. The rows contain the links; where
// the page has no such row, the server has sent the link.

import { grouped, isPlain, on } from "./dom.js";
import { rows } from "./list.js";
import { reveal } from "./scrolling.js";

const reader = () => document.getElementById("message");
const endOf = (step) => document.getElementById(step > 0 ? "more" : "previous");

/** The row of the open message, or of its conversation. */
export function openRow() {
  const ref = reader()?.dataset.open;
  if (!ref) return null;
  const member = () =>
    document.querySelector(`#rows .members a[href*="/${CSS.escape(ref)}/"]`)?.closest(".row");
  return document.getElementById(`row-${ref}`) ?? member() ?? null;
}

export function neighbourOf(row, step) {
  const all = rows();
  const index = all.indexOf(row);
  return index < 0 ? undefined : all[index + step];
}

/** Loads the rows beyond those of the page; a hidden list does not load them by scrolling. */
export async function bring(step) {
  const end = endOf(step);
  if (end)
    await window.htmx.ajax("GET", end.getAttribute("hx-get"), {
      source: end,
      target: end,
      swap: "outerHTML",
    });
}

export function openMessage(row) {
  row.querySelector(":scope > a").click();
  reveal(row);
}

async function go(link) {
  const step = Number(link.dataset.step);
  const { href } = link;
  const row = openRow();
  if (row && !neighbourOf(row, step)) await bring(step);
  const next = neighbourOf(row, step);
  if (next) openMessage(next);
  else if (href && !endOf(step)) location.assign(href);
}

/** Shows the targets of the links, and the place in the list. */
function show() {
  const row = openRow();
  const links = reader()?.querySelectorAll("[data-step]") ?? [];
  if (!row || links.length === 0) return;
  for (const link of links) lead(link, row);
  const [above, below] = [
    Number(endOf(-1)?.dataset.above ?? 0),
    Number(endOf(1)?.dataset.below ?? 0),
  ];
  const all = rows();
  const words = reader().querySelector("[data-place]");
  const [place, total] = [above + all.indexOf(row) + 1, above + all.length + below];
  words.textContent = words.dataset.place.replace("#", grouped(place)).replace("@", grouped(total));
}

function lead(link, row) {
  const step = Number(link.dataset.step);
  const next = neighbourOf(row, step);
  const href =
    next?.querySelector(":scope > a").getAttribute("href") ??
    (endOf(step) &&
      (link.getAttribute("href") ?? /** @type {HTMLAnchorElement} */ (endOf(step)).href));
  if (href) link.setAttribute("href", href);
  else link.removeAttribute("href");
  link.toggleAttribute("aria-disabled", !href);
  if (!href) link.setAttribute("aria-disabled", "true");
}

export function start() {
  on("click", "a[data-step]", (link, event) => {
    if (!isPlain(event) || !openRow()) return;
    event.preventDefault();
    if (link.href) go(link);
  });
}

export function load(root) {
  if (root.id === "message" || root.id === "message-list" || root === document.body) show();
  const list =
    root === document.body || root.id === "message-list" ? document.getElementById("rows") : null;
  if (list) new MutationObserver(show).observe(list, { childList: true, subtree: true });
}
