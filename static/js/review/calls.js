// One person's calls in this tab: what was said, how long ago, and whether it may still be taken back.

import { thumbnailOf } from "./canvas.js";

const KEPT_BITMAPS = 3;
const FAST_MS = 400;

// A call with its request body; the UUID is made here, at the key press, and stays through every retry. When it is
// final the answer says: until then the undo window has not begun.
export function newCall({ task, phase, first, label, kind, words, clock, windowMs, asks, facts }) {
  const id = crypto.randomUUID();
  const body = {
    decision_id: id,
    lease_token: task.lease_token,
    label,
    defect_class: kind?.code ?? null,
    decided_at: clock.iso(),
    phase,
    viewport: [innerWidth, innerHeight],
    fast: facts.view_ms < FAST_MS,
    ...facts,
  };
  if (asks && phase === "initial") body.ask_reveal = true;
  const serial = task.item.serial;
  return { id, task, serial, phase, first, label, kind, words, body, finalAt: null, windowMs, madeAt: performance.now() };
}

// The same call under a new id, with the question for the model's opinion: what was sent is taken back, never changed.
export function askedAnew(call) {
  const id = crypto.randomUUID();
  const body = { ...call.body, decision_id: id, ask_reveal: true };
  return { ...call, id, body, repeats: call.id, finalAt: null };
}

export class Calls {
  #entries = [];
  #clock;

  constructor(clock) {
    this.#clock = clock;
  }

  get last() {
    return this.#entries.at(-1) ?? null;
  }

  get count() {
    return this.#entries.length;
  }

  // entry: {id, task, phase, label, words, serial, finalAt (server ms, null before its answer), windowMs, reveal}
  push(entry) {
    this.#entries.push(entry);
    const old = this.#entries.at(-1 - KEPT_BITMAPS);
    // First and final call share a task: its image goes with the later of the two.
    if (!old || this.#entries.slice(-KEPT_BITMAPS).some((one) => one.task === old.task)) return;
    // Its answer is still out: should it be lost, the list shows what it was about.
    if (old.finalAt === null) old.thumbnail = thumbnailOf(old.task.bitmap);
    old.task.bitmap?.close();
    old.task.bitmap = null;
  }

  find(id) {
    return this.#entries.find((entry) => entry.id === id) ?? null;
  }

  remove(id) {
    const at = this.#entries.findIndex((entry) => entry.id === id);
    return at < 0 ? null : this.#entries.splice(at, 1)[0];
  }

  // Whether the model may still be asked about the last call: a first one, made without its opinion.
  get canBeAsked() {
    const { phase, body, task } = this.last ?? {};
    return phase === "initial" && !body.ask_reveal && !task.prediction && !task.reveal && this.undoLeft > 0;
  }

  // Milliseconds in which the last call may still be taken back, by the server's clock: all of them before its answer.
  // The clock is known to half a second, so it may run behind: never more than the whole window is left.
  get undoLeft() {
    const { finalAt, windowMs } = this.last ?? { finalAt: 0, windowMs: 0 };
    return finalAt === null ? windowMs : Math.min(windowMs, finalAt - this.#clock.now());
  }
}
