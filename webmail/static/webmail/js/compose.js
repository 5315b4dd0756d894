// Writing: the files chosen are listed and weighed, and nothing written is left by mistake.

const MB = 1_000_000;
let isDirty = false;

function inWords(bytes, form) {
  const isSmall = bytes < MB;
  const number = isSmall ? Math.ceil(bytes / 1000) : bytes / MB;
  const digits = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 }).format(number);
  return `${digits}\u00a0${isSmall ? form.dataset.kb : form.dataset.mb}`;
}

class Files {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("[name=attachments]");
    this.list = form.querySelector("[data-files]");
    this.template = form.querySelector("[data-file-template]");
    this.error = document.getElementById("id_attachments-error");
    this.limit = Number(form.dataset.limit);
    this.chosen = [];
  }

  /** Choosing again adds, where the browser's own field would replace. */
  add(files) {
    const known = new Set(this.chosen.map((file) => `${file.name} ${file.size} ${file.lastModified}`));
    this.chosen.push(...[...files].filter((file) => !known.has(`${file.name} ${file.size} ${file.lastModified}`)));
    this.show();
  }

  show() {
    const transfer = new DataTransfer();
    for (const file of this.chosen) transfer.items.add(file);
    this.input.files = transfer.files;
    this.list.replaceChildren(...this.chosen.map((file, index) => this.card(file, index)));
    this.list.hidden = this.chosen.length === 0;
    const isOver = this.isOver();
    this.error.hidden = !isOver;
    this.error.textContent = isOver ? this.error.dataset.tooBig : "";
  }

  card(file, index) {
    const card = this.template.content.cloneNode(true).firstElementChild;
    const ending = file.name.includes(".") ? file.name.split(".").pop().slice(0, 4).toUpperCase() : "…";
    card.querySelector(".kind").textContent = ending;
    card.querySelector(".file-name").textContent = file.name;
    card.querySelector(".meta").textContent = inWords(file.size, this.form);
    const button = card.querySelector("button");
    button.querySelector(".sr").append(file.name);
    button.addEventListener("click", () => {
      this.chosen.splice(index, 1);
      this.show();
      (this.list.querySelector("button") ?? this.input).focus();
    });
    return card;
  }

  isOver() {
    return this.limit > 0 && this.chosen.reduce((sum, file) => sum + file.size, 0) > this.limit;
  }
}

function takeDrops(form, files) {
  const drop = form.querySelector(".drop");
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  form.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    drop.classList.add("is-over");
  });
  form.addEventListener("dragleave", () => drop.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    drop.classList.remove("is-over");
    files.add(event.dataTransfer.files);
    isDirty = true;
  });
}

function showProgress(form) {
  const bar = form.querySelector(".sending");
  form.addEventListener("htmx:xhr:progress", ({ detail }) => {
    bar.hidden = !detail.lengthComputable || detail.total < MB;
    if (!bar.hidden) bar.value = (100 * detail.loaded) / detail.total;
  });
  form.addEventListener("htmx:afterRequest", () => (bar.hidden = true));
}

export function start() {
  const form = document.querySelector("[data-compose]");
  if (!form) return;
  const files = new Files(form);
  form.classList.add("is-scripted");
  form.querySelector("[data-drop]").hidden = false;
  files.input.addEventListener("change", () => files.add(files.input.files));
  takeDrops(form, files);
  showProgress(form);
  form.addEventListener("input", () => (isDirty = true));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(form.querySelector("[data-send]"));
    // Enter in a line would send half a message.
    else if (event.key === "Enter" && event.target.matches(".bare")) event.preventDefault();
  });
  form.addEventListener("htmx:confirm", (event) => {
    if (files.isOver()) event.preventDefault();
  });
  form.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
    if (detail.xhr.status < 300) isDirty = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (isDirty) event.preventDefault();
  });
}
