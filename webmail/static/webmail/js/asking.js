// @ts-check
// Dialogs before an action: the target folder, the tag, or a confirmation. Folders are found while the user types.

import { bare, on, within } from "./dom.js";
import { hasLetters, isBeside, regionOf } from "./keys.js";

let opener = null;
/** @type {number | undefined} */
let telling;

const place = () => document.getElementById("ask");

function close() {
  const dialog = place()?.querySelector("dialog");
  if (!dialog) return;
  dialog.close();
}

/** The name of a folder, without its parents. */
const nameOf = (option) => option.textContent.split("›").at(-1);

/** Filters the list to folders that contain all typed words, and selects the first that begins with them, else the
 * first. */
function find(field) {
  const list = /** @type {HTMLSelectElement} */ (
    document.getElementById(field.getAttribute("aria-controls"))
  );
  list.folders ??= [...list.children].map((child) => child.cloneNode(true));
  const words = bare(field.value).split(/\s+/);
  const matches = (option) =>
    words.every((word) => bare(`${option.textContent} ${option.value}`).includes(word));
  const kept = list.folders.map((child) => {
    const copy = child.cloneNode(true);
    for (const option of copy.querySelectorAll("option")) if (!matches(option)) option.remove();
    return copy;
  });
  list.replaceChildren(
    ...kept.filter((child) =>
      child.matches("option") ? matches(child) : child.childElementCount > 0,
    ),
  );
  const begins = [...list.options].findIndex((option) =>
    bare(nameOf(option)).startsWith(bare(field.value)),
  );
  list.selectedIndex = field.value
    ? Math.max(begins, list.options.length > 0 ? 0 : -1)
    : first(list);
  field.setCustomValidity(list.options.length > 0 ? "" : list.dataset.none);
  // A screen reader says the letters first.
  clearTimeout(telling);
  telling = window.setTimeout(() => tell(field, list), 400);
}

/** Says which folder is selected meanwhile: the focus stays in the field.
 * @param {HTMLInputElement} field
 * @param {HTMLSelectElement} list
 */
function tell(field, list) {
  const said = /** @type {HTMLElement} */ (field.nextElementSibling);
  const [chosen] = list.selectedOptions;
  const words = chosen ? chosen.label.trim() : (list.dataset.none ?? "");
  if (said.textContent !== words) said.textContent = words;
}

/** With an empty field only a recently used folder is selected. */
const first = (list) => (list.hasAttribute("data-recent") ? 0 : -1);

/** In the field, arrows move the selection in the list, and Enter moves the messages to the selected folder. */
function findKey(field, event) {
  const list = /** @type {HTMLSelectElement} */ (
    document.getElementById(field.getAttribute("aria-controls"))
  );
  if (event.key === "ArrowDown" && list.options.length > 0) {
    event.preventDefault();
    list.focus();
    if (field.value || list.selectedIndex < 0)
      list.selectedIndex = Math.min(list.selectedIndex + 1, list.options.length - 1);
  }
  if (event.key === "Enter") {
    event.preventDefault();
    send(field.form);
  }
}

function send(form) {
  if (form.elements.to.selectedIndex < 0) return form.reportValidity();
  form.querySelector("[value=move]").click();
}

/** @param {HTMLDialogElement} dialog */
function show(dialog) {
  opener = document.activeElement;
  dialog.showModal();
  const finder = dialog.querySelector("[data-find-folder]");
  if (finder) {
    finder.hidden = false;
    finder.querySelector("input").focus();
    const list = dialog.querySelector("select");
    list.selectedIndex = first(list);
  }
  dialog.addEventListener("close", () => {
    place().replaceChildren();
    if (opener?.isConnected && opener.checkVisibility?.()) opener.focus();
    // The row after one that was moved may have it already.
    else if (document.activeElement === document.body)
      document.getElementById("rows")?.focus({ focusVisible: false });
  });
}

/** "?" outside fields opens the help; users who dictate can restrict keys to the list and the message (WCAG 2.1.4). */
function asksForKeys(event) {
  if (event.key !== "?" || event.defaultPrevented || !hasLetters()) return false;
  const dialog = document.getElementById("keys");
  return Boolean(regionOf(event)) || (dialog && !("listOnly" in dialog.dataset) && isBeside(event));
}

function showKeys(_control, event) {
  event?.preventDefault();
  const dialog = document.getElementById("keys");
  const kept = dialog?.querySelector("template");
  kept?.replaceWith(kept.content);
  dialog?.showModal();
  dialog?.scrollTo(0, 0); // the only button, which has the focus, is at the end
}

export function start() {
  on("click", "[data-show-keys]", showKeys);
  document.addEventListener("keydown", (event) => asksForKeys(event) && showKeys());
  on("input", "[data-find-folder] input", find);
  on("keydown", "[data-find-folder] input", findKey);
  on("dblclick", ".ask-list", (list) => send(list.form));
  on("keydown", ".ask-list", (list, event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    send(list.form);
  });
  on("click", "[data-question-close]", (link, event) => {
    if (!link.closest("dialog")) return;
    event.preventDefault();
    close();
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
    const isQuestion = detail.xhr.getResponseHeader("HX-Retarget") === "#ask";
    // An error is shown behind the dialog. Without any response the user may try again in the dialog.
    if (detail.xhr.status && !isQuestion && detail.elt.closest("[data-question]")) close();
  });
}

export function load(root) {
  const [dialog] = within(root, "[data-question]");
  if (dialog && !dialog.open) show(dialog);
}
