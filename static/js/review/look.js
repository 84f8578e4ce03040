// One look at one item: since when, with which tools, and what was noted on the way.

export class Look {
  comment = "";
  #clock;
  #wasReady;
  #shownAt = performance.now();
  #shownClock;
  #toolUse = {};

  // `wasReady` says whether the image was decoded before it was asked for.
  constructor(clock, wasReady) {
    this.#clock = clock;
    this.#wasReady = wasReady;
    this.#shownClock = clock.iso();
  }

  // The image was dimmed in between: the time until now was no looking.
  restart() {
    this.#shownAt = performance.now();
  }

  used(name) {
    this.#toolUse[name] = (this.#toolUse[name] ?? 0) + 1;
  }

  note(text) {
    this.comment = [text, this.comment].filter(Boolean).join(": ");
  }

  // Members of the request's body.
  get facts() {
    return {
      comment: this.comment,
      shown_at: this.#shownClock,
      view_ms: Math.round(performance.now() - this.#shownAt),
      tool_use: this.#toolUse,
      prefetch_hit: this.#wasReady,
    };
  }
}
