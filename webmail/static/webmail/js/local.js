// @ts-check
// Copies of messages being written in this browser, until the server has them: never on a shared computer, limited in
// size, and deleted at sign-out. Each window of a draft has a copy of its own.

import { isShared } from "./dom.js";
import { answerTo, jsonOf } from "./network.js";
import * as pending from "./pending.js";

const PREFIX = "draft:";
const MOST = 20;
const MOST_LENGTH = 1_500_000;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
// A more recent copy may belong to another open window.
const LEFT_MS = 60_000;
// A later attempt may succeed: the session is over, the token is old, or the server has trouble of its own.
const TRANSIENT = new Set([401, 403, 408, 425, 429]);

/** Whether a later attempt may succeed where the server has answered with this status. */
export const isTransient = (status) => status >= 500 || TRANSIENT.has(status);

const nameOf = (who, draft, writer) => `${PREFIX}${who}:${draft}:${writer}`;

/** Storage may be forbidden or full: then there is no local copy, but the text is on the screen. */
function attempt(act) {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}

function names(prefix = PREFIX) {
  return attempt(() => Object.keys(localStorage).filter((name) => name.startsWith(prefix))) ?? [];
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

const write = (name, copy) =>
  attempt(() => localStorage.setItem(name, JSON.stringify(copy)) ?? true) === true;

/** Stores the copy of a window, and returns whether it was stored. `kept.fields` are pairs of a name and a value. */
export function put(who, draft, writer, kept) {
  if (isShared()) return false;
  const name = nameOf(who, draft, writer);
  const text = JSON.stringify({ at: Date.now(), ...kept });
  if (text.length > MOST_LENGTH) return false;
  const others = names().filter((other) => other !== name);
  if (others.length >= MOST)
    drop(others.sort((a, b) => (read(a)?.at ?? 0) - (read(b)?.at ?? 0))[0]);
  return attempt(() => localStorage.setItem(name, text) ?? true) === true;
}

/** Returns the last copy of a draft, with the name under which it is stored; null if there is none. */
export function last(who, draft) {
  const copies = names(`${PREFIX}${who}:${draft}`).map((name) => ({ ...read(name), name }));
  return copies.filter(({ fields }) => fields).sort((a, b) => b.at - a.at)[0] ?? null;
}

export const remove = (who, draft, writer) => drop(nameOf(who, draft, writer));

export function drop(name) {
  attempt(() => localStorage.removeItem(name));
}

function clear() {
  for (const name of names()) drop(name);
  pending.clear();
}

// Copies of closed windows

/** Sends text of a browser that was closed to the server when its user is back. A copy that the server refuses is
 * shown, once, and not sent again. */
async function bring(who, token) {
  for (const name of names()) {
    const kept = read(name);
    if (!kept?.fields || Date.now() - kept.at > KEPT_MS) drop(name);
    else if (isDue(who, name, kept)) await bringOne({ ...kept, name }, token);
  }
}

const draftOf = (name) => name.split(":")[2];

function isDue(who, name, kept) {
  if (!name.startsWith(`${PREFIX}${who}:`) || kept.isShown) return false;
  // The composer of a draft restores its copies itself; this page may be the error in its place.
  const isHere = location.href.includes(draftOf(name));
  return isHere ? !document.querySelector("form[data-compose]") : Date.now() - kept.at > LEFT_MS;
}

async function bringOne(kept, token) {
  const draft = draftOf(kept.name);
  const send = async (lock) => {
    if (!lock) return; // it is open in another window
    const answer = await post(`/drafts/${draft}/save/`, kept.fields, token);
    if (!answer || answer.redirected || isTransient(answer.status)) return;
    if (answer.ok) return drop(kept.name);
    show(kept, draft, token, answer.status, (await jsonOf(answer))?.words ?? "");
  };
  if (navigator.locks)
    await navigator.locks.request(`${PREFIX}${draft}`, { ifAvailable: true }, send);
  else await send(true);
}

function post(url, fields, token) {
  const body = new URLSearchParams(fields);
  body.set("csrfmiddlewaretoken", token);
  return answerTo(url, {
    method: "POST",
    body,
    headers: { "X-Requested-With": "fetch", "X-Background": "1" },
  });
}

/** Shows a copy that the server refused, with its text and the ways out. It stays for them until it is too old. */
function show(kept, draft, token, status, words) {
  const place = document.getElementById("notices");
  const template = document.getElementById("kept-here");
  if (!place || !template) return;
  const notice = template.content.cloneNode(true).firstElementChild;
  const fields = new Map(kept.fields);
  notice.querySelector("[data-kept-why]").textContent = words;
  const subject = notice.querySelector("[data-kept-subject]");
  subject.textContent = fields.get("subject") || subject.dataset.none;
  notice.querySelector("textarea").value = fields.get("body") ?? "";
  const link = notice.querySelector("[data-kept-open]");
  link.href = `/drafts/${draft}/`;
  link.hidden = status !== 409;
  notice
    .querySelector("[data-kept-again]")
    .addEventListener("click", () => writeAgain(kept, draft, token, notice));
  notice.querySelector("[data-kept-drop]").addEventListener("click", () => {
    drop(kept.name);
    notice.remove();
  });
  place.append(notice);
  const { name, ...copy } = kept;
  write(name, { ...copy, isShown: true });
}

/** Begins a new message with the content of a copy. */
async function writeAgain(kept, draft, token, notice) {
  const names = (kept.cards ?? []).map(({ id, name }) => ["had_file", `${id} ${name}`]);
  const url = await newDraft(draft, [...kept.fields, ...names], token);
  if (!url) return (notice.querySelector("[data-kept-failed]").hidden = false);
  drop(kept.name);
  location.assign(url);
}

/** Makes a new draft of what was written in one that was sent or discarded, and returns its address; null if the
 * server cannot make it now. */
export async function newDraft(draft, fields, token) {
  const answer = await post(`/drafts/${draft}/again/`, fields, token);
  return answer?.ok ? ((await jsonOf(answer))?.url ?? null) : null;
}

export function start() {
  document.addEventListener("submit", ({ target }) => {
    if (target instanceof Element && target.matches("form[action$='/logout/']")) clear();
  });
  const news = document.getElementById("news");
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (isShared()) clear();
  else if (news && token) bring(news.dataset.who, token);
}
