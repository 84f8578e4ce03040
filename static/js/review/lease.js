// Leases of the tasks in this tab: renewed while somebody looks, given back when nobody does.

import { Refused } from "./http.js";

const BEAT_MS = 20_000;

// Emits "lost" with the task whose lease is gone.
export class Leases extends EventTarget {
  #http;
  #addresses;
  #clock;
  #isAwake;
  #current;
  #ahead;

  // `current()` is the task on screen or null, `ahead()` the prefetched ones, which its beat renews too.
  constructor({ http, addresses, clock, isAwake, current, ahead }) {
    super();
    this.#http = http;
    this.#addresses = addresses;
    this.#clock = clock;
    this.#isAwake = isAwake;
    this.#current = current;
    this.#ahead = ahead;
    setInterval(() => this.#beat(), BEAT_MS);
  }

  // Whether the task may be somebody else's by now: no call of it would count.
  hasEnded(task) {
    return Date.parse(task.lease_until) <= this.#clock.now();
  }

  release(task) {
    this.#http.farewell(this.#addresses.task(task.id, "release"), { lease_token: task.lease_token });
  }

  async #beat() {
    const task = this.#current();
    if (!task || !this.#isAwake()) return;
    try {
      const answer = await this.#http.post(this.#addresses.task(task.id, "heartbeat"), { lease_token: task.lease_token });
      for (const renewed of [task, ...this.#ahead()]) renewed.lease_until = answer.lease_until;
    } catch (error) {
      if (error instanceof Refused && error.code === "lease-lost") this.dispatchEvent(new CustomEvent("lost", { detail: task }));
    }
  }
}
