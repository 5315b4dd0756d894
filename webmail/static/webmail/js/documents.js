// @ts-check
// The documents of a message to each: every file is uploaded by itself, two at a time; then the part about them is
// loaded again, with the file of each recipient. Until a file is on the server this browser keeps it (js/pending.js).

import * as pending from "./pending.js";

const AT_ONCE = 2;
const LONGEST_NAME = 200;

class DocumentsPart {
  constructor(form, keeper) {
    this.form = form;
    this.keeper = keeper;
    this.part = form.querySelector("[data-documents]");
  }

  begin() {
    this.part.addEventListener("change", (event) => {
      if (event.target.files?.length > 0) this.sendAll([...event.target.files]);
    });
    this.part.addEventListener("click", (event) => {
      if (!event.target.closest("[data-documents-away]")) return;
      event.preventDefault();
      this.refresh(this.ask("remove/", { method: "POST" }), []);
    });
  }

  /** Goes on with the files of a window that was closed. */
  resume(files) {
    return this.sendAll(files);
  }

  async sendAll(files) {
    const { who } = document.getElementById("keeping").dataset;
    const { value: draft } = this.form.elements.draft;
    const kept = new Map(files.map((file) => [file, pending.add(who, draft, "document", file)]));
    this.part.setAttribute("aria-busy", "true");
    const progress = this.part.querySelector("[data-documents-progress]");
    const { words, cut } = progress.dataset;
    const messages = [];
    let done = 0;
    const waiting = [...files];
    const sendNext = async () => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        messages.push(...(await this.send(file, cut)));
        pending.remove(await kept.get(file));
        done += 1;
        progress.textContent = words.replace("#", String(done)).replace("@", String(files.length));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
    // Documents are matched with the recipients in the saved draft.
    if ("dirty" in this.form.dataset) await this.keeper?.save();
    await this.refresh(this.ask(), [...new Set(messages)]);
  }

  /** Uploads a file, and returns its messages. */
  async send(file, cut) {
    try {
      const answer = await this.ask("add/", { method: "POST", body: file }, file.name);
      if (answer.redirected || !answer.headers.get("Content-Type")?.startsWith("application/json"))
        return [cut];
      const { words, way } = await answer.json();
      return [words, way].flat().filter(Boolean);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return [`${cut} (${file.name})`];
    }
  }

  ask(more = "", options = {}, name = "") {
    return fetch(this.part.dataset.documents + more, {
      ...options,
      headers: {
        "X-Requested-With": "fetch",
        "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value,
        ...(name && { "X-File-Name": encodeURIComponent(name.slice(-LONGEST_NAME)) }),
      },
    });
  }

  async refresh(asked, messages) {
    try {
      const answer = await asked;
      const isPart =
        answer.headers.get("Content-Type")?.startsWith("text/html") && !answer.redirected;
      if (isPart && answer.ok) this.show(await answer.text(), messages);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    } finally {
      this.part.removeAttribute("aria-busy");
    }
  }

  show(html, messages) {
    const page = new DOMParser().parseFromString(html, "text/html");
    this.part.replaceChildren(...page.body.childNodes);
    this.form.dispatchEvent(new CustomEvent("documents:changed"));
    const details = this.part.querySelector("details");
    details.open = true;
    const notes = details.querySelector("[data-documents-notes]");
    for (const words of messages) {
      const note = { className: "field-error", textContent: words };
      notes.append(Object.assign(document.createElement("p"), note));
    }
    details.querySelector("summary").focus();
  }
}

export function start(form, keeper) {
  if (!form.querySelector("[data-documents]")) return null;
  const part = new DocumentsPart(form, keeper);
  part.begin();
  return part;
}
