// @ts-check
// The composer: starts its editor and chips, handles the keys for sending, saving and closing, and tells the window
// around it, which may be a pane of another page (js/dock.js), what happens to the message.

import { grouped, isShared } from "./dom.js";
import * as documents from "./documents.js";
import * as family from "./family.js";
import * as keeping from "./keeping.js";
import { answerTo, partOf } from "./network.js";
import * as roster from "./roster.js";
import * as saying from "./saying.js";
import * as uploads from "./uploads.js";

const MB = 1_000_000;
const IN_PANE = "pane";
const IN_WINDOW = "window";

/** Tells the page around a pane, or the page that opened this window, what happened; only pages of this origin hear
 * it. */
function tell(form, composer, more = {}) {
  const other = form.dataset.frame === IN_PANE ? window.parent : window.opener;
  if (other && other !== window) other.postMessage({ composer, ...more }, location.origin);
}

// The window

function showTitle(form) {
  const title =
    form.elements.subject.value.trim() || form.querySelector("[data-title]").dataset.untitled;
  form.querySelector("[data-title]").textContent = title;
  tell(form, "title", { title });
}

function showWindow(form, keeper) {
  const isPane = form.dataset.frame === IN_PANE;
  for (const button of form.querySelectorAll("[data-window]")) {
    const name = button.dataset.window;
    button.hidden = name === "window" ? form.dataset.frame === IN_WINDOW : !isPane;
    button.addEventListener("click", () => {
      if (name === "full")
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      if (name === "window") popOut(form, keeper);
      else tell(form, name);
    });
  }
}

/** Moves the composer into a window of its own. That window loads the draft, so it is saved first. */
async function popOut(form, keeper) {
  const other = window.open(
    "about:blank",
    `draft-${form.elements.draft.value}`,
    "popup,width=820,height=860",
  );
  if (!other) return;
  if (isDirty(form) && !(await keeper?.save())) return other.close();
  const url = new URL(hasRow(form) ? form.dataset.draftUrl : location.href, location.href);
  url.searchParams.set("frame", IN_WINDOW);
  other.location = url.href;
  form.dataset.left = "";
  if (form.dataset.frame === IN_PANE) tell(form, "close");
  else location.assign(form.dataset.cancelUrl);
}

function becomeDirty(form) {
  const wasDirty = isDirty(form);
  form.dataset.dirty = "";
  if (!wasDirty) tell(form, "dirty");
}

const isDirty = (form) => "dirty" in form.dataset;
const hasRow = (form) => Number(form.elements.revision.value) > 0;

// Leaving

/** Leaves a composer in which nothing was written, so nothing is saved. On a full page the server handles this. */
function leaveUntouched(event, form) {
  if (isDirty(form) || hasRow(form) || !form.dataset.frame) return;
  event.preventDefault();
  leave(form, "close", form.dataset.cancelUrl, form.dataset.nothing);
}

function leave(form, what, url, words) {
  form.dataset.left = "";
  if (form.dataset.frame === IN_PANE) return tell(form, what, { url, words });
  if (form.dataset.frame === IN_WINDOW && window.opener) {
    tell(form, what, { url, words });
    return window.close();
  }
  location.assign(url);
}

/** Loads another page about this message in the pane; the text is saved already. */
function goTo(form, url) {
  const address = new URL(url, location.href);
  if (form.dataset.frame) address.searchParams.set("frame", form.dataset.frame);
  form.dataset.left = "";
  location.assign(address.href);
}

/** Follows the redirect of the server; a pane closes instead. */
function followAnswers(form) {
  form.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (event.target !== form || xhr.status >= 300) return;
    delete form.dataset.dirty;
    const url = xhr.getResponseHeader("HX-Redirect");
    if (!url) return;
    event.preventDefault();
    const act = requestConfig.formData.get("do");
    if (act === "documents") return goTo(form, url);
    leave(form, act === "close" ? "close" : "sent", url);
  });
  window.addEventListener("beforeunload", (event) => {
    if (isDirty(form) && !("left" in form.dataset)) event.preventDefault();
  });
}

function askToDiscard(form) {
  const dialog = document.getElementById("discard-dialog");
  const button = form.querySelector("[data-discard-draft]");
  let isSure = false;
  button.addEventListener(
    "click",
    (event) => {
      if (isSure) return (isSure = false);
      if (!isDirty(form) && !hasRow(form)) return leaveUntouched(event, form);
      event.preventDefault();
      event.stopPropagation();
      dialog.showModal();
    },
    { capture: true },
  );
  dialog.addEventListener("click", (event) => {
    const act = event.target.closest("[data-discard]")?.dataset.discard;
    if (!act) return;
    dialog.close();
    if (act === "go") {
      isSure = true;
      button.click();
    } else button.focus();
  });
}

// Keys

const OPEN =
  "dialog[open], details[data-menu][open], .pop:not([hidden]), " +
  ".recipient-menu:not([hidden]), .suggestions:not([hidden])";

function listenToKeys(form) {
  // In the capture phase, while the element that Escape is about to close is still open.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing || document.querySelector("dialog[open]")) return;
      const isCtrl = event.ctrlKey || event.metaKey;
      const press = (selector) => {
        event.preventDefault();
        event.stopPropagation();
        form.querySelector(selector).click();
      };
      if (event.key === "Enter" && isCtrl && event.shiftKey) openLater(event, form);
      else if (event.key === "Enter" && isCtrl) press("[data-send]");
      else if (event.key.toLowerCase() === "s" && isCtrl && !event.shiftKey) press("[data-save]");
      else if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector(OPEN))
        press("[data-close]");
    },
    { capture: true },
  );
  let wasEmpty = false; // whether the field was empty before its text became a recipient
  form.addEventListener("keydown", ({ target }) => (wasEmpty = target.value === ""), {
    capture: true,
  });
  form.addEventListener("keydown", (event) => {
    // Enter in a field would save an unfinished message. It moves the focus instead: from recipients to the subject,
    // and from there to the text.
    if (event.key === "Enter" && event.target.matches("input:not([type=checkbox], [type=radio])"))
      goOn(event, form, wasEmpty);
    if (event.key !== "Enter" || !event.target.matches(".later [name=due]")) return;
    event.preventDefault();
    form.querySelector("[value=schedule]").click();
  });
}

function goOn(event, form, wasEmpty) {
  event.preventDefault();
  const { target } = event;
  if (target.id === "id_subject") form.querySelector("#rich:not([hidden]), [data-plain]").focus();
  else if (wasEmpty && target.closest("[data-line]")) form.elements.subject.focus();
}

/** Opens the menu of times with the focus on the first, which Enter chooses. */
function openLater(event, form) {
  const times = form.querySelector(".later");
  if (!times) return;
  event.preventDefault();
  times.closest("details").open = true;
  const time = times.querySelector("[name=due]:checked") ?? times.querySelector("[name=due]");
  time.checked = true;
  time.focus();
}

// Sending

function showProgress(form) {
  const bar = form.querySelector(".send-progress");
  form.addEventListener("htmx:xhr:progress", ({ detail }) => {
    bar.hidden = !detail.lengthComputable || detail.total < MB;
    if (!bar.hidden) bar.value = (100 * detail.loaded) / detail.total;
  });
  form.addEventListener("htmx:afterRequest", () => (bar.hidden = true));
}

/** A button such as "Demain à 8 h" beside the one that sends, for what the menu needs two clicks for. */
function quicken(form) {
  const button = form.querySelector("[data-due]");
  if (!button) return; // nothing can be sent later here
  const choices = [...form.querySelectorAll("[name=due]")];
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const choice of choices) choice.checked = choice.value === button.dataset.due;
    form.querySelector("[value=schedule]").click();
  });
  const day = form.querySelector("[name=due_at]");
  day.addEventListener(
    "input",
    () => (choices.find((choice) => choice.value === "at").checked = true),
  );
}

/** Shows warnings before sending that depend on the recipients. */
function showChecks(form) {
  const place = form.querySelector("[data-checks]");
  form.addEventListener("recipients:changed", ({ detail }) => {
    for (const item of place.querySelectorAll("[data-check]")) {
      const number = detail[item.dataset.check];
      const isSeen = item.dataset.seen && detail.seen > Number(item.dataset.mostSeen);
      const words = number === 1 ? item.dataset.one : item.dataset.many;
      item.hidden = number === 0;
      if (item.dataset.seen) item.classList.toggle("warn", isSeen);
      const text = (isSeen ? item.dataset.seen : words).replace(
        "%",
        grouped(isSeen ? detail.seen : number),
      );
      const span = item.querySelector("span");
      if (number > 0 && span.textContent !== text) span.textContent = text;
    }
    place.hidden = !place.querySelector("li:not([hidden])");
  });
}

/** Warns while recipients are entered that a message may not have as many; the server checks again. */
function showLimit(form) {
  const place = form.querySelector("[data-most]");
  if (!place) return;
  const most = Number(place.dataset.most);
  form.addEventListener("recipients:changed", ({ detail: { people } }) => {
    const text =
      people > most
        ? place.dataset.words.replace("#", grouped(people)).replace("@", grouped(most))
        : "";
    if (place.textContent !== text) place.textContent = text;
  });
}

// Canned answers

function offerAnswers(form, editor) {
  const item = form.querySelector("[data-canned]");
  if (!item) return;
  const button = item.querySelector("button");
  const list = item.querySelector("[data-canned-list]");
  item.hidden = false;
  button.addEventListener("click", async () => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    list.hidden = isOpen;
    if (!isOpen && !list.hasChildNodes()) await fetchAnswers(button.dataset.cannedUrl, list);
  });
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-insert]");
    if (!chosen) return;
    event.preventDefault();
    form.querySelector("[data-options]").open = false;
    editor.insert(chosen.querySelector("template"));
  });
}

async function fetchAnswers(url, list) {
  const answer = await answerTo(url, { headers: { "X-Requested-With": "fetch" } });
  const page = answer?.ok ? await partOf(answer) : null;
  if (page) list.replaceChildren(...page.body.childNodes);
}

export async function start() {
  const form = document.querySelector("form[data-compose]");
  if (!form) return;
  form.classList.add("is-scripted");
  form.querySelector("[data-drop]")?.removeAttribute("hidden");
  for (const name of ["input", "change", "draft:changed"])
    form.addEventListener(name, () => becomeDirty(form));
  form.addEventListener("draft:elsewhere", ({ detail }) => goTo(form, detail.url));
  form.addEventListener("draft:saved", () => {
    delete form.dataset.dirty;
    form.querySelector("[data-versions]").hidden = !hasRow(form);
  });
  form.elements.subject.addEventListener("input", () => showTitle(form));
  for (const button of form.querySelectorAll("[data-close]"))
    button.addEventListener("click", (event) => leaveUntouched(event, form));
  saying.start();
  const keeper = await keeping.start(form);
  const files = uploads.start(form, keeper);
  showWindow(form, keeper);
  followAnswers(form);
  askToDiscard(form);
  listenToKeys(form);
  showProgress(form);
  quicken(form);
  showChecks(form);
  showLimit(form);
  const [chips, { Editor }] = await Promise.all([import("./chips.js"), import("./editor.js")]);
  family.start(form);
  chips.start(form);
  // In a frame the browser leaves the focus on the page around it.
  if (document.activeElement === document.body) form.querySelector("input[autofocus]")?.focus();
  const editor = new Editor(form);
  editor.begin();
  offerAnswers(form, editor);
  const parts = { roster: roster.start(form, editor), document: documents.start(form, keeper) };
  form.dispatchEvent(new CustomEvent("composer:ready", { detail: { editor } }));
  showTitle(form);
  await files?.goOnWith(parts);
  if (form.dataset.frame === IN_PANE && !isShared())
    tell(form, "ready", { url: form.dataset.draftUrl });
}
