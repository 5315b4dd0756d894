// @ts-check
// Completes recipients while the user types: an editable combobox with a listbox (ARIA Authoring Practices). The text
// between two commas is completed. js/chips.js turns complete recipients into chips.

import { answerTo, jsonOf } from "./network.js";
import { reveal } from "./scrolling.js";

const DELAY = 60;
// From this length the server tolerates a mistake, and may find people whom the local answers lack.
const FORGIVEN = 4;
const ADDRESS = /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]{2,}$|<[^<>\s]+@[^<>\s]+>$/;
const WHOLE_ADDRESS = /[^\s<>,;:"]+@[^\s<>,;:"]+/g;
const LIGATURES = { œ: "oe", æ: "ae", ß: "ss", ø: "o", ł: "l", đ: "d" };

/** The words of a text as the server compares them: without accents and capitals. */
export function wordsOf(text) {
  const plain = text.toLowerCase().replace(/[œæßøłđ]/g, (letter) => LIGATURES[letter]);
  return (
    plain
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

const isEnough = (words) => words.some((word) => word.length > 1);

/** The start and end of the recipient at the cursor; commas in quotes are no separators. */
function around(text, cursor) {
  let start = 0;
  let isQuoted = false;
  for (let n = 0; n < text.length; n += 1) {
    if (text[n] === '"' && text[n - 1] !== "\\") isQuoted = !isQuoted;
    if (isQuoted || !",;\n".includes(text[n])) continue;
    if (n >= cursor) return [start, n];
    start = n + 1;
  }
  return [start, text.length];
}

class Line {
  constructor(input) {
    this.input = input;
    this.list = document.getElementById(input.getAttribute("aria-controls"));
    this.status = document.getElementById(`${this.list.id}-status`);
    this.answers = new Map();
    this.shown = [];
    this.active = -1;
    this.hasChosen = false;
    this.asked = 0;
  }

  get typed() {
    const [start, end] = around(this.input.value, this.input.selectionStart);
    return this.input.value.slice(start, end).trim();
  }

  changed() {
    clearTimeout(this.timer);
    this.pending?.abort();
    this.asked += 1;
    const words = wordsOf(this.typed);
    if (!isEnough(words)) return this.close();
    const known = this.known(words);
    if (known) this.show(known);
    else this.timer = setTimeout(() => this.ask(words), DELAY);
  }

  /** The answer from earlier ones: to the same words, or to a shorter beginning whose answer was complete. */
  known(words) {
    const text = words.join(" ");
    const same = this.answers.get(text);
    if (same) return same.suggestions;
    for (let length = text.length - 1; length > 1; length -= 1) {
      const answer = this.answers.get(text.slice(0, length));
      if (!answer?.all) continue;
      const isMatch = (suggestion) =>
        words.every((word) => ` ${suggestion.words}`.includes(` ${word}`));
      const matches = answer.suggestions.filter(isMatch);
      return matches.length || !words.some((word) => word.length >= FORGIVEN) ? matches : null;
    }
    return null;
  }

  async ask(words) {
    const asked = this.asked;
    const text = words.join(" ");
    this.pending = new AbortController();
    try {
      const url = `${this.input.dataset.complete}?q=${encodeURIComponent(text)}`;
      const answer = await fetch(url, {
        signal: this.pending.signal,
        headers: { Accept: "application/json" },
      });
      // Signed out meanwhile, or an error of the server: the field works without suggestions.
      if (!answer.ok || answer.redirected) return;
      const result = await answer.json();
      this.answers.set(text, result);
      if (asked === this.asked) this.show(result.suggestions);
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError" && !(error instanceof TypeError))
        throw error;
    }
  }

  show(suggestions) {
    if (document.activeElement !== this.input) return;
    const text = [...this.input.parentElement.querySelectorAll("input")]
      .map((input) => input.value.toLowerCase())
      .join(" ");
    const there = new Set(text.match(WHOLE_ADDRESS));
    this.shown = suggestions.filter(({ address }) => !address || !there.has(address.toLowerCase()));
    this.list.replaceChildren(
      ...this.shown.map((suggestion, index) => this.option(suggestion, index)),
    );
    const isOpen = this.shown.length > 0;
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
    this.hasChosen = false;
    this.activate(isOpen ? 0 : -1);
    this.say();
  }

  option(suggestion, index) {
    const item = document
      .getElementById("recipient-option")
      .content.cloneNode(true).firstElementChild;
    item.id = `${this.list.id}-${index}`;
    item.querySelector("[data-group]").toggleAttribute("hidden", !suggestion.members);
    item.querySelector("[data-name]").textContent = suggestion.name;
    item.querySelector("[data-address]").textContent =
      suggestion.address === suggestion.name ? "" : suggestion.address;
    item.querySelector("[data-detail]").textContent = suggestion.detail;
    item.addEventListener("click", () => this.take(index));
    return item;
  }

  say() {
    const { none, one, many } = this.status.dataset;
    const count = this.shown.length;
    const words = count === 0 ? none : count === 1 ? one : many.replace("#", String(count));
    this.status.textContent = words;
  }

  activate(index) {
    this.list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    this.active = index;
    const item = this.list.children[index];
    if (!item) return this.input.removeAttribute("aria-activedescendant");
    item.setAttribute("aria-selected", "true");
    reveal(item);
    this.input.setAttribute("aria-activedescendant", item.id);
  }

  move(step) {
    this.hasChosen = true;
    this.activate((this.active + step + this.shown.length) % this.shown.length);
  }

  close() {
    clearTimeout(this.timer);
    this.shown = [];
    this.list.hidden = true;
    this.list.replaceChildren();
    this.status.textContent = "";
    this.input.setAttribute("aria-expanded", "false");
    this.activate(-1);
  }

  get isOpen() {
    return this.shown.length > 0;
  }

  /** Whether a key that ends a recipient accepts the suggestion: not in place of a complete address. */
  get takes() {
    return this.isOpen && this.active >= 0 && (this.hasChosen || !ADDRESS.test(this.typed));
  }

  async take(index) {
    const suggestion = this.shown[index];
    const [start, end] = around(this.input.value, this.input.selectionStart);
    const before = this.input.value.slice(0, start).trimEnd();
    const after = this.input.value.slice(end).replace(/^[,;\s]+/, "");
    this.close();
    this.input.focus();
    const members = suggestion.members ? await this.membersOf(suggestion) : null;
    if (suggestion.members && !members) return;
    this.put(suggestion, members, before, after);
    this.status.textContent = this.status.dataset.taken.replace("#", suggestion.name);
  }

  /** Adds a chip where js/chips.js makes them, else text. */
  put(suggestion, members, before, after) {
    const detail = { name: suggestion.name, text: suggestion.text, members };
    if (!this.input.dispatchEvent(new CustomEvent("recipient:taken", { detail, cancelable: true })))
      return;
    const head = `${before}${before ? " " : ""}${members?.join(", ") ?? suggestion.text}, `;
    this.input.value = head + after;
    this.input.setSelectionRange(head.length, head.length);
    this.input.scrollLeft = this.input.scrollWidth;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  async membersOf(group) {
    const answer = await answerTo(group.members, { headers: { Accept: "application/json" } });
    const told = answer?.ok ? await jsonOf(answer) : null;
    if (!told) this.status.textContent = this.status.dataset.failed;
    return told?.recipients.length ? told.recipients : null;
  }

  pressed(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowDown: () => (this.isOpen ? this.move(1) : this.changed()),
      ArrowUp: () => this.isOpen && this.move(-1),
      Escape: () => this.isOpen && this.close(),
      Enter: () => this.takes && this.take(this.active),
      Tab: () => !event.shiftKey && this.takes && this.take(this.active),
      ",": () => this.takes && this.take(this.active),
      ";": () => this.takes && this.take(this.active),
    }[event.key];
    if (act && act() !== false) {
      event.preventDefault();
      if (event.key === "Escape") event.stopPropagation();
    }
  }
}

export function load(root) {
  for (const input of root.querySelectorAll("input[data-complete]")) {
    const line = new Line(input);
    const attributes = {
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      autocomplete: "off",
    };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    input.addEventListener("input", () => line.changed());
    input.addEventListener("keydown", (event) => line.pressed(event));
    input.addEventListener("blur", () => line.close());
    // A click on the list must not take the focus, and the keyboard of a phone, from the field.
    line.list.addEventListener("mousedown", (event) => event.preventDefault());
  }
}
