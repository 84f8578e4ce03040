// The server's time. Each answer's Date header (whole seconds) narrows the difference between the two clocks.

export class ServerClock {
  #low = -Infinity;
  #high = Infinity;

  // `sent` and `received` are this machine's times around the request.
  learn(dateHeader, sent, received) {
    const server = Date.parse(dateHeader ?? "");
    if (Number.isNaN(server)) return;
    const low = server - received;
    const high = server + 1000 - sent;
    const contradicts = low > this.#high || high < this.#low;
    this.#low = contradicts ? low : Math.max(this.#low, low);
    this.#high = contradicts ? high : Math.min(this.#high, high);
  }

  now() {
    const known = Number.isFinite(this.#low) && Number.isFinite(this.#high);
    return Date.now() + (known ? (this.#low + this.#high) / 2 : 0);
  }

  iso() {
    return new Date(this.now()).toISOString();
  }
}
