// Leases of the tasks in this tab: renewed while somebody looks, given back when nobody does.

import { Refused } from "./http.js";

const BEAT_MS = 20_000;

// Emits "lost" with the task whose lease is gone.
export class Leases extends EventTarget {
  #http;
  #addresses;
  #isAwake;
  #current;

  // `current()` is the task on screen or null; its beat renews the prefetched ones too.
  constructor({ http, addresses, isAwake, current }) {
    super();
    this.#http = http;
    this.#addresses = addresses;
    this.#isAwake = isAwake;
    this.#current = current;
    setInterval(() => this.#beat(), BEAT_MS);
  }

  release(task) {
    this.#http.farewell(this.#addresses.task(task.id, "release"), { lease_token: task.lease_token });
  }

  async #beat() {
    const task = this.#current();
    if (!task || !this.#isAwake()) return;
    try {
      const answer = await this.#http.post(this.#addresses.task(task.id, "heartbeat"), { lease_token: task.lease_token });
      task.lease_until = answer.lease_until ?? task.lease_until;
    } catch (error) {
      if (error instanceof Refused && error.code === "lease-lost") this.dispatchEvent(new CustomEvent("lost", { detail: task }));
    }
  }
}
