// While an export runs, its place on the page is fetched anew each second; what becomes of it is said once.

const POLL_MS = 1000;
const live = document.querySelector("[data-exports]");
const said = document.querySelector("[data-exports-said]");
const running = () => live.querySelectorAll('[data-export="running"], [data-export="waiting"]').length;
let before = running();
const timer = before ? setInterval(refresh, POLL_MS) : null;

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(live.dataset.exports, { headers: { "X-Background": "1" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = await answer.text();
  if (fresh !== live.dataset.shown) show(fresh);
  live.dataset.shown = fresh;
  if (running() < before) said.textContent = said.dataset.exportsSaid;
  before = running();
  if (!before) clearInterval(timer);
}

function show(fresh) {
  const held = document.activeElement?.id;
  live.replaceChildren(...new DOMParser().parseFromString(fresh, "text/html").body.childNodes);
  // The button that was held may have become the link to the file.
  const again = held && (document.getElementById(held) ?? document.getElementById(held.replace("cancel-", "fetch-")));
  if (again && live.contains(again)) again.focus();
}
