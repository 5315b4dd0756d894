// @ts-check
// Requests a message while the pointer rests on its row, and shows it when it is opened. Until then the message stays
// unread, its frame is not loaded, and the response is only in a variable. Nothing is requested where the browser saves
// data. htmx's preload extension would keep responses in the browser's cache, which must not contain mail; and a script
// that stops a request in htmx's events (htmx:confirm, htmx:beforeRequest) would have to handle its response, errors
// and history itself.

import { isPlain, on } from "./dom.js";

const ROW = "#message-list:not([data-threads]) #rows .row > a:not([aria-current])";
// A pointer that passes over a row leaves it sooner.
const RESTED_MS = 65;
const FRESH_MS = 20_000;

let pointed = null; // the link of the row under the pointer
let resting = 0;
let ahead = null; // { link, request, timer }, one at a time

function forget() {
  const { request, timer } = ahead ?? {};
  ahead = null;
  clearTimeout(timer);
  request?.abort();
}

const isUnderWay = () => ahead && ahead.request.readyState !== XMLHttpRequest.DONE;

function ask(link) {
  if (link === ahead?.link || isUnderWay() || !link.isConnected || navigator.connection?.saveData)
    return;
  forget();
  const request = new XMLHttpRequest();
  request.open("GET", link.getAttribute("hx-get"));
  request.setRequestHeader("HX-Request", "true");
  request.setRequestHeader("X-Ahead", "1");
  request.onloadend = () => {
    if (ahead?.request === request && request.status !== 200) forget();
    // Meanwhile the pointer has moved on and rests on another row.
    if (pointed && pointed !== link) point(pointed);
  };
  request.send();
  ahead = { link, request, timer: setTimeout(forget, FRESH_MS) };
}

function point(link) {
  clearTimeout(resting);
  pointed = link;
  if (link) resting = setTimeout(ask, RESTED_MS, link);
}

/** Lets htmx show the response as that of its own request, which is not sent. */
function answer({ detail }) {
  const { elt, requestConfig, xhr } = detail;
  if (requestConfig.verb !== "get") return forget(); // An action may change the messages that were requested ahead.
  if (elt !== ahead?.link) return;
  const { request, timer } = ahead;
  clearTimeout(timer);
  ahead = null;
  detail.xhr = request;
  xhr.abort = () => request.abort();
  xhr.send = () => {
    if (request.readyState === XMLHttpRequest.DONE) return xhr.onload();
    for (const outcome of ["onload", "onerror", "onabort"]) request[outcome] = xhr[outcome];
    request.onloadend = null;
  };
}

export function start() {
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, ({ target }) => {
      const link = /** @type {HTMLElement} */ (target).closest?.(ROW) ?? null;
      if (link !== pointed) point(link);
    });
  }
  // A finger that scrolls, or a pointer that leaves the window.
  for (const name of ["pointercancel", "pointerleave"])
    document.documentElement.addEventListener(name, () => point(null));
  on(
    "pointerdown",
    ROW,
    (link, event) => event.pointerType === "mouse" && isPlain(event) && ask(link),
  );
  document.body.addEventListener("htmx:beforeSend", answer);
  document.addEventListener("mail:changed", ({ detail: { changed } }) => {
    if (changed.some(({ ref }) => ref === ahead?.link.closest(".row").dataset.ref)) forget();
  });
}
