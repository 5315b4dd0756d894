// @ts-check
// Replaces the signature when another sender address is chosen, unless the current one was changed.

import { on } from "./dom.js";
import * as pasting from "./pasting.js";

const SIGNATURE = "div.signature";
const bare = (text) => text.replace(/\s+/g, " ").trim();

export function start() {
  on("change", "select[name=identity]", (select) => {
    const former =
      [...select.options].find((option) => option.value === select.dataset.former) ??
      select.options[0];
    change(select.form, former.dataset, select.selectedOptions[0].dataset);
    select.dataset.former = select.value;
  });
}

export function load(root) {
  for (const select of root.querySelectorAll("select[name=identity]"))
    select.dataset.former ??= select.value;
}

function change(form, former, next) {
  const rich = form.querySelector("[data-rich]");
  if (rich && !rich.hidden) changeRich(rich, former, next);
  else changePlain(form.elements.body, former, next);
}

function changeRich(rich, former, next) {
  const before = pasting.safe(former.signature ?? "");
  const after = pasting.safe(next.signature ?? "");
  const there = rich.querySelector(SIGNATURE);
  if (there && bare(there.textContent) !== bare(before.textContent)) return;
  if (there) there.replaceChildren(after);
  else if (after.hasChildNodes() && !rich.querySelector("blockquote")) rich.append(signed(after));
  rich.dispatchEvent(new Event("input", { bubbles: true }));
}

function signed(content) {
  const made = document.createElement("div");
  made.className = "signature";
  made.append(content);
  return made;
}

function changePlain(field, former, next) {
  const before = former.signatureText ? `\n-- \n${former.signatureText}` : "";
  const after = next.signatureText ? `\n-- \n${next.signatureText}` : "";
  const text = field.value.trimEnd();
  if (!text.endsWith(before.trimEnd())) return;
  field.value = text.slice(0, text.length - before.trimEnd().length) + after;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
