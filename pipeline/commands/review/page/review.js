// The review page: what the keys and buttons do. Every decision shows at once; the outbox brings
// it to the server.

import { Outbox, get } from "./outbox.js";
import { Palette } from "./palette.js";
import { Queue } from "./queue.js";
import { choices, despite, digits, element, inWords, number, showFinished, showItem, showProgress, toggleSharp } from "./view.js";

const $ = (id) => document.getElementById(id);
const FILTERS = ["given", "proposed", "reason", "split"];
const MOST_UNDONE = 500;
const MOST_RECENT = 6;

const about = await get("/api/about", {}, (problem) => showSaved({ waiting: 0, problem }));
const queue = new Queue(about, (problem) => showSaved({ ...outbox, waiting: outbox.waiting.length, problem }));
const outbox = new Outbox(about.dataset, { saved, refused, change: showSaved });
const palette = new Palette(about.noun, about.choices, (name) => decide("label", name));
const filters = Object.fromEntries(
  [...new URLSearchParams(location.hash.slice(1))].filter(([name]) => FILTERS.includes(name)),
);
let made = []; // decisions of this tab that can be undone, the latest last
let recent = []; // labels picked last, the latest first
let outdated = false; // others have changed the file since the rows were asked for
let refreshing = false;
let changes = 0; // decisions, undos and filters so far

// Where one is, for a reload. What belongs to a session of the server ends with it.
const PLACE = `groundwork place ${about.dataset}`;
const place = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
if (place.session === about.session) {
  made = place.history;
  queue.skipped = new Set(place.skipped);
}

function keepPlace() {
  const content = {
    session: about.session,
    id: queue.item?.id,
    history: made.slice(-MOST_UNDONE),
    skipped: [...queue.skipped],
  };
  sessionStorage.setItem(PLACE, JSON.stringify(content));
}

// Ask for the rows of the filter; again when something was decided meanwhile.
async function load(id) {
  let lost, before;
  do {
    before = changes;
    const waiting = [...outbox.waiting];
    lost = await queue.load(filters, id ?? "");
    for (const { path, row } of waiting) {
      if (path === "/api/decide") queue.decided.add(row);
      else queue.decided.delete(row);
    }
  } while (changes !== before);
  showLost(lost);
  show();
}

// Ask again what is decided. What waits to be sent would be missing, but brings us here later.
async function refresh() {
  outdated = true;
  if (outbox.waiting.length || refreshing) return;
  refreshing = true;
  const before = changes;
  const was = JSON.stringify(queue.item?.decision);
  const lost = await queue.refresh(filters, () => changes === before);
  refreshing = false;
  if (lost === null) return outbox.waiting.length ? undefined : refresh();
  outdated = false;
  showLost(lost);
  if (JSON.stringify(queue.item?.decision) === was) showProgress(queue);
  else show();
}

function show() {
  showProgress(queue);
  $("undo").disabled = !made.length;
  for (const id of ["accept", "keep", "pick", "drop", "skip"]) $(id).disabled = !queue.item;
  if (queue.item) showItem(queue.item, queue, recent);
  else if (queue.at < 0) showFinished(queue, Object.keys(filters).length > 0);
  keepPlace();
}

// Show where one is now, again once its item has come: most often it is there already.
async function arrive() {
  const isThere = Boolean(queue.item);
  show();
  const row = queue.row;
  await queue.fetch();
  if (row === queue.row && !isThere) show();
}

function decide(kind, label = "") {
  const item = queue.item;
  if (!item) return;
  if (kind === "accept") [kind, label] = [item.offer.kind, item.proposed];
  if (kind === "label" && label === item.given) kind = "keep";
  if (kind !== "label") label = "";
  changes++;
  const key = crypto.randomUUID();
  const note = $("note").value.trim();
  made.push({ key, id: item.id, row: item.row, before: item.decision });
  item.decision = { decision: label || kind, reviewer: about.reviewer, note, stale: false };
  queue.decided.add(item.row);
  if (kind === "label") recent = [label, ...recent.filter((name) => name !== label)].slice(0, MOST_RECENT);
  outbox.add("/api/decide", { key, id: item.id, kind, label, note }, item.row);
  say(item, inWords(item.decision, item) + despite(item.decision, item));
  queue.advance();
  arrive();
}

function undo() {
  const last = made.pop();
  if (!last) return;
  changes++;
  outbox.add("/api/undo", { key: last.key, id: last.id }, last.row);
  setDecision(last.row, last.before);
  const index = queue.rows.indexOf(last.row);
  if (index >= 0) queue.at = index;
  $("last").textContent = "Taken back.";
  arrive();
}

function skip() {
  if (!queue.item) return;
  if (!queue.decided.has(queue.row)) queue.skipped.add(queue.row);
  say(queue.item, "skipped");
  queue.advance();
  arrive();
}

function move(step) {
  if (!queue.rows.length) return;
  queue.move(step);
  arrive();
}

function again() {
  for (const row of queue.rows) queue.skipped.delete(row);
  queue.advance();
  arrive();
}

function say(item, what) {
  $("last").replaceChildren(element("span", item.given, "word"), ` ${what}`);
}

function setDecision(row, decision) {
  const item = queue.items.get(row);
  if (item) item.decision = decision;
  if (decision && !decision.stale) queue.decided.add(row);
  else queue.decided.delete(row);
}

function saved(message, answer) {
  showLost(answer.lost);
  queue.version++; // for this change; any other is by another tab, or by somebody with an editor
  outdated ||= answer.version !== queue.version || message.path === "/api/restore";
  if (outdated) refresh();
  else if (!outbox.waiting.length) showBeside(answer.waiting);
}

// While an experiment runs, decisions are safe in the journal, and the file gets them later.
function showBeside(count) {
  if (count) $("saved").textContent = `All saved; ${about.file} gets ${number(count)} after the experiment`;
}

// The server will never take this decision, so it must not look like one.
function refused({ body, row }, problem) {
  setDecision(row, made.find(({ key }) => key === body.key)?.before);
  made = made.filter(({ key }) => key !== body.key);
  if (queue.at < 0) queue.advance(); // it is open again, maybe the only one
  arrive();
  $("last").replaceChildren(element("strong", `Not written: ${problem}`));
  refresh();
}

function showSaved({ waiting, problem }) {
  const lines = `${number(waiting)} decision${waiting === 1 ? "" : "s"}`;
  $("saved").className = problem ? "problem" : waiting ? "busy" : "";
  if (!problem) $("saved").textContent = waiting ? "Saving …" : "All saved";
  else if (!waiting) $("saved").textContent = `Waiting: ${problem}`;
  else $("saved").textContent = `Not saved yet, ${lines} kept here and tried again: ${problem}`;
}

function showLost(count) {
  $("lost").hidden = !count;
  $("lost-text").textContent =
    `${number(count)} of the decisions made here ${count === 1 ? "is" : "are"} no longer in `
    + `${about.file}: somebody saved another version of it.`;
}

function restore(wanted) {
  $("lost").hidden = true;
  outbox.add("/api/restore", { wanted });
}

const ACTIONS = {
  accept: () => decide("accept"),
  keep: () => decide("keep"),
  drop: () => decide("drop"),
  pick: () => queue.item && about.choices.length && palette.open(),
  skip,
  undo,
  again,
  "show-all": () => setFilters({}),
  "help-button": () => $("help").showModal(),
  "lost-restore": () => restore(true),
  "lost-leave": () => restore(false),
};

const KEYS = {
  Enter: () => (queue.item ? decide("accept") : again()),
  a: ACTIONS.accept,
  k: ACTIONS.keep,
  d: ACTIONS.drop,
  c: ACTIONS.pick,
  "/": ACTIONS.pick,
  s: skip,
  u: undo,
  n: () => $("note").focus(),
  x: toggleSharp,
  f: () => $("filters").querySelector("label:not([hidden]) select")?.focus(),
  "?": ACTIONS["help-button"],
  ArrowLeft: () => move(-1),
  ArrowRight: () => move(1),
};

addEventListener("keydown", (event) => {
  if (event.target.closest("#palette")) return;
  if ($("help").open) return helpKey(event);
  const undoes = (event.ctrlKey || event.metaKey) && event.key === "z";
  if (event.target === $("note")) return noteKey(event);
  if (event.ctrlKey || event.metaKey || event.altKey) return undoes ? act(event, undo) : undefined;
  if (event.target.matches("select")) return event.key === "Escape" ? event.target.blur() : undefined;
  if (event.target.matches("button") && (event.key === "Enter" || event.key === " ")) return;
  if (/^[0-9]$/.test(event.key)) return act(event, () => pickDigit(event.key));
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (Object.hasOwn(KEYS, key)) act(event, KEYS[key]);
});

function act(event, action) {
  event.preventDefault();
  const moves = event.key.startsWith("Arrow");
  if (moves || !event.repeat) action(); // a key that is held down decides once
}

function helpKey(event) {
  if (event.key !== "Escape" && event.key !== "?") return;
  event.preventDefault();
  $("help").close();
}

function noteKey(event) {
  if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
  event.preventDefault();
  $("note").blur();
  // Of an example that is decided already the note alone is new.
  const decision = queue.item?.decision;
  if (event.key === "Escape" || !decision || decision.stale) return;
  if (decision.note === $("note").value.trim()) return;
  const word = decision.decision;
  if (word === "keep" || word === "drop") decide(word);
  else decide("label", word);
}

function pickDigit(digit) {
  if (!queue.item) return;
  const names = choices(queue.item, about.choices, recent);
  const name = names[digits(names, about.choices).indexOf(digit)];
  if (name) decide("label", name);
}

for (const [id, action] of Object.entries(ACTIONS)) {
  $(id).addEventListener("click", action);
  // The focus stays where it was, so that Enter goes on accepting.
  $(id).addEventListener("mousedown", (event) => event.preventDefault());
}
$("choices").addEventListener("mousedown", (event) => event.preventDefault());
$("choices").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) decide("label", button.dataset.name);
});
addEventListener("focus", refresh); // another tab or person may have decided meanwhile

async function setFilters(wanted) {
  changes++;
  for (const name of FILTERS) delete filters[name];
  Object.assign(filters, wanted);
  showFilters();
  const hash = new URLSearchParams(filters).toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
  await load(queue.item?.id);
}

function showFilters() {
  for (const name of FILTERS) {
    const options = about.filters[name].map(([value, count]) => {
      const option = element("option", `${value} (${number(count)})`);
      option.value = value;
      return option;
    });
    const every = element("option", "any");
    every.value = "";
    $(name).replaceChildren(every, ...options);
    $(name).value = filters[name] ?? "";
    $(name).classList.toggle("set", name in filters);
    $(name).closest("label").hidden = options.length < 2;
  }
}

$("filters").addEventListener("change", ({ target }) => {
  const { [target.id]: _, ...others } = filters;
  setFilters(target.value ? { ...others, [target.id]: target.value } : others);
  target.blur();
});

$("dataset").textContent = about.dataset;
$("noun").textContent = about.noun[0].toUpperCase() + about.noun.slice(1);
$("notes-text").textContent = `${about.notes.join(". ")}.`;
$("notes").hidden = !about.notes.length;
$("pick").hidden = !about.choices.length;
$("file").textContent = about.file;
$("reviewer").textContent = about.reviewer;
document.title = `Review · ${about.dataset}`;
showFilters();
outbox.changed();
await outbox.send(); // what an earlier page could not
await load(place.id);
