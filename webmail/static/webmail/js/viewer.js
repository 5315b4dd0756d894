// @ts-check
// Attachments in the page: the dialog over the message, keys, zoom. As a separate page, the viewer has the same links
// and keys, but no dialog.

import { isPlain, on, within } from "./dom.js";
import { hasLetters } from "./keys.js";

const STEPS = [25, 50, 75, 100, 125, 150, 200, 300, 400];
const FIT = 100;

let dialog = null;
let opener = null;
let zoom = FIT;

const viewer = () => document.getElementById("viewer");

/** Creates the dialog into which the links of the cards are swapped; without JavaScript they lead to the page. */
function makeDialog() {
  dialog = document.createElement("dialog");
  dialog.className = "viewer-dialog";
  const empty = document.createElement("div");
  empty.id = "viewer";
  dialog.append(empty);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  document.body.append(dialog);
}

function open() {
  if (dialog.open) return;
  opener = document.activeElement;
  dialog.setAttribute("aria-labelledby", "viewer-title");
  dialog.showModal();
}

/** Closes the dialog. The message is still behind it, so only the address changes back. */
function close() {
  const address = viewer().querySelector("[data-viewer-close]")?.href;
  if (!dialog) {
    if (address) location.assign(address);
    return;
  }
  dialog.close();
  viewer().replaceChildren();
  const title = document.getElementById("message-title");
  if (title) document.title = document.title.replace(/^.* – /, `${title.textContent} – `);
  if (address) history.pushState({ htmx: true }, "", address.split("#")[0]);
  const card = address && document.getElementById(address.split("#")[1]);
  (opener?.isConnected ? opener : card?.querySelector("a"))?.focus();
}

function turn(rel) {
  viewer().querySelector(`a[rel=${rel}]`)?.click();
}

function apply() {
  const shown = viewer().querySelector("[data-zoomable]");
  const level = viewer().querySelector("[data-zoom-level]");
  if (!shown || !level) return;
  level.textContent = `${zoom} %`;
  if (shown.dataset.zoomable === "text") {
    shown.style.fontSize = zoom === FIT ? "" : `${zoom}%`;
    return;
  }
  const image = shown.querySelector("img");
  shown.toggleAttribute("data-zoomed", zoom !== FIT);
  if (zoom === FIT) image.style.width = "";
  else image.style.width = `${(Number(image.dataset.fit) * zoom) / 100}px`;
}

function step(direction) {
  const image = viewer().querySelector("[data-zoomable=image] img");
  if (image && zoom === FIT) image.dataset.fit = String(image.clientWidth);
  const index = STEPS.indexOf(zoom) + direction;
  zoom = STEPS[Math.min(Math.max(index, 0), STEPS.length - 1)];
  apply();
}

const ZOOMS = { in: () => step(1), out: () => step(-1), reset: () => ((zoom = FIT), apply()) };

/** Whether the focused element uses the arrows itself. */
function needsArrows(element) {
  if (element.closest("input, select, textarea, audio, video, [data-pdf]")) return true;
  const stage = element.closest("[data-stage]");
  return stage !== null && stage.scrollWidth > stage.clientWidth + 1;
}

function key(event) {
  if (!viewer()?.matches("[data-viewer]") || event.defaultPrevented) return;
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    (event.key.length === 1 && !hasLetters()) ||
    document.querySelector("dialog[open]:not(.viewer-dialog)")
  )
    return;
  switch (event.key) {
    case "Escape":
      event.preventDefault();
      return close();
    case "ArrowLeft":
      return needsArrows(event.target) || turn("prev");
    case "ArrowRight":
      return needsArrows(event.target) || turn("next");
    case "+":
      return ZOOMS.in();
    case "-":
      return ZOOMS.out();
    case "0":
      return ZOOMS.reset();
  }
}

export function start() {
  if (!viewer() && document.getElementById("message")) makeDialog();
  document.addEventListener("keydown", key);
  on("click", "[data-viewer-close]", (_link, event) => {
    if (!dialog || !isPlain(event)) return;
    event.preventDefault();
    close();
  });
  on("click", "[data-viewer-print]", () => window.print());
  on("click", "[data-zoom]", (button) => ZOOMS[button.dataset.zoom]());
  on("click", "[data-zoomable=image]", (_link, event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    if (zoom === FIT) {
      step(1);
      step(1);
      step(1);
    } else ZOOMS.reset();
  });
  // An image that cannot be read fires "error" once, and the event does not bubble.
  document.addEventListener(
    "error",
    ({ target }) => {
      if (!(target instanceof Element)) return;
      if (target.matches("[data-picture]")) unread(target);
      // The kind of file is shown below it.
      if (target.matches(".thumb")) target.remove();
    },
    true,
  );
  document.body.addEventListener("htmx:responseError", ({ detail }) => {
    if (detail.target?.id === "viewer" && detail.xhr.status !== 401 && dialog?.open) close();
  });
}

function unread(image) {
  image.closest("[data-zoomable]").hidden = true;
  viewer().querySelector("[data-picture-failed]").hidden = false;
  viewer().querySelector("[data-zoom-tools]")?.remove();
}

export function load(root) {
  if (within(root, "[data-pdf]").length)
    for (const tools of within(root, "[data-pdf-tools]")) tools.hidden = false;
  for (const image of within(root, "[data-picture]"))
    if (image.complete && !image.naturalWidth) unread(image);
  const shown = within(root, "[data-viewer]")[0];
  if (!shown) return;
  zoom = FIT;
  for (const tool of within(shown, "[data-zoom-tools], [data-viewer-print]")) tool.hidden = false;
  if (dialog) open();
  if (dialog || root === shown) shown.querySelector("#viewer-title").focus({ preventScroll: true });
}
