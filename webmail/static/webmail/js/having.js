// @ts-check
// For browsers without :has() (Firefox before 121, Chrome before 105): the sheets are read once more with an attribute
// in the place of each :has(), and this script keeps the attribute true.

const HAVING = "data-having";
const EVENTS = ["input", "change", "click", "focusin", "focusout", "toggle"];

/** @type {string[]} The arguments of :has(), each known by its number. */
const asked = [];
let isDue = false;

/**
 * The position behind the parenthesis that closes the one at `start`.
 * @param {string} text
 * @param {number} start
 */
function closing(text, start) {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")" && (depth -= 1) === 0) return at + 1;
  }
  return text.length;
}

/**
 * What stands for a :has(): the attribute, as often as it takes to weigh as much as its argument.
 * @param {string} argument
 */
function weighed(argument) {
  const known = asked.indexOf(argument);
  const number = known < 0 ? asked.push(argument) - 1 : known;
  const classes = argument.match(/[.[]|:(?!is|where|not)/g)?.length ?? 0;
  const ids = argument.match(/#/g)?.length ?? 0;
  return `[${HAVING}~="${number}"]`.repeat(Math.max(classes, 1)) + ":not(#_)".repeat(ids);
}

/**
 * The text of a rule without :has().
 * @param {string} text
 * @returns {string}
 */
function without(text) {
  const start = text.indexOf(":has(");
  if (start < 0) return text;
  const end = closing(text, start + 4);
  const argument = text.slice(start + 5, end - 1).trim();
  return text.slice(0, start) + weighed(argument) + without(text.slice(end));
}

/**
 * The rules of a sheet that stand in no other rule.
 * @param {string} text
 */
function rulesOf(text) {
  const rules = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] !== "}" || (depth -= 1) > 0) continue;
    rules.push(text.slice(start, at + 1));
    start = at + 1;
  }
  return rules;
}

/** @param {CSSStyleSheet} sheet A sheet with an address, of this site. */
async function reread(sheet) {
  const text = await (await fetch(sheet.href ?? "")).text();
  if (!text.includes(":has(")) return;
  const rules = rulesOf(text.replace(/\/\*[^]*?\*\//g, "").replace(/@charset[^;]*;/, ""));
  while (sheet.cssRules.length > 0) sheet.deleteRule(0);
  for (const rule of rules) {
    try {
      sheet.insertRule(without(rule), sheet.cssRules.length);
    } catch (error) {
      // A rule that this browser does not know for another reason.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}

/** @type {Record<string, (element: Element) => (Element | null)[]>} */
const STEPS = {
  ">": (element) => [element.parentElement],
  "+": (element) => [element.previousElementSibling],
  "~": (element) => before(element),
};

/** @param {Element} element */
function before(element) {
  const all = [];
  for (let one = element.previousElementSibling; one; one = one.previousElementSibling)
    all.push(one);
  return all;
}

/** @param {Element} element */
function above(element) {
  const all = [];
  for (let one = element.parentElement; one; one = one.parentElement) all.push(one);
  return all;
}

/**
 * The elements that have what a :has() with this argument asks for.
 * @param {string} argument
 */
function* havers(argument) {
  for (const part of split(argument)) {
    const inner = part.replace(/^[>+~]\s*/, "");
    const isWhole = !/[\s>+~]/.test(inner.replace(/\([^)]*\)|\[[^\]]*\]/g, ""));
    for (const found of document.querySelectorAll(inner))
      for (const one of (STEPS[part[0]] ?? above)(found))
        if (one && (isWhole || has(one, part))) yield one;
  }
}

/**
 * Whether the element has the part, where what is found alone does not tell from where its own parts are counted.
 * @param {Element} element
 * @param {string} part
 */
const has = (element, part) =>
  /^[+~]/.test(part) || element.querySelector(`:scope ${part}`) !== null;

/**
 * The parts of a list of selectors.
 * @param {string} list
 */
function split(list) {
  const parts = [""];
  let depth = 0;
  for (const letter of list) {
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}

function mark() {
  isDue = false;
  /** @type {Map<Element, Set<number>>} */
  const found = new Map();
  for (const old of document.querySelectorAll(`[${HAVING}]`)) found.set(old, new Set());
  for (const [number, argument] of asked.entries())
    for (const element of havers(argument))
      found.set(element, (found.get(element) ?? new Set()).add(number));
  for (const [element, numbers] of found) {
    const value = [...numbers].join(" ");
    if (element.getAttribute(HAVING) === (value || null)) continue;
    if (value) element.setAttribute(HAVING, value);
    else element.removeAttribute(HAVING);
  }
}

function plan() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(mark);
}

/** @param {EventTarget | null} link The link of a sheet that came after the page's scripts. */
async function readLate(link) {
  if (!(link instanceof HTMLLinkElement) || !link.sheet) return;
  await reread(link.sheet);
  plan();
}

export async function start() {
  const sheets = [...document.styleSheets].filter((sheet) =>
    sheet.href?.startsWith(location.origin),
  );
  document.addEventListener("load", ({ target }) => readLate(target), true);
  await Promise.all(sheets.map(reread));
  mark();
  new MutationObserver((changes) => {
    if (changes.some(({ attributeName }) => attributeName !== HAVING)) plan();
  }).observe(document, { subtree: true, childList: true, attributes: true });
  for (const name of EVENTS) document.addEventListener(name, plan, true);
}
