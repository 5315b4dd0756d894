// @ts-check
// Prints a message by its page for paper, without leaving the reader. That page has no script, so the reader opens the
// print dialog. Where that fails, the link opens the page itself.

import { isPlain, on } from "./dom.js";

let frame = null;

function printed(link) {
  frame?.remove();
  frame = document.createElement("iframe");
  frame.className = "sr";
  frame.title = link.textContent.trim();
  frame.tabIndex = -1;
  frame.setAttribute("aria-hidden", "true");
  frame.setAttribute("sandbox", "allow-same-origin allow-modals");
  frame.addEventListener(
    "load",
    () => {
      if (!frame.contentDocument?.getElementById("message-head")) {
        window.open(link.href, "_blank", "noopener");
        return;
      }
      frame.contentWindow.focus();
      frame.contentWindow.print();
    },
    { once: true },
  );
  frame.src = link.href;
  document.body.append(frame);
}

export function start() {
  on("click", "a[data-print]", (link, event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    link.closest("details")?.removeAttribute("open");
    printed(link);
  });
}
