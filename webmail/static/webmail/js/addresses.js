// @ts-check
// Parses typed or pasted recipients by the rules of mail/mime/addresses.py, which has the last word.

const TOKEN = /"(?:[^"\\\r\n]|\\[^\r\n])*"|<[^<>\n]*>|[,;\r\n]|[^",;<\r\n]+|./gs;
const LOCAL = /^[\p{L}\p{N}_!#$%&'*+/=?^`{|}~-]+(?:\.[\p{L}\p{N}_!#$%&'*+/=?^`{|}~-]+)*$/u;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;
const NAMED = /^("(?:[^"\\]|\\.)*"\s*|[^<>"]*)<\s*([^<>\s]+)\s*>$/;
const GROUP = /^\s*("(?:[^"\\]|\\.){1,300}"|[^":<>@]{1,200}?)\s*:([^]*)$/;
const ATOM = /^[\p{L}\p{N}_!#$%&'*+/=?^`{|}~-]+(?: [\p{L}\p{N}_!#$%&'*+/=?^`{|}~-]+)*$/u;

const SURNAME = /^\s*[^\s"<>@:;,][^"<>@:;,]{0,100}$/;

export function isAddress(text) {
  const at = text.lastIndexOf("@");
  const labels = text.slice(at + 1).split(".");
  const isDomain =
    text.slice(at + 1) === "localhost" ||
    (labels.length > 1 && labels.every((label) => LABEL.test(label)));
  return at > 0 && text.length <= 254 && LOCAL.test(text.slice(0, at)) && isDomain;
}

const plain = (name) =>
  (/^".*"$/s.test(name) ? name.slice(1, -1).replace(/\\(.)/g, "$1") : name).trim();
const quoted = (name) => (ATOM.test(name) ? name : `"${name.replace(/(["\\])/g, "\\$1")}"`);

/** An entry as it is posted: `Name <a@x.fr>`, `Parents 4e B: a@x.fr, b@x.fr;`, or the typed text. */
export function written(entry) {
  if (entry.members) return `${quoted(entry.name)}: ${entry.members.map(written).join(", ")};`;
  if (!entry.address) return entry.text;
  return entry.name ? `${quoted(entry.name)} <${entry.address}>` : entry.address;
}

/** One entry -> `[{ name, address }]`, several for bare addresses between blanks; `{ text }` when it is no address. */
function entriesOf(text) {
  const bare = text.split(/\s+/);
  if (bare.every(isAddress)) return bare.map((address) => ({ name: "", address }));
  const match = NAMED.exec(text);
  if (match && isAddress(match[2]))
    return [{ name: plain(match[1].trim()).replace(/\s+/g, " "), address: match[2] }];
  return [{ text: text.slice(0, 300) }];
}

/** A row of a spreadsheet: the cell with the address, and a name from the other cells. */
function fromCells(line) {
  const cells = line
    .split("\t")
    .map((cell) => cell.trim())
    .filter(Boolean);
  const address = cells.find(isAddress);
  if (!address) return line.replace(/\t/g, " ");
  const name = cells.filter((cell) => cell !== address && !cell.includes("@")).join(" ");
  return name ? `${quoted(name)} <${address}>` : address;
}

function pieces(line) {
  const collected = [{ text: "", mark: "" }];
  for (const token of line.match(TOKEN) ?? []) {
    if (token === "," || token === ";") {
      collected.at(-1).mark = token;
      collected.push({ text: "", mark: "" });
    } else collected.at(-1).text += token;
  }
  return collected;
}

/** The recipients in a text, in order: people, groups with `members`, and `{ text }` for anything else. `isCopied`
 * means pasted text, in which "MARTIN, Paul <paul@x.fr>" may be one person even without a semicolon. */
export function read(text, { isCopied = false } = {}) {
  const entries = [];
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim());
  for (const line of lines)
    readLine(
      line.includes("\t") ? fromCells(line) : line,
      entries,
      lines.length === 1 && !isCopied,
    );
  return entries;
}

/** Joins a surname and the rest of its person, as in Outlook's `MARTIN, Paul <paul@x.fr>; DURAND, Anne <anne@x.fr>`,
 * where these two are all that is between semicolons. Without semicolons, "bob, Anne <anne@x.fr>" names two people. */
function wholeNames(all, isAlone) {
  if (isAlone && all.every((piece) => piece.mark !== ";")) return all;
  const joined = [];
  for (const piece of all) {
    const [before, marks] = [
      joined.at(-1),
      [";", ...joined.slice(-2).map(({ mark }) => mark)].slice(-2).join(""),
    ];
    if (marks === ";," && piece.mark !== "," && isName(before.text, piece.text))
      joined[joined.length - 1] = { text: `${before.text},${piece.text}`, mark: piece.mark };
    else joined.push(piece);
  }
  return joined;
}

function isName(surname, rest) {
  const named = NAMED.exec(rest.trim());
  return Boolean(named) && SURNAME.test(surname) && SURNAME.test(named[1]) && isAddress(named[2]);
}

function readLine(line, entries, isAlone) {
  const all = wholeNames(pieces(line), isAlone);
  for (let at = 0; at < all.length; at += 1) {
    const head = GROUP.exec(all[at].text);
    const end = head ? all.findIndex((piece, index) => index >= at && piece.mark === ";") : -1;
    if (end < 0) {
      const bare = all[at].text.trim();
      if (bare) entries.push(...entriesOf(bare));
      continue;
    }
    const texts = [head[2], ...all.slice(at + 1, end + 1).map((piece) => piece.text)];
    const members = texts
      .map((text) => text.trim())
      .filter(Boolean)
      .flatMap(entriesOf);
    if (members.length > 0) entries.push({ name: plain(head[1]), members });
    at = end;
  }
}
