// @ts-check
// The modules that most pages of the mail use. Collected static files contain them all in this one file
// (webmail/serving/storage.py), so none of them may import another one later: that is the task of byNeed in main.js.

export * as ahead from "./ahead.js";
export * as asking from "./asking.js";
export * as awaited from "./awaited.js";
export * as dock from "./dock.js";
export * as dom from "./dom.js";
export * as dragging from "./dragging.js";
export * as folders from "./folders.js";
export * as idle from "./idle.js";
export * as keys from "./keys.js";
export * as list from "./list.js";
export * as local from "./local.js";
export * as menus from "./menus.js";
export * as network from "./network.js";
export * as news from "./news.js";
export * as notices from "./notices.js";
export * as panes from "./panes.js";
export * as pending from "./pending.js";
export * as place from "./place.js";
export * as push from "./push.js";
export * as rowmenu from "./rowmenu.js";
export * as scrolling from "./scrolling.js";
export * as search from "./search.js";
export * as selection from "./selection.js";
export * as session from "./session.js";
export * as snippets from "./snippets.js";
export * as splits from "./splits.js";
export * as steps from "./steps.js";
export * as viewer from "./viewer.js";
