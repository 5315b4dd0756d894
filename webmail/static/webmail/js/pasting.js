// @ts-check
// Cleans HTML that enters the editor: drafts, quotes, pasted content. It is reduced to a narrow allow-list, and the
// markup of Word and web pages is removed. The server sanitises again by its own list.

import DOMPurify from "../vendor/dompurify-3.4.18.mjs";

const TAGS = [
  "a",
  "b",
  "blockquote",
  "br",
  "caption",
  "code",
  "col",
  "colgroup",
  "del",
  "div",
  "em",
  "font",
  "h1",
  "h2",
  "h3",
  "h4",
  "hr",
  "i",
  "img",
  "ins",
  "li",
  "ol",
  "p",
  "pre",
  "s",
  "span",
  "strike",
  "strong",
  "sub",
  "sup",
  "table",
  "tbody",
  "td",
  "tfoot",
  "th",
  "thead",
  "tr",
  "u",
  "ul",
];
const ATTRIBUTES = [
  "align",
  "alt",
  "bgcolor",
  "border",
  "cellpadding",
  "cellspacing",
  "class",
  "color",
  "colspan",
  "dir",
  "height",
  "href",
  "rowspan",
  "size",
  "src",
  "start",
  "style",
  "type",
  "valign",
  "width",
];
// Classes by which mail programs recognise a signature, and the line above a quote.
const MARKS = new Set(["signature", "moz-cite-prefix"]);
// Classes of Squire's own spans.
const CLASSES = new Set(["color", "font", "highlight", "size"]);
const STYLES = [
  "color",
  "background-color",
  "font-style",
  "font-weight",
  "text-align",
  "text-decoration-line",
  "vertical-align",
  "width",
  "border-collapse",
  "border-top",
  "border-right",
  "border-bottom",
  "border-left",
  "padding",
];
const DRAFT_STYLES = [
  ...STYLES,
  "font-size",
  "font-family",
  "text-decoration",
  "border",
  "margin-left",
];
const LINK = /^(?:https?|ftp|mailto|tel):/i;
const LEVEL = /mso-list:[^;]*?\blevel(\d)/i;
const NUMBERED = /^[\s\u00a0]*(?:\d+|[a-z]|[ivxlc]+)[.)]/i;
// A page's black on white carries no meaning, and would be unreadable on a dark ground.
const GROUND =
  /^(?:rgb\((?:0, 0, 0|255, 255, 255)\)|black|white|windowtext|transparent|initial|inherit|rgba\(0, 0, 0, 0\))$/i;

const HANDLER = /(<[a-z][^>]*?)\son[a-z]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*)/gi;

const UPLOAD = /\/drafts\/[0-9a-f-]{36}\/files\//;
// A part of a message in the mailbox: the image of a quote.
const PART = /\/mail\/[^/]+\/(\d+-\d+)\/view\/[\d.~]+\/image$/;
const DATA = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=\s]+$/i;

/** The address of an image that is sent with the message: of an upload, of a part of a message, or a signature's own
 * bytes. It has no host, which browsers add to copied addresses; "" for any other image. */
function ownSource(src) {
  if (DATA.test(src)) return src;
  const { origin, pathname } = Object.assign(document.createElement("a"), { href: src });
  return origin === location.origin && (UPLOAD.test(pathname) || PART.test(pathname))
    ? pathname
    : "";
}

/** Whether pasted HTML may contain the image: of the mailbox only images of the message that is being answered. */
function mayBePasted(src) {
  const match = PART.exec(src);
  const composer = document.forms.namedItem("compose");
  return UPLOAD.test(src) || (match !== null && match[1] === composer?.elements.origin_ref?.value);
}

// Word

const styleOf = (element) => element.getAttribute("style") ?? "";
const isItem = (node) => node.nodeType === Node.ELEMENT_NODE && LEVEL.test(styleOf(node));

/** Removes the bullet or number that Word wrote into the text of an item, and returns it. */
function takeMark(item) {
  const mark = [...item.querySelectorAll("[style]")].find((part) =>
    /mso-list:\s*ignore/i.test(styleOf(part)),
  );
  const text = mark?.textContent ?? "";
  mark?.remove();
  return text;
}

/** Turns paragraphs that Word formatted as a list into lists, nested by their levels. */
function makeLists(page) {
  for (const first of [...page.querySelectorAll("p, div, h1, h2, h3, h4")].filter(isItem)) {
    if (!page.contains(first)) continue; // in a list already
    const items = [];
    for (let item = first; item && isItem(item); item = item.nextElementSibling) items.push(item);
    const place = document.createComment("");
    first.before(place);
    place.replaceWith(listOf(items));
  }
}

function listOf(items) {
  const root = document.createDocumentFragment();
  const open = [];
  for (const item of items) {
    const level = Number(LEVEL.exec(styleOf(item))[1]);
    const name = NUMBERED.test(takeMark(item)) ? "ol" : "ul";
    while (open.length > 0 && open.at(-1).level > level) open.pop();
    if (
      open.length === 0 ||
      open.at(-1).level < level ||
      (open.length === 1 && open[0].list.localName !== name)
    ) {
      if (open.length === 1 && open[0].level === level) open.pop();
      const list = document.createElement(name);
      (open.at(-1)?.list.lastElementChild ?? root).append(list);
      open.push({ list, level });
    }
    const entry = document.createElement("li");
    entry.append(...item.childNodes);
    open.at(-1).list.append(entry);
    item.remove();
  }
  return root;
}

/** Replaces elements of other programs by their content: `<o:p>`, an empty `<b style="font-weight:normal">`. */
function unwrap(page) {
  for (const element of page.querySelectorAll("*")) {
    const isPlainBold =
      element.localName === "b" &&
      /(?:^|[^-])font-weight:\s*(?:normal|400)/i.test(styleOf(element));
    if (element.localName.includes(":") || isPlainBold) element.replaceWith(...element.childNodes);
  }
}

// Images

/** The bytes of a data: URL as a file for uploading; null where it is no image. */
function fileOf(src) {
  const match = /^data:(image\/(?:png|jpeg|gif|webp));base64,([a-z0-9+/=\s]+)$/i.exec(src);
  if (!match) return null;
  const bytes = Uint8Array.from(atob(match[2].replace(/\s/g, "")), (letter) =>
    letter.charCodeAt(0),
  );
  return new File([bytes], `image.${match[1].split("/")[1]}`, { type: match[1] });
}

/** Replaces remote images by links, so that no recipient's program fetches them. */
function replaceImages(page, files) {
  for (const image of page.querySelectorAll("img")) {
    const src = image.getAttribute("src") ?? "";
    const own = src && ownSource(src);
    if (own && mayBePasted(own)) continue;
    const file = fileOf(src);
    if (file) files.push(file);
    const alt = image.getAttribute("alt")?.trim() ?? "";
    if (own || !/^https?:/i.test(src)) {
      image.replaceWith(file ? "" : alt);
      continue;
    }
    const link = document.createElement("a");
    link.href = src;
    link.textContent = alt || decodeURI(new URL(src).pathname.split("/").pop()) || src;
    image.replaceWith(image.closest("a") ? link.textContent : link);
  }
}

// The allow-list

let kept = DRAFT_STYLES;

function keepStyles(element) {
  const values = [];
  for (const name of kept) {
    const value = element.style.getPropertyValue(name);
    const isGround = kept === STYLES && name.includes("color") && GROUND.test(value);
    if (value && !/url\(|expression|var\(/i.test(value) && !isGround)
      values.push(`${name}: ${value}`);
  }
  if (values.length > 0) element.setAttribute("style", values.join("; "));
  else element.removeAttribute("style");
}

const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (element) => {
  if (element.hasAttribute("style")) keepStyles(element);
  if (element.hasAttribute("class")) {
    const known =
      element.localName === "div" ? MARKS : element.localName === "span" ? CLASSES : null;
    const names = [...element.classList].filter((name) => known?.has(name));
    if (names.length > 0) element.setAttribute("class", names.join(" "));
    else element.removeAttribute("class");
  }
  if (element.hasAttribute("href") && !LINK.test(element.getAttribute("href").trim()))
    element.removeAttribute("href");
  if (element.localName === "img") {
    const own = ownSource(element.getAttribute("src") ?? "");
    if (own) element.setAttribute("src", own);
    else element.remove();
  }
});

/** Removes spans without meaning, of which Word leaves dozens. */
function dropEmpty(fragment) {
  for (const span of fragment.querySelectorAll(
    "span:not([style], [class]), font:not([color], [size]), a:not([href])",
  )) {
    span.replaceWith(...span.childNodes);
  }
}

function held(template, styles) {
  kept = styles;
  const options = {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  };
  const fragment = document.importNode(purify.sanitize(template.innerHTML, options), true);
  dropEmpty(fragment);
  return fragment;
}

/** HTML in a separate document that shows and runs nothing. The page's policy blocks event handlers there too, but a
 * browser reports each, so most are removed before. */
function parsed(html) {
  let bare = html;
  for (let before = ""; bare !== before; ) {
    before = bare;
    bare = before.replace(HANDLER, "$1");
  }
  const template = document.createElement("template");
  template.innerHTML = bare;
  return template;
}

/** The HTML of a draft or a quote, as DOM nodes that cannot run anything. */
export function safe(html) {
  return held(parsed(html), DRAFT_STYLES);
}

/** The HTML inside an element or a template. */
export const markup = (element) => element.innerHTML;

/** HTML from the clipboard -> `{ html, files }`: simple HTML, and the images in it to be uploaded. */
export function pasted(html) {
  const template = parsed(html);
  const page = template.content;
  // The head of what Word copies contains its style sheet.
  for (const element of page.querySelectorAll("style, script, meta, link, title, xml"))
    element.remove();
  const files = [];
  makeLists(page);
  unwrap(page);
  replaceImages(page, files);
  const box = document.createElement("div");
  box.append(held(template, STYLES));
  return { html: box.innerHTML, files };
}

// Plain text and back

const BLOCKS = new RegExp(
  "^(?:address|article|aside|blockquote|caption|div|dl|dd|dt|figure|footer|h[1-6]|header|hr|" +
    "li|main|ol|p|pre|section|table|tr|ul)$",
);

class Lines {
  constructor() {
    this.lines = [];
    /** The line that is being read, without the marks of its quote. */
    this.text = "";
    /** The marks of the quotes around it. */
    this.marks = "";
  }

  add(text) {
    this.text += text;
  }

  /** Ends the line, unless it is empty; with `always` an empty one too. */
  end(always = false) {
    if (!this.text && !always) return;
    const line = spaced(this.text.replace(this.text === "-- " ? "" : /[\t ]+$/, ""));
    this.lines.push(this.marks && line ? `${this.marks} ${line}` : this.marks + line);
    this.text = "";
  }

  read(node, list = null) {
    for (const child of node.childNodes) this.readChild(child, list);
  }

  readChild(child, list) {
    if (child.nodeType === Node.TEXT_NODE) {
      const text = child.data.replace(/\u200b/g, "").replace(/[\t\n\r ]+/g, " ");
      return this.add(this.text ? text : text.replace(/^ +/, ""));
    }
    if (child.nodeType !== Node.ELEMENT_NODE) return;
    const name = child.localName;
    if (name === "br")
      return child.nextSibling || !BLOCKS.test(child.parentNode.localName)
        ? this.end(true)
        : undefined;
    if (name === "img") return this.add(child.alt);
    const isBlock = BLOCKS.test(name);
    if (isBlock) this.end();
    if (name === "blockquote") this.marks += ">";
    if (name === "li") this.add(this.bullet(child, list));
    if (name === "hr") this.add("-- ".repeat(8).trim());
    this.read(child, name === "ol" || name === "ul" ? child : list);
    if (name === "a") this.address(child);
    if ((name === "td" || name === "th") && child.nextElementSibling) this.add("\t");
    if (isBlock) this.close(child);
    if (name === "blockquote") this.marks = this.marks.slice(1);
  }

  bullet(item, list) {
    if (list?.localName !== "ol") return "- ";
    return `${[...list.children].indexOf(item) + (list.start || 1)}. `;
  }

  address(link) {
    const href = link.getAttribute("href") ?? "";
    const bare = href.replace(/^mailto:/i, "");
    const words = link.textContent.trim();
    if (href && words !== href && words !== bare && `http://${words}` !== href)
      this.add(` <${bare}>`);
  }

  /** Ends the line after a block; an empty block, which is shown as an empty line, becomes one. */
  close(block) {
    const isEmptyLine =
      block.textContent.trim() === "" &&
      !block.querySelector("img, hr") &&
      /^(?:div|p)$/.test(block.localName);
    this.end(isEmptyLine);
    if (/^(?:p|h[1-4])$/.test(block.localName) && !isEmptyLine && block.nextElementSibling)
      this.end(true);
  }
}

/** A line with the spaces that `htmlOf` has written so that a page shows them all. */
const spaced = (line) =>
  line.replace(/^\u00a0+|\u00a0{2,}/g, (blanks) => " ".repeat(blanks.length));

/** The text of the nodes in lines; quotes are prefixed with ">". */
export function textOf(root) {
  const lines = new Lines();
  lines.read(root);
  const isEnded = !lines.text;
  lines.end();
  return (lines.lines.join("\n") + (isEnded ? "\n" : "")).replace(/\n+$/, "\n");
}

const escaped = (text) =>
  text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/^ +(?=[^ ])| {2,}/g, (blanks) => "\u00a0".repeat(blanks.length));

/** Lines -> HTML; lines with ">" become quotes. */
export function htmlOf(text) {
  let depth = 0;
  let html = "";
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    const marks = /^(?:> ?)*/.exec(line)[0];
    const wanted = marks.split(">").length - 1;
    for (; depth < wanted; depth += 1) html += '<blockquote type="cite">';
    for (; depth > wanted; depth -= 1) html += "</blockquote>";
    html += `<div>${escaped(line.slice(marks.length)) || "<br>"}</div>`;
  }
  return html + "</blockquote>".repeat(depth);
}
