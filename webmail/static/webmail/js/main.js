// Starts every behaviour. Each module acts on the events of the whole document, so that what htmx swaps in
// needs no new listener; a module with something to do on new elements exports `load(root)`.

import * as asking from "./asking.js";
import * as bring from "./bring.js";
import * as canned from "./canned.js";
import * as choice from "./choice.js";
import * as compose from "./compose.js";
import * as contacts from "./contacts.js";
import * as copying from "./copying.js";
import * as countdown from "./countdown.js";
import * as dock from "./dock.js";
import * as dragging from "./dragging.js";
import * as folders from "./folders.js";
import * as frame from "./frame.js";
import * as idle from "./idle.js";
import * as list from "./list.js";
import * as local from "./local.js";
import * as menus from "./menus.js";
import * as news from "./news.js";
import * as notices from "./notices.js";
import * as panes from "./panes.js";
import * as passkey from "./passkey.js";
import * as password from "./password.js";
import * as place from "./place.js";
import * as print from "./print.js";
import * as push from "./push.js";
import * as recipients from "./recipients.js";
import * as rules from "./rules.js";
import * as search from "./search.js";
import * as selection from "./selection.js";
import * as session from "./session.js";
import * as settings from "./settings.js";
import * as signin from "./signin.js";
import * as signing from "./signing.js";
import * as snippets from "./snippets.js";
import * as viewer from "./viewer.js";

const modules = [asking, bring, canned, choice, compose, contacts, copying, countdown, dock, dragging, folders, frame, idle, list, local, menus, news, notices, panes, passkey, password, place, print, push, recipients, rules, search, selection, session, settings, signin, signing, snippets, viewer];

function load(root) {
  for (const module of modules) module.load?.(root);
}

for (const module of modules) module.start?.();
load(document.body);
document.body.addEventListener("htmx:load", (event) => {
  // htmx also reports the body itself once, which is done already.
  if (event.detail.elt !== document.body) load(event.detail.elt);
});
