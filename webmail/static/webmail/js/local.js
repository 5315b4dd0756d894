// Copies of messages being written in this browser, until the server has them: never on a shared computer, limited in
// size, and deleted at sign-out.

import { isShared } from "./dom.js";

const PREFIX = "draft:";
const MOST = 20;
const MOST_LENGTH = 1_000_000;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
// A more recent copy may belong to another open window.
const LEFT_MS = 60_000;

const nameOf = (who, draft) => `${PREFIX}${who}:${draft}`;

/** Storage may be forbidden or full: then there is no local copy, but the text is on the screen. */
function attempt(act) {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}

function names() {
  return attempt(() => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) ?? [];
}

function read(name) {
  const text = attempt(() => localStorage.getItem(name));
  try {
    return text ? JSON.parse(text) : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

/** Returns whether the copy was stored. `fields` are pairs of a name and a value. */
export function put(who, draft, fields) {
  if (isShared()) return false;
  const text = JSON.stringify({ at: Date.now(), fields });
  if (text.length > MOST_LENGTH) return false;
  const others = names().filter((name) => name !== nameOf(who, draft));
  if (others.length >= MOST) remove_(others.sort((a, b) => (read(a)?.at ?? 0) - (read(b)?.at ?? 0))[0]);
  return attempt(() => localStorage.setItem(nameOf(who, draft), text) ?? true) === true;
}

export const get = (who, draft) => read(nameOf(who, draft));

export const remove = (who, draft) => remove_(nameOf(who, draft));

function remove_(name) {
  attempt(() => localStorage.removeItem(name));
}

function clear() {
  for (const name of names()) remove_(name);
}

/** Sends text of a browser that was closed to the server when its user is back. */
async function bring(who, token) {
  for (const name of names()) {
    const kept = read(name);
    const draft = name.slice(nameOf(who, "").length);
    if (!kept || Date.now() - kept.at > KEPT_MS) remove_(name);
    else if (name.startsWith(nameOf(who, "")) && Date.now() - kept.at > LEFT_MS)
      await bringOne(draft, kept, name, token);
  }
}

async function bringOne(draft, kept, name, token) {
  const send = async (lock) => {
    if (!lock) return; // it is open in another window
    const body = new URLSearchParams(kept.fields);
    body.set("csrfmiddlewaretoken", token);
    const headers = { "X-Requested-With": "fetch", "X-Background": "1" };
    const answer = await fetch(`/drafts/${draft}/save/`, { method: "POST", body, headers });
    // Otherwise the copy stays: the server may have a newer version. 404 means that the message was sent or discarded.
    if ((answer.ok && !answer.redirected) || answer.status === 404) remove_(name);
  };
  try {
    if (navigator.locks) await navigator.locks.request(`${PREFIX}${draft}`, { ifAvailable: true }, send);
    else await send(true);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

export function start() {
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[action$='/logout/']")) clear();
  });
  const news = document.getElementById("news");
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (isShared()) clear();
  else if (news && token) bring(news.dataset.who, token);
}
