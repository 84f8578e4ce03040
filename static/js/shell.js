// What every page does: menus close, errors take the focus, STOP wants to be held.

document.querySelector("[data-focus]")?.focus();

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
  const release = () => {
    clearTimeout(timer);
    delete button.dataset.held;
  };
  const fire = () => {
    release();
    button.form.requestSubmit();
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
    button.dataset.held = "";
    setTimeout(release, 2000);
  });
}
