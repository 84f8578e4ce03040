// Digits press the ruling they stand on. The page works without this.

import { isTyping } from "./review/keymap.js";

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  if (!digit) return;
  event.preventDefault();
  const button = document.querySelector(`[data-digit="${digit}"]`);
  if (button) button.click();
  else document.querySelector(".other select").focus();
});
