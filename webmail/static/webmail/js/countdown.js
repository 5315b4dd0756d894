// @ts-check
// A page that may be shown for some minutes: it shows the remaining time, and clears itself.

import { within } from "./dom.js";

const SECOND = 1000;
const MINUTE = 60;

function leave() {
  document.getElementById("content").replaceChildren();
  location.reload(); // the server now says that the time is over
}

/** Uses the clock, not a counter, so that a computer shows nothing after it was asleep. */
function begin(timer) {
  const ends = Date.now() + Number(timer.dataset.secondsLeft) * SECOND;
  const minutes = timer.querySelector("[data-minutes]");
  const seconds = timer.querySelector("[data-seconds]");
  const status = document.querySelector("[data-last-minute]");
  const tick = () => {
    const left = Math.ceil((ends - Date.now()) / SECOND);
    if (left <= 0) {
      clearInterval(ticking);
      return leave();
    }
    minutes.textContent = String(Math.floor(left / MINUTE));
    seconds.textContent = String(left % MINUTE).padStart(2, "0");
    if (left <= MINUTE && !status.textContent) status.textContent = status.dataset.lastMinute;
  };
  const ticking = setInterval(tick, SECOND);
  addEventListener("pageshow", tick);
  document.addEventListener("visibilitychange", tick);
}

export function load(root) {
  for (const timer of within(root, "[data-seconds-left]")) begin(timer);
}
