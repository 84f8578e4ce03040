// One look at one item: since when and with which tools.

export class Look {
  #clock;
  #wasReady;
  #shownAt = performance.now();
  #shownClock;
  #waitedMs = null;
  #toolUse = {};

  // `wasReady` says whether the image was decoded before it was asked for; `since` is when the call before was made,
  // null where something else than the page stood in between (a pause, an empty queue, a call taken back).
  constructor(clock, wasReady, since) {
    this.#clock = clock;
    this.#wasReady = wasReady;
    if (since !== null) requestAnimationFrame(() => { this.#waitedMs = Math.round(performance.now() - since); });
    this.#shownClock = clock.iso();
  }

  // The image was dimmed in between: the time until now was no looking.
  restart() {
    this.#shownAt = performance.now();
  }

  used(name) {
    this.#toolUse[name] = (this.#toolUse[name] ?? 0) + 1;
  }

  // Members of the request's body.
  get facts() {
    return {
      shown_at: this.#shownClock,
      view_ms: Math.round(performance.now() - this.#shownAt),
      tool_use: this.#toolUse,
      prefetch_hit: this.#wasReady,
      ...(this.#waitedMs === null ? {} : { wait_ms: this.#waitedMs }),
    };
  }
}
