// @ts-check
// When the session is over, asks for the password in place and repeats the pending requests. Users who sign in by a
// provider do so in another tab, and come back here.

import { isShared } from "./dom.js";
import { answerTo, jsonOf } from "./network.js";

const dialog = () => document.getElementById("reenter");
let waiting = [];

function renewToken(token) {
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
}

function repeat({ verb, path, elt, target, formData }, token) {
  if (!elt.isConnected) return;
  if (formData.has("csrfmiddlewaretoken")) formData.set("csrfmiddlewaretoken", token);
  htmx.ajax(verb, path, { source: elt, target, values: formData });
}

/** Remembers a request to repeat; one that a page makes every few seconds is repeated once. */
function keep(request) {
  const isSame = ({ elt, verb, path }) =>
    elt === request.elt && verb === request.verb && path === request.path;
  waiting = [...waiting.filter((other) => !isSame(other)), request];
}

function say(text) {
  const place = document.getElementById("reenter-error");
  place.textContent = text;
  place.hidden = !text;
}

const FETCH = { "X-Requested-With": "fetch" };

/** The response to the form. If cookies were deleted meanwhile, the one for the page's token is gone too, and the
 * response is that of an error page: the form is sent again with a new token. */
async function answerOf(form) {
  const ask = () => answerTo(form.action, { headers: FETCH });
  const post = () =>
    answerTo(form.action, { method: "POST", body: new FormData(form), headers: FETCH });
  if (!form.elements.password) return ask();
  const answer = await post();
  if (answer?.status !== 403 || answer.headers.get("Content-Type")?.includes("json")) return answer;
  const told = await jsonOf(await ask());
  if (!told) return null;
  renewToken(told.csrf);
  return post();
}

async function send(form) {
  const button = form.querySelector("[type=submit]");
  button.setAttribute("aria-busy", "true");
  const told = await jsonOf(await answerOf(form));
  button.removeAttribute("aria-busy");
  const { password } = form.elements;
  if (password) password.value = "";
  password?.focus();
  // Without an answer it is no error of the password.
  if (!told) say(document.getElementById("reenter-error").dataset.unreachable);
  else if (told.location) location.assign(told.location);
  else if (told.errors) say(told.errors.join(" "));
  else goOn(told.csrf);
}

function goOn(token) {
  renewToken(token);
  document.dispatchEvent(new CustomEvent("session:renewed"));
  dialog().close();
  const requests = waiting;
  waiting = [];
  for (const request of requests) repeat(request, token);
}

/** Asks for the password in place, unless the dialog is open. */
export function askAgain() {
  const asked = dialog();
  if (asked.open) return;
  say("");
  asked.showModal();
  asked.querySelector("[name=password], a").focus();
}

export function start() {
  const asked = dialog();
  document.body.addEventListener("htmx:responseError", ({ detail }) => {
    if (detail.xhr.status !== 401) return;
    if (!asked) return location.reload();
    keep(detail.requestConfig);
    askAgain();
  });
  asked?.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target);
  });
  asked?.querySelector("[value=cancel]").addEventListener("click", () => asked.close());
  for (const noted of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"])
    document.body.addEventListener(noted, load);
  // Requests that the user gave up must not be repeated after a later sign-in.
  asked?.addEventListener("close", () => (waiting = []));
}

/** Deletes the address that htmx stores for its own history, which is switched off. */
export function load() {
  if (isShared()) sessionStorage.clear();
}
