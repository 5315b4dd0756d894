// The session ends by itself when nobody is there: said two minutes before, in every tab at once.

import { isShared } from "./dom.js";
import { askAgain } from "./session.js";

const SECOND = 1000;
const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const WARNED = 2 * MINUTE;
// The server notes activity once a minute, so it may think that the last was a minute ago.
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

/** By the clock, not by counting: a computer that slept finds its session over when it wakes. A timer holds no more
 * than 24 days, and a session that stays may have longer. */
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
  // Covered first and asked then: nobody is to read on while the answer is on its way.
  if (left() <= 0 && isShared()) cover();
  if (left() > warned()) return plan();
  if (!(await ask({ background: true }))) return;
  if (left() <= 0) return over();
  if (isCovered()) uncover();
  if (left() <= warned()) show();
  plan();
}

/** Whether the session lives; without an answer, as far as the clock tells. */
async function ask({ background }) {
  if (!background) told = Date.now();
  const headers = { "X-Requested-With": "fetch", ...(background && { "X-Background": "1" }) };
  try {
    const answer = await fetch(dialog.dataset.ask, { headers, redirect: "error" });
    if (answer.status === 401) over();
    if (!answer.ok) return answer.status !== 401;
    const { seconds } = await answer.json();
    note(seconds);
    if (!background) tabs?.postMessage(seconds);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
  }
  return true;
}

function show() {
  const seconds = Math.max(0, left());
  const clock = dialog.querySelector("[data-idle-clock]");
  clock.textContent = `${Math.floor(seconds / MINUTE)}:${String(seconds % MINUTE).padStart(2, "0")}`;
  // Heard twice at most: a voice that counts seconds lets nobody think.
  const said = dialog.querySelector("[data-idle-said]");
  const words = seconds <= 10 ? said.dataset.moment : seconds <= MINUTE ? said.dataset.minute : "";
  if (said.textContent !== words) said.textContent = words;
  if (!dialog.open) dialog.showModal();
}

function over() {
  clearTimeout(timer);
  if (dialog.open) dialog.close();
  if (isShared()) cover();
  else if (isWriting()) return;
  askAgain();
}

/** Who writes is not to type the rest of his sentence into a field for passwords: the composer says it, and waits. */
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

/** Typing is activity that the server hears nothing of: automatic saving says that nobody is there. */
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
  dialog.querySelector("[data-idle-stay]").addEventListener("click", () => ask({ background: false }));
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault(); // Escape says: I am here.
    ask({ background: false });
  });
  document.addEventListener("session:renewed", () => {
    if (isCovered()) uncover();
    note(whole - SLACK);
    tabs?.postMessage(whole - SLACK);
  });
  document.getElementById("reenter").addEventListener("close", () => {
    // Not renewed, so given up: the next person at this computer finds the sign-in page.
    if (isCovered()) location.assign(dialog.dataset.leave);
  });
}
