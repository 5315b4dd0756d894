// @ts-check
// Keeps a message while it is written: in this browser as it is typed, on the server at each pause, and in the folder
// Drafts when the user pauses longer. Nothing here takes the focus, except the question which of two contents to keep.

import * as local from "./local.js";
import { answerTo, jsonOf, pageOf } from "./network.js";
import { reached } from "./notices.js";
import * as recovery from "./recovery.js";
import { askAgain } from "./session.js";

// The browser's own copy: reading a long text takes time, of which this may take a tenth.
const KEEP_MS = 150;
const SHARE = 10;
// How long a window that was closed or reloaded may still hold its draft.
const RELEASE_MS = 3000;

const PAUSE_MS = 1500;
const LATEST_MS = 5000;
const REST_MS = 60_000;
const PATIENCE_MS = 20_000;
const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 60_000;
// A browser limits what a page can send while it closes.
const MOST_AT_THE_END = 60_000;
// After these the draft is no longer written.
const ENDS = new Set(["send", "schedule", "discard"]);
class Keeper {
  constructor(form) {
    this.form = form;
    this.words = document.getElementById("keeping").dataset;
    this.status = form.querySelector("[data-saved]");
    this.draft = form.elements.draft.value;
    // A window that continues the text of a closed one takes its name, since the server knows the text by that.
    this.writer = crypto.randomUUID();
    this.page = crypto.randomUUID();
    this.isDirty = false;
    this.isStopped = false; // another window has the draft, or it no longer exists
    this.isReplaced = false; // what is in the form is not what the user goes on with
    this.isGone = false; // it was sent or discarded
    this.other = null; // the revision that another window made
    this.isSending = false;
    this.retryMs = FIRST_RETRY_MS;
    this.changes = 0;
    this.keepMs = KEEP_MS;
    this.removed = new Set(); // files that were taken out
  }

  async begin() {
    this.hold();
    this.rendered = recovery.fieldsOf(this.form);
    await this.recover();
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "writer", value: this.writer });
    this.form.append(field);
    for (const name of ["input", "change", "draft:changed"])
      this.form.addEventListener(name, (event) => this.changed(event));
    this.form.addEventListener("draft:removed", ({ detail }) => this.removed.add(detail));
    this.form.addEventListener("click", (event) => this.pressed(event), { capture: true });
    this.form.addEventListener("session:over", () => this.sessionOver());
    document.addEventListener("session:renewed", () => {
      this.hideBanner();
      if (this.isDirty) this.save();
    });
    window.addEventListener("online", () => this.isDirty && this.save());
    // The next page may have been made before what is being saved: until then the copy stays.
    window.addEventListener("beforeunload", () => (this.isLeaving = true));
    window.addEventListener("pagehide", () => this.last());
    this.listenToSending();
    this.listenToOthers();
    if (this.isTakenUp) this.form.dispatchEvent(new CustomEvent("draft:changed"));
  }

  /** While this page is open, no other page takes or sends the local copies of this draft. */
  hold() {
    this.isAlone = new Promise((resolve) => {
      setTimeout(() => resolve(false), RELEASE_MS);
      if (!navigator.locks) return resolve(true);
      navigator.locks.request(`draft:${this.draft}`, () => {
        resolve(true);
        return new Promise(() => {});
      });
    });
  }

  // The content

  body(act, isOver) {
    const body = new URLSearchParams(recovery.fieldsOf(this.form));
    body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    body.set("do", act);
    if (isOver || this.isRestored) body.set("over", "1");
    return body;
  }

  /** Keeps the screen in this browser. */
  keepHere() {
    clearTimeout(this.keeping);
    this.keeping = null;
    if (!this.isDirty) return;
    const begun = performance.now();
    const kept = {
      fields: recovery.fieldsOf(this.form),
      cards: recovery.cardsOf(this.form),
      removed: [...this.removed],
    };
    this.isHere = local.put(this.words.who, this.draft, this.writer, kept);
    this.keepMs = Math.max(KEEP_MS, SHARE * (performance.now() - begun));
  }

  forget() {
    clearTimeout(this.keeping);
    this.keeping = null;
    local.remove(this.words.who, this.draft, this.writer);
  }

  // Recovery

  /** Brings back what a window that was closed, reloaded or killed had on its screen and the server did not get. If
   * the draft went on elsewhere since, the user chooses. */
  async recover() {
    const kept = local.last(this.words.who, this.draft);
    if (!kept || !(await this.isAlone)) return;
    if (this.continues(kept)) this.takeUp(kept);
    else if (recovery.isSame(kept.fields, this.rendered)) local.drop(kept.name);
    else this.ask(kept);
  }

  /** Whether the draft is as the window of a copy knew it, or as this window itself has saved it since. */
  continues(kept) {
    const fields = new Map(kept.fields);
    const known = Number(fields.get("revision"));
    const revision = Number(this.form.elements.revision.value);
    return (
      known === revision || (known < revision && fields.get("writer") === this.form.dataset.writer)
    );
  }

  takeUp(kept) {
    const isNew = !recovery.isSame(kept.fields, this.rendered);
    this.writer = new Map(kept.fields).get("writer") || this.writer;
    this.removed = new Set(kept.removed);
    recovery.apply(this.form, kept.fields);
    this.cards = kept.cards ?? [];
    this.isTakenUp = true;
    this.isRestored = isNew;
    if (isNew) this.tellRestored();
    // The copy of a former release has another name.
    if (!kept.name.endsWith(`:${this.writer}`)) local.drop(kept.name);
  }

  tellRestored() {
    this.say(this.words.found);
    const banner = document
      .getElementById("keeping-restored")
      .content.cloneNode(true).firstElementChild;
    banner.querySelector("[data-undo]").addEventListener("click", () => this.undo());
    banner.querySelector("[data-put-away]").addEventListener("click", () => banner.remove());
    document.getElementById("notices").append(banner);
  }

  /** Returns to what the server had; what was brought back stays as a version. */
  async undo() {
    this.stop();
    this.isReplaced = true;
    await this.running;
    if (!(await this.replace([recovery.fieldsOf(this.form), this.rendered]))) return this.goOn();
    this.reload();
  }

  /** Saves contents one after the other, so that all but the last stay as versions. Returns whether all are saved. */
  async replace(contents) {
    for (const fields of contents) {
      const told = await this.put(fields);
      if (!told) return false;
      this.form.elements.revision.value = told.revision;
    }
    return true;
  }

  /** Saves a content over the present one, which stays as a version. Returns what the server tells; null if it does
   * not save it. */
  async put(fields) {
    const body = new URLSearchParams(fields);
    body.set("revision", this.form.elements.revision.value);
    body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    body.set("writer", this.writer);
    body.set("over", "1");
    const options = { method: "POST", body, headers: { "X-Requested-With": "fetch" } };
    const answer = await answerTo(this.form.dataset.saveUrl, options, PATIENCE_MS);
    return answer?.status === 200 ? jsonOf(answer) : null;
  }

  stop() {
    this.isStopped = true;
    for (const timer of [this.pause, this.latest, this.rest, this.retry]) clearTimeout(timer);
  }

  goOn() {
    this.isStopped = false;
    this.isReplaced = false;
    this.say(this.words.waiting);
    this.form.dispatchEvent(new CustomEvent("draft:changed"));
  }

  reload() {
    this.isDirty = false;
    this.forget();
    this.form.dataset.left = "";
    location.reload();
  }

  /** Asks which of two contents to continue; both are shown. */
  ask(kept) {
    this.isStopped = true;
    this.isReplaced = true;
    const theirs = { fields: this.rendered, cards: recovery.cardsOf(this.form) };
    const { dialog } = this.offer(kept, theirs, (choice) =>
      this.choose(choice === "mine" ? [kept.fields] : [kept.fields, this.rendered], kept),
    );
    const style = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit" });
    const time = new Date(kept.at).toLocaleTimeString(document.documentElement.lang, style);
    dialog.querySelector("[data-kept-at]").textContent = time;
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => dialog.showModal());
  }

  /** Shows two contents in the dialog. `take` gets the choice and returns whether it was done; if not, the dialog says
   * so. */
  offer(mine, theirs, take) {
    const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("keeping-choice"));
    const [here, there] = dialog.querySelectorAll("[data-content]");
    recovery.show(here, mine.fields, mine.cards ?? []);
    recovery.show(there, theirs.fields, theirs.cards);
    const failed = /** @type {HTMLElement} */ (dialog.querySelector("[data-failed]"));
    failed.hidden = true;
    const ended = new AbortController();
    const { signal } = ended;
    const answer = async ({ target }) => {
      if (target.closest("[data-put-off]")) return dialog.close();
      const choice = target.closest("[data-take]")?.dataset.take;
      if (choice) failed.hidden = await take(choice);
    };
    dialog.addEventListener("click", answer, { signal });
    dialog.showModal();
    return { dialog, ended };
  }

  /** Saves the last of the contents; the others stay as versions. */
  async choose(contents, kept) {
    if (!(await this.replace(contents))) return false;
    local.drop(kept.name);
    this.reload();
    return true;
  }

  // The times

  changed(event) {
    if (this.isReplaced) return;
    this.changes += 1;
    this.isLeaving = false;
    const wasDirty = this.isDirty;
    this.isDirty = true;
    this.nameAddress();
    if (event?.detail?.isUrgent) this.keepHere();
    else this.keeping ??= setTimeout(() => this.keepHere(), this.keepMs);
    if (this.isStopped) return this.isGone && this.tellGone();
    if (!wasDirty) this.latest = setTimeout(() => this.save(), LATEST_MS);
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
    this.keepHere();
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
    const asked = performance.now();
    // Typing is activity, and js/idle.js reports it; automatic saving alone is none.
    const headers = { "X-Requested-With": "fetch", ...(!act && { "X-Background": "1" }) };
    const options = { method: "POST", body: this.body(act, isOver), headers };
    const answer = await answerTo(this.form.dataset.saveUrl, options, PATIENCE_MS);
    if (answer?.status === 401 || answer?.redirected) return this.sessionOver();
    if (answer?.status === 204) return this.sent();
    const told = await jsonOf(answer);
    // The network or the server is down, or a proxy responds in its place.
    if (!told) return this.later();
    if (!answer.ok && answer.status !== 409) return this.refused(answer.status, told.words);
    if (!answer.ok) return this.contradicted(told.revision);
    reached(asked);
    return this.saved(told, act, changes);
  }

  saved(told, act, changes) {
    this.form.elements.revision.value = told.revision;
    this.form.dataset.revision = told.revision;
    this.retryMs = FIRST_RETRY_MS;
    this.isRestored = false;
    this.hideBanner();
    this.say(told.saved, told.revision > 0);
    if (told.revision > 0) {
      this.channel.postMessage({ draft: this.draft, page: this.page, revision: told.revision });
      this.nameAddress();
    }
    if (changes === this.changes) {
      this.isDirty = false;
      if (!this.isLeaving) this.forget();
      this.form.dispatchEvent(new CustomEvent("draft:saved", { detail: told }));
      if (act !== "save" && told.revision > 0 && !told.copied)
        this.rest = setTimeout(() => this.save("save"), REST_MS);
    } else {
      this.isDirty = false;
      this.changes -= 1;
      this.changed();
    }
    return true;
  }

  /** The message was sent during the request, so there is nothing to save. */
  sent() {
    this.stop();
    this.isGone = true;
    this.isDirty = false;
    this.forget();
    if (!this.isSending) this.say(this.words.sent);
    return false;
  }

  /** Changes the address of the page, so that a reload opens the draft; before there is one, it begins this one. */
  nameAddress() {
    const url = new URL(location.href);
    const isThere = Number(this.form.elements.revision.value) > 0;
    if (!isThere) url.searchParams.set("draft", this.draft);
    else if (url.pathname !== new URL(this.form.dataset.draftUrl, url).pathname) {
      url.pathname = this.form.dataset.draftUrl;
      url.search = this.form.dataset.frame ? `?frame=${this.form.dataset.frame}` : "";
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url);
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
    if (status === 404) this.gone();
    else if (status >= 500) return this.later();
    return false;
  }

  // Two windows

  listenToOthers() {
    this.channel = new BroadcastChannel("drafts");
    this.channel.addEventListener("message", ({ data }) => {
      if (data.draft !== this.draft || data.page === this.page) return;
      if (data.isGone) this.gone();
      else this.contradicted(data.revision);
    });
  }

  /** The message was sent or discarded by another window: what is written here can go on in a new message. */
  gone() {
    this.stop();
    this.isGone = true;
    this.say("");
    this.tellGone();
    return false;
  }

  tellGone() {
    if (this.banner?.querySelector("[data-write-again]")) return;
    document.querySelector("#notices [data-notice]")?.remove();
    const banner = this.showBanner("gone");
    banner
      .querySelector("[data-write-again]")
      .addEventListener("click", () => this.writeAgain(banner));
  }

  async writeAgain(banner) {
    const { value: token } = this.form.elements.csrfmiddlewaretoken;
    const fields = [...recovery.fieldsOf(this.form), ...recovery.besideOf(this.form)];
    const url = await local.newDraft(this.draft, fields, token);
    if (!url) return (banner.querySelector("[data-failed]").hidden = false);
    this.forget();
    this.isDirty = false;
    this.form.dispatchEvent(new CustomEvent("draft:elsewhere", { detail: { url } }));
  }

  contradicted(revision) {
    if (this.isGone) return false;
    this.isStopped = true;
    this.other = revision;
    this.say("");
    const banner = this.showBanner("conflict");
    banner.querySelector("[data-mine]").addEventListener("click", () => this.keepMine(revision));
    banner.querySelector("[data-compare]").addEventListener("click", () => this.compare(banner));
    return false;
  }

  /** Saves this window over the revision of another one, which stays as a version. */
  keepMine(revision) {
    this.form.elements.revision.value = revision;
    this.isStopped = false;
    this.other = null;
    this.isDirty = true;
    return this.save("", true);
  }

  /** Shows what stands in this window beside what another one has saved, and lets the user choose. */
  async compare(banner) {
    const theirs = await this.savedElsewhere();
    if (!theirs) return (banner.querySelector("[data-failed]").hidden = false);
    const mine = { fields: recovery.fieldsOf(this.form), cards: recovery.cardsOf(this.form) };
    const { dialog, ended } = this.offer(mine, theirs, async (choice) => {
      const isDone = await (choice === "mine"
        ? this.keepMine(theirs.revision)
        : this.takeTheirs(mine, theirs));
      if (isDone) dialog.close();
      return isDone;
    });
    dialog.classList.add("is-living");
    dialog.setAttribute("aria-describedby", "keeping-living-text");
    dialog.addEventListener("close", () => ended.abort(), { once: true });
  }

  /** Goes on with what another window has saved; what stood here becomes a version. */
  async takeTheirs(mine, theirs) {
    this.form.elements.revision.value = theirs.revision;
    if (!(await this.replace([mine.fields, theirs.fields]))) return false;
    this.reload();
    return true;
  }

  /** What another window has saved of this draft, as its page shows it; null if the server does not tell. */
  async savedElsewhere() {
    const answer = await answerTo(this.form.dataset.draftUrl, {}, PATIENCE_MS);
    const page = answer && (await pageOf(answer));
    const form = /** @type {HTMLFormElement} */ (page?.querySelector("form[data-compose]"));
    if (!form) return null;
    const { value } = /** @type {HTMLInputElement} */ (form.querySelector("[name=revision]"));
    return { fields: recovery.fieldsOf(form), cards: recovery.cardsOf(form), revision: value };
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
    const template = /** @type {HTMLTemplateElement} */ (
      document.getElementById(`keeping-${name}`)
    );
    this.banner = template.content.cloneNode(true).firstElementChild;
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
      this.keepHere();
    });
    this.form.addEventListener("htmx:afterRequest", (event) => {
      if (!isOurs(event)) return;
      this.isSending = false;
      // htmx does not count responses as successful that another listener follows (js/compose.js).
      if (event.detail.xhr.status < 300 && event.detail.xhr.getResponseHeader("HX-Redirect")) {
        this.isStopped = true;
        this.isDirty = false;
        this.forget();
        if (ENDS.has(event.detail.requestConfig.formData.get("do") ?? "send"))
          this.channel.postMessage({ draft: this.draft, page: this.page, isGone: true });
      } else if (event.detail.xhr.status === 409) this.askWhich();
      else if (event.detail.xhr.status === 404) this.gone();
      else if (this.isDirty) this.changed();
    });
  }

  /** Sends the last changes while the page closes, without waiting for a response. */
  last() {
    if (!this.isDirty || "left" in this.form.dataset) return;
    this.keepHere();
    if (this.isStopped || this.isSending) return;
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
export async function start(form) {
  if (!form.dataset.saveUrl || !document.getElementById("keeping")) return null;
  const keeper = new Keeper(form);
  await keeper.begin();
  return keeper;
}
