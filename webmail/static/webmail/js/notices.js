// @ts-check
// Notices stay until they are closed or an action succeeds; toasts disappear by themselves.

import { on, within } from "./dom.js";
import { reveal } from "./scrolling.js";

const TOAST_MS = 10_000;

let unreached = null; // the notice about an unreachable server, and the time when it was shown

/** Shows the notice that the server was not reached. */
function show(template) {
  const notice = template.content.firstElementChild.cloneNode(true);
  document.getElementById("notices")?.replaceChildren(notice);
  unreached = { notice, since: performance.now() };
  document.dispatchEvent(new Event("server:unreached"));
}

export const isUnreached = () => unreached?.notice.isConnected ?? false;

/** Notes that the server has answered a request of this time: an earlier notice that it was unreachable disappears,
 * or tells so if it offers to try again. */
export function reached(asked) {
  if (!unreached || asked <= unreached.since) return;
  const { notice } = unreached;
  const retry = notice.querySelector("[data-retry]");
  unreached = null;
  if (!retry) return notice.remove();
  const isAtHand = notice.contains(document.activeElement);
  const again = document.getElementById("answers-again").content.firstElementChild.cloneNode(true);
  again.querySelector(".banner-acts").prepend(retry);
  notice.replaceWith(again);
  if (isAtHand) retry.focus();
}

/** Shows a toast with a text of the page itself. */
export function toast(words) {
  const element = document.createElement("div");
  element.className = "toast";
  element.append(Object.assign(document.createElement("p"), { textContent: words }));
  document.getElementById("toast")?.replaceChildren(element);
  letGo(element);
}

/** Counts down the seconds in which a message can be taken back: by the clock, even under the pointer. */
function countDown(toast) {
  const ends = Date.now() + Number(toast.dataset.toast) * 1000;
  const left = toast.querySelector("[data-left]");
  const ticking = setInterval(() => {
    const seconds = Math.ceil((ends - Date.now()) / 1000);
    if (seconds <= 0) toast.remove();
    // A screen reader hears of each text that is set.
    else if (left.textContent !== String(seconds)) left.textContent = String(seconds);
    if (seconds <= 0 || !toast.isConnected) clearInterval(ticking);
  }, 250);
}

/** Removes a toast after ten seconds, but not while the pointer or the focus is in it. */
function letGo(toast) {
  let timer = 0;
  const begin = () => (timer = setTimeout(() => toast.remove(), TOAST_MS));
  const hold = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", begin);
  toast.addEventListener("focusout", begin);
  begin();
}

/** Marks the field that a notice names; typing in it clears the mark. */
function markField(link) {
  const field = document.getElementById(link.dataset.field);
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
}

/** Moves the focus after sending, which disabled its button: to the field to correct, or back to the button. */
function takeFocus(notice) {
  const field = document.getElementById(notice.querySelector("a[data-field]")?.dataset.field);
  // A browser removes the focus from a disabled button when it next draws, before or after this.
  const focused = /** @type {HTMLButtonElement} */ (document.activeElement);
  const isLost = focused === document.body || focused?.disabled;
  if (!isLost || !document.querySelector("[data-send]")) return;
  field?.closest("details")?.setAttribute("open", "");
  (field ?? document.querySelector("[data-send]")).focus();
}

export function start() {
  on("click", "[data-dismiss]", (button) => button.closest("[data-notice]").remove());
  on("click", "a[data-field]", (link, event) => {
    const field = document.getElementById(link.dataset.field);
    if (!field) return;
    event.preventDefault();
    field.closest("details")?.setAttribute("open", "");
    field.focus();
  });
  document.body.addEventListener("htmx:sendError", () =>
    show(document.getElementById("no-network")),
  );
  document.body.addEventListener(
    "htmx:beforeSend",
    ({ detail }) => (detail.requestConfig.asked = performance.now()),
  );
  document.body.addEventListener(
    "htmx:afterRequest",
    ({ detail }) => detail.successful && reached(detail.requestConfig.asked),
  );
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    // The error page of a proxy in front of the server.
    if (
      detail.isError &&
      detail.xhr.status >= 500 &&
      !detail.serverResponse.includes("data-notice")
    ) {
      detail.shouldSwap = false;
      show(document.getElementById("no-answer"));
    }
    // Requests of the page itself leave notices alone, and those about the message being written stay, since news of
    // the list are swapped in, too.
    if (!detail.isError && detail.requestConfig.triggeringEvent)
      document
        .querySelectorAll("#notices > :not([data-stays])")
        .forEach((notice) => notice.remove());
  });
}

export function load(root) {
  for (const toast of within(root, "[data-toast]")) {
    if (toast.dataset.toast) countDown(toast);
    else letGo(toast);
  }
  for (const link of within(root, "a[data-field]")) markField(link);
  if (!root.matches("[data-notice]")) return;
  reveal(root);
  takeFocus(root);
}
