// @ts-check
// Messages being written, in panes at the bottom of the mail pages. Each pane is a frame with the composer's own page;
// several may be open, minimised to a bar, or maximised. An answer is shown below its message as long as that message
// is open; the frame stays at its place in the document, since a frame that is moved loads again. On a narrow screen,
// or by preference, the composer is a page or a window instead; without a script it is a page.

import { isPlain, isShared, on } from "./dom.js";
import { answerTo, jsonOf } from "./network.js";
import { toast } from "./notices.js";

const WIDE = matchMedia("(min-width: 56.25em)");
// Of the paths that end in /edit/, only that of a message: contacts, groups and rules have pages of their own.
const WRITES =
  /\/compose\/$|\/mail\/.+\/(?:reply|forward|edit|resend)\/$|\/drafts\/[0-9a-f-]{36}\/$/;
// Forms with these actions open a message in the composer again.
const BRINGS_BACK = /\/outbox\/[0-9a-f-]{36}\/back\/$|\/drafts\/[0-9a-f-]{36}\/reopen\/$/;
const ANSWERS = /\/mail\/.+\/(?:reply|forward)\/$/;
// Wide enough for the list, the message and the answer below it.
const ROOMY = matchMedia("(min-width: 80em)");
// Least height of the answer; the message has the rest.
const LEAST_BELOW = 420;
const KEPT = "composers";
// A pane and the space beside it.
const PANE_WIDTH = 572;
const POPUP = "popup,width=820,height=860";

const dock = () => document.getElementById("composers");
const panes = () => [...dock().querySelectorAll(".pane")];
const frameOf = (pane) => pane.querySelector("iframe");
const formIn = (pane) => frameOf(pane)?.contentDocument?.querySelector("form[data-compose]");

/** The pane whose frame sent a message. */
const paneOf = (source) => panes().find((pane) => frameOf(pane)?.contentWindow === source);

function framed(url, frame) {
  const address = new URL(url, location.href);
  address.searchParams.set("frame", frame);
  return address.href;
}

// Opening

function isNew(url) {
  return (
    new URL(url, location.href).pathname ===
    new URL(dock().dataset.composeUrl, location.href).pathname
  );
}

/** Opens a composer. `title` names it until its page does. */
function open(url, opener, title) {
  const same = isNew(url) ? null : panes().find((pane) => pane.dataset.url === url);
  if (same) return restore(same);
  const pane = make(url, isNew(url) ? dock().dataset.untitled : title);
  pane.opener = opener;
  dock().append(pane);
  if (mayStandBelow(url, opener)) standBelow(pane);
  load(pane);
  makeRoom(pane);
}

const wordsOf = (link) =>
  (link.getAttribute("aria-label") ?? link.textContent).replace(/\s+/g, " ").trim();

function make(url, title) {
  const pane = document.getElementById("composer-pane").content.cloneNode(true).firstElementChild;
  pane.dataset.url = url;
  entitle(pane, title);
  pane.querySelector("[data-restore]").addEventListener("click", () => restore(pane));
  pane.querySelector("[data-pane-close]").addEventListener("click", () => close(pane));
  return pane;
}

function entitle(pane, title) {
  pane.querySelector("[data-pane-title]").textContent = title;
  if (frameOf(pane)) frameOf(pane).title = title;
}

function load(pane) {
  const frame = document.createElement("iframe");
  frame.title = pane.querySelector("[data-pane-title]").textContent;
  frame.src = framed(pane.dataset.url, "pane");
  frame.addEventListener("load", () => watch(frame));
  pane.append(frame);
  frame.focus();
}

/** Activity in the frame counts as activity in this page. */
function watch(frame) {
  const page = frame.contentDocument;
  if (!page) return;
  for (const name of ["keydown", "pointerdown", "input"]) {
    page.addEventListener(name, () => document.dispatchEvent(new Event("input")), {
      capture: true,
      passive: true,
    });
  }
}

// Below the message

const reader = () => document.getElementById("message");
const below = () => dock().querySelector(".pane.is-below");

function mayStandBelow(url, opener) {
  const isOfReader = reader()?.contains(opener) && reader().dataset.open;
  return (
    dock().dataset.in === "below" &&
    ROOMY.matches &&
    isOfReader &&
    ANSWERS.test(new URL(url).pathname)
  );
}

function standBelow(pane) {
  below()?.classList.remove("is-below");
  pane.classList.add("is-below");
  pane.dataset.answers = reader().dataset.open;
  placeBelow();
}

/** Moves an answer to its message; if that is closed or has no room any more, the answer becomes an ordinary pane. */
function placeBelow() {
  const pane = below();
  const isThere = pane && ROOMY.matches && reader()?.dataset.open === pane.dataset.answers;
  if (pane && !isThere) pane.classList.remove("is-below");
  const isSeen = isThere && !pane.matches(".is-reduced, .is-full");
  reader()?.classList.toggle("has-answer", Boolean(isSeen));
  if (!isSeen) return;
  const { left, width, height } = reader().getBoundingClientRect();
  pane.style.setProperty("--below-left", `${left}px`);
  pane.style.setProperty("--below-width", `${width}px`);
  pane.style.setProperty(
    "--below-height",
    `${Math.round(Math.max(LEAST_BELOW, Math.min(600, height * 0.6)))}px`,
  );
  document.body.style.setProperty("--below-height", pane.style.getPropertyValue("--below-height"));
}

// Sizes

/** Minimises older panes, so that the open ones fit side by side. */
function makeRoom(newest) {
  const most = Math.max(1, Math.floor(innerWidth / PANE_WIDTH));
  const others = panes().filter(
    (pane) => pane !== newest && !pane.classList.contains("is-reduced"),
  );
  for (const pane of others.slice(0, Math.max(0, others.length + 1 - most))) reduce(pane);
}

function reduce(pane) {
  pane.classList.remove("is-full");
  pane.classList.add("is-reduced");
  placeBelow();
}

function restore(pane) {
  pane.classList.remove("is-reduced");
  if (frameOf(pane)) focusIn(pane);
  else load(pane);
  makeRoom(pane);
  placeBelow();
}

function focusIn(pane) {
  frameOf(pane).focus();
  frameOf(pane).contentWindow.focus();
}

// Closing

/** Closes by the frame's own button, which saves the draft; a bar without a frame has no unsaved text. */
function close(pane) {
  const form = formIn(pane);
  if (form) form.querySelector("[data-close]").click();
  else if (!frameOf(pane)) remove(pane);
}

const isShown = (element) => Boolean(element?.getClientRects().length);

/** The row of the message that is answered, if the answer was begun by a key. */
function rowAnswered(pane) {
  const [, ref] =
    /\/(\d+-\d+)\/[a-z]+\/$/.exec(new URL(pane.dataset.url, location.href).pathname) ?? [];
  return ref ? document.querySelector(`#row-${CSS.escape(ref)} > a`) : null;
}

function remove(pane) {
  const { opener } = pane;
  pane.remove();
  placeBelow();
  keep();
  const others = ["rows", "content"].map((id) => document.getElementById(id));
  [opener, rowAnswered(pane), ...others].find(isShown)?.focus();
}

/** After sending, requests what becomes of the message and shows the button for undoing (_sending.html). */
function askAfter() {
  window.htmx.trigger(document.body, "mail:sent");
}

/** Renews the folders, which count unsent messages, and the list, which may be that of drafts. */
function renewFolders() {
  window.htmx.trigger(document.body, "mail:refresh");
}

/** Takes a message back, from a toast or a notice, into a composer beside the mailbox. */
async function bringBackDraft(form, where) {
  const other = where === "window" ? window.open("about:blank", "_blank", POPUP) : null;
  const data = new FormData(form);
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  const { url, said } = (await postedFor(form.action, data)) ?? {};
  if (!url) {
    other?.close();
    return form.submit(); // the page shows the reason
  }
  form.closest("[data-toast], [data-notice]")?.remove();
  askAfter();
  renewFolders();
  if (other) other.location = framed(url, "window");
  else if (WRITES.test(url)) {
    open(new URL(url, location.href).href, null, said);
    document.getElementById("acted-said").textContent = said;
  } else location.assign(url);
}

async function postedFor(action, body) {
  const headers = { "X-Requested-With": "fetch" };
  const answer = await answerTo(action, { method: "POST", body, headers });
  return answer?.ok ? jsonOf(answer) : null;
}

const ACTS = {
  title: (pane, { title }) => entitle(pane, title),
  // The draft has its address a moment later, and a page that is killed remembers nothing.
  dirty: () => setTimeout(keep),
  ready: (pane) => pane.classList.add("is-ready"),
  reduce: (pane) => {
    reduce(pane);
    pane.querySelector("[data-restore]").focus();
  },
  full: (pane) => {
    pane.classList.toggle("is-full");
    placeBelow();
  },
  close: (pane, { words }) => {
    remove(pane);
    if (words) toast(words);
  },
  sent: (pane) => {
    remove(pane);
    askAfter();
  },
};

function hear({ origin, source, data }) {
  if (origin !== location.origin || !data?.composer) return;
  const pane = paneOf(source);
  if (pane) ACTS[data.composer]?.(pane, data);
  else if (data.composer === "sent") askAfter(); // from a window that this page opened
}

// Across pages

/** Remembers open drafts, which the next page shows as bars. */
function keep() {
  if (isShared()) return;
  const kept = panes().map(asKept).filter(Boolean);
  if (kept.length > 0)
    sessionStorage.setItem(KEPT, JSON.stringify({ who: dock().dataset.who, kept }));
  else sessionStorage.removeItem(KEPT);
}

function asKept(pane) {
  const title = pane.querySelector("[data-pane-title]").textContent;
  if (!frameOf(pane)) return { url: pane.dataset.url, title };
  const form = formIn(pane);
  if (!form?.dataset.draftUrl) return null;
  if (Number(form.elements.revision.value) > 0) return { url: form.dataset.draftUrl, title };
  return "dirty" in form.dataset ? { url: frameOf(pane).contentWindow.location.href, title } : null;
}

function bringBack() {
  if (isShared()) return;
  const { who, kept } = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  // Another user has signed in, who must not see the subjects.
  if (!kept || who !== dock().dataset.who) return sessionStorage.removeItem(KEPT);
  for (const { url, title } of kept) {
    if (new URL(url, location.href).pathname === location.pathname) continue;
    const pane = make(url, title);
    pane.classList.add("is-reduced");
    dock().append(pane);
  }
}

export function start() {
  // After signing out nothing is left for the next user.
  if (!document.getElementById("reenter")) sessionStorage.removeItem(KEPT);
  if (!dock()) return;
  const { in: where } = dock().dataset;
  addEventListener("message", hear);
  addEventListener("pagehide", keep);
  addEventListener("resize", placeBelow);
  document.body.addEventListener("htmx:afterSettle", placeBelow);
  bringBack();
  on("click", "a[href]", (link, event) => {
    const url = new URL(link.href);
    if (
      !isPlain(event) ||
      event.defaultPrevented ||
      link.target ||
      url.origin !== location.origin ||
      !WRITES.test(url.pathname)
    )
      return;
    if (where === "page" || !WIDE.matches) return;
    event.preventDefault();
    if (where === "window") window.open(framed(url, "window"), "_blank", POPUP);
    else open(url.href, link, wordsOf(link));
  });
  on("submit", "[data-toast] form, [data-notice] form", (form, event) => {
    const { action } = /** @type {HTMLFormElement} */ (form);
    if (event.defaultPrevented || !BRINGS_BACK.test(new URL(action, location.href).pathname))
      return;
    if (where === "page" || !WIDE.matches) return;
    event.preventDefault();
    bringBackDraft(form, where);
  });
}
