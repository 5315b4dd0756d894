// @ts-check
// Saves the message being written as a canned answer, from the menu of the composer, which js/compose.js fills.

import { on } from "./dom.js";
import { answerTo, partOf } from "./network.js";

/** Shows an error where there is no response: no network, or the user is signed out. */
function fail(place) {
  const words = place.querySelector("[data-canned-failed]");
  words.textContent = words.dataset.words;
}

/** Shows the menu with the result: saved, or the error. */
async function keep(place) {
  place.querySelector("[data-canned-failed]").textContent = "";
  const form = place.closest("[data-compose]");
  const list = place.closest("[data-canned-list]");
  const written = new FormData(form);
  const body = new FormData();
  body.append("name", place.querySelector("[data-canned-name]").value);
  if (written.get("format") === "html") body.append("html", written.get("html"));
  else body.append("text", written.get("body") ?? "");
  const headers = {
    "X-Requested-With": "fetch",
    "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
  };
  const answer = await answerTo(place.dataset.cannedKeep, { method: "POST", body, headers });
  const page = answer?.ok || answer?.status === 422 ? await partOf(answer) : null;
  if (!page) return fail(place);
  list.replaceChildren(...page.body.childNodes);
  list.querySelector("[data-canned-name]").focus();
}

export function start() {
  on("click", "[data-canned-save]", (button) => keep(button.closest("[data-canned-keep]")));
  on("keydown", "[data-canned-name]", (field, event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    keep(field.closest("[data-canned-keep]"));
  });
}
