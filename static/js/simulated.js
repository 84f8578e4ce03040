// Sliders tell the station at once; what happens on the line is fetched anew every second.

const POLL_MS = 1000;
const SETTLE_MS = 150;
const form = document.querySelector("[data-sliders]");
const live = document.querySelector("[data-now]");
let waiting = null;

form.querySelector("[data-without-script]").hidden = true;
form.addEventListener("input", turned);
setInterval(refresh, POLL_MS);

function turned(event) {
  form.querySelector(`[data-value-of="${event.target.name}"]`).textContent = event.target.value;
  clearTimeout(waiting);
  waiting = setTimeout(send, SETTLE_MS);
}

async function send() {
  const body = new FormData(form);
  const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Background": "1" } }).catch(() => null);
  if (!answer?.ok) location.reload();
}

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(live.dataset.now, { headers: { "X-Background": "1" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = await answer.text();
  if (live.dataset.shown === fresh || live.contains(document.activeElement)) return;
  live.dataset.shown = fresh;
  live.replaceChildren(...new DOMParser().parseFromString(fresh, "text/html").body.childNodes);
}
