// The palette of labels: type a part of a name, Enter picks the first match.

const MOST_SHOWN = 100;
const $ = (id) => document.getElementById(id);

export class Palette {
  constructor(noun, names, pick) {
    this.noun = noun;
    this.names = names.map((name) => ({ name, plain: plain(name) }));
    this.pick = pick;
    this.shown = [];
    this.active = 0;
    $("search").addEventListener("input", () => this.search());
    $("search").addEventListener("keydown", (event) => this.key(event));
    $("matches").addEventListener("click", (event) => {
      const option = event.target.closest("li");
      if (option) this.choose(Number(option.dataset.number));
    });
    $("palette").addEventListener("click", (event) => {
      if (event.target === $("palette")) this.close(); // beside it
    });
  }

  open(text = "") {
    $("search").value = text;
    this.search();
    $("palette").showModal();
  }

  close() {
    $("search").blur(); // the browser would do it with the next frame, after the next key
    $("palette").close();
  }

  search() {
    const wanted = plain($("search").value.trim());
    const ranked = this.names
      .map((entry, place) => ({ ...entry, place, rank: rank(entry.plain, wanted) }))
      .filter((entry) => entry.rank < NOWHERE)
      .sort((a, b) => a.rank - b.rank || a.place - b.place);
    this.shown = ranked.slice(0, MOST_SHOWN).map((entry) => entry.name);
    const options = this.shown.map((name, number) => {
      const option = document.createElement("li");
      option.id = `match-${number}`;
      option.dataset.number = number;
      option.setAttribute("role", "option");
      option.textContent = name;
      return option;
    });
    $("matches").replaceChildren(...options);
    const rest = ranked.length - this.shown.length;
    $("more").textContent = rest ? `and ${rest} more` : ranked.length ? "" : `no such ${this.noun}`;
    this.activate(0);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) this.activate(this.active + step);
    else if (event.key === "Enter") this.choose(this.active);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
  }

  activate(number) {
    this.active = Math.max(0, Math.min(number, this.shown.length - 1));
    for (const option of $("matches").children) option.removeAttribute("aria-selected");
    const option = $(`match-${this.active}`);
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    $("search").setAttribute("aria-activedescendant", option?.id ?? "");
  }

  choose(number) {
    if (number >= this.shown.length) return;
    this.close();
    this.pick(this.shown[number]);
  }
}

const NOWHERE = 5;

// How well a name fits: 0 the very name, then its beginning, a word's, a part, letters in order.
function rank(name, wanted) {
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  const at = name.indexOf(wanted);
  if (at > 0) return /[\s_\-/.,]/.test(name[at - 1]) ? 2 : 3;
  let found = 0;
  for (const letter of name) if (letter === wanted[found]) found++;
  return found === wanted.length ? 4 : NOWHERE;
}

// Without case and accents.
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
