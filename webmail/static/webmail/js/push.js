// @ts-check
// Receives news by one stream for each browser, however many tabs are open. One tab holds a lock, listens, and tells
// the others, since six streams would use up the connections that a browser opens to one server. Without a stream, each
// visible tab polls once a minute.

import { hear, inboxStood, openFolder } from "./news.js";
import { answerTo, jsonOf } from "./network.js";
import { isUnreached, reached } from "./notices.js";

const MINUTE = 60_000;
const LONGEST = 10 * MINUTE;
// The pause before a refused stream is tried again.
const AGAIN = 5 * MINUTE;
// The listening tab answers another tab at once; without an answer there is none.
const PATIENCE = 5_000;
// How long new mail waits to be judged before it is announced.
const JUDGING = 3_000;
const INBOX = "INBOX";

const place = document.getElementById("news");
const who = place?.dataset.who;
const canListen = Boolean(
  place?.dataset.events && navigator.locks && window.EventSource && window.BroadcastChannel,
);
const tabs = canListen ? new BroadcastChannel(`news-${who}`) : null;

// Whether news arrive by stream, and for all folders or the inbox alone.
let state = { told: canListen, everywhere: true };
let source = null; // of the listening tab
let asking, listening, looking, unanswered;
let pause = MINUTE;
let isDue = false;
let isAnswered = false; // by the listening tab
let telling = Promise.resolve(); // one piece of news after the other
let isOver = false; // the session is over

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
    // The browser reopens the stream itself, unless it was refused.
    become({ told: false, everywhere: false });
    if (source.readyState === EventSource.CLOSED) listening = setTimeout(listen, AGAIN);
  });
}

async function tell(told) {
  const news = await judged(told);
  tabs.postMessage({ news });
  hear(news, { isFirst: true });
}

/** Returns news without arrivals that are set aside as adverts and junk, which are not announced. If that takes too
 * long, it returns all. */
async function judged(news) {
  if (news.folder !== INBOX || news.new.length === 0 || !("judges" in place.dataset)) return news;
  const arrived = news.new.map((message) => message.ref).join(",");
  const answer = await answered({ arrived }, JUDGING);
  if (!answer?.stayed) return news;
  const stayed = news.new.filter((message) => answer.stayed.includes(message.ref));
  const gone = news.new.length - stayed.length;
  return { ...news, new: stayed, exists: news.exists - gone, unseen: news.unseen - gone };
}

/** Repeats a request, with growing pauses, while a notice says that the server was not reached. */
function lookAgain(wait = PATIENCE) {
  clearTimeout(looking);
  if (!isUnreached()) return;
  looking = setTimeout(async () => {
    if (!document.hidden) await answered({});
    lookAgain(Math.min(2 * wait, MINUTE));
  }, wait);
}

/** Stops listening, since the server has said that coming back soon is of no use. */
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

/** Requests the changes of the open folder between the rendering of its page and the start of the stream; for the
 * inbox the stream itself begins with them. */
async function catchUp() {
  const folder = openFolder();
  if (!folder || folder === INBOX) return;
  const answer = await answered({ folder });
  for (const news of answer?.folders ?? [])
    if (news.folder !== INBOX) hear(news, { isFirst: false });
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

/** `{ status, folders, stayed }`: the state of folders, where the server tells it; null without a response in time. */
export async function answered(more, ms = MINUTE) {
  const query = new URLSearchParams({ who, ...more });
  const headers = { "X-Requested-With": "fetch", "X-Background": "1" };
  const asked = performance.now();
  const answer = await answerTo(
    `${place.dataset.poll}?${query}`,
    { headers, redirect: "error" },
    ms,
  );
  if (answer?.status < 500) reached(asked);
  if (!answer?.ok) return answer && { status: answer.status };
  const told = await jsonOf(answer);
  return told && { status: answer.status, ...told };
}

const longer = () => Math.min(pause * 2, LONGEST);

/** Handles a message of another tab. */
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

/** Holds the lock as long as the tab is open. */
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
  // The new folder may be one without news.
  document.body.addEventListener("htmx:load", ({ detail }) => {
    if (detail.elt.id === "message-list") plan();
  });
}
