// What follows from news: counters, the title, a line for screen readers, a notification on the desktop. The list
// hears of them by the event "mail:changed" on the document, whose detail is what the server told.

import { grouped, isShared, on, within } from "./dom.js";

const INBOX = "INBOX";
const MOST_SHOWN = 3;
const MINUTE = 60_000;
const NUMBER = /^\(\d+\) /;

const place = document.getElementById("news");
const last = new Map(); // by folder: what was told of it last

/** The folder whose list is on the page; "" where there is none. */
export const openFolder = () => document.getElementById("message-list")?.dataset.folder ?? "";

/** How the inbox stood when it was last told of, as who asks for what came since says it; {} before. */
export function inboxStood() {
  const { uidvalidity, uidnext } = last.get(INBOX) ?? {};
  return uidnext ? { inbox: `${uidvalidity}-${uidnext}` } : {};
}

/** `isFirst`: of all tabs this one speaks and shows, the others only change. */
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
  return keys.every((key) => before[key] === news[key]) && news.changed.length === 0 && news.gone.length === 0;
}

// A favourite stands in the list of folders twice.
const links = (folder) => document.querySelectorAll(`.folder[data-folder="${CSS.escape(folder)}"]`);
const link = (folder) => links(folder)[0];

function count(news) {
  for (const row of links(news.folder)) countIn(row, news.unseen);
}

function countIn(row, unseen) {
  row.classList.toggle("has-new", unseen > 0);
  row.querySelector(".count")?.remove();
  if (unseen === 0) return;
  const [counter, words] = [document.createElement("span"), document.createElement("span")];
  counter.className = "count";
  words.className = "sr";
  words.textContent = `${place.dataset.unread} `;
  counter.append(words, grouped(unseen));
  row.append(counter);
}

const unseenIn = (row) => Number(row?.querySelector(".count")?.lastChild.textContent.replace(/\D/g, "") ?? 0);

/** The icon of the tab has a dot while there is unread mail in the inbox. */
function mark() {
  const icon = document.querySelector("link[rel=icon][data-unread]");
  if (!icon) return;
  icon.dataset.read ??= icon.getAttribute("href");
  const isUnread = unseenIn(link(INBOX)) > 0 && !rests() && !("covered" in document.documentElement.dataset);
  const href = isUnread ? icon.dataset.unread : icon.dataset.read;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

/** "(3) Inbox": the unread of the open folder, and of the inbox where none is open, as the list of folders says:
 * the server's answers write it anew as well. */
function retitle() {
  mark();
  const row = link(openFolder() || INBOX);
  // What is covered, because the session is over, says so in the title too.
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
  // Where all arrivals are named, the others were moved here: by an undoing, say.
  const more = news.unnamed && news.uidnext > before.uidnext && news.unseen > before.unseen;
  if (arrived.length === 0 && !more) return;
  const words = wordsOf(arrived);
  // The same words again would not be read again.
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

/** Outside working hours nothing is shown on the desktop, in the title and on the icon. The server says when that is,
 * as [begin, end, words, whether notifications rest] in seconds; of now, or none. */
function spanOf(mark, now = Date.now() / 1000) {
  return JSON.parse(mark.dataset.spans).find(([begin, end]) => begin <= now && now < end);
}

function rests() {
  const mark = document.getElementById("rest");
  return Boolean(mark?.dataset.spans && spanOf(mark)?.[3]);
}

/** The mark in the bar as it is to be now: a page stands open for hours. */
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
  if (arrived.length === 0 || arrived.length > MOST_SHOWN) return notify(words, "", "", place.dataset.inbox);
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
      // What is being written stays where it is.
      if (document.getElementById("message-list")) location.assign(url);
      else window.open(url);
    });
  } catch (error) {
    // Browsers on telephones have it and let no page use it.
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
  // Another page of the list, or a message, brings a title of its own.
  if (place && title)
    new MutationObserver(retitle).observe(title, { childList: true, characterData: true, subtree: true });
}

export function load(root) {
  if (place && (root === document.body || root.id === "folder-list" || root.id === "rest")) retitle();
  if (within(root, "[data-notify-state]").length > 0) showPermission();
}
