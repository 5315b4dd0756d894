// The search field: what it says, when a search is given up, and the hits in a message's frame.

import { on, within } from "./dom.js";

// Letters of a message that are looked through: beyond, marking would hold the page up.
const MOST = 400_000;

let isAwaited = false; // Enter was pressed, and nothing typed since

const field = () => document.getElementById("search-text");

/** The field says what the list beside it shows, unless somebody is writing in it. */
function follow(list) {
  const input = field();
  if (input && input !== document.activeElement) input.value = list.dataset.searched ?? "";
}

/** Whoever pressed Enter goes on in the list; "/" leads back. */
function goOn(list) {
  if (isAwaited && document.activeElement === field()) list.querySelector("#rows")?.focus({ preventScroll: true });
  isAwaited = false;
}

/** Nobody waits any more for what was asked before. */
function giveUp() {
  isAwaited = false;
  window.htmx?.trigger("#search", "htmx:abort");
}

/** Accents and capitals away, each letter in its place. */
function folded(text) {
  return [...text].map((letter) => {
    const bare = letter.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return bare.length === letter.length ? bare : letter;
  }).join("");
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

/** Marks without touching the document of the mail: it is laid over its words. Older browsers show none. */
function markFrame(frame, words) {
  const { contentDocument, contentWindow } = frame;
  if (!contentDocument?.body || !contentWindow.Highlight || !contentWindow.CSS?.highlights) return;
  const ranges = textNodes(contentDocument.body).flatMap((node) => rangesIn(node, words));
  contentWindow.CSS.highlights.set("hit", new contentWindow.Highlight(...ranges.slice(0, 5_000)));
}

export function start() {
  on("input", "#search-text", giveUp);
  on("submit", "#search", () => (isAwaited = true));
  on("keydown", "#rows", (_region, event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !field()?.offsetParent) return;
    event.preventDefault();
    field().select();
  });
}

export function load(root) {
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
