// The person at the page: looked for how long, still there, due for a break.

const ALIVE_MS = 60_000;
const GONE_MS = 90_000;
const TICK_MS = 1000;
const AGAIN_MIN = 10;
export const BREAK_MS = 120_000;

// Emits "tick", "idle" (nobody touched anything for a minute), "back", "gone" (half a minute later), "tired". Who needs
// more time has `patience` times the minute and the half.
export class Session extends EventTarget {
  #kept;
  #activeMs;
  #stretchFrom;
  #vigilanceMs;
  #pausedAt = null;
  #lastInput = performance.now();
  #lastTick = performance.now();
  #promptAt;
  #state = "here";
  #aliveMs;
  #goneMs;

  constructor({ person, vigilanceMin, patience }) {
    super();
    this.#aliveMs = ALIVE_MS * patience;
    this.#goneMs = GONE_MS * patience;
    this.#kept = `tollgate-active:${person}`;
    this.#activeMs = Number(sessionStorage.getItem(this.#kept) ?? 0);
    this.#stretchFrom = Number(sessionStorage.getItem(`${this.#kept}:stretch`) ?? 0);
    this.#vigilanceMs = vigilanceMin * 60_000;
    this.#promptAt = this.#stretchFrom + this.#vigilanceMs;
    while (this.#promptAt <= this.#activeMs) this.#promptAt += AGAIN_MIN * 60_000;
    for (const name of ["keydown", "pointerdown", "pointermove", "wheel"]) {
      addEventListener(name, () => this.#touched(), { capture: true, passive: true });
    }
    setInterval(() => this.#tick(), TICK_MS);
  }

  get activeMs() {
    return this.#activeMs;
  }

  // How long of it without a break.
  get stretchMs() {
    return this.#activeMs - this.#stretchFrom;
  }

  get wasTouchedLately() {
    return performance.now() - this.#lastInput < this.#aliveMs;
  }

  pause() {
    this.#pausedAt ??= Date.now();
  }

  // Who was away for as long as a break takes has had one: a new stretch begins.
  resume() {
    if (this.#pausedAt !== null && Date.now() - this.#pausedAt >= BREAK_MS) this.#beginStretch();
    this.#pausedAt = null;
    this.#touched();
  }

  // The session is over: the next one starts at nothing.
  end() {
    this.pause();
    sessionStorage.removeItem(this.#kept);
    sessionStorage.removeItem(`${this.#kept}:stretch`);
  }

  // No break now: asked again a while later.
  goOn() {
    this.#promptAt = this.#activeMs + AGAIN_MIN * 60_000;
  }

  get #isPaused() {
    return this.#pausedAt !== null;
  }

  #beginStretch() {
    this.#stretchFrom = this.#activeMs;
    this.#promptAt = this.#activeMs + this.#vigilanceMs;
    sessionStorage.setItem(`${this.#kept}:stretch`, String(Math.round(this.#stretchFrom)));
  }

  #touched() {
    this.#lastInput = performance.now();
    if (this.#state === "idle") this.#become("here", "back");
  }

  #tick() {
    const now = performance.now();
    const passed = now - this.#lastTick;
    this.#lastTick = now;
    const idle = now - this.#lastInput;
    if (!this.#isPaused && !document.hidden && idle < ALIVE_MS) this.#addActive(Math.min(passed, 2 * TICK_MS));
    if (!this.#isPaused && idle >= this.#goneMs) this.#become("gone", "gone");
    else if (!this.#isPaused && idle >= this.#aliveMs && this.#state === "here") this.#become("idle", "idle");
    this.#emit("tick");
  }

  #addActive(passed) {
    this.#activeMs += passed;
    sessionStorage.setItem(this.#kept, String(Math.round(this.#activeMs)));
    if (this.#activeMs < this.#promptAt) return;
    this.goOn();
    this.#emit("tired");
  }

  #become(state, name) {
    if (this.#state === state) return;
    this.#state = state === "gone" ? "here" : state;
    this.#emit(name);
  }

  #emit(name) {
    this.dispatchEvent(new Event(name));
  }
}

export function minutesAndSeconds(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
