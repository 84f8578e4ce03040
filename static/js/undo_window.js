// What can be taken back for a few seconds: a ring runs down, then the button goes and what comes after it shows.

const RELOAD_MS = 1500;

for (const part of document.querySelectorAll("[data-undo-left]")) runDown(part);

function runDown(part) {
  const window = Number(part.dataset.undoOf) * 1000;
  const until = performance.now() + Number(part.dataset.undoLeft);
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const tick = () => {
    const left = Math.max(0, until - performance.now());
    const seconds = Math.ceil(left / 1000);
    part.querySelector("[data-seconds]").textContent = String(seconds);
    const shown = isStill ? seconds * 1000 : left;
    part.querySelector(".left").setAttribute("stroke-dashoffset", String(Math.round(100 - Math.min(100, (shown / window) * 100))));
    if (left > 0) return;
    clearInterval(timer);
    part.hidden = true;
    for (const after of document.querySelectorAll("[data-after-undo]")) after.hidden = false;
    // The ruling is given within a round of the relay; then the page has more to tell.
    if (part.hasAttribute("data-reloads")) setTimeout(() => location.reload(), RELOAD_MS);
  };
  const timer = setInterval(tick, 100);
}
