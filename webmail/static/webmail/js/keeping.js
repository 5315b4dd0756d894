// Keeps a message while it is written: in this browser at each pause, on the server a moment later, and in the folder
// Drafts when the user pauses longer. Nothing here takes the focus.

import * as local from "./local.js";
import { askAgain } from "./session.js";

const PAUSE_MS = 1500;
const LATEST_MS = 5000;
const REST_MS = 60_000;
const PATIENCE_MS = 20_000;
const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 60_000;
// A browser limits what a page can send while it closes.
const MOST_AT_THE_END = 60_000;
const UNKEPT = new Set(["do", "over", "key", "password", "login", "csrfmiddlewaretoken"]);
const RESTORED = new Set(["to", "cc", "bcc", "reply_to", "subject", "html", "body", "format", "identity", "priority"]);

class Keeper {
  constructor(form) {
    this.form = form;
    this.words = document.getElementById("keeping").dataset;
    this.status = form.querySelector("[data-saved]");
    this.draft = form.elements.draft.value;
    this.writer = crypto.randomUUID();
    this.isDirty = false;
    this.isStopped = false; // another window has the draft, or it no longer exists
    this.other = null; // the revision that another window made
    this.isSending = false;
    this.retryMs = FIRST_RETRY_MS;
    this.changes = 0;
  }

  begin() {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "writer", value: this.writer });
    this.form.append(field);
    this.restore();
    for (const name of ["input", "change", "draft:changed"]) this.form.addEventListener(name, () => this.changed());
    this.form.addEventListener("click", (event) => this.pressed(event), { capture: true });
    this.form.addEventListener("session:over", () => this.sessionOver());
    document.addEventListener("session:renewed", () => {
      this.hideBanner();
      if (this.isDirty) this.save();
    });
    window.addEventListener("online", () => this.isDirty && this.save());
    window.addEventListener("pagehide", () => this.last());
    this.listenToSending();
    this.listenToOthers();
    // While this page is open, no other page sends the local copy of this draft.
    navigator.locks?.request(`draft:${this.draft}`, () => new Promise(() => {}));
  }

  // The content

  fields() {
    const all = [...new FormData(this.form)].filter(([, value]) => typeof value === "string");
    return all.filter(([name]) => !UNKEPT.has(name));
  }

  body(act, isOver) {
    const body = new URLSearchParams(this.fields());
    body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    body.set("do", act);
    if (isOver) body.set("over", "1");
    return body;
  }

  /** Restores text of this browser that the server did not get, unless it belongs to another revision than the page. */
  restore() {
    const kept = local.get(this.words.who, this.draft);
    if (!kept) return;
    const fields = new Map(kept.fields);
    if (fields.get("revision") !== this.form.elements.revision.value) return;
    for (const [name, value] of fields) {
      if (!RESTORED.has(name) || !this.form.elements[name]) continue;
      if (name === "format") this.form.elements.format.dataset.begun = value;
      else this.form.elements[name].value = value;
    }
    this.say(this.words.found);
    queueMicrotask(() => this.changed());
  }

  // The times

  changed() {
    if (this.isStopped) return;
    this.changes += 1;
    if (!this.isDirty) {
      this.isDirty = true;
      this.latest = setTimeout(() => this.save(), LATEST_MS);
    }
    clearTimeout(this.pause);
    clearTimeout(this.rest);
    this.pause = setTimeout(() => this.save(), PAUSE_MS);
  }

  /** Saves now, or after the current request. Returns whether the server has saved it. */
  async save(act = "", isOver = false) {
    if (this.isStopped && !isOver) return false;
    if (this.isSending) return false;
    if (this.running) {
      this.again = { act: act || this.again?.act || "", isOver };
      return this.running;
    }
    for (const timer of [this.pause, this.latest, this.retry]) clearTimeout(timer);
    const changes = this.changes;
    if (this.isDirty) this.isHere = local.put(this.words.who, this.draft, this.fields());
    this.running = this.post(act, isOver, changes);
    const isSaved = await this.running;
    this.running = null;
    if (this.again) {
      const { act: next, isOver: nextOver } = this.again;
      this.again = null;
      return this.save(next, nextOver);
    }
    return isSaved;
  }

  async post(act, isOver, changes) {
    let answer;
    try {
      answer = await fetch(this.form.dataset.saveUrl, {
        method: "POST",
        body: this.body(act, isOver),
        // Typing is activity, and js/idle.js reports it; automatic saving alone is none.
        headers: { "X-Requested-With": "fetch", ...(!act && { "X-Background": "1" }) },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.status === 401 || answer.redirected) return this.sessionOver();
      if (answer.status === 204) return this.sent();
      const told = await answer.json();
      if (answer.ok) return this.saved(told, act, changes);
      if (answer.status === 409) return this.contradicted(told.revision);
      return this.refused(answer.status, told.words);
    } catch (error) {
      // The network or the server is down, or a proxy responds in its place.
      if (!(error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException)) throw error;
      return this.later();
    }
  }

  saved(told, act, changes) {
    this.form.elements.revision.value = told.revision;
    this.form.dataset.revision = told.revision;
    this.retryMs = FIRST_RETRY_MS;
    this.hideBanner();
    this.say(told.saved, told.revision > 0);
    if (told.revision > 0) {
      this.channel.postMessage({ draft: this.draft, writer: this.writer, revision: told.revision });
      this.nameAddress();
    }
    if (changes === this.changes) {
      this.isDirty = false;
      local.remove(this.words.who, this.draft);
      this.form.dispatchEvent(new CustomEvent("draft:saved", { detail: told }));
      if (act !== "save" && told.revision > 0 && !told.copied) this.rest = setTimeout(() => this.save("save"), REST_MS);
    } else {
      this.isDirty = false;
      this.changes -= 1;
      this.changed();
    }
    return true;
  }

  /** The message was sent during the request, so there is nothing to save. */
  sent() {
    this.isStopped = true;
    this.isDirty = false;
    local.remove(this.words.who, this.draft);
    if (!this.isSending) this.say(this.words.sent);
    return false;
  }

  /** Changes the address of the page, so that a reload opens the draft. */
  nameAddress() {
    const url = new URL(this.form.dataset.draftUrl, location.href);
    if (url.pathname === location.pathname) return;
    if (this.form.dataset.frame) url.searchParams.set("frame", this.form.dataset.frame);
    history.replaceState(history.state, "", url);
  }

  later() {
    this.say(this.isHere ? this.words.offline : this.words.waiting);
    this.retry = setTimeout(() => this.save(), this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
    return false;
  }

  sessionOver() {
    // The banner below explains it, with a button.
    this.say(this.words.session);
    if (this.banner?.querySelector("[data-again]")) return false;
    this.showBanner("session").querySelector("[data-again]").addEventListener("click", askAgain);
    return false;
  }

  refused(status, words) {
    this.say(words);
    if (status === 404) this.isStopped = true;
    else if (status >= 500) return this.later();
    return false;
  }

  // Two windows

  listenToOthers() {
    this.channel = new BroadcastChannel("drafts");
    this.channel.addEventListener("message", ({ data }) => {
      if (data.draft === this.draft && data.writer !== this.writer) this.contradicted(data.revision);
    });
  }

  contradicted(revision) {
    this.isStopped = true;
    this.other = revision;
    this.say("");
    const banner = this.showBanner("conflict");
    banner.querySelector("[data-other]").href = this.words.versions.replace("/0/", `/${revision}/`);
    banner.querySelector("[data-mine]").addEventListener("click", () => {
      this.form.elements.revision.value = revision;
      this.isStopped = false;
      this.other = null;
      this.isDirty = true;
      this.save("", true);
    });
    return false;
  }

  /** Asks again which version to keep, if the response to sending replaced the question or was the first to tell of
   * it. */
  askWhich() {
    if (this.other) this.contradicted(this.other);
    else this.save();
  }

  // Messages

  say(text, isKept = false) {
    if (!this.status || this.status.textContent.trim() === text) return;
    const icon = isKept ? [document.getElementById("kept-icon").content.cloneNode(true)] : [];
    this.status.replaceChildren(...icon, text);
  }

  showBanner(name) {
    this.hideBanner();
    this.banner = document.getElementById(`keeping-${name}`).content.cloneNode(true).firstElementChild;
    document.getElementById("notices").append(this.banner);
    return this.banner;
  }

  hideBanner() {
    this.banner?.remove();
    this.banner = null;
  }

  // Sending and leaving

  pressed(event) {
    const button = event.target.closest("[data-save]");
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    this.save("save");
  }

  listenToSending() {
    const isOurs = (event) => event.detail.elt === this.form;
    this.form.addEventListener("htmx:beforeRequest", (event) => {
      if (!isOurs(event)) return;
      this.isSending = true;
      for (const timer of [this.pause, this.latest, this.rest, this.retry]) clearTimeout(timer);
      if (this.isDirty) this.isHere = local.put(this.words.who, this.draft, this.fields());
    });
    this.form.addEventListener("htmx:afterRequest", (event) => {
      if (!isOurs(event)) return;
      this.isSending = false;
      // htmx does not count responses as successful that another listener follows (js/compose.js).
      if (event.detail.xhr.status < 300 && event.detail.xhr.getResponseHeader("HX-Redirect")) {
        this.isStopped = true;
        this.isDirty = false;
        local.remove(this.words.who, this.draft);
      } else if (event.detail.xhr.status === 409) this.askWhich();
      else if (this.isDirty) this.changed();
    });
  }

  /** Sends the last changes while the page closes, without waiting for a response. */
  last() {
    if (!this.isDirty || this.isStopped || this.isSending || "left" in this.form.dataset) return;
    this.isHere = local.put(this.words.who, this.draft, this.fields());
    const body = this.body("", false);
    if (body.toString().length > MOST_AT_THE_END) return;
    fetch(this.form.dataset.saveUrl, {
      method: "POST",
      body,
      keepalive: true,
      headers: { "X-Requested-With": "fetch" },
    }).catch(() => {});
  }
}

/** Starts before the editor, since the text may come from this browser and not from the page. */
export function start(form) {
  if (!form.dataset.saveUrl || !document.getElementById("keeping")) return null;
  const keeper = new Keeper(form);
  keeper.begin();
  return keeper;
}

