// @ts-check
// Loads the first words of messages after their rows, which do not wait for them.
import { answerTo, jsonOf } from "./network.js";

const MOST = 50;
// Pixels: in a narrower list with one line for each row only the subject has room.
const LEAST = 640;

// A conversation is listed by one of its messages, and may show another.
const shown = (row) => row.dataset.shown ?? row.dataset.ref;

const rows = () => [...document.querySelectorAll("#rows[data-snippets] .row:not([data-begun])")];

const hasRoom = (region) =>
  document.documentElement.dataset.density !== "compact" || region.clientWidth >= LEAST;

async function ask(url, some) {
  const address = new URL(url, location.href);
  for (const row of some) address.searchParams.append("refs", shown(row));
  const headers = { "X-Requested-With": "fetch", "X-Background": "1" };
  const answer = await answerTo(address, { headers });
  return (answer?.ok && (await jsonOf(answer))) || {};
}

function show(row, words) {
  const line = document.createElement("span");
  line.className = "snippet clip";
  line.append(document.createElement("span"));
  line.firstChild.textContent = words;
  row.querySelector(".subject")?.after(line);
}

async function begin() {
  const region = document.getElementById("rows");
  if (!region?.dataset.snippets || !hasRoom(region)) return;
  const some = rows().slice(0, MOST);
  if (some.length === 0) return;
  for (const row of some) row.dataset.begun = "";
  const beginnings = await ask(region.dataset.snippets, some);
  for (const row of some) if (beginnings[shown(row)]) show(row, beginnings[shown(row)]);
  begin();
}

export function load(root) {
  if (root === document.body || root.id === "message-list" || root.closest("#rows")) begin();
}
