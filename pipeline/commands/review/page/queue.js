// The rows that the filter lets through, what is decided of them, and where one is.

import { inert } from "./inert.js";
import { get, persist } from "./outbox.js";

const AHEAD = 30; // items that are asked for before they are needed
const REFILL = 15; // ask for more when only so many are there
const SHOWN_AHEAD = 6; // of these, how many are loaded with all that they show
const MOST_ITEMS = 300;
const MOST_SHOWN = 600;

export class Queue {
  constructor(about, onProblem) {
    this.about = about;
    this.onProblem = onProblem;
    this.rows = [];
    this.decided = new Set();
    this.skipped = new Set();
    this.at = -1; // index in rows; -1 when none is shown
    this.items = new Map();
    this.asked = new Set(); // rows whose items are on their way
    this.shown = new Map(); // elements, by what they show
    this.version = -1;
  }

  get row() {
    return this.rows[this.at];
  }

  get item() {
    return this.items.get(this.row);
  }

  ask(path, values) {
    return get(path, { session: this.about.session, ...values }, this.onProblem);
  }

  // Ask which rows the filter lets through, and show the example `id`, else the first open one.
  async load(filters, id) {
    const { rows, decided, at, version, lost } = await this.ask("/api/rows", { ...filters, at: id });
    this.rows = rows;
    this.decided = new Set(decided);
    this.version = version;
    this.at = at === null ? -1 : rows.indexOf(at);
    if (this.at < 0) this.advance();
    await this.fetch();
    return lost;
  }

  // Ask again what is decided, staying where one is. Nothing is taken over, and null returned,
  // when `isCurrent` says that something was decided here meanwhile.
  async refresh(filters, isCurrent) {
    const { decided, version, lost } = await this.ask("/api/rows", filters);
    const items = await this.askItems(this.upcoming());
    if (!isCurrent()) return null;
    this.decided = new Set(decided);
    this.version = version;
    const shown = this.item;
    this.items = new Map(items.map((item) => [item.row, item]));
    if (shown && !this.item) this.items.set(shown.row, shown);
    return lost;
  }

  // Go to the next row that nobody has decided about; nowhere when there is none.
  advance() {
    for (let step = 1; step <= this.rows.length; step++) {
      const index = (this.at + step) % this.rows.length;
      if (this.isOpen(this.rows[index])) {
        this.at = index;
        return;
      }
    }
    this.at = -1;
  }

  move(step) {
    const from = this.at < 0 && step < 0 ? this.rows.length : this.at;
    this.at = Math.max(0, Math.min(from + step, this.rows.length - 1));
  }

  isOpen(row) {
    return !this.decided.has(row) && !this.skipped.has(row);
  }

  // Skipped rows of this filter that are still undecided.
  numSkipped() {
    return this.rows.filter((row) => this.skipped.has(row) && !this.decided.has(row)).length;
  }

  // The rows that come next: where one is, its neighbour behind, and the open ones ahead.
  upcoming() {
    const next = this.at < 0 ? [] : [this.row];
    for (let i = this.at + 1; i < this.rows.length && next.length < AHEAD; i++) {
      if (this.isOpen(this.rows[i])) next.push(this.rows[i]);
    }
    for (const index of [this.at + 1, this.at - 1]) {
      if (index >= 0 && index < this.rows.length) next.push(this.rows[index]);
    }
    return next;
  }

  // Make sure that the shown item is there, and soon those that come next.
  async fetch() {
    const near = [...new Set(this.upcoming())];
    const missing = near.filter((row) => !this.items.has(row) && !this.asked.has(row));
    if (this.row !== undefined && !this.item) return this.loadItems(missing.concat(this.row));
    const urgent = near.slice(0, REFILL).concat(near.slice(-2)); // and those beside it
    this.loadItems(urgent.some((row) => missing.includes(row)) ? missing : []);
  }

  async loadItems(rows) {
    for (const row of rows) this.asked.add(row);
    if (this.item) touch(this.items, this.row);
    for (const item of await this.askItems(rows)) {
      if (!this.items.has(item.row)) this.items.set(item.row, item); // it may be decided by now
    }
    for (const row of rows) this.asked.delete(row);
    for (const row of this.upcoming().slice(0, SHOWN_AHEAD)) {
      const item = this.items.get(row);
      if (!item) continue;
      this.large(item);
      for (const neighbour of item.neighbours) this.small(neighbour);
    }
    forgetOldest(this.items, MOST_ITEMS);
    forgetOldest(this.shown, MOST_SHOWN);
  }

  async askItems(rows) {
    return rows.length ? await this.ask("/api/items", { rows: rows.join() }) : [];
  }

  // The element of an item, with the example that it looks like beside it if there is one.
  large(item) {
    return item.pair ? this.element(`pair ${item.row}`, item.pair) : this.small(item.example);
  }

  // The element of an example; null of one that is not in the data any more.
  small({ row, html }) {
    return row === undefined ? null : this.element(row, html);
  }

  // An element loads what it shows since it was first asked for.
  element(key, html) {
    if (!this.shown.has(key)) {
      this.shown.set(key, inert(html));
      persist(this.shown.get(key), this.onProblem);
    }
    return this.shown.get(key);
  }
}

function touch(map, key) {
  const value = map.get(key);
  map.delete(key);
  map.set(key, value);
}

function forgetOldest(map, most) {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
