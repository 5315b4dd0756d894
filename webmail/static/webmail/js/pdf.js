// @ts-check
// A PDF shown by PDF.js: pages drawn when they come near, their text laid over them for search, selection and
// screen readers. Nothing in the file runs: PDF.js evaluates no code, it has no scripting here, and no forms (XFA).
//
// <section data-pdf="the file" data-pdf-base="the folder of PDF.js" data-pdf-failed="…" data-pdf-locked="…"
//          data-pdf-page-label="Page %">
//   <button data-pdf-act="previous | next | out | in | fit | print">   <input data-pdf-number type="number">
//   <span data-pdf-count></span>   <p data-pdf-state role="status"></p>   <div data-pdf-pages tabindex="0"></div>
//   <div data-pdf-paper></div>, shown to printers alone

import { within } from "./dom.js";

const STEPS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
const MOST_PAGES = 1000;
const MOST_PIXELS = 16_000_000; // of one canvas; Safari draws none larger
const WIDEST = 1000; // CSS pixels of a page at first: lines as wide as a large screen are hard to read
const MOST_PRINTED = 100;
const PRINTED_DPI = 150;
const KEPT = 3; // window heights above and below, beyond which drawings are dropped
const WEB = /^(?:https?:|mailto:)/i;

class Viewer {
  constructor(root, library) {
    this.root = root;
    this.library = library;
    this.pages = root.querySelector("[data-pdf-pages]");
    this.sheets = [];
    this.zoom = 1;
    this.current = 1;
  }

  async open() {
    const base = this.root.dataset.pdfBase;
    this.task = this.library.getDocument({
      url: this.root.dataset.pdf,
      cMapUrl: `${base}cmaps/`,
      standardFontDataUrl: `${base}standard_fonts/`,
      wasmUrl: `${base}wasm/`,
      iccUrl: `${base}iccs/`,
      isEvalSupported: false,
      enableXfa: false,
      disableAutoFetch: true,
      maxImageSize: 4 * MOST_PIXELS,
      canvasMaxAreaInBytes: 4 * MOST_PIXELS,
    });
    this.task.onPassword = () => {
      this.isLocked = true;
      this.say(this.root.dataset.pdfLocked);
      this.close();
    };
    this.file = await this.task.promise;
    await this.lay();
    this.listen();
    this.say("");
    this.root.dataset.pdfReady = "";
  }

  /** Adds an empty sheet for each page, with the first page's size until its own is known. */
  async lay() {
    const first = await this.file.getPage(1);
    const { width, height } = first.getViewport({ scale: 1 });
    this.width = width;
    const count = Math.min(this.file.numPages, MOST_PAGES);
    for (let number = 1; number <= count; number += 1) {
      const element = document.createElement("div");
      element.className = "pdf-page";
      element.dataset.number = String(number);
      element.setAttribute("role", "region");
      element.setAttribute("aria-label", this.root.dataset.pdfPageLabel.replace("%", number));
      this.sheets.push({ number, element, width, height, drawing: null });
    }
    this.resize();
    this.pages.replaceChildren(...this.sheets.map((sheet) => sheet.element));
    this.root.querySelector("[data-pdf-count]").textContent = this.file.numPages;
    const input = this.root.querySelector("[data-pdf-number]");
    input.max = count;
    input.min = 1;
  }

  get scale() {
    const room = Math.min(Math.max(this.pages.clientWidth - 32, 100), WIDEST);
    return (room / this.width) * this.zoom;
  }

  resize() {
    for (const { element, width, height } of this.sheets) {
      element.style.width = `${width * this.scale}px`;
      element.style.height = `${height * this.scale}px`;
    }
  }

  listen() {
    this.near = new IntersectionObserver(
      (entries) => entries.forEach((entry) => this.arrive(entry)),
      {
        root: this.pages,
        rootMargin: "100% 0%",
      },
    );
    this.far = new IntersectionObserver(
      (entries) => entries.forEach((entry) => this.leave(entry)),
      {
        root: this.pages,
        rootMargin: `${KEPT * 100}% 0%`,
      },
    );
    for (const { element } of this.sheets) {
      this.near.observe(element);
      this.far.observe(element);
    }
    this.drawnFor = this.pages.clientWidth;
    this.observer = new ResizeObserver(() => {
      if (!this.root.isConnected) this.close();
      else if (Math.abs(this.pages.clientWidth - this.drawnFor) > 1) this.redraw();
    });
    this.observer.observe(this.pages);
    this.pages.addEventListener("scroll", () => this.locate(), { passive: true });
    this.pages.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-pdf-act]");
      if (button) this.act(button.dataset.pdfAct);
    });
    this.root
      .querySelector("[data-pdf-number]")
      .addEventListener("change", (event) => this.go(event.target.valueAsNumber));
    this.locate();
  }

  sheetOf(entry) {
    return this.sheets[entry.target.dataset.number - 1];
  }

  arrive(entry) {
    const sheet = this.sheetOf(entry);
    sheet.isNear = entry.isIntersecting;
    if (sheet.isNear) this.draw(sheet);
  }

  leave(entry) {
    if (!entry.isIntersecting) this.drop(this.sheetOf(entry));
  }

  drop(sheet) {
    sheet.drawing?.task?.cancel();
    sheet.drawing = null;
    sheet.element.replaceChildren();
  }

  async draw(sheet) {
    if (sheet.drawing) return;
    const drawing = { task: null };
    sheet.drawing = drawing;
    try {
      const page = await this.file.getPage(sheet.number);
      if (sheet.drawing === drawing) await this.drawPage(sheet, page, drawing);
    } catch (error) {
      // A page may be damaged in an otherwise valid file; a cancelled drawing is repeated when needed.
      if (
        /** @type {Error} */ (error)?.name !== "RenderingCancelledException" &&
        sheet.drawing === drawing
      )
        sheet.element.dataset.damaged = "";
    }
  }

  async drawPage(sheet, page, drawing) {
    const own = page.getViewport({ scale: 1 });
    Object.assign(sheet, { width: own.width, height: own.height });
    const viewport = page.getViewport({ scale: this.scale });
    const { width, height } = viewport;
    sheet.element.style.width = `${width}px`;
    sheet.element.style.height = `${height}px`;
    sheet.element.style.setProperty("--total-scale-factor", this.scale);
    const sharpness = Math.min(
      window.devicePixelRatio || 1,
      Math.sqrt(MOST_PIXELS / (width * height)),
    );
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(width * sharpness);
    canvas.height = Math.floor(height * sharpness);
    canvas.setAttribute("aria-hidden", "true");
    drawing.task = page.render({ canvas, viewport, transform: [sharpness, 0, 0, sharpness, 0, 0] });
    await drawing.task.promise;
    const text = document.createElement("div");
    text.className = "pdf-text";
    const layer = new this.library.TextLayer({
      textContentSource: page.streamTextContent(),
      container: text,
      viewport,
    });
    await layer.render();
    const links = await this.links(page, viewport);
    if (sheet.drawing === drawing) sheet.element.replaceChildren(canvas, text, ...links);
  }

  /** Adds links to the web and to mail addresses; all other actions of a PDF are ignored. */
  async links(page, viewport) {
    const annotations = await page.getAnnotations({ intent: "display" });
    return annotations
      .filter((annotation) => annotation.subtype === "Link" && WEB.test(annotation.url ?? ""))
      .map(({ url, rect }) => {
        const [x1, y1] = viewport.convertToViewportPoint(rect[0], rect[1]);
        const [x2, y2] = viewport.convertToViewportPoint(rect[2], rect[3]);
        const link = document.createElement("a");
        link.className = "pdf-link";
        link.href = url;
        link.target = "_blank";
        link.rel = "noopener noreferrer";
        link.title = url;
        link.setAttribute("aria-label", url);
        link.style.left = `${Math.min(x1, x2)}px`;
        link.style.top = `${Math.min(y1, y2)}px`;
        link.style.width = `${Math.abs(x2 - x1)}px`;
        link.style.height = `${Math.abs(y2 - y1)}px`;
        return link;
      });
  }

  /** Draws all pages in another size, and keeps the current page in view. */
  redraw() {
    this.drawnFor = this.pages.clientWidth;
    const { current } = this;
    for (const sheet of this.sheets) this.drop(sheet);
    this.resize();
    this.go(current);
    for (const sheet of this.sheets) if (sheet.isNear) this.draw(sheet);
  }

  locate() {
    const { scrollTop, clientHeight, scrollHeight } = this.pages;
    const isAtEnd = scrollTop > 0 && scrollTop + clientHeight >= scrollHeight - 2;
    // The first page that is really visible, not one of which only an edge is.
    const sheet = isAtEnd
      ? this.sheets.at(-1)
      : this.sheets.find(({ element }) => {
          const top = element.offsetTop - this.pages.offsetTop - scrollTop;
          const height = element.offsetHeight;
          return top + Math.max(height / 2, height - clientHeight / 2) > 0;
        });
    this.current = sheet?.number ?? 1;
    this.root.querySelector("[data-pdf-number]").value = this.current;
    for (const [act, isOff] of [
      ["previous", this.current === 1],
      ["next", this.current === this.sheets.length],
    ]) {
      for (const button of this.root.querySelectorAll(`[data-pdf-act="${act}"]`))
        button.setAttribute("aria-disabled", isOff);
    }
  }

  go(number) {
    const sheet = this.sheets[Math.min(Math.max(number || 1, 1), this.sheets.length) - 1];
    this.pages.scrollTop = sheet.element.offsetTop - this.pages.offsetTop;
    this.locate();
  }

  act(name) {
    const larger = STEPS.find((step) => step > this.zoom + 0.01) ?? this.zoom;
    const smaller = STEPS.filter((step) => step < this.zoom - 0.01).at(-1) ?? this.zoom;
    if (name === "previous") this.go(this.current - 1);
    else if (name === "next") this.go(this.current + 1);
    else if (name === "print") this.print();
    else this.magnify({ in: larger, out: smaller, fit: 1 }[name]);
  }

  /** Draws every page as a picture; for the screen only the pages near the view are drawn. */
  async print() {
    const paper = this.root.querySelector("[data-pdf-paper]");
    if (!paper || paper.childElementCount) return;
    this.say(this.root.dataset.pdfPrinting);
    try {
      for (const { number } of this.sheets.slice(0, MOST_PRINTED))
        paper.append(await this.printed(number));
      this.say("");
      window.addEventListener("afterprint", () => paper.replaceChildren(), { once: true });
      window.print();
    } catch {
      paper.replaceChildren();
      this.say(this.root.dataset.pdfFailed);
    }
  }

  async printed(number) {
    const page = await this.file.getPage(number);
    const viewport = page.getViewport({ scale: PRINTED_DPI / 72 });
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(viewport.width);
    canvas.height = Math.floor(viewport.height);
    await page.render({ canvas, viewport, intent: "print" }).promise;
    const image = document.createElement("img");
    image.src = canvas.toDataURL("image/jpeg", 0.9);
    await image.decode();
    return image;
  }

  magnify(zoom) {
    if (!zoom || zoom === this.zoom) return;
    this.zoom = zoom;
    this.redraw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
    const page = { Home: 1, End: this.sheets.length }[event.key];
    if (!act && !page) return;
    event.preventDefault();
    if (act) this.act(act);
    else this.go(page);
  }

  say(words) {
    this.root.querySelector("[data-pdf-state]").textContent = words ?? "";
  }

  close() {
    this.near?.disconnect();
    this.far?.disconnect();
    this.observer?.disconnect();
    this.task?.destroy();
  }
}

// Whether the browser is from before 2024, and the library is not made for it.
const isOlder = !("withResolvers" in Promise);
const FAULTS_OF_FILES = ["InvalidPDFException", "ResponseException"];

/** Half a megabyte, loaded only when a PDF is opened. */
async function libraryFrom(base) {
  const worker = `${base}pdf.worker.min.mjs`;
  if (isOlder) await completeOlder(worker);
  const library = await import(`${base}pdf.min.mjs`);
  library.GlobalWorkerOptions.workerSrc = worker;
  library.setVerbosityLevel?.(0);
  return library;
}

/** Gives a browser from before 2024 what the library asks for. Its worker then runs in the page, where it holds. */
async function completeOlder(worker) {
  Promise.withResolvers = function () {
    let resolve, reject;
    const promise = new this((done, failed) => ([resolve, reject] = [done, failed]));
    return { promise, resolve, reject };
  };
  globalThis.pdfjsWorker = await import(worker);
}

async function show(root) {
  const say = (words) => (root.querySelector("[data-pdf-state]").textContent = words);
  const library = await libraryFrom(root.dataset.pdfBase).catch(() => null);
  if (!library) return say(root.dataset.pdfTooOld);
  const viewer = new Viewer(root, library);
  try {
    await viewer.open();
  } catch (error) {
    viewer.close();
    const isOfFile = !isOlder || (error instanceof Error && FAULTS_OF_FILES.includes(error.name));
    if (!viewer.isLocked) say(isOfFile ? root.dataset.pdfFailed : root.dataset.pdfTooOld);
  }
}

export function load(root) {
  for (const viewer of within(root, "[data-pdf]")) {
    if ("pdfBegun" in viewer.dataset) continue;
    viewer.dataset.pdfBegun = "";
    show(viewer);
  }
}
