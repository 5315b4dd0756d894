// @ts-check
// Writes a signature in the editor of messages; its images are small and embedded in the HTML.

import { Editor } from "./editor.js";

const image = (file) =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => resolve(null));
    reader.readAsDataURL(file);
  });

export function load(root) {
  for (const form of root.querySelectorAll("form[data-signature]")) {
    if (form.classList.contains("is-scripted")) continue;
    form.classList.add("is-scripted");
    const editor = new Editor(form);
    // A larger image is refused with an error; the server checks the total size.
    editor.upload = async (file) =>
      file.size <= Number(form.dataset.mostImage) ? image(file) : null;
    editor.begin();
  }
}
