// The review loop: one key decides, saves and goes on; nothing waits for the network but a reveal.

import { askedAnew, newCall } from "./calls.js";
import { thumbnailOf } from "./canvas.js";
import { Refused } from "./http.js";
import { Look } from "./look.js";

const BOUNCE_MS = 150;
const WAKE_MS = 300;
// Whose sentence was cut off under the fingers must not judge the next part with its rest.
const TYPED_MS = 2000;
const UNSENT_MOST = 20;

export class Loop {
  #setup;
  #task = null;
  #look = null;
  #since = null;
  #guardUntil = 0;
  #mode = "";
  #phase = "initial";
  #first = null;
  #isAsking = false;
  #awaited = null;
  #isBlocked = false;

  // setup: {line, person, undoMs, revealWaitMs, classes, addresses, screen, viewer, goldens, supply, outbox, leases, calls, clock, reveal, comment, wake}
  constructor(setup) {
    this.#setup = setup;
    const { viewer, supply, outbox, screen } = setup;
    viewer.addEventListener("used", ({ detail }) => this.used(detail));
    viewer.addEventListener("change", () => screen.tools(viewer));
    supply.addEventListener("arrived", ({ detail }) => this.#arrived(detail.task));
    supply.addEventListener("broken", ({ detail }) => this.#broken(detail.task));
    supply.addEventListener("counted", () => this.#showCounts());
    outbox.addEventListener("answered", ({ detail }) => this.#answered(detail));
    outbox.addEventListener("refused", ({ detail }) => this.#refused(detail));
    outbox.addEventListener("lost", ({ detail }) => this.#lost(detail));
    outbox.addEventListener("change", () => this.#unblock());
    this.#listen();
  }

  get task() {
    return this.#task;
  }

  // The item on screen while no call of it was made: only that may go back to the queue.
  get unread() {
    return this.#awaited || this.#phase === "final" ? null : this.#task;
  }

  get mode() {
    return this.#mode;
  }

  get isShowing() {
    return Boolean(this.#task?.bitmap);
  }

  // Whether a comment would still go with a call of the item on screen.
  get isReading() {
    return this.isShowing && !this.#awaited;
  }

  // Bring the next item to the screen. `since` is when the call before it was made, where it follows one at once: what
  // the person waits for it is the system's.
  advance(since = null) {
    const { supply, outbox, comment } = this.#setup;
    comment.forget();
    if (outbox.waiting >= UNSENT_MOST) return this.#block();
    this.#since = since;
    this.#task = supply.take();
    this.#phase = "initial";
    this.#first = null;
    this.#setMode("");
    if (!this.#task) return this.#nothing();
    if (this.#task.bitmap) this.#show(true);
    else this.#expect();
  }

  // The image was dimmed for a while: looking starts anew, and the key that woke the page answers nothing.
  lookAgain() {
    this.#look?.restart();
    this.#guard(WAKE_MS);
  }

  // Leave the item without a call; the caller releases it.
  abandon() {
    const task = this.#task;
    this.#task = null;
    this.#awaited = null;
    this.#setup.comment.forget();
    this.#setup.viewer.clear();
    this.#setup.reveal.close();
    this.#setup.screen.item(null);
    this.#listen();
    return task;
  }

  // After a reveal the same key keeps the first call with its class; a digit chooses another.
  defect() {
    if (this.#keepsDefect) this.decide("defect", this.#first.kind);
    else if (this.#canAnswer()) this.#setMode(this.#mode === "defect" ? "" : "defect");
  }

  cannotJudge() {
    if (!this.#canAnswer()) return;
    if (this.#mode === "reasons") this.decide("cannot_judge");
    else this.#setMode("reasons");
  }

  digit(digit) {
    const { classes, screen } = this.#setup;
    if (this.#mode === "reasons") return this.reason(digit);
    const kind = classes.find((one) => one.key === digit);
    if ((this.#mode === "defect" || this.#keepsDefect) && kind) this.decide("defect", kind);
    else screen.say(screen.text(this.#mode === "defect" ? "noClass" : "defectFirst"));
  }

  // A tap on a class is the whole call.
  chooseClass(code) {
    const kind = this.#setup.classes.find((one) => one.code === code);
    if (this.#canAnswer() && kind) this.decide("defect", kind);
  }

  reason(number) {
    const reason = this.#setup.reasons[number - 1];
    if (!this.#canAnswer() || (number && !reason)) return;
    this.decide("cannot_judge", null, reason);
  }

  // Keep in the record of this look that something was used.
  used(name) {
    this.#look?.used(name);
  }

  // Whether the model may be asked now, about this item or the one before.
  get canAsk() {
    return this.#setup.supply.waitsForReveal && this.#phase === "initial" && !this.#awaited;
  }

  // Whether asking is about the item before this one: as long as its call can be taken back.
  get canAskBack() {
    return this.canAsk && this.#setup.calls.canBeAsked;
  }

  get isAsking() {
    return this.#isAsking;
  }

  // Before a call its answer then shows the prediction, whatever the call says.
  ask() {
    const { screen } = this.#setup;
    if (!this.canAsk) return;
    if (this.canAskBack) return this.#askBack();
    this.#isAsking = !this.#isAsking;
    screen.say(screen.text(this.#isAsking ? "asking" : "notAsking"));
  }

  escape() {
    const { viewer } = this.#setup;
    if (viewer.marks.tool) viewer.chooseTool(viewer.marks.tool);
    else if (viewer.isComparing) viewer.putAway();
    else this.#setMode("");
  }

  decide(label, kind = null, reason = "") {
    if (!this.#canAnswer()) return;
    const { screen, calls, supply } = this.#setup;
    const call = this.#callOf(label, kind, reason);
    const isFirst = this.#phase === "initial";
    screen.press({ pass: "pass", defect: "defect", cannot_judge: "unsure" }[label]);
    calls.push(call);
    this.#guard(BOUNCE_MS);
    if (isFirst && (supply.waitsForReveal || this.#isAsking)) this.#await(call);
    else this.#afterCall(call);
    this.#send(call);
  }

  undo() {
    const { calls, screen, viewer } = this.#setup;
    if (viewer.marks.takeBack()) return viewer.draw();
    const last = calls.last;
    if (!last || performance.now() < this.#guardUntil) return;
    const isAnswered = last.phase === "initial" && last.task.reveal;
    if (this.#phase === "final" || isAnswered) return screen.say(screen.text("firstStays"));
    if (calls.undoLeft <= 0) return screen.say(screen.text("tooLate", { serial: last.serial }));
    this.#takeBack(last);
    screen.say(screen.text("undone", { serial: last.serial }));
  }

  // The image cannot be shown: back to the queue, no label counted.
  skip() {
    if (!this.#task || this.#task.failures < 2) return;
    this.#setup.leases.release(this.abandon());
    this.#setup.screen.unveil();
    this.advance();
  }

  // Somebody else has the task: it is not ours to judge any more.
  withdraw(task) {
    const { supply, screen, comment } = this.#setup;
    supply.drop(task.id);
    if (this.#task?.id !== task.id) return;
    const wasTyping = comment.isOpen;
    this.abandon();
    screen.say(screen.text("reassigned", { serial: task.item.serial }));
    this.advance();
    if (wasTyping) this.#guard(TYPED_MS);
  }

  // Showing ------------------------------------------------------------------------------------------------------

  #show(wasReady) {
    const { viewer, goldens, screen, reveal, clock } = this.#setup;
    const { item, bitmap } = this.#task;
    reveal.close();
    goldens.show(item.reference_url);
    viewer.show(bitmap, { width: item.width, height: item.height }, item.image_url, item.view);
    this.#look = new Look(clock, wasReady, this.#since);
    performance.mark("tollgate:shown", { detail: this.#task.id });
    this.#listen();
    screen.unveil();
    screen.unsay(screen.text("waitForImage"));
    screen.answers(null);
    screen.item(this.#task, this.#setup.line);
    screen.tools(viewer);
    if (this.#task.prediction) this.#openReveal(this.#task.prediction, null);
    if (this.#task.reveal) this.#reopenReveal();
  }

  // The image is not here yet: nothing of the item before may stay on the screen.
  #expect() {
    const { viewer, screen, reveal, supply, line } = this.#setup;
    reveal.close();
    viewer.clear();
    screen.item(this.#task, line);
    this.#listen();
    supply.ensure(this.#task);
  }

  #showCounts() {
    const { supply, screen } = this.#setup;
    if (supply.counts.waiting === null) return;
    const held = supply.tasks.length + (this.#task ? 1 : 0);
    screen.put("left", String(supply.counts.waiting + held));
  }

  #arrived(task) {
    if (this.#task?.id === task.id && !this.#setup.viewer.hasImage) this.#show(false);
    else if (!this.#task) this.advance();
  }

  #broken(task) {
    if (this.#task?.id !== task.id) return;
    const { screen } = this.#setup;
    screen.veil(screen.text("noImage"), [screen.text("noImageNext")], [{ word: screen.text("giveBack"), key: "S", run: () => this.skip(), isPrimary: true }]);
  }

  #nothing() {
    this.#setup.viewer.clear();
    this.#setup.screen.item(null);
    this.#setup.reveal.close();
    this.#listen();
  }

  #block() {
    const { screen } = this.#setup;
    this.#task = null;
    this.#isBlocked = true;
    screen.veil(screen.text("tooManyUnsent"), [screen.text("tooManyUnsentNext")], []);
  }

  #unblock() {
    if (!this.#isBlocked || this.#setup.outbox.waiting >= UNSENT_MOST) return;
    this.#isBlocked = false;
    this.#setup.screen.unveil();
    this.advance();
  }

  #setMode(mode) {
    const { screen, viewer } = this.#setup;
    this.#mode = mode;
    viewer.setMarking(mode === "defect");
    screen.defectMode(mode === "defect");
    screen.reasons(mode === "reasons");
    if (mode) screen.announce(screen.text(mode === "defect" ? "chooseClass" : "chooseReason"));
  }

  get #keepsDefect() {
    return this.#phase === "final" && this.#first?.label === "defect";
  }

  // Calling ------------------------------------------------------------------------------------------------------

  // A key that bounced is passed over in silence; one before the image, or over the golden one, is answered.
  #canAnswer() {
    const { screen, viewer } = this.#setup;
    if (this.#awaited || screen.isVeiled || performance.now() < this.#guardUntil) return false;
    if (!this.isShowing) screen.say(screen.text("waitForImage"));
    else if (viewer.isHeld) screen.say(screen.text("onGolden"));
    return this.isShowing && !viewer.isHeld;
  }

  // Deaf for a moment: what comes now bounced, or was meant for the item before.
  #guard(ms) {
    const { screen } = this.#setup;
    this.#guardUntil = Math.max(this.#guardUntil, performance.now() + ms);
    screen.busy(true);
    setTimeout(() => this.#listen(), ms);
  }

  // Tell whether a key would answer now.
  #listen() {
    const { screen } = this.#setup;
    screen.busy(!this.isShowing || performance.now() < this.#guardUntil);
    screen.loading(!this.isShowing);
  }

  #callOf(label, kind, reason) {
    const { clock, undoMs, screen, viewer, comment } = this.#setup;
    const words = kind ? `${screen.text(label)} · ${kind.name}` : screen.text(label);
    return newCall({
      task: this.#task,
      phase: this.#phase,
      first: this.#first,
      label,
      kind,
      words,
      clock,
      windowMs: undoMs,
      asks: this.#isAsking,
      facts: { comment: comment.take(reason), regions: label === "defect" ? viewer.marks.sent : [], ...this.#look.facts },
    });
  }

  #send(call) {
    const { outbox, addresses } = this.#setup;
    outbox.add({ kind: "decision", id: call.id, task: call.task.id, serial: call.serial, words: call.words, address: addresses.task(call.task.id, "decision"), body: call.body });
  }

  #afterCall(call) {
    const { screen } = this.#setup;
    this.#isAsking = false;
    this.#awaited = null;
    screen.last(call);
    this.advance(call.madeAt);
    this.#showCounts();
    screen.put("said", "");
    screen.announce(screen.text("savedLeft", { call: call.words, count: screen.part("left").textContent }));
  }

  // Reveals ------------------------------------------------------------------------------------------------------

  // Stay on the item until the server has answered the first call, but not longer than the wait.
  #await(call, ms = this.#setup.revealWaitMs) {
    this.#setMode("");
    this.#awaited = call;
    call.timer = setTimeout(() => this.#awaited === call && this.#afterCall(call), ms);
  }

  // Back to the item before: the very call is taken back and made again, now with the question. The reader has seen
  // nothing of the prediction by then, so it stays a blind one. Two answers are waited for.
  #askBack() {
    const { calls, screen, revealWaitMs } = this.#setup;
    const last = calls.last;
    if (performance.now() < this.#guardUntil) return;
    this.#takeBack(last);
    const anew = askedAnew(last);
    calls.push(anew);
    this.#guard(BOUNCE_MS);
    this.#await(anew, 2 * revealWaitMs);
    this.#send(anew);
    screen.say(screen.text("askedBack", { serial: anew.serial }));
  }

  #answered({ entry, answer }) {
    if (entry.kind === "undo") return answer.task && this.#leasedAgain(entry, answer.task);
    const call = this.#setup.calls.find(entry.id);
    if (!call) return;
    call.finalAt = Date.parse(answer.final_at);
    if (this.#awaited === call) this.#goOnFrom(call, answer.reveal);
    else if (answer.reveal) this.#lateReveal(call, answer.reveal);
  }

  #goOnFrom(call, reveal) {
    clearTimeout(call.timer);
    if (!reveal) return this.#saysNothing(call);
    this.#awaited = null;
    this.#isAsking = false;
    call.task.reveal = reveal;
    this.#first = call;
    this.#reopenReveal();
  }

  #saysNothing(call) {
    const { screen } = this.#setup;
    this.#afterCall(call);
    if (call.body.ask_reveal) screen.say(screen.text("noOpinion", { serial: call.serial }));
  }

  // The answer came after the page had gone on: the item comes back next, at once where no other is there.
  #lateReveal(call, reveal) {
    const { supply } = this.#setup;
    call.task.reveal = reveal;
    call.task.first = call;
    supply.giveBack(call.task);
    if (!this.#task && !supply.isStopped && !this.#isBlocked) this.advance();
  }

  #reopenReveal() {
    const { screen, clock } = this.#setup;
    this.#first ??= this.#task.first;
    this.#phase = "final";
    const time = new Date(clock.now()).toLocaleTimeString([], { hour12: false });
    this.#openReveal(this.#task.reveal, this.#first);
    screen.locked(this.#first.words, time);
    screen.answers(this.#first.label);
    screen.announce(screen.text(this.#first.label === this.#task.reveal.label ? "agrees" : "disagrees"));
  }

  #openReveal(reveal, mine) {
    const { classes, viewer } = this.#setup;
    const kind = classes.find((one) => one.code === reveal.defect_class);
    const { width, height } = this.#task.item;
    this.#setup.reveal.open({ reveal, mine, size: { width, height }, classWord: kind?.name ?? "" });
    viewer.draw();
  }

  // Taking back --------------------------------------------------------------------------------------------------

  #takeBack(call) {
    const { calls, outbox, addresses } = this.#setup;
    calls.remove(call.id);
    if (!outbox.cancel(call.id)) {
      outbox.add({ kind: "undo", id: call.id, task: call.task.id, serial: call.serial, address: addresses.undo(call.id), body: {} });
    }
    this.#goBack(call);
  }

  #goBack(call) {
    const { supply, screen, calls, wake } = this.#setup;
    clearTimeout(call.timer);
    this.#awaited = null;
    // Taking a call back in a pause ends it: the part must not stand there with no clock and no lease renewed.
    if (supply.isStopped) wake();
    if (this.#task && this.#task !== call.task) supply.giveBack(this.#task);
    supply.giveBack(call.task);
    call.task.first = call.first;
    this.advance();
    screen.last(calls.last);
    this.#showCounts();
  }

  #leasedAgain(entry, task) {
    const { outbox, supply } = this.#setup;
    outbox.retoken(entry.task, task.lease_token);
    const { lease_token, lease_until } = task;
    for (const held of [this.#task, ...supply.tasks]) if (held?.id === entry.task) Object.assign(held, { lease_token, lease_until });
  }

  #refused({ entry, problem }) {
    const { screen, calls, outbox } = this.#setup;
    if (entry.kind === "undo") {
      // It was final already and stands: the same call that followed with a question is not needed.
      if (calls.last?.repeats === entry.id) outbox.cancel(calls.remove(calls.last.id).id);
      this.withdraw({ id: entry.task, item: { serial: entry.serial } });
      return screen.say(screen.text("tooLate", { serial: entry.serial }));
    }
    calls.remove(entry.id);
    screen.say(screen.text("refused", { serial: entry.serial, reason: problem instanceof Refused ? problem.message : "" }));
  }

  #lost({ entry }) {
    const { calls, screen } = this.#setup;
    const call = calls.remove(entry.id);
    entry.thumbnail = call?.thumbnail ?? thumbnailOf(call?.task.bitmap);
    if (this.#awaited?.id === entry.id) this.#afterCall(this.#awaited);
    screen.say(screen.text("lost", { serial: entry.serial }));
  }
}
