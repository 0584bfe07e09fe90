// A gallery of what was found. What is selected goes to the review page.

import { inert } from "./inert.js";
import { get, persist, post } from "./outbox.js";

const AT_ONCE = 50; // items of one answer

const $ = (id) => document.getElementById(id);
const about = await get("/api/about", {}, problem);
const selected = new Set();
const buttons = [];

function problem(text) {
  $("problem").textContent = text;
}

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function count() {
  $("counts").textContent = `${about.ids.length} examples, ${selected.size} selected`;
  $("review").disabled = !selected.size;
}

function select(row, wanted) {
  if (wanted) selected.add(row);
  else selected.delete(row);
  buttons[row].setAttribute("aria-pressed", String(wanted));
  count();
}

function selectAll(wanted) {
  for (const row of buttons.keys()) select(row, wanted);
}

// One button for each example, which gets what it shows when that has come.
function makeButtons() {
  about.ids.forEach((id, row) => {
    const button = element("button", "");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.append(element("span", id, "name caption"));
    button.addEventListener("click", () => select(row, !selected.has(row)));
    buttons.push(button);
    const place = document.createElement("li");
    place.append(button);
    $("examples").append(place);
  });
}

function fill({ row, given, split, example }) {
  const shown = inert(example.html ?? "");
  persist(shown, problem);
  buttons[row].title = example.id;
  buttons[row].prepend(shown, element("span", `${given} · ${split}`, "label-of"));
}

async function load() {
  for (let first = 0; first < about.ids.length; first += AT_ONCE) {
    const rows = [...buttons.keys()].slice(first, first + AT_ONCE);
    const items = await get("/api/items", { session: about.session, rows: rows.join() }, problem);
    items.forEach(fill);
  }
}

async function review() {
  if (!selected.size) return;
  const body = { dataset: about.dataset, rows: [...selected] };
  const { status, problem: text } = await post({ path: "/api/choose", body });
  if (status === 200) location.href = "/review";
  else problem(text);
}

function move(step) {
  const at = buttons.indexOf(document.activeElement);
  buttons[Math.max(0, Math.min(at + step, buttons.length - 1))]?.focus();
}

const KEYS = {
  Enter: review,
  a: () => selectAll(true),
  Escape: () => selectAll(false),
  ArrowRight: () => move(1),
  ArrowLeft: () => move(-1),
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
$("all").addEventListener("click", () => selectAll(true));
$("none").addEventListener("click", () => selectAll(false));
$("review").addEventListener("click", review);
$("dataset").textContent = about.dataset;
makeButtons();
count();
load();
