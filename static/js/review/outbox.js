// Decisions and undos on their way to the server: in order, one in flight, the same UUID until an answer comes.

import { Refused } from "./http.js";

const PAUSES = [500, 1000, 2000, 4000, 8000];

// Emits "change" ({waiting, state}), "answered" ({entry, answer}), "lost" (entry) and "refused" ({entry, problem}).
export class Outbox extends EventTarget {
  #shelf;
  #http;
  #person;
  #tab;
  #entries = [];
  #lost = [];
  #order = 0;
  #running = false;
  #failures = 0;
  #timer = null;
  #trouble = "";

  constructor({ shelf, http, person, tab }) {
    super();
    this.#shelf = shelf;
    this.#http = http;
    this.#person = person;
    this.#tab = tab;
    addEventListener("online", () => this.hurry());
  }

  // Take over what earlier pages of this person left behind, unless their tab still lives.
  async adopt(livingTabs) {
    const kept = await this.#shelf.all();
    this.#order = Math.max(Date.now(), ...kept.map((entry) => entry.order));
    const mine = kept.filter((entry) => entry.person === this.#person && !livingTabs.has(entry.tab));
    for (const entry of mine) this.#keep(Object.assign(entry, { tab: this.#tab }));
    this.#lost.push(...mine.filter((entry) => entry.lost));
    this.#entries.unshift(...mine.filter((entry) => !entry.lost));
    this.#changed();
    this.#pump();
  }

  get waiting() {
    return this.#entries.length;
  }

  get lost() {
    return [...this.#lost];
  }

  get state() {
    if (this.#trouble === "signed-out" || this.#lost.length) return "action";
    if (!this.#entries.length) return "saved";
    return this.#trouble === "offline" ? "offline" : "saving";
  }

  // entry: {kind: "decision" | "undo", id, task, serial, address, body, words}
  add(entry) {
    const whole = { ...entry, person: this.#person, tab: this.#tab, order: ++this.#order, sent: false };
    this.#entries.push(whole);
    this.#keep(whole);
    this.#changed();
    this.#pump();
    return whole;
  }

  // Take a decision back that has not left yet. False when it is on its way or gone.
  cancel(id) {
    const entry = this.#entries.find((one) => one.id === id && one.kind === "decision" && !one.sent);
    if (!entry) return false;
    this.#drop(entry);
    this.#changed();
    return true;
  }

  // An undo leased the task anew: what waits behind it must carry the new token.
  retoken(task, token) {
    for (const entry of this.#entries.filter((one) => one.task === task && one.kind === "decision")) {
      entry.body.lease_token = token;
      this.#keep(entry);
    }
  }

  forgetLost() {
    for (const entry of this.#lost.splice(0)) this.#shelf.remove(entry.order);
    this.#changed();
  }

  // Try now: the network is back, or somebody asks.
  hurry() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#pump();
  }

  async #pump() {
    if (this.#running || this.#timer !== null) return;
    this.#running = true;
    while (this.#entries.length && (await this.#send(this.#entries[0])));
    this.#running = false;
    this.#changed();
  }

  // True when the next entry may follow at once.
  async #send(entry) {
    entry.sent = true;
    try {
      const answer = await this.#http.post(entry.address, entry.body);
      this.#settle(entry, "answered", { entry, answer });
      return true;
    } catch (error) {
      return this.#failed(entry, error);
    }
  }

  #failed(entry, error) {
    if (!(error instanceof Refused)) return this.#waitAndRetry("offline");
    if (error.isSignedOut) return this.#waitAndRetry("signed-out");
    if (error.isPassing) return this.#waitAndRetry("busy");
    if (entry.kind === "decision" && ["lease-lost", "already-decided"].includes(error.code)) this.#lose(entry, error);
    else this.#settle(entry, "refused", { entry, problem: error });
    return true;
  }

  #lose(entry, problem) {
    entry.lost = true;
    this.#lost.push(entry);
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#settled("lost", { entry, problem });
    // Who heard of it has added the thumbnail.
    this.#keep(entry);
  }

  #settle(entry, name, detail) {
    this.#drop(entry);
    this.#settled(name, detail);
  }

  #settled(name, detail) {
    this.#failures = 0;
    this.#trouble = "";
    this.#emit(name, detail);
    this.#changed();
  }

  #waitAndRetry(trouble) {
    this.#trouble = trouble;
    const pause = PAUSES[Math.min(this.#failures++, PAUSES.length - 1)] * (0.8 + 0.4 * Math.random());
    this.#timer = setTimeout(() => this.hurry(), pause);
    this.#changed();
    return false;
  }

  #drop(entry) {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#shelf.remove(entry.order);
  }

  #keep(entry) {
    this.#shelf.put({ ...entry, sent: false });
  }

  #changed() {
    this.#emit("change", { waiting: this.waiting, state: this.state, trouble: this.#trouble });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

// Hold a lock for as long as this tab lives, and say which other tabs do.
export async function livingTabs(tab) {
  const name = (id) => `tollgate-tab:${id}`;
  navigator.locks.request(name(tab), () => new Promise(() => {}));
  const { held } = await navigator.locks.query();
  const names = held.map((lock) => lock.name).filter((one) => one.startsWith(name("")));
  return new Set(names.map((one) => one.slice(name("").length)).filter((id) => id !== tab));
}
