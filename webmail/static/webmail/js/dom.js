// Finding what an event or a swapped element is about.

/** The element itself and its descendants that match. */
export function within(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  return root.matches(selector) ? [root, ...found] : found;
}

/** Calls `act(element, event)` when the event happens in an element that matches, now or later in the page. */
export function on(name, selector, act, options) {
  document.addEventListener(
    name,
    (event) => {
      const element = event.target instanceof Element && event.target.closest(selector);
      if (element) act(element, event);
    },
    options,
  );
}

/** Whether a click opens here: not in a new tab or window, nor with another button. */
export function isPlain(event) {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

export const isShared = () => "shared" in document.documentElement.dataset;

/** Letters without accents and capitals, as a person looks for them, and one apostrophe for all. */
export const bare = (text) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[’‘ʼ]/g, "'")
    .toLowerCase()
    .trim();

/** A number as a reader expects it: 4 213. */
export const grouped = (number) => number.toLocaleString(document.documentElement.lang);

// The keys of what is no control, where a user chose others (webmail/presentation/keys.py).
const USUAL = { next: "J", previous: "K", search: "/", select: "X" };
const chosenKeys = () =>
  Object.fromEntries((document.documentElement.dataset.keys ?? "").split(" ").map((pair) => pair.split(/=(.*)/s)));

/** The stroke as aria-keyshortcuts writes it; "" for one that it never names. */
export function strokeOf({ key, shiftKey }) {
  if (key.length > 1) return shiftKey ? "" : key;
  const letter = key.toUpperCase();
  return shiftKey && letter !== key.toLowerCase() ? `Shift+${letter}` : letter;
}

/** Whether the stroke is the one of an action: "next", "previous", "search", "select". */
export const isKey = (stroke, name) => stroke !== "" && stroke === (chosenKeys()[name] ?? USUAL[name]);
