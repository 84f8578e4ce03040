// What every page does: menus close, errors take the focus, STOP wants to be held.

// A field that is to be filled next comes before the summary that says so.
(document.querySelector("[data-focus='field']") ?? document.querySelector("[data-focus]"))?.focus();

// The chosen page may lie below the fold of a long sidebar.
document.querySelector(".sidebar .places [aria-current='page']")?.scrollIntoView({ block: "nearest" });

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.code !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

for (const button of document.querySelectorAll("button[data-hold]")) holdToFire(button);

// One second's hold fires, and so does Enter twice; a single click does nothing.
function holdToFire(button) {
  let timer = null;
  let armedUntil = 0;
  const word = button.querySelector("[data-armed-word]");
  const release = () => {
    clearTimeout(timer);
    delete button.dataset.held;
    delete button.dataset.armed;
    word.textContent = "";
  };
  const fire = () => {
    release();
    button.form.requestSubmit(button);
  };
  button.addEventListener("click", (event) => event.preventDefault());
  button.addEventListener("pointerdown", () => {
    button.dataset.held = "";
    timer = setTimeout(fire, Number(button.dataset.hold));
  });
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) button.addEventListener(end, release);
  button.addEventListener("keydown", (event) => {
    if (event.code !== "Enter" || event.repeat) return;
    event.preventDefault();
    if (performance.now() < armedUntil) return fire();
    armedUntil = performance.now() + 2000;
    button.dataset.armed = "";
    word.textContent = button.querySelector(".while-armed").textContent;
    setTimeout(release, 2000);
  });
}

// STOP pressed elsewhere shows here within two seconds; the line's own page is read anew unless somebody types. A page
// that sends a form is on its way already: reading it anew then would lose the answer, and what it says was done.
const HOLDS_EVERY_MS = 1500;
const marks = [...document.querySelectorAll("[data-line]")];
let sends = false;
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) sends = true;
});
if (document.body.dataset.holds && marks.length) setInterval(showHolds, HOLDS_EVERY_MS);

async function showHolds() {
  if (document.hidden) return;
  const headers = { Accept: "application/json", "X-Background": "1" };
  const answer = await fetch(document.body.dataset.holds, { headers }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const held = new Set((await answer.json()).holds);
  for (const line of marks) showHold(line, held.has(line.dataset.line));
}

function showHold(line, isHeld) {
  const mark = line.querySelector("[data-hold-mark]");
  if (mark.hidden !== isHeld) return;
  mark.hidden = !isHeld;
  const typing = document.activeElement?.matches("input, textarea, select");
  if (line.querySelector("[aria-current]") && !typing && !sends) location.reload();
}
