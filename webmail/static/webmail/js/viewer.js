// @ts-check
// Attachments in the page: the dialog over the message, and its keys; zooming.js has the zoom. As a separate page, the
// viewer has the same links and keys, but no dialog.

import { isPlain, on, within } from "./dom.js";

let dialog = null;
let opener = null;

export const viewer = () => document.getElementById("viewer");

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

/** Whether the focused element uses the arrows itself. */
function needsArrows(element) {
  if (element.closest("input, select, textarea, audio, video, [data-pdf]")) return true;
  const stage = element.closest("[data-stage]");
  return stage !== null && stage.scrollWidth > stage.clientWidth + 1;
}

/** Whether a key is the viewer's. */
export const isForViewer = (event) =>
  viewer()?.matches("[data-viewer]") &&
  !event.defaultPrevented &&
  !event.ctrlKey &&
  !event.metaKey &&
  !event.altKey &&
  !document.querySelector("dialog[open]:not(.viewer-dialog)");

function key(event) {
  if (!isForViewer(event)) return;
  switch (event.key) {
    case "Escape":
      event.preventDefault();
      return close();
    case "ArrowLeft":
      return needsArrows(event.target) || turn("prev");
    case "ArrowRight":
      return needsArrows(event.target) || turn("next");
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
  for (const tool of within(shown, "[data-viewer-print]")) tool.hidden = false;
  if (dialog) open();
  if (dialog || root === shown) shown.querySelector("#viewer-title").focus({ preventScroll: true });
}
