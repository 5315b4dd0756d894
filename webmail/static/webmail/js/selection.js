// @ts-check
// Picking several messages, and what follows an action without asking for the list again.

import { grouped, isKey, on, strokeOf } from "./dom.js";
import { focusRow, markRead, rows } from "./list.js";
import { bring, neighbourOf, openMessage, openRow } from "./steps.js";

const boxOf = (row) => row.querySelector(".pick input");
const boxes = () => rows().map(boxOf);
const masters = () => document.querySelectorAll("[data-master]");
const picked = () => [...document.querySelectorAll("#rows .pick input:checked")];
let lastPicked = null;
let nextFocus = null;
let leaving = null; // what stands beside the open message while it is filed: rows { above, below }, or { card }
const walk = { start: null, end: null }; // of Shift and the arrows

/** How many are picked, said anew: also when rows that were picked have gone. */
export function countPicked() {
  const words = document.getElementById("bulk-count");
  if (!words) return;
  const number = picked().length;
  for (const master of masters()) {
    master.checked = number > 0 && number === boxes().length;
    master.indeterminate = number > 0 && !master.checked;
  }
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

/** All that are shown, or none. Of the two boxes for it one is covered: the other has the focus. */
function pickByMaster({ checked }) {
  if (checked) pickAll();
  else unpick();
  document.querySelector(checked ? "#act-form [data-master]" : ".list-head [data-master]")?.focus();
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
  if (event.button !== 0 || event.altKey || !(event.ctrlKey || event.metaKey || event.shiftKey))
    return;
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

/** Presses a button of the bar for this row; if it is one of those picked, for them all. */
export function actOn(button, row) {
  if (!boxOf(row).checked) unpick();
  act(button, row);
}

/** Presses a button of the bar for the picked messages, or else for this one. */
export function act(button, row) {
  if (picked().length === 0 && !row) return;
  if (picked().length === 0) pickTo(boxOf(row), false, true);
  button.click();
}

function key(region, event) {
  const row = event.target.closest(".row");
  const box = row && boxOf(row);
  if ((event.ctrlKey || event.metaKey) && event.key === "a") {
    event.preventDefault();
    return pickAll();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.shiftKey && row && ["ArrowDown", "ArrowUp"].includes(event.key))
    return walkPicking(event, row);
  const stroke = strokeOf(event);
  const isLast = stroke.startsWith("Shift+") && isKey(stroke.slice(6), "select");
  if (isLast || isKey(stroke, "select")) return box && pickTo(box, isLast, isLast || !box.checked);
  if (event.key === "Escape") unpick();
}

/** The row that has the focus once those named are gone. */
function after(refs) {
  const all = rows();
  const index = all.findIndex((row) => refs.includes(row.dataset.ref));
  if (index < 0) return openRow(); // of its conversation another message is the row
  return all.slice(index).find((row) => !refs.includes(row.dataset.ref)) ?? all[index - 1];
}

// After the open message was filed

const wish = () => document.documentElement.dataset.afterFiling;

/** The link to the message beside the open one in its conversation; at an end of it the one on its other side. */
function cardBeside() {
  const article = document.querySelector("#message article.message");
  const links = [...document.querySelectorAll("#message [data-beside]")];
  const below = links.findIndex(
    (link) => article.compareDocumentPosition(link) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  const [above, rest] = below < 0 ? [links, []] : [links.slice(0, below), links.slice(below)];
  return wish() === "previous" ? (above.at(-1) ?? rest[0]) : (rest[0] ?? above.at(-1));
}

/** What is beside the open message, when it alone is about to go and another one is to be open then. */
function neighbours(data) {
  const refs = data.getAll("refs");
  const row = openRow();
  const open = document.getElementById("message")?.dataset.open;
  const isAlone =
    refs.length === 1 &&
    (refs[0] === open || (data.has("threads") && refs[0] === row?.dataset.ref));
  if (!isAlone || !row || !says("leaves", data.get("verb")) || wish() === "list") return null;
  const card = data.has("threads") ? null : cardBeside();
  if (card) return { card };
  const beside = { above: neighbourOf(row, -1), below: neighbourOf(row, 1) };
  return beside.above || beside.below || document.getElementById("more") ? beside : null;
}

/** What takes the place of the message that has gone; at an end of the list the one on its other side. */
async function openBeside({ above, below, card }) {
  const list = document.getElementById("message-list");
  history.replaceState(history.state, "", list.dataset.url);
  if (card) return card.click();
  const [first, second] = wish() === "previous" ? [above, below] : [below, above];
  let next = first;
  if (!first && wish() === "next" && document.getElementById("more")) {
    const number = rows().length;
    await bring(1);
    next = rows()[number];
  }
  const there = [next, second].find((row) => row?.isConnected);
  if (there) openMessage(there);
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

/** What was found and went from the list is counted no more. */
function countFound(gone) {
  const line = document.getElementById("found-count");
  if (!line?.dataset.total) return; // a folder's list, or one of contacts
  const left = Math.max(0, Number(line.dataset.total) - gone);
  const { none, one, many } = line.dataset;
  line.dataset.total = String(left);
  line.textContent = left === 0 ? none : left === 1 ? one : many.replace("#", grouped(left));
}

const refresh = () => document.querySelector("[data-refresh]")?.click();
/** Whether the table of verbs says that messages leave the list ("leaves"), or that a dialog opens ("asks"). */
const says = (kind, verb) =>
  document.getElementById("acted-said").dataset[kind].split(" ").includes(verb);

/** Whether the answer was a question: the selection is still needed for it. */
const isAsking = (xhr) => xhr.getResponseHeader("HX-Retarget") === "#ask";

function acted({ requestConfig, successful, xhr }) {
  const beside = leaving?.isLeft ? leaving : null;
  if (requestConfig.formData.has("verb")) leaving = null;
  if (
    requestConfig.verb !== "post" ||
    !requestConfig.formData.has("verb") ||
    !successful ||
    isAsking(xhr)
  )
    return;
  const verb = requestConfig.formData.get("verb");
  if (says("asks", verb)) return;
  if (verb === "seen" || verb === "unseen") {
    for (const ref of requestConfig.formData.getAll("refs")) markRead(ref, verb === "seen");
  }
  if (says("leaves", verb)) countFound(requestConfig.formData.getAll("refs").length);
  unpick();
  dropEmptyDays();
  // One message left its conversation, whose row has gone with it.
  const isThreaded = document.querySelector("#message-list[data-threads]");
  if (says("leaves", verb) && !requestConfig.formData.has("threads") && isThreaded) refresh();
  const takesMembers = says("leaves", verb) && requestConfig.formData.has("among");
  const changesConversation = !beside && (verb === "undo" || takesMembers);
  document.dispatchEvent(new CustomEvent("mail:acted", { detail: { changesConversation } }));
  // What had the focus is gone, or its bar is about to be.
  const focused = document.activeElement;
  const title = document.querySelector("#message[data-open] .reader-title");
  if (beside) openBeside(beside);
  else if (focused !== document.body && !focused.closest("#act-form, #toast, #ask")) return;
  else if (verb === "undo" && title) title.focus({ preventScroll: true });
  else focusRow(nextFocus);
}

export function start() {
  on("click", "#rows .pick input", (box, event) => pickTo(box, event.shiftKey, box.checked));
  on("click", "#rows .row > a", clickRow, { capture: true });
  on("change", "[data-master]", pickByMaster);
  on("click", "[data-unpick]", unpick);
  on("click", "[data-show-boxes]", showBoxes);
  on("contextmenu", "#rows .row > a", hold);
  on("click", "[data-pick-all]", (button) => {
    pickAll();
    button.closest("details").open = false;
    document.getElementById("rows").focus({ preventScroll: true });
  });
  on(
    "click",
    "[data-pick-everything]",
    (link) => (link.parentElement.offer = link.cloneNode(true)),
  );
  on("keydown", "#rows, #act-form, [data-master]", key);
  document.body.addEventListener("mail:refresh", refresh);
  document.body.addEventListener("htmx:beforeRequest", ({ detail: { requestConfig } }) => {
    const data = requestConfig.formData;
    if (requestConfig.verb !== "post" || !data.has("refs")) return;
    nextFocus = after(data.getAll("refs"));
    leaving = neighbours(data);
  });
  // Nothing is shown between the message that has gone and the next one.
  document.body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    if (detail.target.id !== "message" || !leaving) return;
    leaving.isLeft = true;
    detail.shouldSwap = false;
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => acted(detail));
  document.body.addEventListener("htmx:afterSwap", ({ target }) => {
    if (target.id !== "bulk-all") return;
    countPicked();
    // The link that had the focus is gone; the keys of the list act on all of them.
    if (document.activeElement === document.body)
      document.getElementById("rows").focus({ preventScroll: true });
  });
  countPicked();
}

export function load(root) {
  if (root.id === "message-list") countPicked();
}
