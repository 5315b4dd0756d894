// What can be told of a page by looking at it, by the criteria of the RGAA 4.1 that it belongs to.
// Gives lines "criterion: what is wrong". Run by conformity.py.
() => {
  const found = [];
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = (text) => (text || "").replace(/\s+/g, " ").trim();
  const seen = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: false });
  const told = (node) => seen(node) && !node.closest("[aria-hidden=true]");
  const brief = (node) => node.outerHTML.replace(/\s+/g, " ").slice(0, 130);
  const wrong = (criterion, node, why = "") => found.push(`${criterion}: ${why} ${brief(node)}`);
  const byIds = (ids) =>
    words((ids || "").split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" "));
  // A name as the accessibility tree makes it, near enough for what is compared here.
  const name = (node) => {
    const labelled = byIds(node.getAttribute("aria-labelledby"));
    if (labelled) return labelled;
    if (node.getAttribute("aria-label")) return words(node.getAttribute("aria-label"));
    if (node.labels?.length) return words([...node.labels].map((one) => one.textContent).join(" "));
    const text = words(
      [node.textContent, ...all("img[alt]", node).map((image) => image.alt)].join(" "),
    );
    return text || words(node.getAttribute("title") || node.getAttribute("value"));
  };

  // 1. Images
  for (const image of all("img").filter(told)) {
    if (!image.hasAttribute("alt")) wrong("1.1", image);
    const alt = words(image.alt);
    // Of an attachment nothing is known but its name.
    const isFile = image.matches("[data-picture]");
    if ((!isFile && /\.(png|jpe?g|gif|svg|webp)$/i.test(alt)) || /^(image|photo|logo|icône)$/i.test(alt))
      wrong("1.3", image, "no alternative");
  }
  for (const drawing of all("svg").filter(told)) {
    const isNamed = drawing.matches("[role=img][aria-label], [role=img][aria-labelledby]");
    if (!isNamed) wrong("1.2", drawing, "neither hidden nor named");
  }

  // 2. Frames
  const titles = new Set();
  for (const frame of all("iframe").filter(told)) {
    const title = words(frame.title);
    if (!title) wrong("2.1", frame);
    if (/^(i?frame|cadre|untitled)$/i.test(title) || titles.has(title)) wrong("2.2", frame, title);
    titles.add(title);
  }

  // 3. Colours: borders of fields, icons that stand alone, against what is behind them
  const numbers = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const part = (n) => (n / 255 <= 0.03928 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const contrast = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length >= 3 && (colour[3] ?? 1) > 0.9) return colour;
    }
    return [255, 255, 255];
  };
  for (const field of all("input, select, textarea").filter(seen)) {
    if (field.disabled || ["hidden", "file", "range", "color"].includes(field.type)) continue;
    const { width } = field.getBoundingClientRect();
    if (width < 2 || getComputedStyle(field).opacity === "0") continue;
    // A field may be drawn by the box around it.
    let best = 0;
    for (let at = field, n = 0; at?.parentElement && n < 4; at = at.parentElement, n += 1) {
      const style = getComputedStyle(at);
      const ground = behind(at.parentElement);
      if (parseFloat(style.borderBottomWidth) && style.borderBottomStyle !== "none")
        best = Math.max(best, contrast(numbers(style.borderBottomColor), ground));
      const below = getComputedStyle(at, "::after");
      if (below.content !== "none" && parseFloat(below.borderBottomWidth))
        best = Math.max(best, contrast(numbers(below.borderBottomColor), ground));
      best = Math.max(best, contrast(behind(at), ground));
      if (best >= 3) break;
    }
    if (best < 3) wrong("3.3", field, `contrast ${best.toFixed(2)}`);
  }
  for (const control of all("a, button, summary").filter(told)) {
    const icon = control.querySelector("svg");
    if (!icon || !seen(icon) || control.matches(":disabled, [aria-disabled=true]")) continue;
    const text = words(control.innerText);
    if (text) continue;
    const ratio = contrast(numbers(getComputedStyle(icon).color), behind(icon));
    if (ratio < 3) wrong("3.3", control, `contrast ${ratio.toFixed(2)}`);
  }

  // 5. Tables
  for (const table of all("table").filter(told)) {
    if (table.closest("[role=presentation]") || table.matches("[role=presentation]")) continue;
    const caption = words(table.caption?.textContent) || name({
      getAttribute: (key) => (key === "title" ? null : table.getAttribute(key)),
      querySelectorAll: () => [],
    });
    if (!caption) wrong("5.4", table, "no title");
    if (/^(tableau|table)$/i.test(caption)) wrong("5.5", table, caption);
    const heads = all("th", table);
    if (!heads.length) wrong("5.6", table, "no heads");
    for (const head of heads)
      if (!/^(col|row)(group)?$/.test(head.getAttribute("scope") || "")) wrong("5.7", head, "no scope");
  }

  // 6. Links
  const links = new Map();
  for (const link of all("a[href]").filter(told)) {
    const text = name(link);
    if (!text) wrong("6.2", link);
    if (/^(ici|cliquez ici|lire la suite|en savoir plus|suite|lien|plus)$/i.test(text))
      wrong("6.1", link, "says nothing");
    const visible = words(link.innerText).toLowerCase().replace(/…$/, "");
    const label = words(link.getAttribute("aria-label")).toLowerCase();
    if (label && visible && !label.includes(visible)) wrong("6.1", link, "another name than seen");
    const near = link.closest("li, p, tr, td, .row, section, article, nav, form, dd, figure, header");
    const context = `${text} ${words(near?.textContent)}`;
    const known = links.get(context);
    if (known && known.href !== link.href && near?.contains(known)) wrong("6.1", link, "two alike");
    links.set(context, link);
  }

  // 8. What every page has
  const lang = document.documentElement.lang;
  if (!document.doctype) found.push("8.1: no doctype");
  if (!/^(fr|en)$/.test(lang)) found.push(`8.4: ${lang}`);
  if (!words(document.title)) found.push("8.5: no title");
  // PDF.js measures text with a hidden canvas for a moment, whose language is empty.
  for (const one of all("[lang]:not(canvas)"))
    if (!/^[a-z]{2}(-[A-Za-z]{2,4})?$/.test(one.lang)) wrong("8.8", one);
  for (const one of all("font, center, big, tt, strike, marquee, blink, basefont"))
    wrong("8.9", one);
  for (const one of all("br + br")) if (told(one) && !one.closest("[contenteditable], .message")) wrong("8.9", one);
  for (const one of all("h1, h2, h3, h4, h5, h6"))
    if (seen(one) && !words(one.textContent) && !one.querySelector("img[alt]")) wrong("8.9", one, "empty");
  for (const one of all("[dir]"))
    if (!/^(ltr|rtl|auto)$/i.test(one.getAttribute("dir"))) wrong("8.10", one);
  const ids = new Map();
  for (const one of all("[id]")) {
    if (ids.has(one.id)) wrong("8.2", one, "id twice");
    ids.set(one.id, one);
  }
  for (const key of ["for", "aria-labelledby", "aria-describedby", "aria-controls", "headers"])
    for (const one of all(`[${key}]`))
      for (const id of one.getAttribute(key).split(/\s+/).filter(Boolean))
        if (!ids.has(id) && !(key === "aria-controls")) wrong("7.1", one, `${key} leads nowhere: ${id}`);

  // What stands in a button is part of its name alone: nobody hears it change.
  for (const one of all("button :is(output, [aria-live], [role=status], [role=alert])"))
    wrong("7.5", one, "told within a button");
  for (const one of all("ul, ol").filter(told))
    if (!one.children.length && !one.hasAttribute("aria-live")) wrong("9.3", one, "empty");

  // 9. Structure
  const heads = all("h1, h2, h3, h4, h5, h6, [role=heading]").filter(told);
  const level = (head) => Number(head.getAttribute("aria-level") || head.tagName[1]);
  if (!heads.some((head) => level(head) === 1)) found.push("9.1: no h1");
  let before = 1;
  for (const head of heads) {
    if (level(head) > before + 1) wrong("9.1", head, `h${level(head)} after h${before}`);
    before = level(head);
  }
  const mains = all("main, [role=main]").filter(told);
  if (mains.length !== 1) found.push(`9.2: ${mains.length} main`);
  const navs = all("nav, [role=navigation]").filter(told);
  if (navs.length > 1)
    for (const one of navs)
      if (!name({ ...{}, getAttribute: (key) => one.getAttribute(key), querySelectorAll: () => [], textContent: "" }))
        wrong("9.2", one, "one of several, without a name");
  for (const list of all("ul, ol").filter(told))
    for (const child of list.children)
      if (!child.matches("li, script, template")) wrong("9.3", child, "in a list");
  for (const item of all("li").filter(told))
    if (!item.parentElement.matches("ul, ol, menu, [role=list], [role=group], [role=listbox]"))
      wrong("9.3", item, "outside of a list");
  for (const list of all("dl").filter(told))
    for (const child of list.children)
      if (!child.matches("dt, dd, div, script, template")) wrong("9.3", child, "in a dl");

  // 10. Presentation
  const root = getComputedStyle(document.body);
  if (numbers(root.backgroundColor)[3] === 0) found.push("10.5: the page has no ground of its own");
  for (const one of all("body *").filter(seen)) {
    for (const pseudo of ["::before", "::after"]) {
      const content = getComputedStyle(one, pseudo).content;
      if (/^"[^"]*\p{L}{2,}/u.test(content)) wrong("10.2", one, `words in a style sheet ${content}`);
    }
    if (one.parentElement && Number(getComputedStyle(one).order) > 0) one.dataset.moved = "";
  }
  for (const one of all("[tabindex]"))
    if (Number(one.getAttribute("tabindex")) > 0) wrong("12.8", one, "an order of its own");
  const place = new RegExp(
    "\\b(ci-contre|à (droite|gauche) de l’écran|colonne de (droite|gauche)|" +
      "bouton (rouge|vert|bleu|rond)|en (rouge|vert) )",
    "i",
  );
  const text = document.body.innerText.match(place);
  if (text) found.push(`10.9: said by place or colour only: ${text[0]}`);
  if (document.documentElement.scrollWidth > innerWidth) found.push("10.11: wider than the window");

  // 11. Forms
  const names = new Map();
  for (const field of all("input, select, textarea").filter(told)) {
    if (["hidden", "submit", "button", "reset", "image"].includes(field.type)) continue;
    const label = name(field);
    if (!label) wrong("11.1", field);
    if (/^(champ|valeur|field|\*)$/i.test(label)) wrong("11.2", field, label);
    const group = field.closest("fieldset, [role=group], [role=radiogroup], tr, .row");
    if (field.type === "radio") {
      const legend = group?.matches("fieldset")
        ? words(group.querySelector("legend")?.textContent) ||
          name({ getAttribute: (key) => group.getAttribute(key), querySelectorAll: () => [], textContent: "" })
        : group &&
          name({ getAttribute: (key) => group.getAttribute(key), querySelectorAll: () => [], textContent: "" });
      if (!group) wrong("11.5", field, "no group");
      else if (!legend) wrong("11.6", field, "a group without a legend");
    }
    const key = `${field.form?.action} ${field.form?.id} ${label}`;
    const same = names.get(key);
    if (same && same.name !== field.name && !group && same.type === field.type)
      wrong("11.2", field, `two fields alike: ${label}`);
    names.set(key, field);
    const shown = field.labels && [...field.labels].find((one) => seen(one) && one.getBoundingClientRect().width > 2);
    // Recipients stand between a label and its field.
    if (shown && field.type !== "radio" && !field.closest("[data-line], td")) {
      const a = field.getBoundingClientRect();
      const b = shown.getBoundingClientRect();
      const gap = Math.max(
        0, a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom);
      if (a.width > 2 && gap > 48) wrong("11.4", field, `${Math.round(gap)} px from its label`);
    }
    if (field.matches("[aria-invalid=true]") && !byIds(field.getAttribute("aria-describedby")))
      wrong("11.10", field, "wrong, and nothing says why");
    if (field.required && field.matches(".input") && !field.labels?.length && !field.ariaLabel)
      wrong("11.10", field);
  }
  for (const legend of all("legend"))
    if (told(legend) && !words(legend.textContent)) wrong("11.7", legend, "empty");
  for (const select of all("select").filter(told))
    if (select.options.length > 60 && !select.querySelector("optgroup"))
      wrong("11.8", select, `${select.options.length} choices`);
  for (const button of all("button, input[type=submit], summary, [role=button]").filter(told)) {
    const label = name(button);
    if (!label) wrong("11.9", button);
    if (/^(ok|go|x|×|bouton|\?|valider)$/i.test(label)) wrong("11.9", button, "says nothing");
    const visible = words(button.innerText).toLowerCase().replace(/…$/, "");
    const aria = words(button.getAttribute("aria-label")).toLowerCase();
    if (aria && visible && /\p{L}/u.test(visible) && !aria.includes(visible))
      wrong("11.9", button, "another name than seen");
  }

  // 12 and 13. Ways and windows
  const stops = all("a[href], button, input, select, textarea, summary, [tabindex='0']").filter(seen);
  const skip = all("a.skip, .skip a, a[href^='#']").filter((one) => stops.indexOf(one) < 2)[0];
  if (!skip) found.push("12.7: no way to skip first");
  else if (!document.getElementById(skip.hash.slice(1))) wrong("12.7", skip, "leads nowhere");
  for (const one of all("[target=_blank]").filter(told)) {
    const said = `${name(one)} ${one.title} ${byIds(one.getAttribute("aria-describedby"))}`;
    if (!/(nouvel|autre) onglet|nouvelle fenêtre/i.test(said)) wrong("13.2", one, "a new window unsaid");
  }
  if (document.querySelector("meta[http-equiv=refresh]")) found.push("13.1: reloads by itself");
  for (const media of all("video[autoplay], audio[autoplay]")) wrong("4.10", media);
  return found;
}
