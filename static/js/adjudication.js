// Keys press the ruling they stand on; 3 goes to the other calls. The page works without this.

import { isTyping } from "./review/keymap.js";

// After an error a key must not rule by accident: keys come back once the field asked for has been left.
let isListening = !document.querySelector(".error-summary");

document.addEventListener("focusout", (event) => {
  if (isTyping(event.target)) isListening = true;
});

document.addEventListener("keydown", (event) => {
  if (event.code === "Escape" && isTyping(event.target)) return event.target.blur();
  if (!isListening || event.repeat || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  const button = document.querySelector(`[data-code="${CSS.escape(event.code)}"]`);
  const target = button ?? (event.code === "Digit3" ? document.querySelector(".other select") : null);
  if (!target) return;
  event.preventDefault();
  if (button) button.click();
  else target.focus();
});
