// @ts-check
// Finding the elements that an event or a swap concerns.

/**
 * The element itself and its descendants that match.
 * @template {string} S
 * @param {HTMLElement} root
 * @param {S} selector
 * @returns {Selected<S>[]}
 */
export function within(root, selector) {
  const descendants = [...root.querySelectorAll(selector)];
  const itself = /** @type {Selected<S>} */ (root);
  return root.matches(selector) ? [itself, ...descendants] : descendants;
}

/**
 * Calls `act(element, event)` when the event occurs in a matching element, also in later ones.
 * @template {keyof DocumentEventMap} N
 * @template {string} S
 * @param {N} name
 * @param {S} selector
 * @param {(element: Selected<S>, event: DocumentEventMap[N]) => unknown} act
 * @param {AddEventListenerOptions | boolean} [options]
 */
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

/**
 * Whether a click opens in this tab: no other button, and no key for a new tab or window.
 * @param {MouseEvent} event
 */
export function isPlain(event) {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

/**
 * Sends a form as its button does; Safari before 16 has no requestSubmit.
 * @param {HTMLFormElement} form
 */
export function submit(form) {
  if (form.requestSubmit) return form.requestSubmit();
  const button = form.appendChild(document.createElement("button"));
  button.click();
  button.remove();
}

export const isShared = () => "shared" in document.documentElement.dataset;

/**
 * Letters without accents and capitals, for searches, with one form of apostrophe.
 * @param {string} text
 */
export const bare = (text) =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[’‘ʼ]/g, "'").toLowerCase().trim();

/**
 * A number with grouped digits: 4 213.
 * @param {number} number
 */
export const grouped = (number) => number.toLocaleString(document.documentElement.lang);

// Keys without a control of their own, where the user has changed them (webmail/presentation/keys.py).
/** @type {Record<string, string>} */
const USUAL = { next: "J", previous: "K", search: "/", select: "X" };
const chosenKeys = () =>
  Object.fromEntries(
    (document.documentElement.dataset.keys ?? "").split(" ").map((pair) => pair.split(/=(.*)/s)),
  );

/**
 * The stroke in the notation of aria-keyshortcuts; "" for strokes that have none.
 * @param {{ key: string, shiftKey: boolean }} event
 */
export function strokeOf({ key, shiftKey }) {
  if (key.length > 1) return shiftKey ? "" : key;
  const letter = key.toUpperCase();
  return shiftKey && letter !== key.toLowerCase() ? `Shift+${letter}` : letter;
}

/**
 * Whether the stroke belongs to an action: "next", "previous", "search", "select".
 * @param {string} stroke
 * @param {string} name
 */
export const isKey = (stroke, name) =>
  stroke !== "" && stroke === (chosenKeys()[name] ?? USUAL[name]);
