// Ruling by keys, with the past beside the image. The page works without this: plain images and one form.

import { isTyping } from "./review/keymap.js";
import { look } from "./review/looking.js";

const BOUNCE_MS = 150;
const BETWEEN = { 1: "first", 2: "second", 4: "unsure" };

const form = document.querySelector(".ruling-foot");
const showsCalls = Boolean(form.querySelector('[value="first"]'));
const other = form.querySelector(".other");
const alone = form.querySelector(".answer.defect");
const reason = form.elements.reason;
const repeats = form.querySelector("[data-repeats]");

// After an error a key must not rule by accident: keys come back once the field asked for has been left.
let isListening = !document.querySelector(".error-summary");

// Nothing is ruled on before it is on the screen, nor by the second half of a double tap on the case before. After an
// error it has been seen.
form.ariaBusy = String(isListening);
form.addEventListener("submit", (event) => form.ariaBusy === "true" && event.preventDefault());

document.addEventListener("focusout", (event) => {
  if (isTyping(event.target)) isListening = true;
});

function deeds(sides) {
  const past = new Past(sides);
  sides.addEventListener("shown", () => setTimeout(() => (form.ariaBusy = "false"), BOUNCE_MS));
  const ruled = (deed) => (digit) => isListening && deed(digit);
  return {
    digit: ruled(showsCalls ? between : (digit) => press(`[data-digit="${digit}"]`)),
    pass: ruled(() => (showsCalls ? isOpen() && choose("pass") : press('[value="pass"]'))),
    // As in the loop: the key says that a class follows. A class alone is the whole ruling.
    defect: ruled(() => !showsCalls && alone.toggleAttribute("data-open")),
    "cannot-judge": ruled(() => !showsCalls && press('[value="unsure"]')),
    comment: () => reason.focus(),
    undo: () => document.querySelector("[data-undo-left]:not([hidden]) button")?.click(),
    limits: () => past.next(),
    "precedents-panel": () => past.toggle(),
    escape: () => {
      alone?.toggleAttribute("data-open", false);
      if (isOpen()) open(false);
      else past.close();
    },
  };
}

// Answers --------------------------------------------------------------------------------------------------------

function press(selector) {
  form.querySelector(`button${selector}`)?.click();
}

// 1 and 2 are the calls, 4 is neither; after 3 a digit is the class of another call.
function between(digit) {
  if (isOpen()) return choose([...other.querySelectorAll("option")].find((option) => option.dataset.digit === String(digit))?.value);
  if (digit === 3) return open(true);
  if (BETWEEN[digit]) press(`[value="${BETWEEN[digit]}"]`);
}

function isOpen() {
  return other?.hasAttribute("data-open") ?? false;
}

function open(isOn) {
  other.toggleAttribute("data-open", isOn);
}

// Another call wants a reason: Enter in its field then keeps both.
function choose(value) {
  if (!value) return;
  open(false);
  form.elements.other.value = value;
  repeats.value = "other";
  repeats.disabled = false;
  other.toggleAttribute("data-chosen", true);
  reason.focus();
}

// The past -------------------------------------------------------------------------------------------------------

class Past {
  #sides;
  #panel = document.getElementById("past");
  #buttons = [...document.querySelectorAll("[data-compare]")];
  #shown = -1;

  constructor(sides) {
    this.#sides = sides;
    this.#panel.addEventListener("click", (event) => {
      const button = event.target.closest("[data-compare]");
      if (button) this.#show(this.#buttons.indexOf(button));
    });
    sides.addEventListener("compared", ({ detail }) => detail.isGolden && this.#name(null));
  }

  // Each press sets the next one beside the image; after the last one the panel closes.
  next() {
    if (this.#panel.hidden) this.toggle();
    else if (this.#shown + 1 < this.#buttons.length) this.#show(this.#shown + 1);
    else this.close();
  }

  toggle() {
    if (!this.#panel.hidden) return this.close();
    this.#panel.hidden = false;
    if (this.#buttons.length) this.#show(0);
    else this.#sides.setMode(this.#sides.mode);
  }

  close() {
    if (this.#panel.hidden) return;
    this.#panel.hidden = true;
    this.#name(null);
    this.#sides.setMode("off");
  }

  async #show(n) {
    const button = this.#buttons[n];
    this.#name(button);
    const answer = await fetch(button.dataset.compare).catch(() => null);
    if (!answer?.ok || this.#shown !== n) return;
    const bitmap = await createImageBitmap(await answer.blob());
    const [width, height] = [Number(button.dataset.width) || bitmap.width, Number(button.dataset.height) || bitmap.height];
    this.#sides.compareWith(bitmap, { width, height });
  }

  // Say which one stands beside the image: none stands for the golden image.
  #name(button) {
    this.#shown = button ? this.#buttons.indexOf(button) : -1;
    for (const one of this.#buttons) one.setAttribute("aria-pressed", String(one === button));
    const [golden, past] = document.querySelectorAll("[data-beside] [data-title]");
    golden.hidden = Boolean(button);
    past.hidden = !button;
    if (button) past.replaceChildren(...[...button.querySelector("[data-says]").childNodes].map((node) => node.cloneNode(true)));
  }
}

look({ own: deeds });
