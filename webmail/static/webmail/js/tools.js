// @ts-check
// The tool bar: a single stop of the tab key, with arrows inside (ARIA Authoring Practices). Popups of its buttons are
// placed below them regardless of scrolling and clipping, and return the focus.

const visible = (bar) =>
  [...bar.querySelectorAll("button")].filter((button) => !button.hidden && button.offsetParent);

export class Toolbar {
  constructor(bar, { opened, closed }) {
    this.bar = bar;
    this.opened = opened;
    this.closed = closed;
    this.pop = null;
    for (const button of bar.querySelectorAll("button")) button.tabIndex = -1;
    bar.querySelector("button").tabIndex = 0;
    bar.addEventListener("keydown", (event) => this.pressed(event));
    bar.addEventListener("focusin", (event) => this.stopAt(event.target.closest("button")));
    // A click must not take the cursor from the text, nor the keyboard of a phone.
    bar.addEventListener("mousedown", (event) => event.preventDefault());
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("[data-pop]");
      if (button) this.toggle(button);
      const more = event.target.closest("[data-tools-toggle]");
      if (more) more.setAttribute("aria-expanded", String(bar.classList.toggle("is-open")));
    });
    document.addEventListener("pointerdown", (event) => {
      if (this.pop && !this.pop.contains(event.target) && !this.opener.contains(event.target))
        this.close(false);
    });
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape" || !this.pop) return;
        event.preventDefault();
        event.stopPropagation();
        this.close(true);
      },
      { capture: true },
    );
    addEventListener("resize", () => this.close(false));
  }

  stopAt(button) {
    if (!button) return;
    for (const other of this.bar.querySelectorAll("button"))
      other.tabIndex = other === button ? 0 : -1;
  }

  pressed(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const buttons = visible(this.bar).filter((button) => !button.disabled);
    const at = buttons.indexOf(document.activeElement);
    const next = step
      ? buttons[(at + step + buttons.length) % buttons.length]
      : { Home: buttons[0], End: buttons.at(-1) }[event.key];
    if (event.key === "Enter") pressOnce(document.activeElement);
    else if (event.key === "ArrowDown" && document.activeElement.dataset.pop)
      this.toggle(document.activeElement);
    else if (!next) return;
    else next.focus();
    event.preventDefault();
  }

  toggle(button) {
    const pop = document.getElementById(button.dataset.pop);
    const isOpen = this.pop === pop;
    this.close(isOpen);
    if (isOpen) return;
    this.opened(pop);
    this.pop = pop;
    this.opener = button;
    button.setAttribute("aria-expanded", "true");
    pop.hidden = false;
    place(pop, button);
    [...pop.querySelectorAll("input, button")]
      .find((control) => control.offsetParent !== null)
      ?.focus();
  }

  close(focus) {
    if (!this.pop) return;
    this.pop.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    this.pop = null;
    if (focus) this.closed();
  }
}

/** Presses a button on keydown of Enter; otherwise the text, which then has the focus, would get the rest of the
 * same stroke. */
function pressOnce(button) {
  button.click();
}

/** Places a popup below the element, or above it where there is no room, but always inside the window. */
export function place(pop, element) {
  const at = element.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = pop;
  const isBelow = at.bottom + height + 8 <= innerHeight || at.top < height;
  pop.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  pop.style.top = `${Math.max(8, isBelow ? Math.min(at.bottom + 4, innerHeight - height - 8) : at.top - height - 4)}px`;
}

/** Arrows move through the buttons of a grid or a list by their positions on the screen. */
export function arrows(box) {
  box.addEventListener("keydown", (event) => {
    const buttons = visible(box);
    const at = buttons.indexOf(document.activeElement);
    if (at < 0) return;
    if (event.key === "Enter") {
      event.preventDefault();
      return pressOnce(buttons[at]);
    }
    const next =
      { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key] ??
      vertical(buttons, at, event.key);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[Math.max(0, Math.min(next, buttons.length - 1))].focus();
  });
}

/** The nearest button in the row above or below; the next one where there are no rows. */
function vertical(buttons, at, key) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!step) return undefined;
  const { offsetTop, offsetLeft } = buttons[at];
  for (let index = at + step; buttons[index]; index += step) {
    const other = buttons[index];
    const isNear = Math.abs(other.offsetLeft - offsetLeft) < other.offsetWidth / 2 + 1;
    if (other.offsetTop !== offsetTop && isNear) return index;
  }
  return at;
}
