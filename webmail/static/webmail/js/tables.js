// @ts-check
// Tables in the editor: inserting, moving by the tab key, adding and removing rows and columns. Squire edits the text
// of cells, but knows nothing of tables; each change can be undone.

const MOST = { rows: 20, columns: 10 };
const STYLE = "border-collapse: collapse";

const clamp = (value, most) => Math.max(1, Math.min(most, Math.floor(Number(value)) || 1));
const isCell = (node) => node.localName === "td" || node.localName === "th";

export class Tables {
  constructor(squire, root) {
    this.squire = squire;
    this.root = root;
    // Before Squire, which uses the tab key for items of lists.
    root.addEventListener("keydown", (event) => this.pressed(event), { capture: true });
  }

  /** The cell that contains the cursor; null outside tables. */
  get cell() {
    const node = this.squire.getSelection().startContainer;
    const cell = (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(
      "td, th",
    );
    return cell && this.root.contains(cell) ? cell : null;
  }

  insert(rows, columns) {
    const row = `<tr>${"<td><br></td>".repeat(clamp(columns, MOST.columns))}</tr>`;
    const there = new Set(this.root.querySelectorAll("table"));
    const body = `<tbody>${row.repeat(clamp(rows, MOST.rows))}</tbody>`;
    this.squire.insertHTML(
      `<table border="1" cellpadding="6" cellspacing="0" style="${STYLE}">${body}</table><div><br></div>`,
    );
    const made = [...this.root.querySelectorAll("table")].find((table) => !there.has(table));
    if (made) this.enter(made.querySelector("td"));
  }

  act(name) {
    const cell = this.cell;
    if (!cell) return;
    const table = cell.closest("table");
    const row = cell.parentElement;
    const at = [...row.children].indexOf(cell);
    this.squire.saveUndoState(this.squire.getSelection());
    const acts = {
      row: () => this.addRow(row).children[at],
      column: () => this.addColumn(table, at, cell),
      "row-away": () => this.takeRow(table, row, at),
      "column-away": () => this.takeColumn(table, row, at),
      away: () => this.takeAll(table),
    };
    const next = acts[name]();
    if (next) this.enter(next);
  }

  addRow(row) {
    const added = row.cloneNode(false);
    added.append(...[...row.children].filter(isCell).map(emptied));
    row.after(added);
    return added;
  }

  addColumn(table, at, cell) {
    for (const row of table.rows)
      (row.cells[at] ?? row.lastElementChild)?.after(
        emptied(row.cells[at] ?? row.lastElementChild),
      );
    return cell.nextElementSibling;
  }

  takeRow(table, row, at) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    if (table.rows.length === 1) return this.takeAll(table);
    row.remove();
    return next?.children[Math.min(at, next.children.length - 1)] ?? table.querySelector("td, th");
  }

  takeColumn(table, row, at) {
    if (row.cells.length === 1) return this.takeAll(table);
    for (const other of table.rows) other.cells[at]?.remove();
    return row.cells[Math.min(at, row.cells.length - 1)];
  }

  /** Removes a table; the cursor is then in a line at its place. */
  takeAll(table) {
    const line = document.createElement("div");
    line.append(document.createElement("br"));
    table.replaceWith(line);
    return line;
  }

  enter(place) {
    const range = document.createRange();
    range.selectNodeContents(place);
    range.collapse(true);
    this.squire.setSelection(range);
    this.squire.focus();
  }

  /** Tab moves to the next cell, and adds a row after the last; from an empty last row it leaves the text, as
   * elsewhere. */
  pressed(event) {
    if (event.key !== "Tab" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing)
      return;
    const cell = this.cell;
    if (!cell) return;
    const cells = [...cell.closest("table").querySelectorAll("td, th")];
    const next = cells[cells.indexOf(cell) + (event.shiftKey ? -1 : 1)];
    const row = cell.parentElement;
    if (!next && (event.shiftKey || !row.textContent.trim())) return;
    event.preventDefault();
    if (next) return this.enter(next);
    this.squire.saveUndoState(this.squire.getSelection());
    this.enter(this.addRow(row).firstElementChild);
  }
}

/** A copy of a cell without its content and the columns that it spans. */
function emptied(cell) {
  const made = document.createElement("td");
  const style = cell.getAttribute("style");
  if (style) made.setAttribute("style", style);
  made.append(document.createElement("br"));
  return made;
}
