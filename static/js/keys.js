// Keys press the buttons of a page: places on the keyboard, the same with Hangul switched on.

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("input, textarea, select, button, a, summary") && event.code === "Enter") return;
  const button = document.querySelector(`[data-code="${CSS.escape(event.code)}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
