// Shows an item. All foreign text (ids, labels, notes) goes in as text, never as HTML; what examples
// look like comes from the server, and is made inert (inert.js).

import { inert } from "./inert.js";

const $ = (id) => document.getElementById(id);
const MAX_NEIGHBOURS = 8;
const MOST_CHOICES = 10; // one for each digit
const REASONS = { annotators: "annotators disagree" }; // others are shown as they are called

export function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// The labels that digits pick: all when they are few, else the likely ones of this item.
export function choices(item, all, recent) {
  if (all.length && all.length <= MOST_CHOICES) return all;
  const labels = item.neighbours.map((neighbour) => neighbour.label).filter(Boolean);
  const often = (name) => labels.filter((label) => label === name).length;
  labels.sort((a, b) => often(b) - often(a));
  return [...new Set([item.proposed, item.given, ...labels, ...recent])].slice(0, MOST_CHOICES);
}

// The digit of each choice: its place, or its own name where labels are digits themselves.
export function digits(names, all) {
  const own = all.length && all.every((name) => /^[0-9]$/.test(name));
  return names.map((name, number) => (own ? name : `${(number + 1) % 10}`));
}

export function showItem(item, queue, recent) {
  $("item").hidden = false;
  $("finished").hidden = true;
  put($("example"), queue.large(item));
  $("id").textContent = $("id").title = item.id;
  $("size").textContent = [item.example.size, item.split].filter(Boolean).join(" · ");
  showLabels(item);
  $("reasons").replaceChildren(
    ...item.reasons.map((reason) => element("span", REASONS[reason] ?? reason, "tag")),
    ...(item.split === "test" ? [element("span", TEST_NOTE, "tag test")] : []),
  );
  $("why-text").textContent = $("why-text").title = item.why;
  const { accept, keep, effect } = item.offer;
  $("accept-word").textContent = accept;
  $("keep-word").textContent = keep;
  $("effect").textContent = $("effect").title = effect;
  $("effect").hidden = Boolean(item.decision);
  $("outcome").classList.toggle("warns", item.offer.despite !== "");
  showDecision(item);
  showChoices(item, queue.about.choices, recent);
  showNeighbours(item, queue);
}

// How the modality draws small examples when they are to be sharp is in show.css.
const SHARP = "groundwork sharp";
document.body.classList.toggle("sharp", Boolean(localStorage.getItem(SHARP)));

export function toggleSharp() {
  localStorage.setItem(SHARP, document.body.classList.toggle("sharp") ? "yes" : "");
}

const TEST_NOTE = "test split: kept on record, never applied";

function showLabels(item) {
  const isRemoved = item.offer.kind === "drop";
  const same = !isRemoved && item.given === item.proposed;
  const proposed = isRemoved ? "removal" : same ? "the same" : item.proposed;
  $("labels").classList.toggle("same", same);
  $("given-label").textContent = $("given-label").title = item.given;
  $("proposed-label").textContent = $("proposed-label").title = proposed;
  const known = item.label_quality !== null;
  const percent = known ? Math.round(item.label_quality * 100) : 0;
  $("quality-part").style.width = `${percent}%`;
  $("quality-bar").setAttribute("aria-valuenow", percent);
  $("quality-text").textContent = known ? likelihood(item.label_quality) : "unknown";
}

function likelihood(quality) {
  if (quality < 0.01) return "under 1 %";
  if (quality > 0.99) return "over 99 %";
  return `${Math.round(quality * 100)} %`;
}

export function inWords({ decision }, { offer }) {
  if (decision === "drop") return offer.kind === "drop" ? "left out" : "dropped";
  return decision === "keep" ? "kept" : `→ ${decision}`;
}

// What speaks against the decision to have an item in the data.
export function despite({ decision }, { offer }) {
  return decision !== "drop" && offer.despite ? `, ${offer.despite}` : "";
}

function showDecision(item) {
  const { decision } = item;
  $("decision").replaceChildren();
  $("note").value = decision && !decision.stale ? decision.note : "";
  if (!decision) return;
  $("decision").append(
    decision.stale ? "Decided when the given label was another: " : "Decided: ",
    element("strong", inWords(decision, item)),
    decision.reviewer ? ` by ${decision.reviewer}` : "",
    despite(decision, item),
  );
}

function showChoices(item, all, recent) {
  const names = choices(item, all, recent);
  const keys = digits(names, all);
  const buttons = names.map((name, number) => {
    const button = element("button", "", "choice");
    button.type = "button";
    button.dataset.name = name;
    button.title = name;
    button.append(element("kbd", keys[number]), element("span", name));
    button.classList.toggle("is-given", name === item.given);
    button.classList.toggle("is-proposed", name === item.proposed && name !== item.given);
    const chosen = item.decision && !item.decision.stale && item.decision.decision;
    const pressed = chosen === name || (chosen === "keep" && name === item.given);
    button.setAttribute("aria-pressed", String(Boolean(pressed)));
    return button;
  });
  $("choices").classList.toggle("likely", names !== all);
  $("choices").replaceChildren(...buttons);
}

function showNeighbours(item, queue) {
  const places = Array.from({ length: MAX_NEIGHBOURS }, (_, number) => {
    const neighbour = item.neighbours[number];
    const place = element("li");
    const picture = element("div", "", "picture");
    const label = element("span", neighbour ? neighbour.label ?? "no label" : "\u00a0", "name");
    place.append(picture, label);
    if (!neighbour) {
      place.className = "empty";
      return place;
    }
    place.title = neighbour.id;
    const isItself = neighbour.row === item.example.row; // an element is at one place alone
    put(picture, isItself ? inert(neighbour.html) : queue.small(neighbour));
    label.classList.toggle("is-given", neighbour.label === item.given);
    label.classList.toggle(
      "is-proposed", neighbour.label === item.proposed && item.proposed !== item.given,
    );
    return place;
  });
  $("neighbours").replaceChildren(...places);
}

function put(place, shown) {
  place.replaceChildren(shown ?? element("span", "not in the data", "caption"));
}

export function showProgress(queue) {
  const all = queue.rows.length;
  const done = queue.rows.filter((row) => queue.decided.has(row)).length;
  $("bar").setAttribute("aria-valuemax", all);
  $("bar").setAttribute("aria-valuenow", done);
  $("done-part").style.width = `${all ? (100 * done) / all : 0}%`;
  $("counts").textContent = `${number(done)} of ${number(all)} decided`;
  $("counts").title = queue.at < 0 ? "" : `this is number ${number(queue.at + 1)}`;
}

export function showFinished(queue, isFiltered) {
  $("item").hidden = true;
  $("finished").hidden = false;
  const all = queue.rows.length;
  const skipped = queue.numSkipped();
  $("finished-title").textContent = skipped
    ? `${number(skipped)} left, which you skipped`
    : all ? "Every one is decided" : "Nothing here is in doubt";
  $("finished-text").textContent = all
    ? `${number(all - skipped)} of ${number(all)} are decided. End the server with Ctrl-C, commit `
      + `${queue.about.file}, and run dvc repro.`
    : "No example of the queue passes this filter.";
  $("tick").hidden = skipped > 0 || !all;
  $("again").hidden = !skipped;
  $("show-all").hidden = !isFiltered;
}

export function number(count) {
  return count.toLocaleString("en");
}
