// @ts-check
// What a composer in a pane has to say to screen readers is said by the page around it: Orca passes over what a frame
// says that it met before the frame belonged to a page.

export function start() {
  const pane = window.frameElement?.parentElement;
  if (!pane) return;
  for (const told of pane.querySelectorAll(":scope > .sr")) told.remove();
  for (const region of document.querySelectorAll("[data-saved], .sr[aria-live]")) {
    const told = pane.ownerDocument.createElement("div");
    told.className = "sr";
    told.setAttribute("aria-live", "polite");
    pane.append(told);
    region.setAttribute("aria-live", "off");
    const follow = () => (told.textContent = region.textContent?.trim() ?? "");
    new MutationObserver(follow).observe(region, { childList: true, subtree: true });
  }
}
