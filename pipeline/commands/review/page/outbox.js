// Sends decisions to the server, one after the other, until each has arrived.
//
// What has not arrived is also in the tab's session storage, so that neither a reload nor a
// restart of the server loses it. The server knows a decision by its key: sent twice, it is
// written once.

// The secret of the address: sent in a header, kept for a reload, and out of the address at once, so
// that no history and no picture of the screen has it.
const TOKEN = "groundwork token";
const address = new URL(location.href);
if (address.searchParams.has("token")) {
  localStorage.setItem(TOKEN, address.searchParams.get("token"));
  address.searchParams.delete("token");
  history.replaceState(null, "", address.pathname + address.search + address.hash);
}

function headers() {
  return { Authorization: `token ${localStorage.getItem(TOKEN) ?? ""}` };
}

const PATIENCE_MS = 10_000;
const PAUSES_MS = [300, 1000, 2000, 4000];
let reloading = false;

export class Outbox {
  // `on.saved(message, answer)`, `on.refused(message, text)`, `on.change({waiting, problem})`.
  constructor(dataset, on) {
    this.dataset = dataset;
    this.on = on;
    this.store = `groundwork outbox ${dataset}`;
    this.waiting = JSON.parse(sessionStorage.getItem(this.store) ?? "[]");
    this.problem = "";
    this.sending = false;
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length && !reloading) event.preventDefault();
    });
  }

  add(path, body, row) {
    this.waiting.push({ path, body: { dataset: this.dataset, ...body }, row });
    this.changed();
    this.send();
  }

  // Resolves when nothing waits any more.
  async send() {
    if (this.sending) return;
    this.sending = true;
    let failures = 0;
    while (this.waiting.length) {
      const message = this.waiting[0];
      const { status, answer, problem } = await post(message);
      if (status === 200 || (status >= 400 && status < 500 && status !== 409 && status !== 403)) {
        failures = 0;
        this.waiting.shift();
        this.problem = "";
        this.changed();
        if (status === 200) this.on.saved(message, answer);
        else this.on.refused(message, problem);
      } else {
        this.problem = problem;
        this.changed();
        await pause(PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)]);
      }
    }
    this.sending = false;
  }

  changed() {
    sessionStorage.setItem(this.store, JSON.stringify(this.waiting));
    this.on.change({ waiting: this.waiting.length, problem: this.problem });
  }
}

export async function post({ path, body }) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { ...headers(), "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answer = await response.json();
    return { status: response.status, answer, problem: answer.error ?? "" };
  } catch {
    return { status: 0, problem: "the server does not answer; is it running?" };
  }
}

// What waits is in the session storage, so nobody need be asked.
function reload() {
  reloading = true;
  location.reload();
  return new Promise(() => {});
}

// Ask until there is an answer; `onProblem("")` when there is one again.
export async function get(path, values, onProblem) {
  const query = new URLSearchParams(values);
  for (let failures = 0; ; failures++) {
    let problem = "the server does not answer; is it running?";
    try {
      const response = await fetch(`${path}?${query}`, { headers: headers() });
      const answer = await response.json();
      if (response.status === 410) return reload(); // the server was started again
      if (response.ok) {
        if (failures) onProblem("");
        return answer;
      }
      problem = answer.error;
    } catch {
      // no answer
    }
    onProblem(problem);
    await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)]);
  }
}

// Images that cannot be had now, as while ingest runs, are asked for again until they come.
export function persist(shown, onProblem) {
  for (const part of shown.querySelectorAll("img[src]")) {
    const address = part.getAttribute("src");
    let failures = 0;
    part.addEventListener("load", () => failures && onProblem(""));
    part.addEventListener("error", async () => {
      const { problem, isLasting } = await fault(address);
      onProblem(problem);
      if (isLasting) return;
      await pause(PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)]);
      part.src = `${address}&again=${failures}`;
    });
  }
}

// Why an image did not come: what the server says, which a picture does not tell.
async function fault(address) {
  try {
    const response = await fetch(address);
    if (response.status === 410) return reload();
    if (response.ok) return { problem: "", isLasting: false };
    return { problem: (await response.json()).error, isLasting: response.status !== 503 };
  } catch {
    return { problem: "the server does not answer; is it running?", isLasting: false };
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
