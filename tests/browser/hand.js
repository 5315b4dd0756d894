// What hinders a finger, a voice, a switch or a theme of contrast, by the criteria of WCAG 2.2. Gives lines
// "criterion: what is wrong". Run by conformity.py with what is to be looked at.
(parts) => {
  const found = new Set();
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = (text) => (text || "").replace(/\s+/g, " ").trim();
  const brief = (node) => node.outerHTML.replace(/\s+/g, " ").slice(0, 150);
  const wrong = (criterion, node, why) => found.add(`${criterion}: ${why} ${brief(node)}`);
  const CONTROLS =
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab]," +
    "[role=option], [role=menuitem], [role=separator][tabindex]";
  const isOpaque = (node) => {
    for (let at = node; at; at = at.parentElement)
      if (getComputedStyle(at).opacity === "0") return false;
    return true;
  };
  const isSeen = (node) => {
    const { width, height } = node.getBoundingClientRect();
    return node.checkVisibility({ visibilityProperty: true }) && width > 2 && height > 2;
  };
  // What stands on its own: a modal dialog leaves nothing else to be pressed.
  const modal = document.querySelector("dialog:modal");
  const controls = all(CONTROLS, modal ?? document).filter(
    (node) => isSeen(node) && !node.closest("[inert], [aria-hidden=true], .sr"),
  );

  // 2.5.8: 24 px, or as much room around. Links in a sentence may be as high as its lines.
  const boxOf = (node) => {
    const label = node.matches("input[type=checkbox], input[type=radio], input[type=file]")
      ? node.labels?.[0]
      : null;
    return (label && isSeen(label) ? label : node).getBoundingClientRect();
  };
  const isInText = (node) =>
    node.matches("a, button.textbtn, summary, input, select") &&
    /inline/.test(getComputedStyle(node).display) &&
    words(node.parentElement.innerText).length > words(node.innerText).length;
  if (parts.includes("targets")) {
    const targets = controls
      // A divider is as narrow as the scroll bar beside it lets it be; the keys move it too.
      .filter((node) => !node.disabled && !node.matches("[role=separator]"))
      .filter((node) => isOpaque(node) && getComputedStyle(node).pointerEvents !== "none")
      .map((node) => ({ node, box: boxOf(node) }));
    const isSmall = ({ width, height }) => width < 23.5 || height < 23.5;
    const reach = (x, y, box) =>
      Math.hypot(
        Math.max(box.left - x, 0, x - box.right),
        Math.max(box.top - y, 0, y - box.bottom),
      );
    for (const { node, box } of targets) {
      if (!isSmall(box) || isInText(node)) continue;
      const x = (box.left + box.right) / 2;
      const y = (box.top + box.bottom) / 2;
      const near = targets.find(({ node: other, box: there }) => {
        if (other === node || other.contains(node) || node.contains(other)) return false;
        if (node.labels && [...node.labels].some((label) => label.contains(other))) return false;
        if (!isSmall(there)) return reach(x, y, there) < 12;
        const [a, b] = [(there.left + there.right) / 2, (there.top + there.bottom) / 2];
        return Math.hypot(a - x, b - y) < 24;
      });
      if (near)
        wrong("2.5.8", node, `${Math.round(box.width)} × ${Math.round(box.height)} px beside ${brief(near.node).slice(0, 60)}:`);
    }
  }

  // 2.5.3: what is seen on a control is in its name, in this order.
  if (parts.includes("names")) {
    const plain = (text) => words(text).toLowerCase().replace(/[\s\u00a0\u202f]*[…:.,!?]+$/g, "");
    for (const node of controls) {
      const byIds = words(
        (node.getAttribute("aria-labelledby") || "")
          .split(/\s+/)
          .map((id) => document.getElementById(id)?.textContent ?? "")
          .join(" "),
      );
      const name = plain(byIds || node.getAttribute("aria-label"));
      if (!name) continue;
      const label = node.labels?.length && isSeen(node.labels[0]) ? node.labels[0].innerText : "";
      const seen = plain(node.matches("input, select, textarea") ? label : node.innerText);
      if (/\p{L}/u.test(seen) && !name.includes(seen)) wrong("2.5.3", node, `“${seen}” is not in “${name}”:`);
    }
  }

  // 1.4.10: no part scrolls sideways in a narrow window, but for tables, code and what is written.
  if (parts.includes("narrow")) {
    if (document.documentElement.scrollWidth > innerWidth) found.add("1.4.10: wider than the window");
    for (const box of all("body *").filter(isSeen)) {
      if (!/auto|scroll/.test(getComputedStyle(box).overflowX)) continue;
      if (box.scrollWidth <= box.clientWidth + 1) continue;
      if (box.matches("pre, textarea, table, [role=table]") || box.querySelector("table, pre, canvas, img")) continue;
      wrong("1.4.10", box, `scrolls sideways, ${box.scrollWidth} px in ${box.clientWidth}:`);
    }
  }

  // 2.4.7 in forced colours, where shadows and grounds are not drawn; and states, which must differ from their like.
  const drawn = (node, pseudo) => {
    const style = getComputedStyle(node, pseudo);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  };
  const LOOKS = ["backgroundColor", "color", "fontWeight", "textDecorationLine", "outlineStyle", "outlineWidth",
    "borderTopWidth", "borderBottomWidth", "borderLeftWidth", "borderTopColor", "borderBottomColor", "borderLeftColor",
    "backgroundImage", "display", "content"];
  const look = (node) =>
    [node, ...all("*", node)]
      .flatMap((part) => [undefined, "::before", "::after"].map((pseudo) => {
        const style = getComputedStyle(part, pseudo);
        return LOOKS.map((key) => style[key]).join(" ");
      }))
      .join("\n");
  if (parts.includes("forced")) {
    const before = document.activeElement;
    for (const node of controls) {
      if (node.tabIndex < 0 || node.disabled) continue;
      node.focus({ focusVisible: true, preventScroll: true });
      if (document.activeElement !== node) continue;
      const labels = [...(node.labels || [])];
      const near = [node, node.parentElement, node.parentElement?.parentElement, node.nextElementSibling,
        node.firstElementChild, ...labels, ...labels.flatMap((label) => [...label.children])].filter(Boolean);
      const is = near.some((one) => [undefined, "::before", "::after"].some((pseudo) => drawn(one, pseudo)));
      if (!is && !node.matches("input[type=date], input[type=time]")) wrong("2.4.7", node, "no focus in forced colours:");
      node.blur();
    }
    before?.focus?.({ preventScroll: true });
    for (const state of ["aria-current", "aria-pressed", "aria-selected"])
      for (const node of all(`[${state}]`).filter(isSeen)) {
        if (node.getAttribute(state) === "false") continue;
        const item = node.closest("li") ?? node;
        const like = [...(item.parentElement?.children ?? [])]
          .filter((other) => other !== item && other.localName === item.localName)
          .map((other) => (item === node ? other : other.querySelector(`:scope > ${node.localName}`)))
          .find((other) => other && isSeen(other) && [null, "false"].includes(other.getAttribute(state)));
        if (like && like.className.replace("current", "") === node.className.replace("current", "")) {
          const [one, other] = [look(node).split("\n"), look(like).split("\n")];
          if (one.slice(0, 3).join() === other.slice(0, 3).join() && one.join() === other.join())
            wrong("1.4.11", node, `${state} is not seen in forced colours:`);
        }
      }
  }

  // 2.3.3: nothing moves for who asked for less.
  if (parts.includes("still")) {
    for (const one of document.getAnimations())
      if (one.playState === "running" && one.effect?.getComputedTiming().duration > 20)
        wrong("2.3.3", one.effect.target ?? document.body, `moves (${one.animationName ?? one.transitionProperty}):`);
    for (const node of all("body *").filter(isSeen)) {
      const { transitionProperty: what, transitionDuration: time, scrollBehavior } = getComputedStyle(node);
      const moves = /all|transform|top|left|right|bottom|height|width|margin|translate|scale|rotate/.test(what);
      if (moves && time.split(",").some((one) => parseFloat(one) > 0.02)) wrong("2.3.3", node, `${what} takes ${time}:`);
      if (scrollBehavior === "smooth") wrong("2.3.3", node, "scrolls smoothly:");
    }
  }
  return [...found];
};
