// @ts-check
// Shows that a response is late: the row is marked at once, a sketch takes the place of the content after a moment, and
// later a notice says that the mail server is slow. A further request takes its place, and Escape cancels it.

import { on, submit } from "./dom.js";

const SOON_MS = 200;
const SLOW_MS = 5_000;
// Elements for which Escape has another meaning.
const OPEN =
  "dialog[open], details[data-menu][open], #search-suggestions:not([hidden]), [data-drawer=open]";
let awaited = null; // { config, link, marked, place, sketch, timers, xhr }
let failed = null; // the request to repeat

const notice = () => document.getElementById("awaited");

function say(words, isSlow = false) {
  notice().classList.toggle("is-slow", isSlow);
  notice().querySelector("[data-retry]").hidden = !isSlow;
  notice().querySelector("[role=status]").textContent = words;
}

/** Whether a link replaces the content of its target, and neither renews nor continues the same list. */
const isAnew = (link) => !link.matches("[data-refresh]") && !link.closest(".found-rest");

function show() {
  const { link, place } = awaited;
  const isMessage = place.id === "message";
  say(isMessage ? notice().dataset.message : notice().dataset.list);
  if (!isAnew(link) || !place.isConnected) return;
  awaited.sketch = document
    .getElementById(isMessage ? "sketch-message" : "sketch-list")
    .content.firstElementChild.cloneNode(true);
  place.append(awaited.sketch);
  place.setAttribute("aria-busy", "true");
}

/** The element that had the focus at the time of the request; the list may have been replaced since. */
function asking({ link, config }) {
  return link.isConnected ? link : document.querySelector(`[hx-get="${CSS.escape(config.path)}"]`);
}

function end() {
  const { marked, place, sketch, timers } = awaited;
  timers.forEach(clearTimeout);
  marked?.removeAttribute("aria-busy");
  sketch?.remove();
  place.removeAttribute("aria-busy");
  if (notice().contains(document.activeElement))
    (asking(awaited) ?? document.getElementById("rows"))?.focus();
  say("");
  failed = awaited;
  awaited = null;
}

function leave() {
  const left = awaited;
  left?.xhr.abort();
  if (left && left === awaited) end();
}

/** Whether the user made the request: nobody waits for those that a page makes by itself. */
const isAsked = ({ requestConfig: { triggeringEvent, verb }, target }) =>
  verb === "get" && triggeringEvent && target.matches("#message, #message-list");

function mark(link) {
  const marked = link?.closest("#rows .row, #rows .members li, .folder");
  marked?.setAttribute("aria-busy", "true");
  return marked;
}

/** Stops a renewal of the list that would remove the target of the awaited response, so that the response would be
 * lost. */
function keepPlace(event) {
  const { detail, target } = event;
  if (
    awaited &&
    detail.requestConfig !== awaited.config &&
    (detail.target ?? target) === awaited.place
  )
    detail.shouldSwap = false;
}

/** Whether a request renews the list. It continues whichever message is requested meanwhile. */
const isRenewal = ({ link }) => link.matches("[data-refresh]");

function begin({ detail }) {
  const { elt, requestConfig, target, xhr } = detail;
  if (!notice() || !isAsked(detail)) return;
  if (awaited && isRenewal(awaited) && target.id === "message") end();
  else leave();
  const marked = mark(elt);
  const timers = [
    setTimeout(show, SOON_MS),
    setTimeout(() => say(notice().dataset.slow, true), SLOW_MS),
  ];
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
  if (!link)
    return htmx.ajax("GET", request.config.path, {
      target: `#${request.place.id}`,
      swap: "outerHTML",
    });
  if (link.matches("form")) return submit(link);
  link.focus({ preventScroll: true });
  link.click();
}

export function start() {
  const { body } = document;
  body.addEventListener("htmx:beforeRequest", begin);
  // An element that has left the page gets no event at the end of its request. A message that was requested ahead has
  // another request by now (ahead.js), which may have ended.
  body.addEventListener("htmx:beforeSend", ({ detail: { requestConfig, xhr } }) =>
    xhr.addEventListener("loadend", () => finish(requestConfig)),
  );
  body.addEventListener("htmx:afterRequest", ({ detail }) => finish(detail.requestConfig));
  for (const name of /** @type {const} */ (["htmx:sendError", "htmx:responseError"])) {
    body.addEventListener(name, ({ detail: { requestConfig, xhr } }) => {
      const isMine = requestConfig === (awaited ?? failed)?.config;
      // The notice itself is shown by listeners that are called later.
      if (isMine && (xhr.status === 0 || xhr.status >= 500)) setTimeout(offer);
    });
  }
  for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"])
    body.addEventListener(name, keepPlace);
  on("click", "[data-retry]", again);
  document.addEventListener(
    "keydown",
    (event) => {
      if (
        event.key !== "Escape" ||
        !awaited ||
        document.querySelector(OPEN) ||
        event.target.closest("#composers")
      )
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
