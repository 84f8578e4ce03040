// Keys press the ruling they stand on; 3 goes to the other calls. The page works without this.

import { isTyping } from "./review/keymap.js";

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  const button = document.querySelector(`[data-code="${CSS.escape(event.code)}"]`);
  const target = button ?? (event.code === "Digit3" ? document.querySelector(".other select") : null);
  if (!target) return;
  event.preventDefault();
  if (button) button.click();
  else target.focus();
});
