// @ts-check
// Ends the session of an inactive user, with a warning two minutes before in every tab.

import { isShared } from "./dom.js";
import { answerTo, jsonOf } from "./network.js";
import { askAgain } from "./session.js";

const SECOND = 1000;
const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const WARNED = 2 * MINUTE;
// The server records activity once a minute, so its time may be a minute behind.
const SLACK = MINUTE;

let dialog, whole, ends, timer, title;
let told = Date.now();
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;

const left = () => Math.ceil((ends - Date.now()) / SECOND);
const warned = () => Math.min(WARNED, whole / 2);

function note(seconds) {
  ends = Date.now() + seconds * SECOND;
  if (dialog.open && left() > warned()) dialog.close();
  plan();
}

/** Plans the next step by the clock, not by counting, so that a computer finds its session over after it was asleep.
 * A timer lasts 24 days at most, and some sessions are longer. */
function plan() {
  clearTimeout(timer);
  const seconds = Math.min(DAY, Math.max(1, left() - warned()));
  timer = setTimeout(check, dialog.open ? SECOND : seconds * SECOND);
}

async function check() {
  if (isCovered()) return;
  if (dialog.open && left() > 0) {
    show();
    return plan();
  }
  // Covers the page before asking, so that nobody can read it meanwhile.
  if (left() <= 0 && isShared()) cover();
  if (left() > warned()) return plan();
  if (!(await ask({ background: true }))) return;
  if (left() <= 0) return over();
  if (isCovered()) uncover();
  if (left() <= warned()) show();
  plan();
}

/** Whether the session is alive; without a response the clock decides. */
async function ask({ background }) {
  if (!background) told = Date.now();
  const headers = { "X-Requested-With": "fetch", ...(background && { "X-Background": "1" }) };
  const answer = await answerTo(dialog.dataset.ask, { headers, redirect: "error" });
  if (answer?.status === 401) over();
  const said = answer?.ok ? await jsonOf(answer) : null;
  if (said) note(said.seconds);
  if (said && !background) tabs?.postMessage(said.seconds);
  return answer?.status !== 401;
}

function show() {
  const seconds = Math.max(0, left());
  const clock = dialog.querySelector("[data-idle-clock]");
  clock.textContent = `${Math.floor(seconds / MINUTE)}:${String(seconds % MINUTE).padStart(2, "0")}`;
  // Announced twice at most: a continuous countdown would disturb users of screen readers.
  const status = dialog.querySelector("[data-idle-said]");
  const words =
    seconds <= 10 ? status.dataset.moment : seconds <= MINUTE ? status.dataset.minute : "";
  if (status.textContent !== words) status.textContent = words;
  if (!dialog.open) dialog.showModal();
}

function over() {
  clearTimeout(timer);
  if (dialog.open) dialog.close();
  if (isShared()) cover();
  else if (isWriting()) return;
  askAgain();
}

/** Whether the user is writing: the dialog must not take the keys that are meant for the text. The composer shows
 * the warning itself. */
function isWriting() {
  const composer = document.querySelector("[data-compose][data-save-url]");
  composer?.dispatchEvent(new CustomEvent("session:over"));
  return Boolean(composer) || Boolean(document.activeElement?.closest("#composers"));
}

const isCovered = () => "covered" in document.documentElement.dataset;

function cover() {
  if (isCovered()) return;
  document.documentElement.dataset.covered = "";
  title = document.title;
  document.title = document.getElementById("reenter-title").textContent;
}

function uncover() {
  delete document.documentElement.dataset.covered;
  document.title = title;
}

/** Tells the server of activity by typing, of which it knows nothing: automatic saving does not count as activity. */
function isThere() {
  if (dialog.open || isCovered() || Date.now() - told < warned() * SECOND) return;
  ask({ background: false });
}

export function start() {
  dialog = document.getElementById("idle");
  if (!dialog) return;
  whole = Number(dialog.dataset.seconds);
  note(Math.max(whole - SLACK, whole / 2));
  for (const name of ["keydown", "pointerdown", "input"]) {
    document.addEventListener(name, isThere, { capture: true, passive: true });
  }
  for (const name of ["pageshow", "focus"]) addEventListener(name, check);
  document.addEventListener("visibilitychange", () => document.hidden || check());
  if (tabs) tabs.onmessage = ({ data }) => (isCovered() ? location.reload() : note(data));
  dialog
    .querySelector("[data-idle-stay]")
    .addEventListener("click", () => ask({ background: false }));
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault(); // Escape means that the user is there.
    ask({ background: false });
  });
  document.addEventListener("session:renewed", () => {
    if (isCovered()) uncover();
    note(whole - SLACK);
    tabs?.postMessage(whole - SLACK);
  });
  document.getElementById("reenter").addEventListener("close", () => {
    // The session was not renewed: the next user of this computer finds the sign-in page.
    if (isCovered()) location.assign(dialog.dataset.leave);
  });
}
