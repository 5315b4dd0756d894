// @ts-check
// What a window of the composer shows, as a copy of it has it (js/local.js), and a copy back on the screen.

import * as pasting from "./pasting.js";

// What belongs to one window or one request, and controls that js/uploads.js and the editor fill.
const UNKEPT = new Set(["do", "over", "key", "password", "login", "csrfmiddlewaretoken", "remove"]);
const UNRESTORED = new Set([
  ...UNKEPT,
  "draft",
  "revision",
  "untouched",
  "writer",
  "format",
  "files",
  "had_documents",
  "had_roster",
]);
const RECIPIENTS = ["cc", "bcc", "reply_to"];

/** The fields of the form as pairs; files that were chosen without being uploaded are left out. Until the editor has
 * begun, the format is that in which it will. */
export function fieldsOf(form) {
  const { body, format } = form.elements;
  const begun = body.value === body.defaultValue ? format.dataset.begun : undefined;
  const all = [...new FormData(form)].filter(
    ([name, value]) => typeof value === "string" && !UNKEPT.has(name),
  );
  return all.map(([name, value]) => [name, name === "format" ? (begun ?? value) : value]);
}

/** What a window shows beside its text, for the words about what does not come along into a new message. */
export const besideOf = (form) =>
  [...form.querySelectorAll(".rail-files li")].flatMap((item) => {
    const field = item.querySelector("[name=files], [name=keep]");
    const name = item.querySelector(".file-name")?.title;
    return field && name ? [["had_file", `${field.value} ${name}`]] : [];
  });

/** The attached files that the list shows. */
export function cardsOf(form) {
  return [...form.querySelectorAll("[data-files] li")]
    .filter((item) => item.querySelector("[name=files]"))
    .map(card);
}

function card(item) {
  const name = item.querySelector("a.file-name");
  const kind = item.querySelector(".kind");
  return {
    id: item.querySelector("[name=files]").value,
    name: name.title,
    url: name.getAttribute("href"),
    remove_url: `${name.getAttribute("href")}/remove/`,
    size: item.querySelector(".meta").textContent,
    size_bytes: Number(item.dataset.size),
    kind: kind.textContent,
    kind_class: kind.classList[1] ?? "k-any",
  };
}

/** Puts the fields of a copy into a page that no script has begun yet. */
export function apply(form, fields) {
  const values = new Map();
  for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value]);
  for (const element of [...form.elements].filter(isRestored))
    put(element, values.get(element.name) ?? []);
  form.elements.format.dataset.begun =
    values.get("format")?.[0] ?? form.elements.format.dataset.begun;
  if (RECIPIENTS.some((name) => values.get(name)?.[0]))
    form.querySelector(".copies")?.setAttribute("open", "");
  applyFiles(form, values.get("files") ?? []);
}

/** A user with one address has no choice of it: the page's is right. */
function isRestored({ name, type }) {
  return (
    name && type !== "file" && !UNRESTORED.has(name) && !(name === "identity" && type === "hidden")
  );
}

function put(element, values) {
  if (["checkbox", "radio"].includes(element.type))
    element.checked = values.includes(element.value);
  else if (element.type === "select-one") chooseIn(element, values[0]);
  else if (element.type !== "submit" && element.type !== "button" && values.length > 0) {
    // The other scripts take what differs from the default for typed just now.
    element.defaultValue = values[0];
    element.value = values[0];
  }
}

function chooseIn(select, value) {
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}

/** Names the files of a copy that the page does not list: images of the text, and files that it lists later. */
function applyFiles(form, files) {
  const there = new Set([...form.querySelectorAll("[name=files]")].map(({ value }) => value));
  for (const value of files.filter((id) => !there.has(id)))
    form.append(
      Object.assign(document.createElement("input"), { type: "hidden", name: "files", value }),
    );
}

// Comparing

/** Whether two contents are the same for a reader. The server writes HTML in its own way. */
export function isSame(one, other) {
  return digest(one) === digest(other);
}

function digest(fields) {
  const values = new Map(fields);
  const isRich = values.get("format") === "html";
  const lines = [
    "to",
    "cc",
    "bcc",
    "reply_to",
    "subject",
    "identity",
    "priority",
    "wants_receipt",
    "wants_notice",
  ];
  const files = fields
    .filter(([name]) => name === "files" || name === "keep")
    .map(([, value]) => value);
  const text = isRich ? outline(values.get("html") ?? "") : (values.get("body") ?? "").trim();
  return JSON.stringify([
    isRich,
    lines.map((name) => squeezed(values.get(name) ?? "")),
    files.sort(),
    squeezed(text),
  ]);
}

const squeezed = (text) => text.replace(/\s+/g, " ").trim();

/** The words of a text with the elements among them. */
function outline(html) {
  const parts = [];
  const walker = document.createTreeWalker(
    pasting.safe(html),
    NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT,
  );
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) parts.push(/** @type {Text} */ (node).data);
    else if (!["BR", "DIV", "SPAN", "P"].includes(node.nodeName)) {
      const element = /** @type {Element} */ (node);
      parts.push(
        `<${node.nodeName} ${element.getAttribute("src") ?? element.getAttribute("href") ?? ""}>`,
      );
    }
  }
  return parts.join(" ");
}

// Showing

/** Shows a content beside another: its head, its files and its text, cleaned as anything that enters the editor. */
export function show(place, fields, cards) {
  const values = new Map(fields);
  const people = ["to", "cc", "bcc"].map((name) => values.get(name)).filter(Boolean);
  place.querySelector("[data-subject]").textContent =
    values.get("subject") || place.dataset.untitled;
  place.querySelector("[data-people]").textContent = people.join(", ");
  place.querySelector("[data-names]").textContent = cards.map(({ name }) => name).join(", ");
  const text = place.querySelector("[data-text]");
  const isRich = values.get("format") === "html";
  if (isRich) text.replaceChildren(pasting.safe(values.get("html") ?? ""));
  else text.textContent = values.get("body") ?? "";
  text.classList.toggle("is-plain", !isRich);
}
