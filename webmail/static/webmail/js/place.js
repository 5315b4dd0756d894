// @ts-check
// The scroll position of the list: kept when the user returns to it, and while messages arrive, change and disappear.

import { grouped, on } from "./dom.js";
import { focusRow, markRead, oneStop, rows } from "./list.js";
import { answerTo, partOf } from "./network.js";
import { answered } from "./push.js";
import { countPicked } from "./selection.js";

const NARROW = matchMedia("(max-width: 56.24em)");
const SETTLED_MS = 300;
// Pixels from the top within which the user is looking at the newest messages.
const TOP = 8;
let waiting = null; // new rows that wait because the user has scrolled down
const heard = new Map(); // the last news by folder
let settling = 0;
let heightBelow = 0;

const list = () => document.getElementById("message-list");
const region = () => document.getElementById("rows");
/** The scrolling element: the rows in their pane, or the page where there is only one pane. */
const scroller = () => (NARROW.matches ? document.scrollingElement : region());

/** The top edge of the visible rows. */
function edge() {
  if (!NARROW.matches)
    return (
      region().getBoundingClientRect().top + (region().querySelector(".day")?.offsetHeight ?? 0)
    );
  return 0;
}

const isAtTop = () => scroller().scrollTop <= TOP && !document.getElementById("previous");

/** Writes the row at the top into the address, so that going back or reloading shows it again. */
function keepPlace() {
  // Rows of a list of contacts have no such address.
  if (
    !region() ||
    !list() ||
    new URL(list().dataset.url, location.href).pathname !== location.pathname
  )
    return;
  const top = isAtTop()
    ? null
    : rows().find((row) => row.getBoundingClientRect().bottom > edge() + TOP);
  const url = new URL(list().dataset.url, location.href);
  if (top) url.searchParams.set("row", top.dataset.ref);
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

function findPlace() {
  const ref = new URLSearchParams(location.search).get("row");
  const row = ref && document.getElementById(`row-${ref}`);
  if (!row || !region()) return;
  scroller().scrollTop += row.getBoundingClientRect().top - edge();
}

/** Removes repeated headings of a day, from rows above or below. */
function joinDays() {
  let last = null;
  for (const day of document.querySelectorAll("#rows > .day")) {
    if (last?.textContent === day.textContent) day.remove();
    else last = day;
  }
  for (const rowsOfDay of document.querySelectorAll("#rows > ul")) {
    if (rowsOfDay.childElementCount > 0) continue;
    if (rowsOfDay.previousElementSibling?.matches(".day"))
      rowsOfDay.previousElementSibling.remove();
    rowsOfDay.remove();
  }
}

// Changes of the folder by other programs

const forget = (uidvalidity, gone) =>
  drop(gone.map((uid) => document.getElementById(`row-${uidvalidity}-${uid}`)));

function drop(gone) {
  let next = null;
  for (const row of gone) {
    if (!row) continue;
    if (row.contains(document.activeElement)) next = neighbour(row);
    row.remove();
  }
  joinDays();
  countPicked();
  if (next) focusRow(next);
}

/** A requested message no longer exists, and no news had told it. */
function missed({ elt, xhr: { status } }) {
  const row = elt.closest("#rows .row");
  const isAct = elt.matches("#act-form, #flag-form, #unflag-form");
  if (!list() || !(row || isAct)) return;
  if (status === 409) refresh();
  else if (status === 404 && row) drop([row]);
  else if (status === 404) compare({ uidvalidity: list().dataset.uidvalidity });
}

/** Requests the first rows and adapts those on the page, where the server does not name the changes. */
async function compare(news) {
  const { live, url } = list().dataset;
  if (live === undefined || document.getElementById("previous")) return follow();
  const there = await fetched(new URL(url, location.href), { "HX-Target": "more" });
  if (!there || list()?.dataset.url !== url) return;
  const serverRows = new Map(
    [...there.querySelectorAll(".row")].map((row) => [row.dataset.ref, row]),
  );
  const here = rows();
  // Nothing is known about rows after the last one of that page.
  const last = here.map((row) => serverRows.has(row.dataset.ref)).lastIndexOf(true);
  const known = there.querySelector("#more") ? here.slice(0, last + 1) : here;
  const gone = known.filter((row) => !serverRows.has(row.dataset.ref));
  for (const row of serverRows.values()) markAs(row);
  forget(
    news.uidvalidity,
    gone.map((row) => row.dataset.ref.split("-")[1]),
  );
}

/** In another order, filtered, by conversations or further down: applies changed flags since the list was made, as
 * far as the server tells them. Rows that now match a filter are not added. */
async function follow() {
  const { folder, modseq, uidvalidity, url } = list().dataset;
  if (!modseq || modseq === "0") return;
  const answer = await answered({ folder, since: modseq });
  const news = answer?.folders?.find((state) => state.folder === folder);
  if (news?.uidvalidity !== Number(uidvalidity)) return;
  if (list()?.dataset.modseq !== modseq || list().dataset.url !== url) return;
  list().dataset.modseq = news.modseq;
  for (const change of news.changed) mark(change);
  const isFiltered = new URL(url, location.href).searchParams.has("only");
  if (isFiltered && news.changed.some(({ ref }) => !isHere(ref))) offer(words().changed);
}

const member = (ref) =>
  document.querySelector(`#rows .members a[href*="/${CSS.escape(ref)}/"]`)?.closest("li");

const isHere = (ref) =>
  Boolean(document.getElementById(`row-${ref}`) || member(ref)) ||
  document.getElementById("message")?.dataset.open === ref;

function markAs(row) {
  const isFlagged = row.querySelector(".flag").getAttribute("aria-pressed") === "true";
  const flags = [!row.classList.contains("is-new") && "\\Seen", isFlagged && "\\Flagged"];
  mark({ ref: row.dataset.ref, flags });
}

function neighbour(row) {
  const all = rows();
  const index = all.indexOf(row);
  return all[index + 1] ?? all[index - 1];
}

function mark({ ref, flags }) {
  const isRead = flags.includes("\\Seen");
  markRead(ref, isRead);
  const line = member(ref);
  line?.classList.toggle("is-new", !isRead);
  if (line)
    line
      .closest(".row")
      .classList.toggle("is-new", Boolean(line.parentElement.querySelector(".is-new")));
  const button = document.getElementById(`flag-${ref}`);
  const isFlagged = flags.includes("\\Flagged");
  if (!button || (button.getAttribute("aria-pressed") === "true") === isFlagged) return;
  button.setAttribute("aria-pressed", String(isFlagged));
  button.setAttribute("form", isFlagged ? "unflag-form" : "flag-form");
}

/** Updates the line under the folder's name. */
function count({ exists, unseen }) {
  const line = document.getElementById("list-counts");
  const counts = list().querySelector(".list-news").dataset;
  if (!line) return;
  let text = exists === 1 ? counts.allOne : counts.all;
  if (unseen > 0) text = unseen === 1 ? counts.unreadOne : counts.unread;
  if (exists === 0) text = counts.none;
  line.textContent = text.replace("#", grouped(unseen || exists)).replace("@", grouped(exists));
}

/** Renews the list like its own button, but without a click, so that notices stay. */
function refresh() {
  const button = document.querySelector("[data-refresh]");
  if (button)
    window.htmx.ajax("GET", button.href, {
      source: button,
      target: "#message-list",
      swap: "outerHTML",
    });
}

const words = () => list().querySelector("[data-news]").dataset;

const newestUid = () => Number(list().dataset.newest.split("-")[1] ?? 0);

async function arrived(news, before) {
  const { live, newest, url } = list().dataset;
  if (live === undefined) {
    // In another order, or further down, the rows do not tell which message is the newest.
    const shown = Number(list().dataset.total);
    if (before ? news.uidnext > before.uidnext : news.exists > shown) offer(words().some);
    else if (!before && news.exists < shown) offer(words().changed);
    return;
  }
  if (news.uidnext - 1 <= newestUid()) return;
  // The list is still empty: with rows it is another page.
  if (!newest) return refresh();
  const address = new URL(url, location.href);
  address.searchParams.set("newer", newest);
  const arrivals = await ask(address);
  if (!arrivals || list()?.dataset.newest !== newest) return;
  // Moved here with an older date: it does not belong to the top.
  if (arrivals.querySelector("[data-elsewhere]"))
    return isAtTop() ? refresh() : offer(words().some);
  waiting = arrivals;
  if (isAtTop()) show();
  else offerWaiting();
}

/** A part of the list as a document; null without a response, since the next news will bring it. */
export async function fetched(address, more = {}) {
  const headers = { "HX-Request": "true", "X-Background": "1", ...more };
  const answer = await answerTo(address, { headers });
  return answer?.ok ? partOf(answer) : null;
}

/** The rows of a response; null if there are none. */
async function ask(address) {
  const page = await fetched(address);
  if (!page) return null;
  renewLine(page.getElementById("advert-line"));
  const rows = document.createDocumentFragment();
  rows.append(...page.body.childNodes);
  for (const row of rows.querySelectorAll(".row")) {
    if (document.getElementById(row.id)) row.remove();
  }
  return rows.querySelector(".row") ? rows : null;
}

/** Replaces the line about messages set aside today, below rows that arrived. */
function renewLine(line) {
  if (!line) return;
  const place = document.getElementById("advert-line");
  line.remove();
  // The live region stays in place, so that changes in it are announced.
  place?.replaceChildren(...line.childNodes);
  if (place) window.htmx.process(place);
}

function offerWaiting() {
  const { one, many } = words();
  const number = waiting.querySelectorAll(".row").length;
  offer(number === 1 ? one : many.replace("#", grouped(number)));
}

function offer(text) {
  const link = list().querySelector("[data-news]");
  link.textContent = text;
  link.hidden = false;
}

/** Inserts the waiting rows above the others; returns the first of them. */
function show() {
  const first = waiting.querySelector(".row");
  list().dataset.newest = first.dataset.ref;
  const added = [...waiting.children];
  region().prepend(waiting);
  waiting = null;
  for (const element of added) {
    window.htmx.process(element);
    oneStop(element);
  }
  joinDays();
  list().querySelector("[data-news]").hidden = true;
  return first;
}

/** Whether the list was made from the folder in this state. */
function isShown({ exists, unseen, modseq }) {
  const made = list().dataset;
  const isSame = exists === Number(made.total) && unseen === Number(made.unseen);
  return isSame && (!modseq || made.modseq === "0" || modseq === Number(made.modseq));
}

/** Applies news that came between the rendering of the list and its arrival. */
function catchUp() {
  const news = heard.get(list().dataset.folder);
  const { modseq, uidvalidity } = list().dataset;
  if (
    !news ||
    !region() ||
    modseq === "0" ||
    news.modseq <= Number(modseq) ||
    news.uidvalidity !== Number(uidvalidity)
  )
    return;
  compare(news);
  arrived(news);
}

function hear(news) {
  const before = heard.get(news.folder);
  heard.set(news.folder, news);
  if (!list() || !region() || list().dataset.folder !== news.folder) return;
  // The folder was created anew on the server: no row names an existing message.
  if (news.uidvalidity !== Number(list().dataset.uidvalidity)) return refresh();
  count(news);
  // A conversation may lose its newest message and keep others, which only the server knows.
  if (list().dataset.threads !== undefined && news.gone.length > 0) return offer(words().changed);
  forget(news.uidvalidity, news.gone);
  for (const change of news.changed) mark(change);
  // The first news tell the state of the folder, usually that of the page.
  if (news.more && (before || !isShown(news))) compare(news);
  arrived(news, before);
}

export function start() {
  document.addEventListener("mail:changed", ({ detail }) => hear(detail));
  on("click", "[data-news]", (_link, event) => {
    event.preventDefault();
    if (!waiting) return document.querySelector("[data-refresh]")?.click();
    const first = show();
    scroller().scrollTop = 0;
    focusRow(first);
  });
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(keepPlace, SETTLED_MS);
  };
  // "scroll" does not bubble, so it is handled in the capture phase.
  document.addEventListener("scroll", settle, { capture: true, passive: true });
  document.body.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
    if (elt.matches("#rows .row > a")) keepPlace();
  });
  document.body.addEventListener("htmx:responseError", ({ detail }) => missed(detail));
  // Rows inserted above push the others down, and not every browser keeps the scroll position.
  document.body.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    if (target?.id === "previous") heightBelow = scroller().scrollHeight - scroller().scrollTop;
  });
  document.body.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
    if (target?.id !== "previous") return;
    scroller().scrollTop = scroller().scrollHeight - heightBelow;
    joinDays();
  });
}

export function load(root) {
  if (root.id === "message-list") {
    waiting = null;
    if (root.dataset.folder) catchUp();
  }
  if (root === document.body || root.id === "message-list") findPlace();
}
