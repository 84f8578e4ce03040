// Half a minute before a session ends the page says so, and one press lets it begin anew. The server is not asked for the
// moment: it comes with each page and with answers to what a person does, and all tabs of the browser share it.

const WARN_MS = 30_000;
const TICK_MS = 1000;
const KEPT = "tollgate-session-ends";
const dialog = document.querySelector("dialog[data-session-left]");
const parts = Object.fromEntries([...dialog.querySelectorAll("[data-session]")].map((node) => [node.dataset.session, node]));
const form = dialog.querySelector("form");

learn(dialog.dataset.sessionLeft);
addEventListener("session-left", ({ detail }) => learn(detail));
form.addEventListener("submit", stay);
dialog.addEventListener("cancel", stay);
// No key that is meant for the warning judges what lies behind it.
dialog.addEventListener("keydown", (event) => event.stopPropagation());
setInterval(tick, TICK_MS);

function learn(seconds) {
  localStorage.setItem(KEPT, String(Date.now() + Number(seconds) * 1000));
}

function tick() {
  const leftMs = Number(localStorage.getItem(KEPT)) - Date.now();
  if (leftMs > WARN_MS) return dialog.close();
  const isOver = leftMs <= 0;
  parts.left.textContent = String(Math.max(0, Math.ceil(leftMs / 1000)));
  if (dialog.open && parts.stay.hidden === isOver) return;
  for (const part of [parts.title, parts.word]) part.textContent = isOver ? part.dataset.over : part.dataset.soon;
  parts.stay.hidden = isOver;
  parts.again.hidden = !isOver;
  if (!dialog.open) dialog.showModal();
  (isOver ? parts.again : parts.stay).focus();
}

// Whatever was pressed, Enter, Space or Esc: somebody is there.
async function stay(event) {
  event.preventDefault();
  if (parts.stay.hidden) return;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
  const left = answer?.status === 401 ? 0 : answer?.headers.get("X-Session-Left");
  if (left !== undefined && left !== null) learn(left);
  tick();
}
