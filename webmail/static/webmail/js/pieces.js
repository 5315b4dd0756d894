// @ts-check
// Uploads a large file of messages in pieces, so that a lost connection costs only one of them.

import { on } from "./dom.js";

const TRIES = 5;
const PAUSE = 2000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends a form without its file; the response redirects to the page of the job. */
async function begun(form, file) {
  const body = new FormData(form);
  body.delete("file");
  body.set("name", file.name);
  body.set("size", file.size);
  const answer = await fetch(form.action, {
    method: "POST",
    body,
    headers: { "X-Requested-With": "fetch" },
  });
  if (!answer.ok || !answer.redirected) throw new Error("refused");
  return answer.url;
}

async function sent(url, form, file, at) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.set("at", at);
  body.set("piece", file.slice(at, at + Number(form.dataset.pieces)), "piece");
  const answer = await fetch(`${url}piece/`, {
    method: "POST",
    body,
    headers: { "X-Requested-With": "fetch" },
  });
  if (!answer.ok) throw new Error("refused");
  return answer.json();
}

/** Uploads the pieces. The server tells at which byte the next one begins, also after one that it already had. */
async function bring(form, file) {
  const url = await begun(form, file);
  const bar = form.querySelector("progress");
  bar.hidden = false;
  let at = 0;
  let tries = 0;
  while (at < file.size) {
    try {
      ({ at } = await sent(url, form, file, at));
      tries = 0;
    } catch (error) {
      tries += 1;
      if (tries >= TRIES) throw error;
      await pause(PAUSE * tries);
    }
    bar.value = (100 * at) / file.size;
  }
  location.assign(url);
}

async function send(form, event) {
  const file = form.elements.file.files[0];
  if (!file || file.size <= Number(form.dataset.pieces)) return;
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  if (button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    await bring(form, file);
  } catch {
    form.querySelector("[role=status]").textContent = form.dataset.failed;
    button.removeAttribute("aria-busy");
  }
}

export function start() {
  on("submit", "[data-pieces]", send);
}
