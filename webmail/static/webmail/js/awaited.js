// What was asked for and has not come: its row is marked at once, a sketch stands in its place after a moment, and
// after longer it is said that the mail server is slow. What is asked later takes its place, and Escape leaves it.

import { on } from "./dom.js";

const SOON_MS = 200;
const SLOW_MS = 5_000;
// What answers Escape before this does.
const OPEN = "dialog[open], details[data-menu][open], #search-suggestions:not([hidden]), [data-drawer=open]";
let awaited = null; // { config, link, marked, place, sketch, timers, xhr }
let failed = null; // what to ask again

const said = () => document.getElementById("awaited");

function say(words, isSlow = false) {
  said().classList.toggle("is-slow", isSlow);
  said().querySelector("[data-retry]").hidden = !isSlow;
  said().querySelector("[role=status]").textContent = words;
}

/** What fills a place anew: not what renews the same list, nor what goes on with it. */
const isAnew = (link) => !link.matches("[data-refresh]") && !link.closest(".found-rest");

function show() {
  const { link, place } = awaited;
  const isMessage = place.id === "message";
  say(isMessage ? said().dataset.message : said().dataset.list);
  if (!isAnew(link) || !place.isConnected) return;
  awaited.sketch = document
    .getElementById(isMessage ? "sketch-message" : "sketch-list")
    .content.firstElementChild.cloneNode(true);
  place.append(awaited.sketch);
  place.setAttribute("aria-busy", "true");
}

/** Where the focus was when it was asked: the list may have been made anew since. */
function asking({ link, config }) {
  return link.isConnected ? link : document.querySelector(`[hx-get="${CSS.escape(config.path)}"]`);
}

function end() {
  const { marked, place, sketch, timers } = awaited;
  timers.forEach(clearTimeout);
  marked?.removeAttribute("aria-busy");
  sketch?.remove();
  place.removeAttribute("aria-busy");
  if (said().contains(document.activeElement)) (asking(awaited) ?? document.getElementById("rows"))?.focus();
  say("");
  failed = awaited;
  awaited = null;
}

function leave() {
  const left = awaited;
  left?.xhr.abort();
  if (left && left === awaited) end();
}

/** A page that asks by itself is waited for by nobody. */
const isAsked = ({ requestConfig: { triggeringEvent, verb }, target }) =>
  verb === "get" && triggeringEvent && target.matches("#message, #message-list");

function mark(link) {
  const marked = link?.closest("#rows .row, #rows .members li, .folder");
  marked?.setAttribute("aria-busy", "true");
  return marked;
}

/** A list that renews itself meanwhile would take away the place where what was asked is to stand: its answer would be
 * lost. */
function keepPlace(event) {
  const { detail, target } = event;
  if (awaited && detail.requestConfig !== awaited.config && (detail.target ?? target) === awaited.place)
    detail.shouldSwap = false;
}

/** A list that is renewed stays, and so does its renewal, whatever message is asked for meanwhile. */
const isRenewal = ({ link }) => link.matches("[data-refresh]");

function begin({ detail }) {
  const { elt, requestConfig, target, xhr } = detail;
  if (!said() || !isAsked(detail)) return;
  if (awaited && isRenewal(awaited) && target.id === "message") end();
  else leave();
  const marked = mark(elt);
  const timers = [setTimeout(show, SOON_MS), setTimeout(() => say(said().dataset.slow, true), SLOW_MS)];
  awaited = { config: requestConfig, link: elt, marked, place: target, timers, xhr };
}

function finish(config) {
  if (config === awaited?.config) end();
}

function offer() {
  const acts = document.querySelector("#notices [data-notice] .banner-acts");
  if (acts && !acts.querySelector("[data-retry]"))
    acts.prepend(document.getElementById("retry").content.cloneNode(true));
}

function again() {
  const request = awaited ?? failed;
  if (!request) return;
  const link = asking(request);
  leave();
  if (!link) return htmx.ajax("GET", request.config.path, { target: `#${request.place.id}`, swap: "outerHTML" });
  if (link.matches("form")) return link.requestSubmit();
  link.focus({ preventScroll: true });
  link.click();
}

export function start() {
  const { body } = document;
  body.addEventListener("htmx:beforeRequest", begin);
  // An element that has left the page tells nothing of the end of its request. A message that was asked for ahead has
  // another request by now (ahead.js), which may be over.
  body.addEventListener("htmx:beforeSend", ({ detail: { requestConfig, xhr } }) =>
    xhr.addEventListener("loadend", () => finish(requestConfig)),
  );
  body.addEventListener("htmx:afterRequest", ({ detail }) => finish(detail.requestConfig));
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    body.addEventListener(name, ({ detail: { requestConfig, xhr } }) => {
      const isMine = requestConfig === (awaited ?? failed)?.config;
      // The notice itself is shown by those who hear of it later.
      if (isMine && (xhr.status === 0 || xhr.status >= 500)) setTimeout(offer);
    });
  }
  for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) body.addEventListener(name, keepPlace);
  on("click", "[data-retry]", again);
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !awaited || document.querySelector(OPEN) || event.target.closest("#composers"))
        return;
      event.stopPropagation();
      leave();
    },
    true,
  );
}

export function load(root) {
  if (awaited && root.id === "message-list") awaited.marked = mark(asking(awaited));
}
