// @ts-check
// The search field: its text, the suggestions below it, the end of a search, and the hits in a message's frame.

import { isKey, on, strokeOf, submit, within } from "./dom.js";
import { regionOf } from "./keys.js";
import { answerTo } from "./network.js";
import { reveal } from "./scrolling.js";

// Limit of searched characters in a message: marking more would block the page.
const MOST = 400_000;

let isAwaited = false; // Enter was pressed, and nothing was typed since

const field = () => document.getElementById("search-text");

/** Sets the field to the search of the list, unless the user is typing in it. */
function follow(list) {
  const input = field();
  if (input && input !== document.activeElement) input.value = list.dataset.searched ?? "";
}

/** After Enter the focus moves to the list; "/" moves it back. */
function goOn(list) {
  if (isAwaited && document.activeElement === field())
    list.querySelector("#rows")?.focus({ preventScroll: true });
  isAwaited = false;
}

/** Stops waiting for the last search. */
function giveUp() {
  isAwaited = false;
  window.htmx?.trigger("#search", "htmx:abort");
}

// Suggestions: an editable combobox with a listbox (ARIA Authoring Practices), filled by htmx. None is selected before
// an arrow key is pressed: Enter searches for the typed text.

const list = () => document.getElementById("search-suggestions");
const options = () => [...list().querySelectorAll("[role=option]")];
const active = () => list().querySelector('[aria-selected="true"]');
let isWanted = false; // whether an answer that arrives now is to be shown

function say(name, count) {
  const place = document.getElementById("search-suggested");
  place.textContent = name ? place.dataset[name].replace("#", count) : "";
}

function show() {
  const count = options().length;
  if (!isWanted || count === 0 || field() !== document.activeElement) return close();
  list().hidden = false;
  field().setAttribute("aria-expanded", "true");
  activate(null);
  say(count === 1 ? "one" : "many", count);
}

function close() {
  if (!list()) return;
  list().hidden = true;
  field().setAttribute("aria-expanded", "false");
  activate(null);
  say("");
}

function activate(option) {
  active()?.setAttribute("aria-selected", "false");
  if (!option) return field().removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  reveal(option);
  field().setAttribute("aria-activedescendant", option.id);
}

function ask() {
  isWanted = true;
  window.htmx?.trigger(field(), "suggest");
}

function leave() {
  isWanted = false;
  close();
}

function move(step) {
  const all = options();
  const at = all.indexOf(active());
  activate(all[at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length]);
}

function choose(option) {
  field().value = option.dataset.text;
  leave();
  // A saved search includes its folder.
  if (option.dataset.url) return location.assign(option.dataset.url);
  submit(field().form);
}

async function remove(option) {
  const body = new FormData();
  body.append("text", option.dataset.text);
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": token, "X-Requested-With": "fetch" };
  const answer = await answerTo(list().dataset.forget, { method: "POST", body, headers });
  if (!answer?.ok || !option.isConnected) return;
  const next = option.nextElementSibling ?? option.previousElementSibling;
  const group = option.closest("[role=group]");
  option.remove();
  if (!group.querySelector("[role=option]")) group.remove();
  if (options().length === 0) leave();
  else if (!list().hidden) activate(next?.matches("[role=option]") ? next : null);
  say("removed");
}

function pressed(_field, event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const isOpen = !list().hidden;
  const chosen = isOpen && active();
  const act = {
    ArrowDown: isOpen ? () => move(1) : ask,
    ArrowUp: isOpen && (() => move(-1)),
    Escape: isOpen && leave,
    Enter: chosen && (() => choose(chosen)),
    Delete: event.shiftKey && chosen && "recent" in chosen.dataset && (() => remove(chosen)),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

/** Removes accents and capitals and unifies apostrophes, without changing the number of letters. */
function folded(text) {
  return [...text.replace(/[’‘ʼ]/g, "'")]
    .map((letter) => {
      const bare = letter.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
      return bare.length === letter.length ? bare : letter;
    })
    .join("");
}

function textNodes(body) {
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const nodes = [];
  let letters = 0;
  while (letters < MOST && walker.nextNode()) {
    nodes.push(walker.currentNode);
    letters += walker.currentNode.length;
  }
  return nodes;
}

function rangesIn(node, words) {
  const text = folded(node.data);
  const ranges = [];
  for (const word of words) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
      const range = node.ownerDocument.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + word.length);
      ranges.push(range);
    }
  }
  return ranges;
}

/** Marks hits without changing the document of the message, by the CSS Custom Highlight API. Older browsers show
 * none. */
function markFrame(frame, words) {
  const { contentDocument, contentWindow } = frame;
  if (!contentDocument?.body || !contentWindow.Highlight || !contentWindow.CSS?.highlights) return;
  const ranges = textNodes(contentDocument.body).flatMap((node) => rangesIn(node, words));
  contentWindow.CSS.highlights.set("hit", new contentWindow.Highlight(...ranges.slice(0, 5_000)));
}

export function start() {
  on("input", "#search-text", () => {
    giveUp();
    isWanted = true;
  });
  on("keydown", "#search-text", pressed);
  on("click", "#search-text", (input) => input.value === "" && list().hidden && ask());
  on("submit", "#search", () => {
    leave();
    isAwaited = true;
  });
  on("focusout", "#search-text", leave);
  // A click on a suggestion must not take the focus, and the keyboard of a phone, from the field.
  on("mousedown", "#search-suggestions", (_list, event) => event.preventDefault());
  on("click", "#search-suggestions [role=option]", (option, event) =>
    event.target.closest("[data-x]") ? remove(option) : choose(option),
  );
  document.body.addEventListener(
    "htmx:afterSwap",
    ({ detail }) => detail.target === list() && show(),
  );
  document.addEventListener("keydown", (event) => {
    if (!isKey(strokeOf(event), "search") || !regionOf(event) || !field()?.offsetParent) return;
    event.preventDefault();
    field().select();
  });
}

function combine(input) {
  const attributes = {
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": "search-suggestions",
  };
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
}

export function load(root) {
  for (const input of within(root, "#search-text")) combine(input);
  if (root.id === "message-list") {
    follow(root);
    goOn(root);
  }
  for (const frame of within(root, "iframe[data-marks]")) {
    const words = JSON.parse(frame.dataset.marks).map(folded).filter(Boolean);
    frame.addEventListener("load", () => markFrame(frame, words));
    if (frame.contentDocument?.readyState === "complete") markFrame(frame, words);
  }
}
