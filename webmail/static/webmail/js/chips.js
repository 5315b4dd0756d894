// @ts-check
// Recipients as chips: each is checked when it is made, and can be changed, moved to another field and removed by
// keyboard and pointer. The text input stays for typing; a text is posted, as without a script.

import { read, written } from "./addresses.js";
import { bare, grouped, within } from "./dom.js";
import { answerTo, jsonOf } from "./network.js";
import { arrows, place } from "./tools.js";

// More recipients are shown as a number until the user expands them; and never more than the second limit.
const SHOWN = 40;
const MOST_SHOWN = 500;
const CHECKED_AT_ONCE = 200;
const CHECK_MS = 150;
const DRAGGED = "application/x-webmail-recipient";

const NAMED = 5;
const NO_GAP = { withoutAddress: [], others: [] };

const clone = (id) =>
  /** @type {HTMLTemplateElement} */ (document.getElementById(id)).content.cloneNode(true)
    .firstElementChild;
const announcer = () => document.getElementById("chip-said");
const phrase = (name, ...values) =>
  values.reduce(
    (text, value, index) => text.replace(values.length > 1 ? `%${index + 1}` : "%", value),
    announcer().dataset[name],
  );
const key = (entry) => (entry.address ?? "").toLowerCase();
const shownName = (entry) => entry.name || entry.address || entry.text;

/** The first few names, and the number of the others. */
function few(names) {
  const shown = names.slice(0, NAMED).join(", ");
  return names.length > NAMED
    ? `${shown}, ${phrase("rest", grouped(names.length - NAMED))}`
    : shown;
}

function say(text) {
  announcer().textContent = text;
}

class Field {
  constructor(input, all) {
    this.input = input;
    this.all = all;
    this.line = input.closest("[data-line]");
    this.name = input.name;
    this.label = this.line.dataset.lineName;
    this.list = this.line.querySelector("[data-chips]");
    this.fixes = this.line.querySelector("[data-fixes]");
    this.entries = [];
    this.isWhole = false;
    this.posted = document.createElement("input");
    Object.assign(this.posted, { type: "hidden", name: input.name });
    input.removeAttribute("name");
    input.after(this.posted);
    this.listen();
    // The user may have typed already before this script was loaded.
    const isTyping = document.activeElement === input && input.value !== input.defaultValue;
    const text = isTyping ? "" : input.value;
    if (!isTyping) input.value = "";
    this.add(read(text), { isQuiet: true });
  }

  listen() {
    this.input.addEventListener("keydown", (event) => this.typed(event));
    this.input.addEventListener("input", () => this.separated());
    this.input.addEventListener("paste", (event) => this.pasted(event));
    // A typed recipient is complete when the focus leaves the field.
    this.input.addEventListener("blur", () => this.take());
    this.input.addEventListener("recipient:taken", (event) => this.chosen(event));
    this.input.addEventListener("recipient:gone", ({ detail }) => this.without(detail.name));
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.list.addEventListener("dblclick", (event) => this.on(event, (index) => this.edit(index)));
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("contextmenu", (event) => {
      if (this.on(event, (index) => this.all.open(this, index))) event.preventDefault();
    });
    this.list.addEventListener("dragstart", (event) =>
      this.on(event, (index) => this.drag(event, index)),
    );
    this.line.addEventListener("dragover", (event) => this.over(event));
    this.line.addEventListener("dragleave", () => this.line.classList.remove("is-over"));
    this.line.addEventListener("drop", (event) => this.drop(event));
    this.fixes.addEventListener("click", (event) => this.fix(event.target.closest("button")));
  }

  // The text input

  /** Turns the text of the input into recipients. */
  take() {
    const text = this.input.value;
    if (!text.trim()) return;
    this.input.value = "";
    this.add(read(text));
  }

  separated() {
    if (/[,;\n]\s*$/.test(this.input.value) && !isOpen(this.input.value)) this.take();
    else this.write();
  }

  typed(event) {
    if (event.isComposing || event.defaultPrevented) return;
    const isEmpty = this.input.selectionStart === 0 && this.input.selectionEnd === 0;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      this.take();
      event.preventDefault();
    } else if (
      ["ArrowLeft", "Backspace"].includes(event.key) &&
      isEmpty &&
      this.buttons.length > 0
    ) {
      this.buttons.at(-1).focus();
      event.preventDefault();
    }
  }

  pasted(event) {
    const text = event.clipboardData.getData("text/plain");
    if (!/[,;\r\n\t]/.test(text) && (text.match(/@/g) ?? []).length < 2) return;
    event.preventDefault();
    const typed = this.input.value.trim();
    const entries = isOpen(typed)
      ? read(`${typed}, ${text}`)
      : [...read(typed), ...read(text, { isCopied: true })];
    this.input.value = "";
    this.add(entries);
    say(phrase("added", grouped(entries.length)));
  }

  /** Adds a suggestion of the combobox: a person, or a group with its members. */
  chosen(event) {
    const { name, text, members } = event.detail;
    event.preventDefault();
    this.input.value = "";
    this.add(members ? [{ name, members: read(members.join(", ")) }] : read(text));
    if (members) this.goOn();
  }

  /** Moves the focus to the subject, after a group as the only recipient of a new message. */
  goOn() {
    const subject = document.getElementById("id_subject");
    if (this.name === "to" && this.entries.length === 1 && !subject.value) subject.focus();
  }

  // The chips

  get buttons() {
    return [...this.list.querySelectorAll(".recipient-main")];
  }

  /** Adds entries; each address is in this field only once. */
  add(entries, { at = this.entries.length, isQuiet = false } = {}) {
    const there = new Set(this.entries.map(key));
    const fresh = [];
    for (const entry of entries) {
      if (entry.address && there.has(key(entry))) continue;
      if (entry.address) there.add(key(entry));
      fresh.push(entry);
    }
    this.entries.splice(at, 0, ...fresh);
    this.changed(isQuiet);
    this.all.check();
  }

  remove(index) {
    const [entry] = this.entries.splice(index, 1);
    this.changed();
    return entry;
  }

  /** Removes a group by its name. */
  without(name) {
    this.entries = this.entries.filter((entry) => !entry.members || entry.name !== name);
    this.changed();
  }

  changed(isQuiet = false) {
    this.draw();
    this.write();
    if (!isQuiet) this.posted.dispatchEvent(new Event("input", { bubbles: true }));
    this.all.tell();
  }

  write() {
    const typed = this.input.value.trim();
    this.posted.value = [...this.entries.map(written), ...(typed ? [typed] : [])].join(", ");
  }

  draw() {
    const focused = this.buttons.indexOf(document.activeElement);
    const count = this.isWhole ? MOST_SHOWN : SHOWN;
    const shown = this.entries.length > count + 1 ? this.entries.slice(0, count) : this.entries;
    const chips = shown.map((entry, index) => this.chip(entry, index));
    const rest = this.entries.length - shown.length;
    if (rest > 0 || (this.isWhole && this.entries.length > SHOWN + 1)) chips.push(this.rest(rest));
    this.list.replaceChildren(...chips);
    this.list.hidden = chips.length === 0;
    if (this.buttons.length > 0) this.stopAt(this.buttons.at(-1));
    if (focused >= 0)
      (this.buttons[Math.min(focused, this.buttons.length - 1)] ?? this.input).focus();
    this.drawFixes();
  }

  chip(entry, index) {
    const chip = clone("recipient-chip");
    const { main, notes } = this.state(entry);
    chip.classList.add(...main);
    chip.dataset.index = String(index);
    chip.draggable = true;
    const name = shownName(entry);
    const show = (part, isShown) =>
      chip.querySelector(`[data-${part}]`).toggleAttribute("hidden", !isShown);
    show("group", entry.members);
    show("warn", main.includes("warn"));
    show("bad", main.includes("bad"));
    show("count", entry.members);
    chip.querySelector("[data-name]").textContent = name;
    if (entry.members)
      chip.querySelector("[data-count]").textContent = grouped(entry.members.length);
    const button = chip.querySelector(".recipient-main");
    button.title = [entry.address ?? "", announcer().dataset.help].filter(Boolean).join("\n");
    const address = entry.name && entry.address ? [entry.address] : [];
    button.setAttribute("aria-label", [name, ...address, ...notes].join(", "));
    chip.querySelector(".recipient-x").setAttribute("aria-label", phrase("remove", name));
    return chip;
  }

  /** Sets the look and the description of a chip. */
  state(entry) {
    const words = announcer().dataset;
    if (entry.members)
      return { main: ["is-group"], notes: [phrase("members", grouped(entry.members.length))] };
    const known = this.all.known.get(key(entry));
    if (!entry.address || known?.valid === false)
      return { main: ["bad"], notes: [words.wrongShort] };
    if (known?.suggestion) return { main: ["warn"], notes: [words.slipShort] };
    return known?.outside
      ? { main: ["is-outside"], notes: [words.outsideShort] }
      : { main: ["is-known"], notes: [] };
  }

  rest(count) {
    const item = clone("recipient-rest");
    item.querySelector("button").textContent =
      count > 0 ? phrase("rest", grouped(count)) : announcer().dataset.fold;
    return item;
  }

  drawFixes() {
    const lines = [];
    for (const entry of this.entries) {
      if (lines.length >= 3) break;
      if (entry.members) {
        lines.push(...this.gapLines(entry));
        continue;
      }
      const known = this.all.known.get(key(entry));
      if (!entry.address || known?.valid === false)
        lines.push(this.fixLine("bad", phrase("wrong", shownName(entry))));
      else if (known?.suggestion) lines.push(this.slipLine(entry, known.suggestion));
    }
    this.fixes.replaceChildren(...lines);
    this.fixes.hidden = lines.length === 0;
  }

  /** The members of a group whom a message to the group does not reach. */
  gapLines(entry) {
    const { withoutAddress, others } = this.all.gap(entry);
    const lines = [];
    if (withoutAddress.length)
      lines.push(this.fixLine("warn", phrase("without", entry.name, few(withoutAddress))));
    if (others.length) {
      const line = this.fixLine(
        "warn",
        `${phrase("others", entry.name, few(others.map((other) => other.address)))} `,
      );
      const button = document.createElement("button");
      Object.assign(button, {
        type: "button",
        className: "textbtn",
        textContent: announcer().dataset.addOthers,
      });
      button.dataset.group = entry.name;
      line.querySelector("[data-words]").append(button);
      lines.push(line);
    }
    return lines;
  }

  fixLine(level, text) {
    const line = clone("recipient-fix");
    line.classList.add(level);
    line.querySelector("[data-words]").textContent = text;
    return line;
  }

  slipLine(entry, suggestion) {
    const line = this.fixLine("warn", "");
    const [before, after] = announcer().dataset.slip.split("%");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "textbtn", textContent: suggestion });
    button.dataset.from = entry.address;
    button.dataset.to = suggestion;
    line.querySelector("[data-words]").append(before, button, after);
    return line;
  }

  fix(button) {
    if (!button) return;
    if (button.dataset.group) return this.addOthers(button.dataset.group);
    const index = this.entries.findIndex((entry) => entry.address === button.dataset.from);
    if (index < 0) return;
    this.entries[index] = { ...this.entries[index], address: button.dataset.to };
    this.changed();
    this.all.check();
    this.input.focus();
    say(button.dataset.to);
  }

  addOthers(name) {
    const entry = this.entries.find((candidate) => candidate.members && candidate.name === name);
    if (!entry) return;
    const { others } = this.all.gap(entry);
    entry.members = [...entry.members, ...others];
    this.changed();
    this.all.check();
    this.input.focus();
    say(phrase("added", grouped(others.length)));
  }

  // By pointer and by keyboard

  on(event, act) {
    const chip = event.target.closest(".recipient");
    if (!chip) return false;
    act(Number(chip.dataset.index));
    return true;
  }

  clicked(event) {
    if (event.target.closest(".recipient-rest")) {
      this.isWhole = !this.isWhole;
      return this.draw();
    }
    this.on(event, (index) => {
      if (event.target.closest(".recipient-x")) this.drop1(index, this.input);
      else if (event.detail < 2) this.all.open(this, index);
    });
  }

  drop1(index, focus) {
    const entry = this.remove(index);
    (focus ?? this.buttons[Math.min(index, this.buttons.length - 1)] ?? this.input).focus();
    say(phrase("removed", shownName(entry)));
  }

  stopAt(button) {
    for (const other of this.buttons) other.tabIndex = other === button ? 0 : -1;
  }

  pressed(event) {
    const button = event.target.closest(".recipient-main");
    if (!button || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(button.closest(".recipient").dataset.index);
    const go = (to) => {
      const next = to >= this.buttons.length ? this.input : this.buttons[Math.max(0, to)];
      if (next !== this.input) this.stopAt(next);
      next.focus();
    };
    const act = {
      ArrowLeft: () => go(index - 1),
      ArrowRight: () => go(index + 1),
      Home: () => go(0),
      End: () => this.input.focus(),
      Delete: () => this.drop1(index),
      Backspace: () => this.drop1(index, this.buttons[index - 1]),
      Enter: () => this.edit(index),
      " ": () => this.all.open(this, index),
      ArrowDown: () => this.all.open(this, index),
      ContextMenu: () => this.all.open(this, index),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Turns a chip back into text; a group would be too long, so its menu opens instead. */
  edit(index) {
    if (this.entries[index].members) return this.all.open(this, index);
    this.take();
    const entry = this.remove(index);
    this.input.value = written(entry);
    this.write();
    this.input.focus();
    this.input.select();
  }

  expand(index) {
    const { members } = this.entries[index];
    this.entries.splice(index, 1);
    this.add(members, { at: index });
    this.input.focus();
    say(phrase("added", grouped(members.length)));
  }

  // Dragging

  drag(event, index) {
    event.dataTransfer.setData(DRAGGED, JSON.stringify({ from: this.name, index }));
    event.dataTransfer.setData("text/plain", written(this.entries[index]));
    event.dataTransfer.effectAllowed = "copyMove";
    event.target.closest(".recipient").classList.add("is-dragged");
    this.all.showAll();
  }

  over(event) {
    if (!event.dataTransfer.types.includes(DRAGGED)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    this.line.classList.add("is-over");
  }

  drop(event) {
    this.line.classList.remove("is-over");
    const text = event.dataTransfer.getData(DRAGGED);
    if (!text) return;
    event.preventDefault();
    event.stopPropagation();
    const { from, index } = JSON.parse(text);
    const source = this.all.fields.find((field) => field.name === from);
    if (source?.entries[index]) this.all.move(source, index, this);
  }
}

/** Whether the text ends inside a group or a quoted name, where a comma is no separator. */
function isOpen(text) {
  const isQuoted = (text.replace(/\\./g, "").match(/"/g) ?? []).length % 2 === 1;
  return isQuoted || /(?:^|[,;])\s*(?:"[^"]*"|[^",:;<>@]+)\s*:[^;]*$/.test(text);
}

class Fields {
  constructor(form, inputs) {
    this.form = form;
    this.known = new Map();
    this.gaps = new Map();
    this.menu = document.getElementById("chip-menu");
    this.fields = [];
    for (const input of inputs) this.fields.push(new Field(input, this));
    this.listenToMenu();
    this.tell();
  }

  field(name) {
    return this.fields.find((field) => field.name === name);
  }

  move(source, index, target) {
    if (source === target) return;
    this.showAll();
    const entry = source.remove(index);
    target.add([entry]);
    target.buttons.at(-1)?.focus();
    say(phrase("moved", shownName(entry), target.label));
  }

  /** Unfolds Cc and Bcc. */
  showAll() {
    this.form.querySelector(".copies").open = true;
  }

  // The menu of a chip

  open(field, index) {
    const entry = field.entries[index];
    this.opened = { field, index };
    const [name, address] = this.menu.querySelector("[data-who]").children;
    name.textContent = shownName(entry);
    address.textContent = entry.members
      ? phrase("members", grouped(entry.members.length))
      : entry.name
        ? entry.address
        : "";
    this.menu.querySelector("[data-when=group]").hidden = !entry.members;
    this.menu.querySelector("[data-act=edit]").parentElement.hidden = Boolean(entry.members);
    this.drawMembers(entry);
    this.drawMoves(field);
    this.menu.hidden = false;
    place(this.menu, field.buttons[index] ?? field.input);
    this.menu.querySelector("li:not([hidden]) > button").focus();
  }

  drawMembers(entry) {
    const list = this.menu.querySelector("[data-members]");
    list.hidden = !entry.members;
    list.replaceChildren(
      ...(entry.members ?? []).slice(0, 100).map((member) => {
        const item = document.createElement("li");
        item.setAttribute("role", "none");
        item.textContent = shownName(member);
        return item;
      }),
    );
  }

  drawMoves(field) {
    const [template, ...old] = this.menu.querySelectorAll("[data-move]");
    for (const item of old) item.remove();
    for (const other of [...this.fields].reverse()) {
      if (other === field) continue;
      const item = template.cloneNode(true);
      const button = item.querySelector("button");
      item.hidden = false;
      button.dataset.to = other.name;
      button.querySelector("span").textContent = button.dataset.words.replace("%", other.label);
      template.after(item);
    }
  }

  close(isBack) {
    if (this.menu.hidden) return;
    this.menu.hidden = true;
    const { field, index } = this.opened;
    if (isBack) (field.buttons[index] ?? field.input).focus();
  }

  listenToMenu() {
    arrows(this.menu);
    this.menu.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (button) this.act(button.dataset);
    });
    this.menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && event.key !== "Tab") return;
      event.preventDefault();
      event.stopPropagation();
      this.close(true);
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.menu.contains(event.target)) this.close(false);
    });
  }

  /** @param {DOMStringMap} move */
  act({ act, to }) {
    const { field, index } = this.opened;
    this.close(false);
    if (act === "edit") field.edit(index);
    else if (act === "expand") field.expand(index);
    else if (act === "move") this.move(field, index, this.field(to));
    else field.drop1(index);
  }

  // Checks by the server

  check() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), CHECK_MS);
  }

  get groups() {
    return this.fields.flatMap((field) => field.entries.filter((entry) => entry.members));
  }

  /** The members of a group who get nothing, without those who are recipients in another way. */
  gap(group) {
    const { withoutAddress, others } = this.gaps.get(bare(group.name)) ?? NO_GAP;
    const there = new Set(this.people.map(key));
    return { withoutAddress, others: others.filter((other) => !there.has(key(other))) };
  }

  get people() {
    return this.fields
      .flatMap((field) => field.entries.flatMap((entry) => entry.members ?? [entry]))
      .filter((entry) => entry.address);
  }

  async ask() {
    const url = announcer().dataset.check;
    const addresses = [...new Set(this.people.map(key))];
    const fresh = addresses.filter((address) => !this.known.has(address)).slice(0, CHECKED_AT_ONCE);
    const groups = this.groups
      .map((group) => group.name)
      .filter((name) => !this.gaps.has(bare(name)));
    if (!url || fresh.length + groups.length === 0) return;
    for (const address of fresh) this.known.set(address, {});
    for (const name of groups) this.gaps.set(bare(name), NO_GAP);
    const answer = await answers(url, fresh, groups);
    if (!answer) return;
    for (const recipient of answer.addresses)
      this.known.set(recipient.address.toLowerCase(), recipient);
    for (const {
      group,
      without_address: withoutAddress,
      other_addresses: others,
    } of answer.groups) {
      this.gaps.set(bare(group), { withoutAddress, others: others.flatMap((text) => read(text)) });
    }
    for (const field of this.fields) field.draw();
    this.tell();
    if (this.people.some((entry) => !this.known.has(key(entry)))) this.check();
  }

  /** Tells the page the state of the recipients, for the checks before sending. */
  tell() {
    const states = (fields) =>
      fields.flatMap((field) => field.entries.flatMap((entry) => entry.members ?? [entry]));
    const count = (entries, test) =>
      entries.filter((entry) => test(this.known.get(key(entry)) ?? {}, entry)).length;
    const everybody = states(this.fields.filter((field) => field.name !== "reply_to"));
    // If each recipient gets a document of their own, each also gets a separate message.
    const isToEach = this.form.querySelector("[data-documents-away]") !== null;
    const seenFields = isToEach
      ? []
      : this.fields.filter((field) => field.name === "to" || field.name === "cc");
    const seen = states(seenFields);
    const addresses = [...new Set(everybody.filter((entry) => entry.address).map(key))];
    const detail = {
      people: addresses.length,
      outsiders: addresses.every((address) => this.known.get(address)?.outside) ? addresses : [],
      seen_groups: this.groups.filter(
        (group) =>
          group.members.length > 1 && seenFields.some((field) => field.entries.includes(group)),
      ).length,
      unreached: this.groups
        .map((group) => this.gap(group))
        .reduce((sum, gap) => sum + gap.withoutAddress.length + gap.others.length, 0),
      outside: count(everybody, (known) => known.outside),
      seen: count(seen, (known) => known.outside),
      slips: count(everybody, (known) => known.suggestion),
      wrong: count(everybody, (known, entry) => !entry.address || known.valid === false),
    };
    this.form.dispatchEvent(new CustomEvent("recipients:changed", { detail }));
  }
}

/** The answer of `compose/check/` about addresses and groups; null without a response, since chips work without it. */
async function answers(url, addresses, groups) {
  const body = new FormData();
  for (const name of groups) body.append("group", name);
  for (const address of addresses) body.append("address", address);
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": token, "X-Requested-With": "fetch", "X-Background": "1" };
  const answer = await answerTo(url, { method: "POST", body, headers });
  return answer?.ok ? jsonOf(answer) : null;
}

export function start(form) {
  const inputs = within(form, "[data-line] input[data-complete]");
  const fields = new Fields(form, inputs);
  form.addEventListener("documents:changed", () => fields.tell());
  // The text in the inputs becomes recipients when the form is sent, before other scripts read it.
  form.addEventListener("formdata", ({ formData }) => {
    for (const field of fields.fields) {
      field.write();
      formData.set(field.name, field.posted.value);
    }
  });
  return fields;
}
