// A signature is written in the editor of messages; its images are small, and stand in its HTML themselves.

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
    // One that is too large is refused in words; the server looks at all of them together.
    editor.upload = async (file) => (file.size <= Number(form.dataset.mostImage) ? image(file) : null);
    editor.begin();
  }
}
