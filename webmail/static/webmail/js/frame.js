// @ts-check
// Makes the frame of an HTML message as high as its content, so that only the reader scrolls.

import { within } from "./dom.js";

// Pixels below the content, and the number of surplus pixels from which the frame shrinks.
const SLACK = 2;
const LOOSE = 16;
// If the frame grows this often by the same amount, its content grows with it (100vh and a margin), so it stops.
const PATIENCE = 4;

const growth = new WeakMap();

function isChasingItsTail(frame, missing) {
  const last = growth.get(frame);
  const times = last?.missing === missing ? last.times + 1 : 1;
  growth.set(frame, { missing, times });
  return times > PATIENCE;
}

function fit(frame) {
  const page = frame.contentDocument?.documentElement;
  const body = page?.querySelector("body");
  if (!body?.hasChildNodes()) return;
  // A horizontal scroll bar takes its height from the content.
  const bar = page.scrollWidth > page.clientWidth ? frame.offsetHeight - page.clientHeight : 0;
  const content = Math.ceil(Math.max(body.getBoundingClientRect().height, body.scrollHeight)) + bar;
  const wanted = Math.max(content, 48) + SLACK;
  const missing = wanted - frame.offsetHeight;
  if (missing <= 0) growth.delete(frame);
  if (missing <= 0 && missing > -LOOSE) return;
  if (missing > 0 && isChasingItsTail(frame, missing)) return;
  frame.style.height = `${wanted}px`;
}

function watch(frame) {
  fit(frame);
  const body = frame.contentDocument?.body;
  if (body) new ResizeObserver(() => fit(frame)).observe(body);
}

export function load(root) {
  for (const frame of within(root, "iframe[data-frame]")) {
    frame.addEventListener("load", () => watch(frame));
    if (frame.contentDocument?.readyState === "complete") watch(frame);
    new ResizeObserver(() => fit(frame)).observe(frame);
    // Safari tells the parent of no event inside a frame without scripts (an image loaded, a quote unfolded).
    const timer = setInterval(() => (frame.isConnected ? fit(frame) : clearInterval(timer)), 1000);
  }
}
