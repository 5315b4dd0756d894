// @ts-check
// The list of recipients of a message to each: its file is uploaded by itself, its people become recipients, and its
// columns become fields for the text. Until it is on the server this browser keeps it (js/pending.js), says so, and
// sends it again when the connection is back.

import { answerTo, partOf } from "./network.js";
import * as pending from "./pending.js";
import { holdBack } from "./unsent.js";

const LONGEST_NAME = 200;

class RosterPart {
  constructor(form, editor) {
    this.form = form;
    this.editor = editor;
    this.part = form.querySelector("[data-roster]");
    /** What did not reach the server: a file, null for "no list", or undefined for nothing. */
    this.unsent = undefined;
    this.kept = null;
  }

  begin() {
    this.part.addEventListener("change", (event) => {
      const [file] = event.target.files ?? [];
      if (file) this.send(file);
    });
    this.part.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.matches("[data-roster-away]")) {
        event.preventDefault();
        this.send(null);
      } else if (button?.matches("[data-roster-retry]")) this.retry();
      else if (button?.matches("[data-roster-field]"))
        this.editor.insert(button.querySelector("template"));
    });
    globalThis.addEventListener("online", () => this.retry());
    document.addEventListener("session:renewed", () => this.retry());
    this.form.addEventListener("htmx:confirm", (event) => this.holdBack(event), { capture: true });
  }

  /** A message to each without its list, or with one that was taken away, would go to others. */
  holdBack(event) {
    if (this.unsent === undefined && !this.part.hasAttribute("aria-busy")) return;
    if (holdBack(event, this.form, this.part, "[data-roster-retry]")) this.retry();
  }

  retry() {
    const { unsent } = this;
    if (unsent !== undefined && !this.part.hasAttribute("aria-busy")) this.send(unsent);
  }

  /** Goes on with the file of a window that was closed. */
  resume(files) {
    return this.send(files.at(-1));
  }

  /** Uploads the file; null removes the list. */
  async send(file) {
    const kept = this.keep(file);
    this.part.setAttribute("aria-busy", "true");
    const answer = await this.ask(file);
    const page = answer?.ok || answer?.status === 422 ? await partOf(answer) : null;
    if (page) this.arrive(page, await kept);
    else this.interrupt(file);
    this.part.removeAttribute("aria-busy");
  }

  /** Keeps the file in this browser in the place of the one before it. */
  keep(file) {
    const { who } = document.getElementById("keeping").dataset;
    const { kept: before } = this;
    this.kept = (async () => {
      pending.remove(await before);
      return file && pending.add(who, this.form.elements.draft.value, "roster", file);
    })();
    return this.kept;
  }

  ask(file) {
    return answerTo(this.part.dataset.roster, {
      method: "POST",
      body: file ?? "",
      headers: {
        "X-Requested-With": "fetch",
        "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value,
        ...(file && { "X-File-Name": encodeURIComponent(file.name.slice(-LONGEST_NAME)) }),
      },
    });
  }

  arrive(page, kept) {
    this.unsent = undefined;
    pending.remove(kept);
    this.show(page);
  }

  /** Says that the list did not reach the server. */
  interrupt(file) {
    this.unsent = file;
    this.form.querySelector("#id_roster").value = "";
    const note = this.part.querySelector("[data-roster-cut]").content.cloneNode(true);
    note.querySelector("b").textContent =
      file?.name ?? this.part.querySelector(".roster-name b")?.textContent ?? "";
    this.part.querySelector(".roster-notes").replaceChildren(note);
    this.part.querySelector("details").open = true;
  }

  show(page) {
    const before = this.part.querySelector("[data-group]")?.dataset.group;
    const after = page.querySelector("[data-group]")?.dataset.group;
    if (before && (before !== after || page.querySelector("[data-roster-people]")))
      this.tell("recipient:gone", { name: before });
    const isElsewhere =
      document.activeElement !== document.body && !this.part.contains(document.activeElement);
    this.part.replaceChildren(...page.body.childNodes);
    const roster = this.part.querySelector("details");
    roster.open = true;
    const people = this.part.querySelector("[data-roster-people]");
    if (people) this.take(people);
    // Whoever writes elsewhere meanwhile goes on there.
    if (!isElsewhere) roster.querySelector("summary").focus();
  }

  /** Adds its people as a group with the name of the file. */
  take(template) {
    const members = template.content.textContent.split(",").map((member) => member.trim());
    const detail =
      members.length > 1 ? { name: template.dataset.name, members } : { text: members[0] };
    this.tell("recipient:taken", detail);
  }

  /** Dispatches an event for the recipients. */
  tell(name, detail) {
    this.form
      .querySelector("#id_to")
      .dispatchEvent(new CustomEvent(name, { detail, bubbles: true, cancelable: true }));
    this.form.dispatchEvent(new CustomEvent("draft:changed", { detail: { isUrgent: true } }));
  }
}

export function start(form, editor) {
  if (!form.querySelector("[data-roster]")) return null;
  const part = new RosterPart(form, editor);
  part.begin();
  return part;
}
