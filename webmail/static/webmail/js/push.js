// How a page hears of news: one stream a browser, however many tabs. One tab holds a lock, listens, and tells the
// others; six streams would use up the connections that a browser opens to one server. Where nothing can be told,
// each tab asks once a minute while somebody sees it.

import { hear, inboxStood, openFolder } from "./news.js";
import { isUnreached, reached } from "./notices.js";

const MINUTE = 60_000;
const LONGEST = 10 * MINUTE;
// A stream that was refused is tried again after so long.
const AGAIN = 5 * MINUTE;
// The tab that listens answers another at once; when none does, nobody listens.
const PATIENCE = 5_000;
// So long new mail waits to be judged before it is told.
const JUDGING = 3_000;
const INBOX = "INBOX";

const place = document.getElementById("news");
const who = place?.dataset.who;
const canListen = Boolean(place?.dataset.events && navigator.locks && window.EventSource && window.BroadcastChannel);
const tabs = canListen ? new BroadcastChannel(`news-${who}`) : null;

// Whether news are told, and of all folders or of the inbox alone.
let state = { told: canListen, everywhere: true };
let source = null; // of the tab that listens
let asking, listening, looking, unanswered;
let pause = MINUTE;
let isDue = false;
let isAnswered = false; // by the tab that listens
let telling = Promise.resolve(); // one piece of news after the other
let isOver = false; // the session is

function listen() {
  clearTimeout(listening);
  source?.close();
  source = new EventSource(`${place.dataset.events}?who=${who}`);
  source.addEventListener("up", ({ data }) => {
    lookAgain();
    become({ told: true, everywhere: JSON.parse(data).everywhere });
    tabs.postMessage({ isUp: true });
    catchUp();
  });
  source.addEventListener("down", () => become({ told: false, everywhere: false }));
  source.addEventListener("mail", ({ data }) => {
    telling = telling.finally(() => tell(JSON.parse(data)));
  });
  source.addEventListener("end", ({ data }) => leave(JSON.parse(data).why));
  source.addEventListener("error", () => {
    // The browser itself opens it again, unless it was refused.
    become({ told: false, everywhere: false });
    if (source.readyState === EventSource.CLOSED) listening = setTimeout(listen, AGAIN);
  });
}

async function tell(told) {
  const news = await judged(told);
  tabs.postMessage({ news });
  hear(news, { isFirst: true });
}

/** News without the arrivals that are set aside as adverts and junk: nobody is told of those. When that cannot be known
 * in time, all of them. */
async function judged(news) {
  if (news.folder !== INBOX || news.new.length === 0 || !("judges" in place.dataset)) return news;
  const arrived = news.new.map((message) => message.ref).join(",");
  const answer = await answered({ arrived }, JUDGING);
  if (!answer?.stayed) return news;
  const stayed = news.new.filter((message) => answer.stayed.includes(message.ref));
  const gone = news.new.length - stayed.length;
  return { ...news, new: stayed, exists: news.exists - gone, unseen: news.unseen - gone };
}

/** As long as a notice says that the server was not reached, it is asked again, less and less often. */
function lookAgain(wait = PATIENCE) {
  clearTimeout(looking);
  if (!isUnreached()) return;
  looking = setTimeout(async () => {
    if (!document.hidden) await answered({});
    lookAgain(Math.min(2 * wait, MINUTE));
  }, wait);
}

/** The server has said that it is of no use to come back at once. */
function leave(why) {
  source.close();
  become({ told: false, everywhere: false });
  if (why !== "poll") listening = setTimeout(listen, AGAIN);
}

function become(next) {
  if (next.told === state.told && next.everywhere === state.everywhere) return;
  state = next;
  tabs?.postMessage({ state });
  plan();
}

const mustAsk = () => !isOver && (!state.told || (!state.everywhere && openFolder() !== INBOX));

function plan() {
  clearTimeout(asking);
  if (mustAsk()) asking = setTimeout(ask, pause);
}

/** What became of the open folder between the making of its page and now, when news of it begin to be told; of the
 * inbox the stream itself begins with that. */
async function catchUp() {
  const folder = openFolder();
  if (!folder || folder === INBOX) return;
  const answer = await answered({ folder });
  for (const news of answer?.folders ?? []) if (news.folder !== INBOX) hear(news, { isFirst: false });
}

async function ask() {
  if (!mustAsk()) return;
  isDue = document.hidden;
  if (isDue) return;
  const answer = await answered({ folder: openFolder(), ...inboxStood() });
  isOver = answer?.status === 401;
  pause = answer?.folders ? MINUTE : longer();
  for (const news of answer?.folders ?? []) hear(news, { isFirst: true });
  plan();
}

/** `{ status, folders, stayed }`: how folders stand, where the server says so; null without an answer, or one in
 * time. */
export async function answered(more, ms = MINUTE) {
  const query = new URLSearchParams({ who, ...more });
  const headers = { "X-Requested-With": "fetch", "X-Background": "1" };
  const asked = performance.now();
  try {
    const answer = await fetch(`${place.dataset.poll}?${query}`, {
      headers,
      redirect: "error",
      signal: AbortSignal.timeout?.(ms),
    });
    if (answer.status < 500) reached(asked);
    return { status: answer.status, ...(answer.ok ? await answer.json() : {}) };
  } catch (error) {
    // Network gone (TypeError), too late, or an answer of something in between (SyntaxError).
    if (error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException) return null;
    throw error;
  }
}

const longer = () => Math.min(pause * 2, LONGEST);

/** From another tab. */
function told({ data }) {
  clearTimeout(unanswered);
  if (data.news) hear(data.news, { isFirst: false });
  if (data.state && !source) {
    state = data.state;
    plan();
  }
  if (data.isUp || (data.state && !isAnswered)) catchUp();
  isAnswered ||= Boolean(data.state);
  if (data.asked && source) tabs.postMessage({ state });
}

/** Holds the lock as long as the tab is there. */
function lead() {
  clearTimeout(unanswered);
  listen();
  return new Promise(() => {});
}

export function start() {
  if (!place) return;
  if (canListen) {
    tabs.addEventListener("message", told);
    navigator.locks.request(`news-${who}`, lead);
    tabs.postMessage({ asked: true });
    unanswered = setTimeout(() => become({ told: false, everywhere: false }), PATIENCE);
  }
  plan();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isDue) ask();
  });
  document.addEventListener("session:renewed", () => {
    isOver = false;
    if (source) listen();
    plan();
  });
  document.addEventListener("server:unreached", () => lookAgain());
  // Another folder may be one of which nothing is told.
  document.body.addEventListener("htmx:load", ({ detail }) => {
    if (detail.elt.id === "message-list") plan();
  });
}
