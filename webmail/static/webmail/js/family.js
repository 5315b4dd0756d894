// @ts-check
// Warns while a message to one family is written if it names another pupil of the class. The server tells the names;
// the text is only compared in the browser, and is not sent for this.

import { answerTo, jsonOf } from "./network.js";
import { wordsOf } from "./recipients.js";

const MOST = 3; // the most recipients of one family, as in webmail/writing/doubts.py
const MOST_NAMED = 3;
const LONGEST = 50_000;
const PAUSE = 400;

/** The user's text: the subject, the text without quotes, and the names of files. */
function written(form) {
  const rich = form.querySelector("[data-rich]");
  const own =
    rich && !rich.hidden ? ownText(rich) : form.elements.body.value.replace(/^>.*$/gm, "");
  const files = [...form.querySelectorAll(".file-name")].map(
    (name) => name.title || name.textContent,
  );
  return [form.elements.subject.value, own, ...files].map(
    (text) => ` ${wordsOf(text.slice(0, LONGEST)).join(" ")} `,
  );
}

function ownText(rich) {
  const copy = rich.cloneNode(true);
  for (const quote of copy.querySelectorAll("blockquote")) quote.remove();
  for (const block of copy.querySelectorAll("div, p, br, li")) block.append("\n");
  return copy.textContent;
}

async function beside(url, addresses) {
  const body = new FormData();
  for (const address of addresses) body.append("address", address);
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": token, "X-Requested-With": "fetch", "X-Background": "1" };
  const answer = await answerTo(url, { method: "POST", body, headers });
  // Nobody without an answer: the server checks again before sending.
  return answer?.ok ? ((await jsonOf(answer))?.others ?? []) : [];
}

export function start(form) {
  const item = form.querySelector("[data-family]");
  if (!item) return;
  const place = item.closest("[data-checks]");
  let asked = "";
  let others = [];
  let waiting;

  function look() {
    const texts = others.length ? written(form) : [];
    const named = others.filter(({ rows }) =>
      rows.some((row) => texts.some((text) => text.includes(` ${row} `))),
    );
    const shown = named.slice(0, MOST_NAMED).map((other) => other.shown);
    const words = shown.length ? item.dataset.words.replace("@", () => shown.join(", ")) : "";
    const span = item.querySelector("span");
    if (span.textContent !== words) span.textContent = words;
    item.hidden = words === "";
    place.hidden = !place.querySelector("li:not([hidden])");
  }

  form.addEventListener("recipients:changed", async ({ detail: { outsiders } }) => {
    const family = outsiders.length <= MOST ? outsiders : [];
    const key = family.join(" ");
    if (key === asked) return;
    asked = key;
    others = [];
    const people = family.length ? await beside(item.dataset.family, family) : [];
    if (key !== asked) return;
    others = people;
    look();
  });
  for (const name of ["input", "draft:changed", "draft:saved"]) {
    form.addEventListener(name, () => {
      clearTimeout(waiting);
      if (others.length || !item.hidden) waiting = setTimeout(look, PAUSE);
    });
  }
}
