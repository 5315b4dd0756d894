// Picking several messages, and what follows an action without asking for the list again.

import { grouped, on } from "./dom.js";
import { focusRow, markRead, rows } from "./list.js";

const boxOf = (row) => row.querySelector(".pick input");
const boxes = () => rows().map(boxOf);
const picked = () => [...document.querySelectorAll("#rows .pick input:checked")];
let lastPicked = null;
let nextFocus = null;
const walk = { start: null, end: null }; // of Shift and the arrows

/** What each key does to the picked messages, or to the one that has the focus. */
const VERBS = { e: "archive", "#": "trash", Delete: "trash", m: "choose", l: "tags", I: "seen", U: "unseen", s: "flag" };

/** How many are picked, said anew: also when rows that were picked have gone. */
export function countPicked() {
  const words = document.getElementById("bulk-count");
  if (!words) return;
  const number = picked().length;
  const text = number === 1 ? words.dataset.one : words.dataset.many.replace("#", grouped(number));
  const offer = document.getElementById("bulk-all");
  const isWhole = number > 0 && number === boxes().length;
  // All that match were picked: the offer's place says how many.
  const isEverything = isWhole && offer?.querySelector("[name=all]");
  words.textContent = number === 0 || isEverything ? "" : text;
  if (!offer) return; // the address book picks in its list, too
  if (!isWhole) forgetEverything(offer);
  offer.hidden = !isWhole || offer.childElementCount === 0;
}

/** All that match were picked, and are no more: the offer to pick them stands again. */
function forgetEverything(offer) {
  if (offer.offer && offer.querySelector("[name=all]")) offer.replaceChildren(offer.offer);
}

function unpick() {
  for (const box of picked()) box.checked = false;
  delete document.getElementById("message-list")?.dataset.picking;
  lastPicked = null;
  countPicked();
}

/** Before one is picked: where nothing hovers nobody would find them. */
function showBoxes(button) {
  button.closest("details")?.removeAttribute("open");
  document.getElementById("message-list").dataset.picking = "";
  boxes()[0]?.focus({ preventScroll: true });
}

/** A finger rests on a row. */
function hold(link, event) {
  if (event.pointerType !== "touch") return;
  event.preventDefault();
  pickTo(boxOf(link.closest(".row")), false, true);
}

function pickAll() {
  for (const box of boxes()) box.checked = true;
  countPicked();
}

function pickTo(box, isRange, isOn) {
  const all = boxes();
  if (isRange && lastPicked?.isConnected) {
    const [from, to] = [all.indexOf(lastPicked), all.indexOf(box)].sort((a, b) => a - b);
    for (const other of all.slice(from, to + 1)) other.checked = isOn;
  }
  box.checked = isOn;
  lastPicked = box;
  countPicked();
}

/** With Ctrl or Shift a click on a row picks it, as in every list of files; else it opens. */
function clickRow(link, event) {
  if (event.button !== 0 || event.altKey || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
  event.preventDefault();
  event.stopPropagation();
  const box = boxOf(link.closest(".row"));
  pickTo(box, event.shiftKey, event.shiftKey || !box.checked);
  window.getSelection()?.removeAllRanges();
}

/** Away from where it began, each row on the way is picked; on the way back it is let go. */
function walkPicking(event, row) {
  const all = rows();
  const [index, step] = [all.indexOf(row), event.key === "ArrowDown" ? 1 : -1];
  const next = all[index + step];
  if (!next) return;
  event.preventDefault();
  if (row !== walk.end) walk.start = row;
  boxOf(row).checked = Math.sign(all.indexOf(walk.start) - index) !== step;
  pickTo(boxOf(next), false, true);
  walk.end = next;
  focusRow(next);
}

function act(verb, box) {
  const form = document.getElementById("act-form");
  const button = form.querySelector(`[value=${verb}]`) ?? (verb === "trash" && form.querySelector("[value=delete]"));
  if (!button || (picked().length === 0 && !box)) return;
  if (picked().length === 0) pickTo(box, false, true);
  button.click();
}

// Single letters act only while the list has the focus (WCAG 2.1.4).
function key(region, event) {
  const row = event.target.closest(".row");
  const box = row && boxOf(row);
  if ((event.ctrlKey || event.metaKey) && event.key === "a") {
    event.preventDefault();
    return pickAll();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.shiftKey && row && ["ArrowDown", "ArrowUp"].includes(event.key)) return walkPicking(event, row);
  if (event.key === "x" || event.key === "X") return box && pickTo(box, event.shiftKey, event.shiftKey || !box.checked);
  if (event.key === "Escape") return unpick();
  if (VERBS[event.key]) {
    event.preventDefault();
    act(VERBS[event.key], box);
  }
}

/** The row that has the focus once those named are gone. */
function after(refs) {
  const all = rows();
  const index = all.findIndex((row) => refs.includes(row.dataset.ref));
  return all.slice(index).find((row) => !refs.includes(row.dataset.ref)) ?? all[index - 1];
}

/** A day goes with its last message. A list left empty is asked for again, to say that it is. */
function dropEmptyDays() {
  for (const day of document.querySelectorAll("#rows > ul")) {
    if (day.childElementCount) continue;
    if (day.previousElementSibling?.matches(".day")) day.previousElementSibling.remove();
    day.remove();
  }
  if (document.getElementById("rows")?.childElementCount === 0) refresh();
}

const refresh = () => document.querySelector("[data-refresh]")?.click();
const ASKING = ["choose", "tags"];
const GOING = ["trash", "archive", "junk", "advert", "inbox", "move", "delete"];

/** Whether the answer was a question: the selection is still needed for it. */
const isAsking = (xhr) => xhr.getResponseHeader("HX-Retarget") === "#ask";

function acted({ requestConfig, successful, xhr }) {
  if (requestConfig.verb !== "post" || !requestConfig.formData.has("verb") || !successful || isAsking(xhr)) return;
  const verb = requestConfig.formData.get("verb");
  if (ASKING.includes(verb)) return;
  if (verb === "seen" || verb === "unseen") {
    for (const ref of requestConfig.formData.getAll("refs")) markRead(ref, verb === "seen");
  }
  unpick();
  dropEmptyDays();
  // One message left its conversation, whose row has gone with it.
  if (GOING.includes(verb) && !requestConfig.formData.has("threads") && document.querySelector("#message-list[data-threads]")) refresh();
  // What had the focus is gone, or its bar is about to be.
  const focused = document.activeElement;
  if (focused === document.body || focused.closest("#act-form")) focusRow(nextFocus);
}

export function start() {
  on("click", "#rows .pick input", (box, event) => pickTo(box, event.shiftKey, box.checked));
  on("click", "#rows .row > a", clickRow, { capture: true });
  on("click", "[data-unpick]", unpick);
  on("click", "[data-show-boxes]", showBoxes);
  on("contextmenu", "#rows .row > a", hold);
  on("click", "[data-pick-all]", (button) => {
    pickAll();
    button.closest("details").open = false;
    document.getElementById("rows").focus({ preventScroll: true });
  });
  on("click", "[data-pick-everything]", (link) => (link.parentElement.offer = link.cloneNode(true)));
  on("keydown", "#rows", key);
  document.body.addEventListener("mail:refresh", refresh);
  document.body.addEventListener("htmx:beforeRequest", ({ detail: { requestConfig } }) => {
    const data = requestConfig.formData;
    if (requestConfig.verb === "post" && data.has("refs")) nextFocus = after(data.getAll("refs"));
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => acted(detail));
  document.body.addEventListener("htmx:afterSwap", ({ target }) => {
    if (target.id !== "bulk-all") return;
    countPicked();
    // The link that had the focus is gone; the keys of the list act on all of them.
    if (document.activeElement === document.body) document.getElementById("rows").focus({ preventScroll: true });
  });
  countPicked();
}

export function load(root) {
  if (root.id === "message-list") countPicked();
}
