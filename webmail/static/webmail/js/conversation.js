// @ts-check
// The conversation of the open message, after one of its messages was removed or returned.

import { fetched } from "./place.js";

const reader = () => document.querySelector("#message[data-open]");

/** Puts a card before the one that follows it, or at the end of its part: above the open message or below. */
function place(card, article) {
  const [before, after] = [article.previousElementSibling, article.nextElementSibling];
  const isAbove = Boolean(
    card.compareDocumentPosition(card.ownerDocument.querySelector("article.message")) &
      Node.DOCUMENT_POSITION_FOLLOWING,
  );
  let part = isAbove ? before : after;
  if (!part?.matches("ol.conversation")) {
    part = card.parentElement.cloneNode(false);
    article[isAbove ? "before" : "after"](part);
  }
  const next = card.nextElementSibling && document.getElementById(card.nextElementSibling.id);
  const shown = document.importNode(card, true);
  part.insertBefore(shown, next?.parentElement === part ? next : null);
  window.htmx.process(shown);
}

/** Loads the heading and missing cards from the server; other cards stay as they are, also open ones. */
async function renew() {
  const { open } = reader().dataset;
  const page = await fetched(location.href);
  const shown = reader()?.querySelector(".conversation-head");
  if (!page || !shown || reader().dataset.open !== open) return;
  const head = page.querySelector(".conversation-head");
  if (!head) return shown.remove();
  const renewed = document.importNode(head, true);
  shown.replaceWith(renewed);
  window.htmx.process(renewed);
  const cards = [...page.querySelectorAll("ol.conversation > li")].reverse();
  for (const card of cards) {
    const same = document.getElementById(card.id);
    if (!same) place(card, reader().querySelector("article.message"));
    else if (card.matches(".run"))
      same.querySelector("summary").textContent = card.querySelector("summary").textContent;
  }
}

export function start() {
  document.addEventListener("mail:acted", ({ detail }) => {
    if (detail.changesConversation && reader()?.querySelector(".conversation-head")) renew();
  });
}
