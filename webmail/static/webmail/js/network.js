// @ts-check
// Requests of scripts. A request that is not answered is no mistake of a script; any other error is, and is thrown, so
// that it is never told as a network that is down.

/**
 * Ends a request after `ms`. AbortSignal.timeout is younger than the browsers that are promised.
 * @param {number} ms
 */
function after(ms) {
  if (!ms || AbortSignal.timeout) return ms ? AbortSignal.timeout(ms) : null;
  const ending = new AbortController();
  setTimeout(() => ending.abort(), ms);
  return ending.signal;
}

/**
 * The answer to a request; null without one: no network, or nothing within `ms`.
 * @param {string | URL} url
 * @param {RequestInit} [options]
 * @param {number} [ms]
 * @returns {Promise<Response | null>}
 */
export function answerTo(url, options = {}, ms = 0) {
  return fetch(url, { ...options, signal: after(ms) }).catch(() => null);
}

/**
 * The JSON of an answer; null without an answer, or where a proxy answered in the server's place.
 * @param {Response | null} answer
 */
export async function jsonOf(answer) {
  const isJson = answer?.headers.get("Content-Type")?.startsWith("application/json");
  return answer && isJson ? await answer.json().catch(() => null) : null;
}

/**
 * The HTML of an answer, as a document; null where it broke off.
 * @param {Response} answer
 */
export async function pageOf(answer) {
  const html = await answer.text().catch(() => null);
  return html === null ? null : new DOMParser().parseFromString(html, "text/html");
}

/**
 * The part of a page that was asked for, as a document; null where another page or a proxy answered.
 * @param {Response} answer
 */
export async function partOf(answer) {
  const isHtml = answer.headers.get("Content-Type")?.startsWith("text/html");
  return isHtml && !answer.redirected ? pageOf(answer) : null;
}
