// The keys of the list and of the open message: single letters act only while one of them has the focus (WCAG 2.1.4).
// A control says its own keys (webmail/presentation/keys.py); here it is found by them and pressed.

import { strokeOf } from "./dom.js";
import { follow, linkFor } from "./rowmenu.js";
import { act } from "./selection.js";

// Where a letter is written, or chooses something else.
const ELSEWHERE =
  "input:not([type=checkbox]), textarea, select, [contenteditable], dialog, details[data-menu][open], [role=menu]";

const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey;

/** The list or the open message, where a key pressed in it acts; else null. */
export function regionOf(event) {
  const { target } = event;
  if (hasModifier(event) || event.isComposing || !(target instanceof Element) || target.closest(ELSEWHERE)) return null;
  return target.closest("#rows, #act-form, [data-master], #message[data-open]");
}

/** Whether a key that is pressed is neither written nor chooses something. */
export const isBeside = (event) => !hasModifier(event) && !event.isComposing && !event.target.closest?.(ELSEWHERE);

const saying = (stroke) => `[aria-keyshortcuts~="${CSS.escape(stroke)}"]`;
const find = (place, stroke) => document.querySelector(`${place} ${saying(stroke)}:not([aria-disabled])`);
const findBeside = (stroke) => document.querySelector(`:is(.side-new, #toast button)${saying(stroke)}`);

/** Beside the title arrows scroll, as everywhere. */
const isScrolling = ({ target }, stroke) => stroke.startsWith("Arrow") && target.id !== "message-title";

/** What the key presses, and the row that it is about. */
function controlOf(event, region, stroke) {
  if (region.id === "message") return isScrolling(event, stroke) ? null : find("#message", stroke);
  return find("#act-form", stroke) ?? linkFor(event.target, saying(stroke));
}

const isStep = (control) => control.matches("[data-step]");

/** A menu that a key opens is gone through from its first line. */
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
  // A key that is held down goes through the messages, and does nothing else to several.
  if (event.repeat && !isStep(control)) return;
  if (control.matches("summary")) openMenu(control.parentElement);
  else if (control.closest("#row-menu")) follow(control);
  else if (control.form?.id === "act-form") act(control, event.target.closest(".row"));
  else control.click();
}

export function start() {
  document.addEventListener("keydown", press);
}
