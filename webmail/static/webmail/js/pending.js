// @ts-check
// Files that were chosen for a message and are not on the server yet, kept in this browser until they are: never on a
// shared computer, limited in size, and deleted at sign-out.

import { isShared } from "./dom.js";

const NAME = "pending-files";
const STORE = "files";
/** The bytes that this browser keeps for all messages. */
const MOST_BYTES = 150_000_000;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** The outcome of a request; null if the browser refuses it. */
const outcome = (request) =>
  new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result ?? true);
    request.onerror = (event) => {
      event.preventDefault();
      resolve(null);
    };
    request.onblocked = () => resolve(null);
  });

function open() {
  try {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    return outcome(request);
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
    return Promise.resolve(null); // storage is forbidden
  }
}

/** Runs `act(store)` in one transaction, and returns what it returned; null if that is impossible. */
async function within(mode, act) {
  const base = await open();
  if (!base) return null;
  base.onversionchange = () => base.close();
  try {
    const transaction = base.transaction(STORE, mode);
    const done = new Promise((resolve) => {
      transaction.oncomplete = () => resolve(true);
      transaction.onabort = () => resolve(false);
    });
    const result = await act(transaction.objectStore(STORE));
    return (await done) ? result : null;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  } finally {
    base.close();
  }
}

/** The files of a store, without those that are too old, which are deleted. */
async function young(store) {
  const rows = (await outcome(store.getAll())) ?? [];
  const isOld = ({ at }) => Date.now() - at > KEPT_MS;
  for (const { id } of rows.filter(isOld)) await outcome(store.delete(id));
  return rows.filter((row) => !isOld(row));
}

/** Keeps a file, and returns its number; null if there is no room for it. `kind` is "file", "image", "roster" or
 * "document"; `place` the position of an image in the text. */
export async function add(who, draft, kind, file, place = 0) {
  if (isShared() || file.size > MOST_BYTES) return null;
  const id = crypto.randomUUID();
  const row = {
    id,
    who,
    draft,
    kind,
    place,
    file,
    name: file.name,
    size: file.size,
    at: Date.now(),
  };
  const isKept = await within("readwrite", async (store) => {
    const rows = await young(store);
    if (rows.reduce((sum, other) => sum + other.size, file.size) > MOST_BYTES) return false;
    return (await outcome(store.put(row))) !== null;
  });
  return isKept ? id : null;
}

/** The files of a draft, in the order in which they were chosen. */
export async function all(who, draft) {
  if (isShared()) return [];
  const rows = (await within("readwrite", young)) ?? [];
  return rows.filter((row) => row.who === who && row.draft === draft).sort((a, b) => a.at - b.at);
}

export const remove = (id) => id && within("readwrite", (store) => outcome(store.delete(id)));

export function clear() {
  try {
    indexedDB.deleteDatabase(NAME);
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
  }
}
