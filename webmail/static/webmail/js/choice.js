// @ts-check
// The question before a message is sent: a dialog in the composer's form, so that the answer is posted with the
// message. Without a script the same question is shown above the message.

import { bare, grouped, on, within } from "./dom.js";

const MANY = 12;

const boxes = (root) => [...root.querySelectorAll("[name=members]")];

/** The singular or plural of the texts in an element's data attributes, with the number. */
const counted = (words, number) =>
  number === 1 ? words.one : words.many.replace("%", grouped(number));

function count(root) {
  const place = root.querySelector("[data-choice-count]");
  if (!place) return;
  const all = boxes(root);
  const ticked = all.filter((box) => box.checked).length;
  const { one, many, offOne, offMany } = place.dataset;
  const off = all.length - ticked;
  place.textContent =
    counted({ one, many }, ticked) +
    (off ? `, ${counted({ one: offOne, many: offMany }, off)}` : "");
}

/** Adapts the label of the button to the chosen way. */
function follow(root) {
  const way = root.querySelector("[name=delivery]:checked");
  if (way) root.querySelector("[data-choice-send] span").textContent = way.dataset.sendWords;
}

function find(root, text) {
  const words = bare(text).split(/\s+/);
  const rows = [...root.querySelectorAll(".people > li")];
  for (const row of rows) row.hidden = !words.every((word) => bare(row.textContent).includes(word));
  root.querySelector("[data-choice-nobody]").hidden = rows.some((row) => !row.hidden);
}

/** Ticks all visible recipients: while the user searches for "Martin", all of that name. */
function tick(root, isTicked) {
  for (const box of boxes(root)) if (!box.closest("li").hidden) box.checked = isTicked;
  count(root);
}

const openIn = (form) =>
  form.matches("[data-compose]") && form.querySelector("dialog.sending-choice[open]");
const around = (element) => element.closest(".sending-choice");

export function start() {
  on("change", ".sending-choice [name=members]", (box) => count(around(box)));
  on("change", ".sending-choice [name=delivery]", (way) => follow(around(way)));
  on("input", "#choice-find", (field) => find(around(field), field.value));
  on("keydown", "#choice-find", (_field, event) => event.key === "Enter" && event.preventDefault());
  // Enter confirms the focused way, like the button below.
  on("keydown", "dialog.sending-choice [name=delivery]", (way, event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    around(way).querySelector("[data-choice-send]").click();
  });
  on("click", "[data-choice-all]", (button) => tick(around(button), true));
  on("click", "[data-choice-none]", (button) => tick(around(button), false));
  on("click", "dialog.sending-choice [data-choice-cancel]", (button) =>
    button.closest("dialog").close("cancel"),
  );
  // An error about an answered message is shown behind the dialog; another question replaces this one.
  document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const dialog = openIn(detail.elt);
    if (dialog) dialog.dataset.answered = "";
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
    const dialog = openIn(detail.elt);
    const asksAgain = ["#sending-choice", "#choice-preview"].includes(
      detail.xhr.getResponseHeader("HX-Retarget"),
    );
    if (dialog && "answered" in dialog.dataset && !asksAgain) dialog.close("answered");
  });
}

function show(root) {
  const tools = root.querySelector("[data-choice-tools]");
  if (tools) tools.hidden = boxes(root).length < MANY;
  follow(root);
  if (!root.matches("dialog")) return;
  const opener = document.activeElement;
  if (!root.open) root.showModal();
  // A user who presses Enter without reading goes back to the message.
  const safe = root.querySelector(".choice-doubts")
    ? "[data-choice-cancel]"
    : "[name=delivery]:checked";
  (root.querySelector(safe) ?? root.querySelector("h2")).focus();
  root.addEventListener("close", () => {
    // A user who goes back is asked again; one who has answered is not, if the message is sent once more.
    if (root.returnValue !== "answered") root.remove();
    if (opener?.isConnected) opener.focus();
  });
}

export function load(root) {
  for (const dialog of within(root, ".sending-choice")) show(dialog);
}
