// The frame of an HTML message is as high as its content, so that only the reader scrolls.

import { within } from "./dom.js";

function fit(frame) {
  const page = frame.contentDocument?.documentElement;
  if (!page?.querySelector("body")?.hasChildNodes()) return;
  // A sideways scroll bar takes its height from the content.
  const bar = page.scrollWidth > page.clientWidth ? frame.offsetHeight - page.clientHeight : 0;
  const height = Math.ceil(page.querySelector("body").getBoundingClientRect().height) + bar;
  const wanted = `${Math.max(height, 48) + 2}px`;
  if (frame.style.height !== wanted) frame.style.height = wanted;
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
