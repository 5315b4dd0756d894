// Notices stay until closed or overtaken by a success; toasts go by themselves.

import { on, within } from "./dom.js";

const TOAST_MS = 10_000;

let unreached = null; // the notice that says so, and when it was shown

/** Says that the server was not reached. */
function show(template) {
  const notice = template.content.firstElementChild.cloneNode(true);
  document.getElementById("notices")?.replaceChildren(notice);
  unreached = { notice, since: performance.now() };
  document.dispatchEvent(new Event("server:unreached"));
}

export const isUnreached = () => unreached?.notice.isConnected ?? false;

/** The server has answered what it was asked at this time: what said before that it did not goes, or says so where it
 * offers to try again. What was on its way then says nothing. */
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

/** A toast of words that the page itself has to say. */
export function toast(words) {
  const one = document.createElement("div");
  one.className = "toast";
  one.append(Object.assign(document.createElement("p"), { textContent: words }));
  document.getElementById("toast")?.replaceChildren(one);
  letGo(one);
}

/** A message that can be taken back for so many seconds: by the clock, whoever points at it. */
function countDown(toast) {
  const ends = Date.now() + Number(toast.dataset.toast) * 1000;
  const left = toast.querySelector("[data-left]");
  const ticking = setInterval(() => {
    const seconds = Math.ceil((ends - Date.now()) / 1000);
    if (seconds > 0) left.textContent = String(seconds);
    else toast.remove();
    if (seconds <= 0 || !toast.isConnected) clearInterval(ticking);
  }, 250);
}

/** Ten seconds, and longer while somebody points at it or is in it. */
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

/** A notice that names fields marks them; typing in one clears the mark. */
function markField(link) {
  const field = document.getElementById(link.dataset.field);
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
}

/** Sending disables its button, which loses the focus: it goes to what must be corrected, or back. */
function takeFocus(notice) {
  const field = document.getElementById(notice.querySelector("a[data-field]")?.dataset.field);
  // A browser takes the focus from a disabled button when it next draws: sooner or later than this.
  const isLost = document.activeElement === document.body || document.activeElement?.disabled;
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
  document.body.addEventListener("htmx:sendError", () => show(document.getElementById("no-network")));
  document.body.addEventListener("htmx:beforeSend", ({ detail }) => (detail.requestConfig.asked = performance.now()));
  document.body.addEventListener(
    "htmx:afterRequest",
    ({ detail }) => detail.successful && reached(detail.requestConfig.asked),
  );
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    // The words of a proxy before the server, which are a page of its own.
    if (detail.isError && detail.xhr.status >= 500 && !detail.serverResponse.includes("data-notice")) {
      detail.shouldSwap = false;
      show(document.getElementById("no-answer"));
    }
    // Nobody has done anything when a page asks by itself. What is about the message being written stays: news of the
    // list are swapped in, too.
    if (!detail.isError && detail.requestConfig.triggeringEvent)
      document.querySelectorAll("#notices > :not([data-stays])").forEach((one) => one.remove());
  });
}

export function load(root) {
  for (const toast of within(root, "[data-toast]")) {
    if (toast.dataset.toast) countDown(toast);
    else letGo(toast);
  }
  for (const link of within(root, "a[data-field]")) markField(link);
  if (!root.matches("[data-notice]")) return;
  root.scrollIntoView({ block: "nearest" });
  takeFocus(root);
}
