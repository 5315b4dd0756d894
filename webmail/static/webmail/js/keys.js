// @ts-check
// The keys of the list and of the open message: single letters only work while one of them has the focus (WCAG 2.1.4).
// Controls declare their own keys (webmail/presentation/keys.py); this module finds the control of a key and presses
// it.

import { strokeOf } from "./dom.js";
import { follow, linkFor } from "./rowmenu.js";
import { act } from "./selection.js";

const FIELDS = "input:not([type=checkbox]), textarea, select, [contenteditable]";
// Elements in which a letter is typed or makes a choice.
const ELSEWHERE = `${FIELDS}, dialog, details[data-menu][open], [role=menu]`;

const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey;

/** The list or the open message if the key was pressed in it, else null. */
export function regionOf(event) {
  const { target } = event;
  if (
    hasModifier(event) ||
    event.isComposing ||
    !(target instanceof Element) ||
    target.closest(ELSEWHERE)
  )
    return null;
  return target.closest("#rows, #act-form, [data-master], #message[data-open]");
}

/** Whether characters may be keys: a user can leave all of them to a screen reader or to dictation. */
export const hasLetters = () => !("noLetters" in document.body.dataset);

/** Whether the focus is where the user may be typing: an answer that arrives late must not take it from there. */
export const isTyping = () => document.activeElement.matches(`${FIELDS}, #composers *`);

/** Whether a key neither types a letter nor makes a choice. */
export const isBeside = (event) =>
  !hasModifier(event) && !event.isComposing && !event.target.closest?.(ELSEWHERE);

const saying = (stroke) => `[aria-keyshortcuts~="${CSS.escape(stroke)}"]`;
const find = (place, stroke) =>
  document.querySelector(`${place} ${saying(stroke)}:not([aria-disabled])`);
const findBeside = (stroke) =>
  document.querySelector(`:is(.side-new, #toast button)${saying(stroke)}`);

/** Arrows beside the title scroll, as in every page. */
const isScrolling = ({ target }, stroke) =>
  stroke.startsWith("Arrow") && target.id !== "message-title";

/** The control that the key presses, and the row that it concerns. */
function controlOf(event, region, stroke) {
  if (region.id === "message") return isScrolling(event, stroke) ? null : find("#message", stroke);
  return find("#act-form", stroke) ?? linkFor(event.target, saying(stroke));
}

const isStep = (control) => control.matches("[data-step]");

/** Opens a menu with the focus on its first item. */
function openMenu(menu) {
  menu.open = true;
  menu.querySelector(".menu-panel :is(a[href], button)").focus();
}

function press(event) {
  const region = event.defaultPrevented ? null : regionOf(event);
  const stroke = region && strokeOf(event);
  if (!stroke) return;
  const control = controlOf(event, region, stroke) ?? findBeside(stroke);
  if (!control) return;
  event.preventDefault();
  // A key that is held down steps through messages, but repeats no other action.
  if (event.repeat && !isStep(control)) return;
  if (control.matches("summary")) openMenu(control.parentElement);
  else if (control.closest("#row-menu")) follow(control);
  else if (/** @type {HTMLButtonElement} */ (control).form?.id === "act-form")
    act(control, event.target.closest(".row"));
  else control.click();
}

export function start() {
  document.addEventListener("keydown", press);
}
