// The page of the review loop: reads what the server laid out, builds the parts, and gives every key its deed.

import { Calls } from "./calls.js";
import { ServerClock } from "./clock.js";
import { Comment } from "./comment.js";
import { goldenKey } from "./golden_key.js";
import { Goldens } from "./goldens.js";
import { Http } from "./http.js";
import { isTyping, meaningOf, NO_KEYS, withLetters } from "./keymap.js";
import { Leases } from "./lease.js";
import { Limits } from "./limits.js";
import { Loop } from "./loop.js";
import { livingTabs, Outbox } from "./outbox.js";
import { Presence } from "./presence.js";
import { RevealCard } from "./reveal.js";
import { Screen } from "./screen.js";
import { Session } from "./session.js";
import { openShelf } from "./store.js";
import { Supply } from "./supply.js";
import { Viewer } from "./viewer.js";

const UNDO_TICK_MS = 100;

const laidOut = JSON.parse(document.getElementById("loop").textContent);
const addresses = {
  task: (id, deed) => `${laidOut.api}tasks/${id}/${deed}/`,
  undo: (id) => `${laidOut.api}decisions/${id}/undo/`,
  claim: `${laidOut.api}lines/${laidOut.line}/claim/`,
};

start();

async function start() {
  const tab = tabId();
  const clock = new ServerClock();
  const http = new Http(clock, laidOut.csrf_cookie);
  const screen = new Screen(document, laidOut.texts);
  const viewer = new Viewer({ main: screen.part("picture"), second: screen.part("second"), golden: screen.part("golden"), opening: laidOut.opening });
  const outbox = new Outbox({ shelf: await openShelf(), http, person: laidOut.person, tab });
  const session = new Session({ person: laidOut.person, vigilanceMin: laidOut.vigilance_min, patience: laidOut.patience });
  const supply = new Supply({ http, claimAddress: addresses.claim, tab });
  const calls = new Calls(clock);
  const reveal = new RevealCard(screen, viewer);
  const comment = new Comment(screen);
  const goldens = new Goldens({ viewer, screen, references: laidOut.references });
  let loop = null;
  const leases = new Leases({
    http,
    addresses,
    clock,
    isAwake: () => session.wasTouchedLately,
    current: () => loop?.task ?? null,
    ahead: () => supply.tasks,
  });
  loop = new Loop({ ...setup(), screen, viewer, goldens, supply, outbox, leases, calls, clock, reveal, comment, wake: () => presence.resume() });
  const presence = new Presence({ loop, screen, session, supply, outbox, leases, calls, home: laidOut.home });

  leases.addEventListener("lost", ({ detail }) => loop.withdraw(detail));
  outbox.addEventListener("change", ({ detail }) => screen.saved(detail));
  setInterval(() => {
    screen.undo(loop.task?.reveal ? 0 : calls.undoLeft, calls.last?.windowMs ?? 1);
    screen.asking(loop);
  }, UNDO_TICK_MS);
  const limits = new Limits({ screen, viewer, used: (name) => loop.used(name) });
  supply.addEventListener("arrived", () => limits.load(), { once: true });
  listen({ loop, screen, viewer, reveal, presence, outbox, limits, comment });
  goldens.load();
  await outbox.adopt(await livingTabs(tab));
  await supply.fill();
  document.documentElement.dataset.ready = "";
}

function setup() {
  return {
    line: laidOut.line,
    classes: laidOut.classes,
    reasons: laidOut.reasons,
    undoMs: laidOut.undo_s * 1000,
    revealWaitMs: laidOut.reveal_wait_ms,
    addresses,
  };
}

// One tab, one set of leases; a reload keeps it, a copy of the tab gets its own.
function tabId() {
  const kept = sessionStorage.getItem("tollgate-tab");
  const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
  const id = kept && isReload ? kept : crypto.randomUUID();
  sessionStorage.setItem("tollgate-tab", id);
  return id;
}

// Keys and buttons ----------------------------------------------------------------------------------------------

function listen(parts) {
  const deeds = deedsOf(parts);
  const keymap = laidOut.keys_off ? NO_KEYS : withLetters(laidOut.keys);
  nameKeys();
  const golden = goldenKey(parts.viewer);
  document.addEventListener("keydown", (event) => {
    const meaning = isTyping(event.target) ? null : meaningOf(event, keymap);
    // Over a dialog no key judges the part behind it.
    if (document.querySelector("dialog[open]")) return overLimits(event, meaning, parts.limits);
    if (!meaning || leavesToButton(meaning.action, event.target)) return;
    event.preventDefault();
    if (meaning.action === "golden") return golden.down();
    perform(deeds, meaning.action, meaning.digit);
  });
  document.addEventListener("keyup", (event) => keymap[event.code] === "golden" && golden.up());
  document.addEventListener("click", (event) => clicked(event, parts, deeds));
}

// The limit samples know two keys: their own leads back, a digit to those of its kind.
function overLimits(event, meaning, limits) {
  if (!limits.isOpen || !meaning) return;
  if (meaning.action === "limits") limits.toggle();
  else if (meaning.action === "digit") limits.goTo(meaning.digit);
  else return;
  event.preventDefault();
}

// Every button shows the key that a person chose for it, or none. A sign stays where it is the button's only mark.
function nameKeys() {
  for (const [action, key] of Object.entries(laidOut.keys)) {
    for (const button of document.querySelectorAll(`[data-do="${action}"][aria-keyshortcuts]`)) {
      const shown = laidOut.keys_off ? "" : key;
      const caps = [...button.querySelectorAll(".key")];
      if (caps.every((cap) => cap.textContent === shown)) continue;
      for (const cap of caps) {
        if (shown) cap.textContent = shown;
        else cap.hidden = /[A-Z]/.test(cap.textContent);
      }
      if (shown) button.setAttribute("aria-keyshortcuts", shown);
      else button.removeAttribute("aria-keyshortcuts");
    }
  }
}

function perform(deeds, action, digit = 0) {
  deeds[action]?.(digit);
}

// Enter and Space press the button that has the focus, where one has it.
function leavesToButton(action, target) {
  return ["enter", "space"].includes(action) && target instanceof Element && target.matches("button, a, summary");
}

function clicked(event, { loop, outbox, screen }, deeds) {
  const button = event.target.closest("[data-do], [data-class], [data-reason], [data-part='saved']");
  if (!button) return;
  if (button.dataset.class) loop.chooseClass(button.dataset.class);
  else if (button.dataset.reason) loop.reason(Number(button.dataset.reason));
  else if (button.dataset.part === "saved") showOutbox({ outbox, screen });
  else perform(deeds, button.dataset.do);
  // The keys stay with the loop: a pressed button must not catch the next Space or Enter.
  if (!button.closest("dialog")) button.blur();
}

function deedsOf({ loop, screen, viewer, reveal, presence, outbox, limits, comment }) {
  const step = (dx, dy, far) => () => viewer.hasImage && viewer.step(dx, dy, far);
  const shown = (deed) => () => viewer.hasImage && deed();
  return {
    pass: () => loop.decide("pass"),
    defect: () => loop.defect(),
    digit: (digit) => loop.digit(digit),
    "cannot-judge": () => loop.cannotJudge(),
    undo: () => loop.undo(),
    skip: () => loop.skip(),
    ask: () => loop.ask(),
    golden: () => viewer.nextMode(),
    limits: () => limits.toggle(),
    heat: () => reveal.toggleHeat(),
    comment: () => loop.isReading && comment.open(),
    point: shown(() => viewer.chooseTool("point")),
    box: shown(() => viewer.chooseTool("box")),
    invert: () => viewer.invert(),
    reset: () => viewer.resetTools(),
    "zoom-in": shown(() => viewer.zoomIn()),
    "zoom-out": shown(() => viewer.zoomOut()),
    fit: shown(() => viewer.fit()),
    actual: shown(() => viewer.actualSize()),
    left: step(-1, 0, false),
    right: step(1, 0, false),
    up: step(0, -1, false),
    down: step(0, 1, false),
    "far-left": step(-1, 0, true),
    "far-right": step(1, 0, true),
    "far-up": step(0, -1, true),
    "far-down": step(0, 1, true),
    darker: () => viewer.light("brightness", -10),
    brighter: () => viewer.light("brightness", 10),
    flatter: () => viewer.light("contrast", -10),
    steeper: () => viewer.light("contrast", 10),
    help: () => screen.part("help").showModal(),
    pause: () => presence.pause(),
    rest: () => presence.rest(),
    "go-on": () => presence.goOn(),
    enter: () => (viewer.marks.tool ? viewer.placeMark() : presence.goOn()),
    space: () => presence.rest(),
    escape: () => loop.escape(),
    "lost-seen": () => outbox.forgetLost(),
  };
}

// Outbox --------------------------------------------------------------------------------------------------------

function showOutbox({ outbox, screen }) {
  if (outbox.lost.length) {
    screen.part("lost-list").replaceChildren(...outbox.lost.map(lostRow));
    screen.part("lost").showModal();
  } else if (outbox.state === "action") {
    location.assign(`${laidOut.sign_in}?next=${encodeURIComponent(location.pathname)}`);
  } else {
    outbox.hurry();
  }
}

function lostRow(entry) {
  const row = document.createElement("li");
  if (entry.thumbnail) {
    const canvas = document.createElement("canvas");
    canvas.width = entry.thumbnail.width;
    canvas.height = entry.thumbnail.height;
    canvas.getContext("2d").putImageData(entry.thumbnail, 0, 0);
    row.append(canvas);
  }
  const serial = document.createElement("b");
  serial.textContent = entry.serial;
  row.append(serial, entry.words);
  return row;
}
