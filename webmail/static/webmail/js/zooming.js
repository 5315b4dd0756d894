// @ts-check
// The zoom of an image or a text in the viewer: buttons, a click on the image, and the keys + - 0.

import { isPlain, on, within } from "./dom.js";
import { hasLetters } from "./keys.js";
import { isForViewer, viewer } from "./viewer.js";

const STEPS = [25, 50, 75, 100, 125, 150, 200, 300, 400];
const FIT = 100;

let zoom = FIT;

function apply() {
  const shown = viewer().querySelector("[data-zoomable]");
  if (!shown) return;
  for (const level of viewer().querySelectorAll("[data-zoom-level]"))
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
const KEYS = { "+": ZOOMS.in, "-": ZOOMS.out, 0: ZOOMS.reset };

function key(event) {
  if (isForViewer(event) && hasLetters()) KEYS[event.key]?.();
}

export function start() {
  document.addEventListener("keydown", key);
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
}

export function load(root) {
  zoom = FIT;
  for (const tools of within(root, "[data-zoom-tools]")) tools.hidden = false;
}
