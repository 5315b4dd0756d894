// @ts-check
// Files of a message: dropped anywhere on it, pasted or chosen. Each is uploaded at once in its own request, two at a
// time. The message itself is sent when they have arrived. Until then this browser keeps them (js/pending.js).

import { isShared } from "./dom.js";
import { isTransient } from "./local.js";
import * as pending from "./pending.js";
import { reveal } from "./scrolling.js";

const AT_ONCE = 2;
const LONGEST_NAME = 200;
const MB = 1_000_000;

/** Shortens a name but keeps its extension: a header cannot contain ten thousand characters. */
function shortName(name) {
  if (name.length <= LONGEST_NAME) return name;
  const ending = name.slice(name.lastIndexOf("."));
  return ending.length > 20 || ending === name
    ? name.slice(0, LONGEST_NAME)
    : name.slice(0, LONGEST_NAME - ending.length) + ending;
}

/** Shortens a name as `webmail.presentation.files.short_name` does: beginning and end are visible. */
function seenName(name) {
  return name.length > 60 ? `${name.slice(0, 40)}…${name.slice(-18)}` : name;
}

class Uploads {
  constructor(form, keeper) {
    this.form = form;
    this.keeper = keeper;
    this.input = form.querySelector("[name=attachments]");
    this.list = form.querySelector("[data-files]");
    this.status = document.getElementById("upload-status");
    this.words = this.status.dataset;
    this.waiting = [];
    this.running = new Set();
    this.broken = new Set(); // interrupted, until they are resumed or removed
    /** @type {import("./editor.js").Editor} */
    this.editor = null; // until it has been loaded
    this.refused = new Map(); // the banner's text about a file, with the remedy
  }

  begin() {
    this.input.addEventListener("change", () => {
      this.add([...this.input.files]);
      this.input.value = "";
    });
    document.addEventListener("paste", (event) => this.pasted(event));
    this.takeDrops();
    this.list.addEventListener("click", (event) => this.pressed(event), { capture: true });
    document.addEventListener("session:renewed", () => this.resumeAll());
    window.addEventListener("online", () => this.resumeAll());
    this.form.addEventListener("htmx:confirm", (event) => this.holdBack(event));
  }

  // Sources of files

  takeDrops() {
    const drop = this.form.querySelector(".drop");
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      drop?.classList.add("is-over");
    });
    document.addEventListener(
      "dragleave",
      (event) => event.relatedTarget || drop?.classList.remove("is-over"),
    );
    document.addEventListener("drop", (event) => {
      drop?.classList.remove("is-over");
      if (!carries(event) || event.defaultPrevented) return;
      event.preventDefault();
      this.add([...event.dataTransfer.files]);
    });
  }

  /** Files in the clipboard. A spreadsheet adds a picture of its cells, but only the cells are pasted. */
  pasted(event) {
    const data = event.clipboardData;
    if (event.defaultPrevented || !data?.files.length || data.types.includes("text/html")) return;
    event.preventDefault();
    this.add([...data.files]);
  }

  add(files) {
    for (const file of files) this.addOne(file);
    this.goOn();
  }

  addOne(file, kept = null) {
    const row = this.row(file);
    const refusal = this.refusal(file);
    if (refusal) return this.refuse(row, refusal.words, refusal.way);
    row.kept = kept ? Promise.resolve(kept) : this.keepHere("file", row);
    this.waiting.push(row);
    this.tellState(row, this.words.waiting);
  }

  /** Keeps the file of a row in this browser until it is on the server; a row says if that is impossible. */
  async keepHere(kind, row) {
    const { who } = document.getElementById("keeping").dataset;
    const kept = await pending.add(who, this.form.elements.draft.value, kind, row.file, row.place);
    row.isUnkept = kept === null && !isShared();
    if (row.isUnkept && row.meta?.isConnected && row.state) this.tellState(row, row.state);
    return kept;
  }

  tellState(row, words) {
    row.state = words;
    row.meta.textContent = row.isUnkept ? `${words} ${this.words.unkept}` : words;
  }

  /** The file of a row is on the server, or is no longer wanted. */
  async forget(row) {
    row.state = "";
    pending.remove(await row.kept);
  }

  // Coming back

  /** Shows the files that were on the screen of a window that this one continues, and does not show those that were
   * taken out there. */
  restore() {
    const removed = this.keeper?.removed ?? new Set();
    for (const field of [...this.form.querySelectorAll("[name=files]")].filter(({ value }) =>
      removed.has(value),
    ))
      (field.closest("li") ?? field).remove();
    const there = new Set(
      [...this.list.querySelectorAll("[name=files]")].map(({ value }) => value),
    );
    for (const card of (this.keeper?.cards ?? []).filter(({ id }) => !there.has(id)))
      this.showCard(card);
    this.list.hidden = !this.list.children.length;
  }

  showCard(card) {
    this.form.querySelector(`:scope > [name=files][value="${CSS.escape(card.id)}"]`)?.remove();
    const row = this.row(new File([], card.name));
    this.fill(row, card);
  }

  /** Goes on with the uploads of a window that was closed. `parts` take the other kinds of files. */
  async goOnWith(parts) {
    const { who } = document.getElementById("keeping").dataset;
    const rows = await pending.all(who, this.form.elements.draft.value);
    if (rows.length === 0 || !(await this.keeper?.isAlone)) return;
    for (const kept of rows.filter(({ kind }) => kind === "file")) this.resumeFile(kept);
    for (const kept of rows.filter(({ kind }) => kind === "image")) await this.resumeImage(kept);
    for (const [kind, part] of Object.entries(parts)) {
      const all = rows.filter((row) => row.kind === kind);
      for (const { id } of all) pending.remove(id);
      if (all.length > 0) part?.resume(all.map(({ file }) => file));
    }
    this.goOn();
  }

  /** The server may have got the file before the window was closed. */
  resumeFile({ id, file }) {
    const known = new Set((this.keeper.cards ?? []).map((card) => card.id));
    const isThere = [...this.list.querySelectorAll("li[data-size]")].some((item) => {
      const isSame =
        item.querySelector(".file-name").title === file.name &&
        Number(item.dataset.size) === file.size;
      return isSame && !known.has(item.querySelector("[name=files]")?.value);
    });
    if (isThere) pending.remove(id);
    else this.addOne(file, id);
  }

  async resumeImage({ id, file, place }) {
    pending.remove(id);
    await this.editor?.addImages([file], place);
  }

  /** The reason why a file is refused, and the remedy; null when it is accepted. */
  refusal(file) {
    const { empty, many, manyWay, large, largeWay, total, totalWay } = this.words;
    if (file.size === 0) return { words: empty, way: "" };
    const most = Number(this.form.dataset.mostFiles) || Infinity;
    const there =
      this.form.querySelectorAll("[name=files]").length + this.waiting.length + this.running.size;
    if (there >= most) return { words: many.replace("#", String(most)), way: manyWay };
    const left = this.left();
    if (file.size <= left) return null;
    const limit = Number(this.form.dataset.limit);
    if (file.size > limit) return { words: large.replace("#", this.inWords(limit)), way: largeWay };
    return {
      words: total.replace("#", this.inWords(left)).replace("@", this.inWords(limit)),
      way: totalWay,
    };
  }

  left() {
    const limit = Number(this.form.dataset.limit) || Infinity;
    const under = [...this.waiting, ...this.running].reduce((sum, row) => sum + row.file.size, 0);
    const there = [...this.list.querySelectorAll("[data-size]")].reduce(
      (sum, item) => sum + Number(item.dataset.size),
      0,
    );
    return Math.max(0, limit - under - there);
  }

  inWords(bytes) {
    const isSmall = bytes < MB;
    const number = isSmall ? Math.floor(bytes / 1000) : bytes / MB;
    const digits = new Intl.NumberFormat(document.documentElement.lang, {
      maximumFractionDigits: 1,
    }).format(number);
    return `${digits}\u00a0${isSmall ? this.form.dataset.kb : this.form.dataset.mb}`;
  }

  // A line of the list

  row(file) {
    const item = document.getElementById("upload-row").content.cloneNode(true).firstElementChild;
    const row = { file, item };
    for (const name of ["meta", "kind"]) row[name] = item.querySelector(`.${name}`);
    row.name = item.querySelector(".file-name");
    row.bar = item.querySelector("progress");
    row.retry = item.querySelector("[data-retry]");
    row.kind.textContent = file.name.includes(".")
      ? file.name.split(".").pop().slice(0, 4).toUpperCase()
      : "…";
    Object.assign(row.name, { textContent: seenName(file.name), title: file.name });
    for (const place of item.querySelectorAll(".sr")) place.append(` ${file.name}`);
    row.retry.addEventListener("click", () => this.resume(row));
    item.querySelector("[data-remove]").addEventListener("click", () => this.cancel(row));
    this.list.append(item);
    this.list.hidden = false;
    return row;
  }

  refuse(row, words, way) {
    row.isRefused = true;
    this.forget(row);
    row.bar.hidden = true;
    row.item.classList.add("is-bad");
    row.meta.textContent = words;
    this.warn(row, words, way);
  }

  // The banner about refused files, which stays until it is closed or the files are removed

  warn(row, words, way = "") {
    const name = seenName(row.file.name);
    const size = row.file.size > 0 ? ` (${this.inWords(row.file.size)})` : "";
    this.refused.set(row, { text: `${name}${size}\u00a0: ${words}`, way });
    if (!this.banner) {
      this.banner = document
        .getElementById("upload-refused")
        .content.cloneNode(true).firstElementChild;
      this.banner.querySelector("[data-put-away]").addEventListener("click", () => this.putAway());
      this.list.before(this.banner);
    }
    this.showRefused();
    // Not at the edge of the window, where a phone shows the bar with "Send".
    reveal(this.banner, "center");
  }

  showRefused() {
    const all = [...this.refused.values()];
    const lines = all.map(({ text }) =>
      Object.assign(document.createElement("li"), { textContent: text }),
    );
    this.banner.querySelector("ul").replaceChildren(...lines);
    this.banner.querySelector("[data-way]").textContent = [
      ...new Set(all.map(({ way }) => way)),
    ].join(" ");
  }

  /** Closes the banner, and moves the focus if it was inside. */
  putAway() {
    const had = this.banner.contains(document.activeElement);
    this.banner.remove();
    this.banner = null;
    this.refused.clear();
    if (had) this.input.focus();
  }

  noLongerRefused(row) {
    if (!this.refused.delete(row) || !this.banner) return;
    if (this.refused.size > 0) this.showRefused();
    else this.putAway();
  }

  interrupt(row) {
    this.broken.add(row);
    row.bar.hidden = true;
    row.retry.hidden = false;
    row.item.classList.add("is-bad");
    this.tellState(row, this.words.cut);
    this.say(`${row.file.name}: ${this.words.cut}`);
  }

  resume(row) {
    if (!this.broken.delete(row)) return;
    row.item.classList.remove("is-bad");
    row.bar.hidden = false;
    row.bar.value = 0;
    if (document.activeElement === row.retry) row.item.querySelector("[data-remove]").focus();
    row.retry.hidden = true;
    this.tellState(row, this.words.waiting);
    this.waiting.push(row);
    this.goOn();
  }

  resumeAll() {
    for (const row of [...this.broken]) this.resume(row);
  }

  /** Removes an uploaded file from the server, or aborts its upload. */
  cancel(row) {
    row.isCancelled = true;
    this.waiting = this.waiting.filter((other) => other !== row);
    this.broken.delete(row);
    row.request?.abort();
    this.forget(row);
    this.noLongerRefused(row);
    if (row.removeUrl) this.takeOut(row.removeUrl);
    this.drop(row.item, row.file.name);
    this.goOn();
  }

  drop(item, name) {
    const had = item.contains(document.activeElement);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    this.list.hidden = !this.list.children.length;
    if (had) (next?.querySelector("button") ?? this.input).focus();
    this.say(this.words.removed.replace("#", name));
    this.changed();
  }

  /** Removes a file that was part of the page. */
  pressed(event) {
    const button = event.target.closest("button[name=remove]");
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    const item = button.closest("li");
    this.takeOut(button.formAction);
    this.drop(item, item.querySelector(".file-name").title);
  }

  /** Removes a file from the server. If this fails, the next save removes it too. */
  takeOut(url) {
    const [, id] = /\/files\/([0-9a-f-]{36})\//.exec(url) ?? [];
    this.form.dispatchEvent(new CustomEvent("draft:removed", { detail: id }));
    fetch(url, { method: "POST", headers: this.headers(), keepalive: true }).catch(() => {});
  }

  // Uploading

  goOn() {
    while (this.running.size < AT_ONCE && this.waiting.length) this.send(this.waiting.shift());
    if (!this.isBusy && this.held) this.letGo();
  }

  send(row) {
    this.running.add(row);
    this.tellState(row, this.words.sending.replace("#", this.inWords(row.file.size)));
    row.request = this.request(row.file, row.isInline, {
      progress: (percent) => (row.bar.value = percent),
      over: (status, told) => {
        this.running.delete(row);
        if (row.isCancelled) {
          if (told?.remove_url) this.takeOut(told.remove_url);
        } else if (status === 201) this.arrived(row, told);
        else if (status >= 400 && status < 500 && status !== 401 && told?.words)
          this.refuse(row, told.words, told.way);
        else if (status === 413) this.refuse(row, this.words.refused, this.words.largeWay);
        else this.interrupt(row);
        this.goOn();
      },
    });
  }

  request(file, isInline, { progress, over }) {
    const request = new XMLHttpRequest();
    request.open("POST", `${this.form.dataset.filesUrl}${isInline ? "?inline=1" : ""}`);
    for (const [name, value] of Object.entries(this.headers()))
      request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(shortName(file.name)));
    request.setRequestHeader(
      "X-File-Type",
      /^[\x21-\x7e]{1,200}$/.test(file.type) ? file.type : "",
    );
    request.upload.addEventListener("progress", ({ loaded, total }) =>
      progress((100 * loaded) / (total || 1)),
    );
    request.addEventListener("loadend", () => over(request.status, this.read(request)));
    request.send(file);
    return request;
  }

  headers() {
    return {
      "X-Requested-With": "fetch",
      "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value,
    };
  }

  read(request) {
    try {
      return JSON.parse(request.responseText);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return null;
    }
  }

  arrived(row, told) {
    this.fill(row, told);
    this.say(this.words.added.replace("#", told.name));
    this.changed(true);
    this.forget(row);
  }

  /** Makes the line of a file that is on the server. */
  fill(row, told) {
    row.state = "";
    row.removeUrl = told.remove_url;
    row.bar.remove();
    const link = document.createElement("a");
    Object.assign(link, {
      className: "file-name",
      textContent: seenName(told.name),
      title: told.name,
      href: told.url,
    });
    row.name.replaceWith(link);
    row.meta.textContent = told.size;
    row.kind.textContent = told.kind;
    row.kind.classList.add(told.kind_class);
    row.item.dataset.size = told.size_bytes;
    row.item.append(this.field(told.id));
  }

  field(id) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "files", value: id });
    return field;
  }

  /** Uploads an image of the text and returns its address; null when that fails: then a waiting message is not sent. */
  image(file, place) {
    const under = { file, place };
    const refusal = this.refusal(file);
    if (refusal) {
      this.warn(under, refusal.words, refusal.way);
      return Promise.resolve(null);
    }
    under.kept = this.keepHere("image", under);
    return new Promise((resolve) => {
      this.running.add(under);
      this.request(file, true, {
        progress: () => {},
        over: (status, told) => {
          this.running.delete(under);
          const isThere = status === 201;
          if (isThere) {
            this.form.append(this.field(told.id));
            this.changed();
          } else {
            this.warn(under, told?.words ?? this.words.refused, told?.way);
            if (this.held) this.say(this.words.unsent, true);
            this.held = null;
          }
          resolve(isThere ? told : null);
          // The image is in the text a moment later, and a waiting message is read after that.
          setTimeout(() => {
            if (isThere) this.changed(true);
            if (status !== 0 && !isTransient(status)) this.forget(under);
            this.goOn();
          });
        },
      });
    });
  }

  // The message waits for uploads

  get isBusy() {
    return this.waiting.length + this.running.size > 0;
  }

  /** The first line of a file that is missing although the user may think that it is attached. */
  get missing() {
    return this.list.querySelector(".is-bad");
  }

  /** Scrolls to a line that may be out of sight, which says why the message is not sent and what to do. */
  point(item) {
    this.say(this.words.unsent, true);
    (
      item.querySelector("[data-retry]:not([hidden])") ?? item.querySelector("[data-remove]")
    ).focus();
  }

  holdBack(event) {
    const act = event.detail.triggeringEvent?.submitter?.value ?? "send";
    if (event.target !== this.form || !["send", "schedule", "sender_alone"].includes(act)) return;
    if (!this.isBusy && !this.missing) return;
    event.preventDefault();
    this.held = event.detail.issueRequest;
    if (this.isBusy) this.say(this.words.later, true);
    else if (this.broken.size) this.resumeAll();
    else this.letGo();
  }

  letGo() {
    const issue = this.held;
    this.held = null;
    if (this.missing) return this.point(this.missing);
    this.say("", true);
    issue(true);
  }

  say(words, isSeen = false) {
    this.status.textContent = words;
    const saved = this.form.querySelector("[data-saved]");
    if (isSeen && saved) saved.textContent = words;
  }

  /** Tells that the draft has changed; a change that nobody can repeat is kept at once. */
  changed(isUrgent = false) {
    this.form.dispatchEvent(new CustomEvent("draft:changed", { detail: { isUrgent } }));
  }
}

export function start(form, keeper) {
  if (!form.dataset.filesUrl || !document.getElementById("upload-status")) return null;
  const uploads = new Uploads(form, keeper);
  uploads.begin();
  uploads.restore();
  form.addEventListener("composer:ready", ({ detail }) => {
    uploads.editor = detail.editor;
    detail.editor.upload = async (file, place) => (await uploads.image(file, place))?.url;
  });
  return uploads;
}
