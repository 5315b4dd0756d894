// @ts-check
// Rich text: Squire on an element of the page, with our tool bar. Without it the text field stays, and plain text is
// sent. The content of the editor is only read when the form is sent or saved, since a long quote takes time.

import Squire from "../vendor/squire-2.4.8.mjs";
import { signs } from "./emoji.js";
import * as pasting from "./pasting.js";
import { reveal } from "./scrolling.js";
import { Tables } from "./tables.js";
import { arrows, Toolbar } from "./tools.js";

const CTRL = /Mac|iP(?:hone|ad|od)/.test(navigator.platform) ? "Meta-" : "Ctrl-";
// With longer texts, a copy for each undo step would fill the memory.
const UNDO = { documentSizeThreshold: 100_000, undoLimit: 20 };
const PRESSED = {
  bold: ["B"],
  italic: ["I"],
  underline: ["U"],
  strike: ["S"],
  link: ["A"],
  bullets: ["UL"],
  numbers: ["OL"],
  quote: ["BLOCKQUOTE"],
  code: ["CODE", "PRE"],
};
const words = (element, name, value) => element.dataset[name].replace("%", value);

/**
 * The element itself, or the one around a text.
 * @param {Node} node
 */
const elementAt = (node) =>
  node.nodeType === Node.ELEMENT_NODE ? /** @type {HTMLElement} */ (node) : node.parentElement;

export class Editor {
  constructor(form) {
    this.form = form;
    this.root = form.querySelector("[data-rich]");
    this.plain = form.querySelector("textarea[data-plain]");
    this.label = form.querySelector("[data-plain-label]");
    this.field = form.querySelector("textarea[name=html]");
    this.format = form.querySelector("[name=format]");
    this.bar = form.querySelector("[data-tools]");
    this.announcer = document.getElementById("editor-said");
    this.switch = form.querySelector("[data-plain-text]");
    this.squire = new Squire(this.root, {
      sanitizeToDOMFragment: pasting.safe,
      undo: UNDO,
      tagAttributes: { blockquote: { type: "cite" } },
    });
    this.tables = new Tables(this.squire, this.root);
    this.isRich = false;
    this.hasWarned = false;
    this.listen();
  }

  begin() {
    const isRich = this.format.dataset.begun !== "plain";
    delete this.format.dataset.begun;
    if (isRich) this.beginRich();
    else this.beginPlain();
    this.form.querySelector("[data-switch]").hidden = false;
    this.switch.setAttribute("aria-pressed", String(!isRich));
    if (!this.plain.hasAttribute("autofocus")) return;
    this.focus();
    // The chips of many recipients push the text out of sight.
    reveal(this.form.querySelector("[data-above-text]"));
  }

  beginRich() {
    // The user may have typed in the field before this script was loaded.
    const typed = typedIn(this.plain);
    const wasIn = document.activeElement === this.plain;
    const html = this.field.value;
    const added = typed.text && pasting.htmlOf(typed.text);
    if (!html.trim()) this.squire.setHTML(pasting.htmlOf(this.plain.value));
    else this.squire.setHTML(typed.isAtEnd ? html + added : added + html);
    if (typed.isAtEnd) this.squire.moveCursorToEnd();
    else this.squire.moveCursorToStart();
    this.show(true);
    this.fold();
    if (wasIn) this.squire.focus();
  }

  /** The formats of a text that was changed to plain text stay, as long as it is the same. */
  beginPlain() {
    const html = this.field.value;
    if (html.trim() && pasting.textOf(pasting.safe(html)) === this.plain.value)
      this.before = { html, text: this.plain.value };
  }

  listen() {
    this.toolbar = new Toolbar(this.bar, {
      opened: (pop) => this.opened(pop),
      closed: () => this.squire.focus(),
    });
    this.bar.addEventListener("click", (event) =>
      this.act(event.target.closest("[data-format]")?.dataset.format),
    );
    for (const name of ["pathChange", "select", "input"])
      this.squire.addEventListener(name, () => this.mark());
    this.squire.addEventListener("input", () => this.changed());
    this.squire.addEventListener("undoStateChange", ({ detail }) => {
      this.button("undo").disabled = !detail.canUndo;
      this.button("redo").disabled = !detail.canRedo;
    });
    this.squire.setKeyHandler(`${CTRL}k`, (_squire, event) => {
      event.preventDefault();
      this.askLink();
    });
    // Squire must not handle Ctrl+D, the browser's bookmark key.
    this.squire.setKeyHandler(`${CTRL}d`, null);
    this.root.parentElement.addEventListener("paste", (event) => this.paste(event), {
      capture: true,
    });
    this.root.parentElement.addEventListener("drop", (event) => this.drop(event), {
      capture: true,
    });
    this.form.addEventListener("formdata", ({ formData }) => this.write(formData));
    this.switch.addEventListener("click", () => this.change());
    this.listenToPops();
    this.listenToDialogs();
  }

  button(name) {
    return this.bar.querySelector(`[data-format="${name}"]`);
  }

  focus() {
    if (this.isRich) this.squire.focus();
    else this.plain.focus();
  }

  // The posted content

  get html() {
    return this.squire.getHTML();
  }

  get isEmpty() {
    return this.isRich
      ? this.root.textContent.trim() === "" && !this.root.querySelector("img")
      : this.plain.value.trim() === "";
  }

  write(data) {
    if (!this.isRich) return;
    this.field.value = this.html;
    data.set("html", this.field.value);
    data.set(this.plain.name, pasting.textOf(pasting.safe(this.field.value)));
  }

  changed() {
    // Text with colours is shown on a light ground in every theme: its author chose colours for a white page.
    this.root.classList.toggle(
      "island",
      this.root.querySelector("[style*=color], [bgcolor], [color]") !== null,
    );
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Formats

  mark() {
    for (const [name, tags] of Object.entries(PRESSED)) {
      const isOn = tags.some((tag) => this.squire.hasFormat(tag) || this.isIn(tag));
      this.button(name).setAttribute("aria-pressed", String(isOn));
    }
  }

  /** Whether the nearest list around the cursor is of this kind. */
  isIn(tag) {
    if (tag !== "UL" && tag !== "OL") return false;
    const node = this.squire.getSelection().startContainer;
    const list = elementAt(node).closest("ul, ol");
    return list !== null && this.root.contains(list) && list.nodeName === tag;
  }

  act(name) {
    const squire = this.squire;
    const toggle = (tag, on, off) => (squire.hasFormat(tag) ? squire[off]() : squire[on]());
    const acts = {
      bold: () => toggle("B", "bold", "removeBold"),
      italic: () => toggle("I", "italic", "removeItalic"),
      underline: () => toggle("U", "underline", "removeUnderline"),
      strike: () => toggle("S", "strikethrough", "removeStrikethrough"),
      bullets: () => (this.isIn("UL") ? squire.removeList() : squire.makeUnorderedList()),
      numbers: () => (this.isIn("OL") ? squire.removeList() : squire.makeOrderedList()),
      indent: () => (this.isInList ? squire.increaseListLevel() : squire.increaseQuoteLevel()),
      outdent: () => (this.isInList ? squire.decreaseListLevel() : squire.decreaseQuoteLevel()),
      quote: () =>
        squire.hasFormat("BLOCKQUOTE") ? squire.decreaseQuoteLevel() : squire.increaseQuoteLevel(),
      code: () => squire.toggleCode(),
      undo: () => squire.undo(),
      redo: () => squire.redo(),
      remove: () => squire.removeAllFormatting(),
      link: () => this.askLink(),
      image: () => this.chooseImage(),
    };
    if (!acts[name]) return;
    acts[name]();
    if (name !== "link" && name !== "image") this.tell(name);
  }

  get isInList() {
    return this.isIn("UL") || this.isIn("OL");
  }

  /** Announces a changed format, unless the focus is on its button, which announces it itself. */
  tell(name) {
    const button = this.button(name);
    this.mark();
    if (button.getAttribute("aria-pressed") === null || document.activeElement === button) return;
    const { on, off } = this.announcer.dataset;
    this.say(
      `${button.getAttribute("aria-label")} : ${button.getAttribute("aria-pressed") === "true" ? on : off}`,
    );
  }

  say(text) {
    this.announcer.textContent = "";
    requestAnimationFrame(() => (this.announcer.textContent = text));
  }

  // Popups of the tool bar

  listenToPops() {
    const size = document.getElementById("size-pop");
    const colour = document.getElementById("colour-pop");
    const pick = (event, name, act) => {
      const value = event.target.closest(`[data-${name}]`)?.dataset[name];
      if (value === undefined) return;
      this.toolbar.close(true);
      act(value);
    };
    size.addEventListener("click", (event) =>
      pick(event, "size", (value) => this.squire.setFontSize(value || null)),
    );
    colour.addEventListener("click", (event) =>
      pick(event, "colour", (value) => this.squire.setTextColor(value || null)),
    );
    colour.addEventListener("click", (event) =>
      pick(event, "highlight", (value) => this.squire.setHighlightColor(value || null)),
    );
    const align = document.getElementById("align-pop");
    align.addEventListener("click", (event) =>
      pick(event, "align", (value) => this.squire.setTextAlignment(value === "left" ? "" : value)),
    );
    this.table = document.getElementById("table-pop");
    this.table.addEventListener("click", (event) =>
      pick(event, "table", (value) => this.changeTable(value)),
    );
    this.table.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("input")) return;
      event.preventDefault();
      this.toolbar.close(true);
      this.changeTable("insert");
    });
    for (const pop of [size, colour, align, this.table.querySelector("[data-inside]")]) arrows(pop);
    this.emoji = document.getElementById("emoji-pop");
    this.emoji.querySelector("input").addEventListener("input", () => this.showEmoji());
    this.emoji
      .querySelector("input")
      .addEventListener("keydown", (event) => this.pressedInEmoji(event));
    this.emoji.addEventListener("click", (event) =>
      this.takeEmoji(event.target.closest("[data-sign]")),
    );
    arrows(this.emoji.querySelector("[data-emojis]"));
  }

  changeTable(act) {
    const [rows, columns] = [...this.table.querySelectorAll("input")].map((input) => input.value);
    if (act === "insert") this.tables.insert(rows, columns);
    else this.tables.act(act);
  }

  opened(pop) {
    if (pop === this.table) {
      const isInside = this.tables.cell !== null;
      pop.querySelector("[data-outside]").hidden = isInside;
      pop.querySelector("[data-inside]").hidden = !isInside;
    }
    if (pop.id === "align-pop") this.markAlignment(pop);
    if (pop !== this.emoji) return;
    pop.querySelector("input").value = "";
    this.showEmoji();
  }

  markAlignment(pop) {
    const node = this.squire.getSelection().startContainer;
    const at = getComputedStyle(elementAt(node)).textAlign;
    const shown = { start: "left", end: "right" }[at] ?? at;
    for (const button of pop.querySelectorAll("[data-align]"))
      button.setAttribute("aria-pressed", String(button.dataset.align === shown));
  }

  showEmoji() {
    const bare = (text) =>
      text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/œ/g, "oe");
    const asked = bare(this.emoji.querySelector("input").value.trim());
    const matches = signs(document.documentElement.lang).filter(({ name }) =>
      bare(name).includes(asked),
    );
    this.emoji.querySelector("[data-emojis]").replaceChildren(
      ...matches.map(({ sign, name }) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", title: name, textContent: sign });
        button.dataset.sign = sign;
        button.setAttribute("aria-label", name);
        return button;
      }),
    );
    const status = this.emoji.querySelector("[role=status]");
    status.textContent = matches.length ? "" : status.dataset.none;
  }

  pressedInEmoji(event) {
    const first = this.emoji.querySelector("[data-sign]");
    if (event.key === "ArrowDown") first?.focus();
    else if (event.key === "Enter") this.takeEmoji(first);
    else return;
    event.preventDefault();
  }

  takeEmoji(button) {
    if (!button) return;
    this.toolbar.close(true);
    this.squire.insertPlainText(button.dataset.sign);
  }

  // Dialogs

  listenToDialogs() {
    this.link = document.getElementById("link-dialog");
    this.link.addEventListener("click", (event) => {
      const act = event.target.closest("[data-link]")?.dataset.link;
      if (act === "cancel") this.link.close();
      else if (act === "set") this.setLink();
      else if (act === "remove") this.removeLink();
    });
    this.link.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("input")) return;
      event.preventDefault();
      this.setLink();
    });
    this.link.addEventListener("close", () => this.squire.focus());
    this.warning = document.getElementById("plain-dialog");
    this.warning.addEventListener("click", (event) => {
      const act = event.target.closest("[data-plain]")?.dataset.plain;
      if (!act) return;
      this.warning.close();
      if (act === "go") this.toPlain();
      else this.squire.focus();
    });
  }

  askLink() {
    const range = this.squire.getSelection();
    const node = range.startContainer;
    const link = elementAt(node).closest("a");
    const [address, text] = this.link.querySelectorAll("input");
    if (link && this.root.contains(link)) {
      range.selectNodeContents(link);
      this.squire.setSelection(range);
    }
    const selected = this.squire.getSelectedText();
    const isAddress = /^(?:https?:\/\/|www\.)\S+$|^\S+@\S+\.\S+$/.test(selected);
    address.value =
      link?.getAttribute("href").replace(/^mailto:/, "") ?? (isAddress ? selected : "");
    text.value = selected;
    this.link.querySelector("[data-link=remove]").hidden = !link;
    this.refuse(false);
    this.link.showModal();
    address.focus();
  }

  refuse(isRefused) {
    const address = document.getElementById("link-address");
    document.getElementById("link-error").hidden = !isRefused;
    address.toggleAttribute("aria-invalid", isRefused);
    if (isRefused) {
      address.setAttribute("aria-invalid", "true");
      address.focus();
    }
  }

  setLink() {
    const [address, text] = [...this.link.querySelectorAll("input")].map((input) =>
      input.value.trim(),
    );
    const href = hrefOf(address);
    if (!href) return this.refuse(true);
    const selected = this.squire.getSelectedText().trim();
    this.link.close();
    if (selected && (text === selected || !text)) this.squire.makeLink(href);
    else this.squire.insertHTML(linkTo(href, text || address));
  }

  removeLink() {
    this.link.close();
    this.squire.removeLink();
  }

  // Images

  /** The function that uploads a file into the draft as an image of the text and returns its address; set by
   * js/compose.js. */
  set upload(upload) {
    this.uploadImage = upload;
    this.button("image").hidden = !upload;
  }

  chooseImage() {
    const input = document.createElement("input");
    Object.assign(input, {
      type: "file",
      accept: "image/png,image/jpeg,image/gif,image/webp",
      multiple: true,
    });
    input.addEventListener("change", () => this.addImages([...input.files]));
    input.click();
  }

  /** Uploads images into the text: at the cursor, or so many characters behind its beginning. */
  async addImages(files, place = null) {
    if (!this.isRich) return;
    for (const file of files) {
      const at = place ?? this.place;
      const url = await this.uploadImage(file, at);
      if (!url) {
        this.say(this.announcer.dataset.imageFailed);
        continue;
      }
      if (place !== null) this.place = place;
      this.squire.insertImage(url, { alt: file.name.replace(/\.\w+$/, "") });
      this.say(this.announcer.dataset.image);
    }
  }

  /** The number of characters before the cursor. */
  get place() {
    const before = document.createRange();
    const { startContainer, startOffset } = this.squire.getSelection();
    before.setStart(this.root, 0);
    before.setEnd(startContainer, startOffset);
    return before.toString().length;
  }

  set place(length) {
    const walker = document.createTreeWalker(this.root, NodeFilter.SHOW_TEXT);
    let left = length;
    const next = () => /** @type {Text} */ (walker.nextNode());
    let node = next();
    for (; node && left > node.length; node = next()) left -= node.length;
    const range = document.createRange();
    if (node) range.setStart(node, left);
    else range.setStart(this.root, this.root.childNodes.length);
    this.squire.setSelection(range);
  }

  paste(event) {
    if (!this.isRich || !this.root.contains(event.target)) return;
    const data = event.clipboardData;
    const html = data.getData("text/html");
    const images = [...data.files].filter((file) => file.type.startsWith("image/"));
    // A spreadsheet adds a picture of its cells to the clipboard; only the cells are pasted.
    if (html) {
      event.preventDefault();
      event.stopPropagation();
      const content = pasting.pasted(html);
      this.squire.insertHTML(content.html, true);
      if (this.uploadImage) this.addImages(content.files.length ? content.files : []);
    } else if (images.length > 0 && this.uploadImage) {
      event.preventDefault();
      event.stopPropagation();
      this.addImages(images);
    }
  }

  drop(event) {
    const files = [...(event.dataTransfer?.files ?? [])];
    const isImages =
      files.length > 0 && files.every((file) => /^image\/(?:png|jpeg|gif|webp)$/.test(file.type));
    if (!this.isRich || !isImages || !this.uploadImage || !this.root.contains(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    this.addImages(files);
  }

  // Plain text

  change() {
    this.form.querySelector("[data-options]")?.removeAttribute("open");
    if (!this.isRich) return this.toRich();
    const lost = this.lost();
    if (lost.length === 0 || this.hasWarned) return this.toPlain();
    this.hasWarned = true;
    const place = document.getElementById("plain-text");
    const list = new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" });
    place.textContent = words(place, "lost", list.format(lost.map((name) => place.dataset[name])));
    this.warning.showModal();
  }

  lost() {
    const formats = {
      bold: "b, strong, i, em, u, s, strike",
      colour: "[style*=color], [style*=font-size], font, h1, h2, h3",
      image: "img",
      table: "table",
      link: "a[href]",
    };
    return Object.keys(formats).filter((name) => this.root.querySelector(formats[name]));
  }

  /** Changes to plain text. The formats are kept until the text changes, and restored when the user changes back. */
  toPlain() {
    const html = this.html;
    this.plain.value = pasting.textOf(pasting.safe(html));
    this.before = { html, text: this.plain.value };
    this.field.value = html;
    this.show(false);
    this.plain.focus();
    this.plain.setSelectionRange(0, 0);
    this.plain.dispatchEvent(new Event("input", { bubbles: true }));
  }

  toRich() {
    const isSame = this.before?.text === this.plain.value;
    this.squire.setHTML(isSame ? this.before.html : pasting.htmlOf(this.plain.value));
    this.show(true);
    this.squire.moveCursorToStart();
    this.squire.focus();
    this.changed();
  }

  show(isRich) {
    this.isRich = isRich;
    this.format.value = isRich ? "html" : "plain";
    this.root.hidden = !isRich;
    this.bar.hidden = !isRich;
    this.plain.hidden = isRich;
    // Only one of the two has the label at a time.
    if (isRich) this.label.removeAttribute("for");
    else this.label.htmlFor = this.plain.id;
    this.switch.setAttribute("aria-pressed", String(!isRich));
    if (this.squire.getHTML())
      this.root.classList.toggle(
        "island",
        this.root.querySelector("[style*=color], [bgcolor], [color]") !== null,
      );
  }

  // The quote

  /** Folds a quote below the answer, which the user has just read. */
  fold() {
    // Squire keeps an empty line below, so that the cursor can leave the quote.
    const quote = [...this.root.children]
      .reverse()
      .find((block) => block.matches("blockquote") || block.textContent.trim());
    const line = this.form.querySelector("[data-unfold]");
    if (!line) return;
    const isBelow = quote?.matches("blockquote") && quote.previousElementSibling;
    line.hidden = !isBelow;
    if (!isBelow) return;
    this.root.classList.add("is-folded");
    const button = line.querySelector("button");
    button.addEventListener("click", () => {
      this.root.classList.remove("is-folded");
      line.hidden = true;
      this.squire.focus();
    });
  }

  /** Inserts the content of a template, a canned answer, at the cursor. */
  insert(template) {
    const html = pasting.markup(template);
    if (this.isRich) {
      this.squire.focus();
      this.squire.insertHTML(html);
      return;
    }
    const text = pasting.textOf(pasting.safe(html));
    this.plain.setRangeText(text, this.plain.selectionStart, this.plain.selectionEnd, "end");
    this.plain.focus();
    this.plain.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** What was typed into a field before or after its first text. */
function typedIn({ value, defaultValue }) {
  if (value === defaultValue) return { text: "", isAtEnd: false };
  if (value.startsWith(defaultValue))
    return { text: value.slice(defaultValue.length), isAtEnd: true };
  let same = 0;
  while (same < defaultValue.length && value.at(-1 - same) === defaultValue.at(-1 - same))
    same += 1;
  let before = 0;
  while (before < value.length - same && value[before] === defaultValue[before]) before += 1;
  return { text: value.slice(before, value.length - same), isAtEnd: false };
}

/** The typed address as the target of a link; "" when it is none. */
function hrefOf(address) {
  if (/^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]{2,}$/.test(address)) return `mailto:${address}`;
  const url = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
  return /^(?:https?|ftp):\/\/[^\s/.]+\.[^\s]+$|^(?:mailto|tel):\S+$/i.test(url) ? url : "";
}

function linkTo(href, text) {
  const link = document.createElement("a");
  link.href = href;
  link.textContent = text;
  return link.outerHTML;
}
