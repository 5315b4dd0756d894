// @ts-check
// The documents of a message to each: every file is uploaded by itself, two at a time; then the part about them is
// loaded again, with the file of each recipient. Until a file is on the server this browser keeps it (js/pending.js),
// says so, and sends it again when the connection is back; no message leaves before.

import { isTransient } from "./local.js";
import { answerTo, jsonOf, partOf } from "./network.js";
import * as pending from "./pending.js";
import { holdBack } from "./unsent.js";

const AT_ONCE = 2;
const LONGEST_NAME = 200;

class DocumentsPart {
  constructor(form, keeper) {
    this.form = form;
    this.keeper = keeper;
    this.part = form.querySelector("[data-documents]");
    /** Files that are not on the server yet, with their copies in this browser. */
    this.unsent = new Map();
    /** Whether the server is still to be told that the documents are no longer wanted. */
    this.isAway = false;
    this.running = 0;
  }

  begin() {
    this.part.addEventListener("change", (event) => {
      if (event.target.files?.length > 0) this.sendAll([...event.target.files]);
    });
    this.part.addEventListener("click", (event) => {
      if (event.target.closest("[data-documents-retry]")) return this.retry();
      if (!event.target.closest("[data-documents-away]")) return;
      event.preventDefault();
      this.takeAway();
    });
    globalThis.addEventListener("online", () => this.retry());
    document.addEventListener("session:renewed", () => this.retry());
    this.form.addEventListener("htmx:confirm", (event) => this.holdBack(event), { capture: true });
  }

  /** A message to each without its documents would be another one. */
  holdBack(event) {
    if (!this.isAway && this.unsent.size === 0) return;
    if (holdBack(event, this.form, this.part, "[data-documents-retry]")) this.retry();
  }

  async retry() {
    if (this.running > 0) return;
    if (this.isAway) await this.takeAway();
    if (this.unsent.size > 0 && !this.isAway) await this.sendAll([...this.unsent.keys()]);
  }

  /** Removes all documents, also those that wait. */
  async takeAway() {
    for (const file of [...this.unsent.keys()]) this.forget(file);
    this.isAway = true;
    this.isAway = !(await this.refresh(this.ask("remove/", { method: "POST" }), []));
    this.tellUnsent();
  }

  /** Goes on with the files of a window that was closed. */
  resume(files) {
    return this.sendAll(files);
  }

  keep(file) {
    const { who } = document.getElementById("keeping").dataset;
    if (!this.unsent.has(file))
      this.unsent.set(file, pending.add(who, this.form.elements.draft.value, "document", file));
  }

  async forget(file) {
    const kept = this.unsent.get(file);
    this.unsent.delete(file);
    pending.remove(await kept);
  }

  async sendAll(files) {
    for (const file of files) this.keep(file);
    this.running += 1;
    this.part.setAttribute("aria-busy", "true");
    const progress = this.part.querySelector("[data-documents-progress]");
    const { words } = progress.dataset;
    const messages = [];
    let done = 0;
    const waiting = [...files];
    const sendNext = async () => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        const told = await this.send(file);
        if (!told) continue;
        messages.push(...told);
        this.forget(file);
        done += 1;
        progress.textContent = words.replace("#", String(done)).replace("@", String(files.length));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
    // Documents are matched with the recipients in the saved draft.
    if ("dirty" in this.form.dataset) await this.keeper?.save();
    await this.refresh(this.ask(), [...new Set(messages)]);
    this.running -= 1;
    this.tellUnsent();
  }

  /** Uploads a file, and returns what the server says about it; null if the server was not reached. */
  async send(file) {
    const answer = await this.ask("add/", { method: "POST", body: file }, file.name);
    if (!answer || answer.redirected || isTransient(answer.status)) return null;
    const told = await jsonOf(answer);
    return told && [told.words, told.way].flat().filter(Boolean);
  }

  /** Says what did not reach the server, in the place of what was said of it before. */
  tellUnsent() {
    const notes = this.part.querySelector("[data-documents-notes]");
    notes.querySelector("[data-documents-waiting]")?.remove();
    if (this.unsent.size === 0 && !this.isAway) return;
    const note = this.part.querySelector("[data-documents-cut]").content.cloneNode(true);
    const documents = this.part.querySelector(".roster-name b")?.textContent ?? "";
    note.querySelector("b").textContent =
      [...this.unsent.keys()].map(({ name }) => name).join(", ") || documents;
    this.part.querySelector("[data-documents-progress]").textContent = "";
    this.form.querySelector("#id_documents").value = "";
    notes.append(note);
    this.part.querySelector("details").open = true;
  }

  ask(more = "", options = {}, name = "") {
    return answerTo(this.part.dataset.documents + more, {
      ...options,
      headers: {
        "X-Requested-With": "fetch",
        "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value,
        ...(name && { "X-File-Name": encodeURIComponent(name.slice(-LONGEST_NAME)) }),
      },
    });
  }

  /** Shows the part that the server returns, and returns whether it did. */
  async refresh(asked, messages) {
    const answer = await asked;
    const page = answer?.ok ? await partOf(answer) : null;
    this.part.removeAttribute("aria-busy");
    if (page) this.show(page, messages);
    return page !== null;
  }

  /** The focus is in the part, unless the user writes elsewhere meanwhile. */
  show(page, messages) {
    const isElsewhere =
      document.activeElement !== document.body && !this.part.contains(document.activeElement);
    this.part.replaceChildren(...page.body.childNodes);
    this.form.dispatchEvent(new CustomEvent("documents:changed"));
    const details = this.part.querySelector("details");
    details.open = true;
    const notes = details.querySelector("[data-documents-notes]");
    for (const words of messages) {
      const note = { className: "field-error", textContent: words };
      notes.append(Object.assign(document.createElement("p"), note));
    }
    if (!isElsewhere) details.querySelector("summary").focus();
  }
}

export function start(form, keeper) {
  if (!form.querySelector("[data-documents]")) return null;
  const part = new DocumentsPart(form, keeper);
  part.begin();
  return part;
}
