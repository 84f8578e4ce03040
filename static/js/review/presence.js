// Coming, going and resting: pause, end of the queue, breaks, and what happens to the leases meanwhile.

import { BREAK_MS, minutesAndSeconds } from "./session.js";

const ASK_AGAIN_MS = 3000;

export class Presence {
  #parts;
  #askAgain = null;
  #restTimer = null;
  #isAsking = false;

  // parts: {loop, screen, session, supply, outbox, leases, calls, home}
  constructor(parts) {
    this.#parts = parts;
    const { session, supply, screen } = parts;
    session.addEventListener("tick", () => this.#tick());
    session.addEventListener("tired", () => this.#tired());
    session.addEventListener("idle", () => this.#stillThere());
    session.addEventListener("back", () => this.#back());
    session.addEventListener("gone", () => this.#gone());
    supply.addEventListener("empty", ({ detail }) => this.#empty(detail));
    supply.addEventListener("arrived", () => this.#stopAsking());
    supply.addEventListener("unwanted", ({ detail }) => this.#release(detail.tasks));
    supply.addEventListener("unreachable", () => this.#away());
    supply.addEventListener("refused", ({ detail }) => this.#refused(detail.error));
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    addEventListener("beforeunload", (event) => parts.outbox.waiting && event.preventDefault());
  }

  pause() {
    const { screen, loop } = this.#parts;
    if (screen.isVeiled && loop.task === null) return;
    this.#stopWork();
    this.#veil(screen.text("paused"), [this.#soFar()]);
  }

  // Work goes on: the clock runs, and tasks are claimed again.
  resume() {
    const { session, supply, screen } = this.#parts;
    clearInterval(this.#restTimer);
    screen.unveil();
    session.resume();
    supply.resume();
  }

  // Space on the prompt: two minutes off. Elsewhere it does nothing.
  rest() {
    if (!this.#isPrompting) return;
    const { screen } = this.#parts;
    screen.toggle("vigilance", false);
    this.#stopWork();
    const end = Date.now() + BREAK_MS;
    this.#veil(screen.text("resting", { time: minutesAndSeconds(BREAK_MS) }), [screen.text("restingWhy")]);
    this.#restTimer = setInterval(() => this.#countDown(end), 1000);
  }

  // Enter: dismiss the prompt, or go on after a pause.
  goOn() {
    const { screen, session } = this.#parts;
    if (this.#isPrompting) {
      screen.toggle("vigilance", false);
      session.goOn();
    }
  }

  get #isPrompting() {
    return !this.#parts.screen.part("vigilance").hidden;
  }

  #tick() {
    const { screen, session, loop, leases } = this.#parts;
    screen.put("active", minutesAndSeconds(session.activeMs));
    if (loop.unread && leases.hasEnded(loop.unread)) this.#ranOut();
  }

  // The server was not heard for so long that the parts may be with others: a call would count for nothing.
  #ranOut() {
    const { screen } = this.#parts;
    this.#isAsking = false;
    this.#stopWork();
    this.#veil(screen.text("ranOut"), [screen.text("ranOutNext"), this.#soFar()]);
  }

  #tired() {
    const { screen, session } = this.#parts;
    screen.put("vigilance-word", screen.text("tired", { minutes: Math.round(session.stretchMs / 60_000) }));
    screen.toggle("vigilance", true);
    screen.announce(screen.part("vigilance-word").textContent);
  }

  #countDown(end) {
    const left = end - Date.now();
    const { screen } = this.#parts;
    if (left <= 0) return this.resume();
    document.querySelector(".veil h2").textContent = screen.text("resting", { time: minutesAndSeconds(left) });
  }

  #stillThere() {
    const { screen } = this.#parts;
    if (screen.isVeiled) return;
    this.#isAsking = true;
    screen.veil(screen.text("stillThere"), [screen.text("stillThereNext")], []);
  }

  #back() {
    if (!this.#isAsking) return;
    this.#isAsking = false;
    this.#parts.screen.unveil();
    this.#parts.loop.lookAgain();
  }

  #gone() {
    const { screen, loop } = this.#parts;
    if (!loop.task) return;
    this.#isAsking = false;
    this.#stopWork();
    this.#veil(screen.text("givenBack"), [screen.text("givenBackNext"), this.#soFar()]);
  }

  #empty({ waiting, leased }) {
    const { screen, loop, calls, home } = this.#parts;
    if (loop.task) return;
    const why = waiting ? "heldElsewhere" : leased ? "allOpen" : "nothingWaiting";
    const title = screen.text(why, { count: leased });
    const lines = [screen.text(`${why}Next`)];
    if (calls.count) lines.push(this.#soFar());
    if (!screen.isVeiled) screen.veil(title, lines, [{ word: screen.text("otherLine"), href: home, isPrimary: true }]);
    this.#ask();
  }

  #away() {
    const { screen, loop } = this.#parts;
    if (!loop.isShowing && !screen.isVeiled) screen.veil(screen.text("serverAway"), [screen.text("serverAwayNext")], []);
    this.#ask();
  }

  #refused(error) {
    const { screen, loop, home } = this.#parts;
    if (error.isPassing) return this.#away();
    if (!loop.task) screen.veil(screen.text("refusedWork"), [error.message], [{ word: screen.text("otherLine"), href: home, isPrimary: true }]);
  }

  #ask() {
    clearTimeout(this.#askAgain);
    this.#askAgain = setTimeout(() => this.#parts.supply.fill({ isAskedByTimer: true }), ASK_AGAIN_MS);
  }

  #stopAsking() {
    clearTimeout(this.#askAgain);
  }

  #veil(title, lines) {
    const { screen } = this.#parts;
    screen.veil(title, lines, [
      { word: screen.text("goOn"), run: () => this.resume(), isPrimary: true },
      { word: screen.text("end"), run: () => this.#end() },
    ]);
  }

  #end() {
    const { screen, session } = this.#parts;
    session.end();
    screen.part("end-form").submit();
  }

  #soFar() {
    const { screen, calls, session } = this.#parts;
    return screen.text("soFar", { count: calls.count, time: minutesAndSeconds(session.activeMs) });
  }

  #stopWork() {
    const { loop, supply, session } = this.#parts;
    this.#stopAsking();
    session.pause();
    const { unread } = loop;
    loop.abandon();
    this.#release([...(unread ? [unread] : []), ...supply.surrender()]);
  }

  #release(tasks) {
    for (const task of tasks) this.#parts.leases.release(task);
  }

  // The page goes away: what is leased but not called returns to the queue at once.
  #leave() {
    const { loop, supply } = this.#parts;
    this.#release([...(loop.unread ? [loop.unread] : []), ...supply.tasks]);
  }
}
