// Tasks ahead of the one on screen: claimed, fetched in order, decoded before they are needed.

import { Unreachable } from "./http.js";

const MOST_AHEAD = 5;
const MEMORY = 96 * 1024 * 1024;
const SLOW_BITS_PER_MS = 5000;
const CALM = 20;
const LEAST_CLAIM = 2;
const AGAIN_MS = 1000;

// Emits "arrived" when a task can be shown, "empty" ({waiting, leased}) when there is none, "unreachable".
export class Supply extends EventTarget {
  #http;
  #claimAddress;
  #tab;
  #tasks = [];
  #ahead = 4;
  #calm = 0;
  #claiming = false;
  #fetching = 0;
  #speed = 0;
  #stopped = false;

  counts = { waiting: null, leased: 0 };
  // The line may climb or come down while the page is open: the newest claim knows.
  waitsForReveal = false;

  constructor({ http, claimAddress, tab }) {
    super();
    this.#http = http;
    this.#claimAddress = claimAddress;
    this.#tab = tab;
  }

  get tasks() {
    return [...this.#tasks];
  }

  get isStopped() {
    return this.#stopped;
  }

  // The next task, shown or not; null when nothing is claimed. A late image means: keep more ahead.
  take() {
    const task = this.#tasks.shift() ?? null;
    if (task) this.#adapt(Boolean(task.bitmap));
    this.fill();
    return task;
  }

  // Put a task back in front: after an undo it is the next one.
  giveBack(task) {
    this.#tasks.unshift(task);
    if (!task.bitmap) this.#fetchNext();
  }

  drop(id) {
    const at = this.#tasks.findIndex((task) => task.id === id);
    if (at >= 0) this.#tasks.splice(at, 1)[0].bitmap?.close();
  }

  // Forget everything that is ahead; the caller releases it.
  surrender() {
    this.#stopped = true;
    const tasks = this.#tasks.splice(0);
    for (const task of tasks) task.bitmap?.close();
    return tasks;
  }

  // What was given back meanwhile waits in front, with its image or without.
  resume() {
    this.#stopped = false;
    if (this.#tasks[0]?.bitmap) this.#emit("arrived", { task: this.#tasks[0] });
    this.#fetchNext();
    this.fill();
  }

  // `isAskedByTimer`: nobody touched anything, so the five minutes of a shared station run on.
  async fill({ isAskedByTimer = false } = {}) {
    if (this.#claiming || this.#stopped) return;
    const wanted = Math.min(this.#ahead - this.#tasks.length, this.#roomFor());
    // Two at a time at least: a claim for each decision would be half of all requests.
    if (wanted <= 0 || (wanted < LEAST_CLAIM && this.#tasks.length > 1)) return;
    this.#claiming = true;
    try {
      await this.#claim(wanted, isAskedByTimer ? { headers: { "X-Background": "1" } } : {});
    } catch (error) {
      this.#emit(error instanceof Unreachable ? "unreachable" : "refused", { error });
    } finally {
      this.#claiming = false;
    }
  }

  async #claim(count, options) {
    const answer = await this.#http.post(this.#claimAddress, { count, tab: this.#tab }, options);
    this.counts = { waiting: answer.waiting, leased: answer.leased_by_others };
    this.waitsForReveal = Boolean(answer.waits_for_reveal);
    if (this.#stopped) return this.#emit("unwanted", { tasks: answer.tasks });
    this.#tasks.push(...answer.tasks.map((task) => ({ ...task, bitmap: null, coming: null, failures: 0 })));
    if (!answer.tasks.length && !this.#tasks.length) this.#emit("empty", this.counts);
    this.#emit("counted", this.counts);
    this.#fetchNext();
  }

  // In order, one at a time on a slow line: a parallel fetch would only delay the next image.
  #fetchNext() {
    if (this.#stopped) return;
    const task = this.#tasks.find((one) => !one.bitmap && !one.coming && one.failures < 2);
    if (!task || this.#fetching >= this.#lanes()) return;
    this.#fetching += 1;
    this.ensure(task).finally(() => {
      this.#fetching -= 1;
      this.#fetchNext();
    });
    this.#fetchNext();
  }

  // Bring one task's image, once however often it is asked for.
  ensure(task) {
    task.coming ??= this.#bring(task).finally(() => (task.coming = null));
    return task.coming;
  }

  // A line that is cut says nothing about the image: it is tried again until the work stops. An image that could
  // not be read twice is told and left.
  async #bring(task) {
    while (!this.#stopped && !task.bitmap && task.failures < 2) {
      try {
        task.bitmap = await this.#decoded(task.item.image_url);
      } catch (error) {
        if (!(error instanceof Unreachable)) task.failures += 1;
        else {
          this.#emit("unreachable", { error });
          await new Promise((later) => setTimeout(later, AGAIN_MS));
        }
      }
    }
    if (task.bitmap) this.#emit("arrived", { task });
    else if (!this.#stopped) this.#emit("broken", { task });
  }

  async #decoded(address) {
    const began = performance.now();
    const blob = await fetched(address);
    const took = Math.max(performance.now() - began, 1);
    this.#speed = this.#speed ? 0.7 * this.#speed + 0.3 * ((blob.size * 8) / took) : (blob.size * 8) / took;
    return createImageBitmap(blob);
  }

  #lanes() {
    return navigator.connection?.saveData || this.#speed < SLOW_BITS_PER_MS ? 1 : 2;
  }

  #roomFor() {
    const used = this.#tasks.reduce((sum, task) => sum + task.item.width * task.item.height * 4, 0);
    const each = this.#tasks.length ? used / this.#tasks.length : 1;
    return Math.max(this.#tasks.length ? 0 : 1, Math.floor((MEMORY - used) / each));
  }

  #adapt(wasReady) {
    this.#calm = wasReady ? this.#calm + 1 : 0;
    if (!wasReady) this.#ahead = Math.min(MOST_AHEAD, this.#ahead + 1);
    else if (this.#calm >= CALM && this.#ahead > 2) {
      this.#ahead -= 1;
      this.#calm = 0;
    }
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

async function fetched(address) {
  let response;
  try {
    response = await fetch(address);
    if (response.ok) return await response.blob();
  } catch {
    throw new Unreachable(address);
  }
  if (response.status >= 500) throw new Unreachable(address);
  throw new Error(`Image ${response.status}`);
}
