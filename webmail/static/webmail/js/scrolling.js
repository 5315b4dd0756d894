// @ts-check
// Scrolling to an element. The browser's own scrollIntoView moves every scroller around an element, also those whose
// bars are hidden and which the user cannot bring back; what is here moves one.

/** The nearest element around another that scrolls in this direction; the page itself if there is none. */
function scrollerOf(element, overflow) {
  for (let box = element.parentElement; box && box !== document.body; box = box.parentElement)
    if (/^(?:auto|scroll)$/.test(getComputedStyle(box)[overflow])) return box;
  return document.scrollingElement;
}

/** The visible part of a scroller, without its padding for what lies above its content. */
function viewOf(scroller) {
  const isPage = scroller === document.scrollingElement;
  const { top, left } = isPage ? { top: 0, left: 0 } : scroller.getBoundingClientRect();
  const { scrollPaddingTop, scrollPaddingBottom } = getComputedStyle(scroller);
  const above = parseFloat(scrollPaddingTop) || 0;
  const below = parseFloat(scrollPaddingBottom) || 0;
  const height = isPage ? innerHeight : scroller.clientHeight;
  return {
    top: top + above,
    bottom: top + height - below,
    left,
    right: left + scroller.clientWidth,
  };
}

/** How far to move so that the span from `begin` to `end` is where it is wanted in the view from `first` to `last`. */
function distance(begin, end, first, last, where) {
  if (where === "start") return begin - first;
  if (where === "center") return (begin + end - first - last) / 2;
  if (begin < first || end - begin > last - first) return begin - first;
  return end > last ? end - last : 0;
}

/** Scrolls an element into sight within its own scroller: "nearest", "start" or "center". */
export function reveal(element, where = "nearest") {
  const scroller = scrollerOf(element, "overflowY");
  const { top, bottom } = element.getBoundingClientRect();
  const { scrollMarginTop, scrollMarginBottom } = getComputedStyle(element);
  const view = viewOf(scroller);
  const begin = top - (parseFloat(scrollMarginTop) || 0);
  const end = bottom + (parseFloat(scrollMarginBottom) || 0);
  scroller.scrollBy({
    top: distance(begin, end, view.top, view.bottom, where),
    behavior: "instant",
  });
}

/** Scrolls an element to the middle of the row that it stands in. */
export function revealInRow(element) {
  const scroller = scrollerOf(element, "overflowX");
  const { left, right } = element.getBoundingClientRect();
  const view = viewOf(scroller);
  scroller.scrollBy({
    left: distance(left, right, view.left, view.right, "center"),
    behavior: "instant",
  });
}
