// @ts-check
// Security keys: passes the server's request to the browser, and the browser's response into the form.

import { on, within } from "./dom.js";

const CAN = window.isSecureContext && "credentials" in navigator && "PublicKeyCredential" in window;

// WebAuthn uses bytes, JSON base64url. Browsers have their own functions for that only since 2024.
function bytes(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
    letter.charCodeAt(0),
  );
}

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const described = (list = []) =>
  list.map((credential) => ({ ...credential, id: bytes(credential.id) }));

function toCreate({ publicKey }) {
  return {
    ...publicKey,
    challenge: bytes(publicKey.challenge),
    user: { ...publicKey.user, id: bytes(publicKey.user.id) },
    excludeCredentials: described(publicKey.excludeCredentials),
  };
}

function toGet({ publicKey }) {
  return {
    ...publicKey,
    challenge: bytes(publicKey.challenge),
    allowCredentials: described(publicKey.allowCredentials),
  };
}

function answer(credential) {
  const { response } = credential;
  const fields = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) fields[name] = text(response[name]);
  }
  if (response.getTransports) fields.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: fields,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function ask(verb) {
  const options = JSON.parse(document.getElementById("passkey-options").textContent);
  return verb === "create"
    ? navigator.credentials.create({ publicKey: toCreate(options.creation_options) })
    : navigator.credentials.get({ publicKey: toGet(options.request_options) });
}

async function use(button) {
  const form = button.form;
  const place = form.querySelector("[data-passkey-error]");
  place.hidden = true;
  button.setAttribute("aria-busy", "true");
  try {
    form.elements.credential.value = JSON.stringify(answer(await ask(button.dataset.passkey)));
    form.submit();
  } catch (error) {
    // Cancelled, timed out or no key are all the same DOMException. Other errors are mistakes of ours.
    if (!(error instanceof DOMException)) throw error;
    place.textContent =
      error.name === "InvalidStateError" ? place.dataset.known : place.dataset.refused;
    place.hidden = false;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

export function start() {
  on("click", "[data-passkey]", use);
}

export function load(root) {
  for (const button of within(root, "[data-passkey]")) button.hidden = !CAN;
  for (const note of within(root, "[data-passkey-none]")) note.hidden = CAN;
}
