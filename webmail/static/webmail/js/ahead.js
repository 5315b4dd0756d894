// A message is asked for while its row is pointed at, and shown when it is opened. Until then it is unread and its
// frame is not loaded; what came is in a variable alone. Where the network is to be spared nothing is asked for.
// htmx's preload extension keeps answers in the browser's cache, where no mail may lie; and who stops a request by
// htmx's events (htmx:confirm, htmx:beforeRequest) must show its answer by himself: errors, history, all other events.

import { isPlain, on } from "./dom.js";

const ROW = "#message-list:not([data-threads]) #rows .row > a:not([aria-current])";
// A pointer that only passes is gone sooner.
const RESTED_MS = 65;
const FRESH_MS = 20_000;

let pointed = null; // the row's link
let resting = 0;
let ahead = null; // { link, request, timer }: one at a time

function forget() {
  const { request, timer } = ahead ?? {};
  ahead = null;
  clearTimeout(timer);
  request?.abort();
}

const isUnderWay = () => ahead && ahead.request.readyState !== XMLHttpRequest.DONE;

function ask(link) {
  if (link === ahead?.link || isUnderWay() || !link.isConnected || navigator.connection?.saveData) return;
  forget();
  const request = new XMLHttpRequest();
  request.open("GET", link.getAttribute("hx-get"));
  request.setRequestHeader("HX-Request", "true");
  request.setRequestHeader("X-Ahead", "1");
  request.onloadend = () => {
    if (ahead?.request === request && request.status !== 200) forget();
    // The pointer went on meanwhile, and rests again.
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

/** htmx shows the answer as its own: its request is not sent. */
function answer({ detail }) {
  const { elt, requestConfig, xhr } = detail;
  if (requestConfig.verb !== "get") return forget(); // What is done here may change what is kept.
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
      const link = target.closest?.(ROW) ?? null;
      if (link !== pointed) point(link);
    });
  }
  // A finger that scrolls, a pointer that leaves the window.
  for (const name of ["pointercancel", "pointerleave"])
    document.documentElement.addEventListener(name, () => point(null));
  on("pointerdown", ROW, (link, event) => event.pointerType === "mouse" && isPlain(event) && ask(link));
  document.body.addEventListener("htmx:beforeSend", answer);
  document.addEventListener("mail:changed", ({ detail: { changed } }) => {
    if (changed.some(({ ref }) => ref === ahead?.link.closest(".row").dataset.ref)) forget();
  });
}
