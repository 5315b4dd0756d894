// @ts-check
// Applies news: counters, the title, an announcement for screen readers, a desktop notification. The list gets news by
// the event "mail:changed" on the document, whose detail is what the server sent.

import { grouped, isShared, on, within } from "./dom.js";

const INBOX = "INBOX";
const MOST_SHOWN = 3;
const MINUTE = 60_000;
const NUMBER = /^\(\d+\) /;

const place = document.getElementById("news");
const last = new Map(); // the last news by folder

/** The folder whose list is on the page; "" where there is none. */
export const openFolder = () => document.getElementById("message-list")?.dataset.folder ?? "";

/** The last known state of the inbox, as parameters of the request for later changes; {} if there is none. */
export function inboxStood() {
  const { uidvalidity, uidnext, exists } = last.get(INBOX) ?? {};
  return uidnext ? { inbox: `${uidvalidity}-${uidnext}-${exists}` } : {};
}

/** Applies news. `isFirst` means that among all tabs this one announces and notifies; the others only update. */
export function hear(news, { isFirst }) {
  const before = last.get(news.folder);
  if (before && isSame(before, news)) return;
  last.set(news.folder, news);
  count(news);
  retitle();
  if (news.folder === INBOX && isFirst && before) announce(news, before);
  document.dispatchEvent(new CustomEvent("mail:changed", { detail: news }));
}

function isSame(before, news) {
  const keys = ["uidvalidity", "uidnext", "exists", "unseen", "modseq"];
  return (
    keys.every((key) => before[key] === news[key]) &&
    news.changed.length === 0 &&
    news.gone.length === 0
  );
}

// A favourite has two links in the list of folders.
const links = (folder) => document.querySelectorAll(`.folder[data-folder="${CSS.escape(folder)}"]`);
const link = (folder) => links(folder)[0];

function count(news) {
  for (const row of links(news.folder)) countIn(row, news.unseen);
}

/** Changes the number of a row. A row without a counter counts nothing: the server decides which ones have one. */
function countIn(row, unseen) {
  const counter = row.querySelector(".count");
  if (!counter) return;
  row.classList.toggle("has-new", unseen > 0);
  counter.hidden = unseen === 0;
  counter.lastChild.textContent = grouped(unseen);
}

const unseenIn = (row) =>
  Number(row?.querySelector(".count")?.lastChild.textContent.replace(/\D/g, "") ?? 0);

/** Puts a dot on the icon of the tab while there is unread mail in the inbox. */
function mark() {
  const icon = document.querySelector("link[rel=icon][data-unread]");
  if (!icon) return;
  icon.dataset.read ??= icon.getAttribute("href");
  const isUnread =
    unseenIn(link(INBOX)) > 0 && !rests() && !("covered" in document.documentElement.dataset);
  const href = isUnread ? icon.dataset.unread : icon.dataset.read;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

/** Sets a title such as "(3) Inbox", with the unread count of the open folder, or of the inbox where none is open,
 * as in the list of folders: responses of the server set the title too. */
function retitle() {
  mark();
  const row = link(openFolder() || INBOX);
  // A page that is covered because the session is over shows that in its title too.
  if (!row || "covered" in document.documentElement.dataset) return;
  const unseen = rests() ? 0 : unseenIn(row);
  const bare = document.title.replace(NUMBER, "");
  const title = unseen > 0 ? `(${unseen}) ${bare}` : bare;
  if (title !== document.title) document.title = title;
}

const sender = (message) => message.sender || place.dataset.unknown;
const subject = (message) => message.subject || place.dataset.untitled;

function announce(news, before) {
  const arrived = news.new;
  // If all arrivals are named, the other new messages were moved here, for example by undoing.
  const more = news.unnamed && news.uidnext > before.uidnext && news.unseen > before.unseen;
  if (arrived.length === 0 && !more) return;
  const words = wordsOf(arrived);
  // Without a change the same text would not be announced again.
  place.textContent = "";
  setTimeout(() => (place.textContent = words), 100);
  if (mayShow()) show(arrived, words);
}

function wordsOf(arrived) {
  const { one, several, some } = place.dataset;
  if (arrived.length === 0) return some;
  if (arrived.length > 1) return several.replace("#", grouped(arrived.length));
  const [before, after] = one.split("@");
  return before.replace("#", () => sender(arrived[0])) + subject(arrived[0]) + after;
}

// Notifications on the desktop

/** The span of working hours or rest at a time, or undefined. During rest nothing is shown on the desktop, in the
 * title and on the icon. The server sends spans [begin, end, words, whether notifications rest] in seconds. */
function spanOf(mark, now = Date.now() / 1000) {
  return JSON.parse(mark.dataset.spans).find(([begin, end]) => begin <= now && now < end);
}

function rests() {
  const mark = document.getElementById("rest");
  return Boolean(mark?.dataset.spans && spanOf(mark)?.[3]);
}

/** Updates the mark about rest in the bar, since a page is open for hours. */
function renewRest() {
  const mark = document.getElementById("rest");
  if (!mark?.dataset.spans) return;
  const span = spanOf(mark);
  if (mark.hidden !== !span) mark.hidden = !span;
  const words = mark.querySelector("[data-rest-words]");
  if (span && words.textContent !== span[2]) {
    words.textContent = span[2];
    words.closest("button").title = span[2];
    mark.querySelector("[name=lift]").value = span[3] ? "1" : "";
  }
  retitle();
}

const mayShow = () =>
  !rests() &&
  "notify" in place.dataset &&
  !isShared() &&
  window.Notification?.permission === "granted" &&
  !document.hasFocus();

function show(arrived, words) {
  if (arrived.length === 0 || arrived.length > MOST_SHOWN)
    return notify(words, "", "", place.dataset.inbox);
  for (const message of arrived) {
    notify(sender(message), subject(message), message.ref, `${place.dataset.inbox}${message.ref}/`);
  }
}

function notify(title, body, tag, url) {
  try {
    const shown = new Notification(title, { body, tag: tag || INBOX, icon: place.dataset.icon });
    shown.addEventListener("click", () => {
      shown.close();
      window.focus();
      // A composer must stay open.
      if (document.getElementById("message-list")) location.assign(url);
      else window.open(url);
    });
  } catch (error) {
    // Browsers on telephones have the API, but do not allow pages to use it.
    if (!(error instanceof TypeError)) throw error;
  }
}

function showPermission() {
  const region = document.querySelector("[data-notify-state]");
  if (!region || !window.Notification) return;
  const state = Notification.permission;
  region.hidden = false;
  region.querySelector("[data-notify-words]").textContent = region.dataset[state];
  region.querySelector("[data-notify-ask]").hidden = state !== "default";
}

async function askPermission() {
  if (window.Notification?.permission === "default") await Notification.requestPermission();
  showPermission();
}

export function start() {
  on("click", "[data-notify-ask]", askPermission);
  on("change", "[name=notifications]", (choice) => {
    if (choice.value === "on") askPermission();
  });
  const title = document.querySelector("title");
  setInterval(renewRest, MINUTE);
  document.addEventListener("visibilitychange", renewRest);
  // Another page of the list, or a message, sets its own title.
  const changes = { childList: true, characterData: true, subtree: true };
  if (place && title) new MutationObserver(retitle).observe(title, changes);
}

export function load(root) {
  if (place && (root === document.body || root.id === "folder-list" || root.id === "rest"))
    retitle();
  if (within(root, "[data-notify-state]").length > 0) showPermission();
}
