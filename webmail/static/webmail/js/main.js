// @ts-check
// Starts all modules. Each handles events of the whole document, so that content swapped by htmx needs no new
// listeners; a module that prepares new elements exports `load(root)`. Modules for most pages of the mail are loaded at
// once; the others when their elements appear.

import * as common from "./common.js";
import { within } from "./dom.js";

/** @type {Module[]} */
const modules = Object.values(/** @type {Record<string, object>} */ (common));
const byNeed = [
  { marks: "[data-bring]", bring: () => import("./bring.js") },
  { marks: "[data-canned]", bring: () => import("./canned.js") },
  { marks: ".sending-choice", bring: () => import("./choice.js") },
  { marks: "form[data-compose]", bring: () => import("./compose.js") },
  { marks: "#contact, [data-more]", bring: () => import("./contacts.js") },
  { marks: "[data-copy]", bring: () => import("./copying.js") },
  { marks: "[data-seconds-left]", bring: () => import("./countdown.js") },
  { marks: "iframe[data-frame]", bring: () => import("./frame.js") },
  { marks: "[data-passkey], [data-passkey-none]", bring: () => import("./passkey.js") },
  { marks: "[data-pdf]", bring: () => import("./pdf.js") },
  { marks: "[data-password-form], [data-use-phrase]", bring: () => import("./password.js") },
  { marks: "[data-pieces]", bring: () => import("./pieces.js") },
  { marks: "a[data-print]", bring: () => import("./print.js") },
  { marks: "[data-complete]", bring: () => import("./recipients.js") },
  { marks: "[data-rules], [data-absence]", bring: () => import("./rules.js") },
  { marks: ".conversation-head", bring: () => import("./conversation.js") },
  { marks: ".tabs", bring: () => import("./settings.js") },
  {
    marks: "[data-reveal], [data-sign-in], [data-keep-nothing]",
    bring: () => import("./signin.js"),
  },
  { marks: "form[data-signature]", bring: () => import("./signature.js") },
  { marks: "select[name=identity]", bring: () => import("./signing.js") },
  { marks: "[data-zoomable]", bring: () => import("./zooming.js") },
];

async function begin(need, root) {
  need.module ??= need.bring().then((module) => {
    module.start?.();
    return module;
  });
  (await need.module).load?.(root);
}

function load(root) {
  for (const module of modules) module.load?.(root);
  for (const need of byNeed) if (within(root, need.marks).length > 0) begin(need, root);
}

function beginAll() {
  if (!CSS.supports("selector(:has(a))")) import("./having.js").then((having) => having.start());
  for (const module of modules) module.start?.();
  load(document.body);
  document.body.addEventListener("htmx:load", (event) => {
    // htmx also fires this once for the body, which is prepared already.
    if (event.detail.elt !== document.body) load(event.detail.elt);
  });
}

/** Shows what a browser without scripts shows. */
function beWithoutScripts() {
  document.body.setAttribute("hx-disable", "");
  for (const plain of document.querySelectorAll("head > noscript"))
    plain.outerHTML = plain.textContent;
}

// Browsers older than those of README.md get the pages as they are without scripts. A line that css/base.css shows by
// the same test tells their users.
if (CSS.supports("accent-color", "auto") && "at" in Array.prototype) beginAll();
else beWithoutScripts();
