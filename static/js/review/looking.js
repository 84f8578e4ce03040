// What every page does on which one part is looked at: the loop's keys and buttons move, light and compare it.

import { goldenKey } from "./golden_key.js";
import { isTyping, meaningOf, NO_KEYS, withLetters } from "./keymap.js";
import { Sides } from "./sides.js";

// `own` makes the page's own deeds from the sides. Returns the sides.
export function look({ own = () => ({}) } = {}) {
  const laidOut = JSON.parse(document.getElementById("look").textContent);
  const sides = new Sides(document.querySelector("[data-look]"));
  const deeds = { ...sides.deeds, help: () => document.querySelector('[data-part="help"]')?.showModal(), ...own(sides) };
  const keymap = laidOut.keys_off ? NO_KEYS : withLetters(laidOut.keys);
  const golden = goldenKey(sides);
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (isTyping(event.target)) return event.code === "Escape" && event.target.blur();
    const meaning = meaningOf(event, keymap);
    if (!meaning || !(meaning.action in deeds) || leavesToButton(meaning.action, event.target)) return;
    event.preventDefault();
    if (meaning.action === "golden") golden.down();
    else deeds[meaning.action](meaning.digit);
  });
  document.addEventListener("keyup", (event) => keymap[event.code] === "golden" && golden.up());
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) deeds[button.dataset.do]?.(0);
  });
  sides.load();
  document.documentElement.dataset.ready = "";
  return sides;
}

// Enter and Space press the button that has the focus, where one has it.
function leavesToButton(action, target) {
  return ["enter", "space"].includes(action) && target instanceof Element && target.matches("button, a, summary");
}
