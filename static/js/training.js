// A training shows how far it is every second; once it has ended, the page is read anew with what came of it.

const POLL_MS = 1000;
const live = document.querySelector("[data-now]");

setInterval(refresh, POLL_MS);

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(live.dataset.now, { headers: { "X-Background": "1" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = await answer.text();
  if (live.dataset.shown === fresh) return;
  live.dataset.shown = fresh;
  const parsed = new DOMParser().parseFromString(fresh, "text/html").body;
  if (parsed.querySelector("[data-ended]")) return location.reload();
  live.replaceChildren(...parsed.childNodes);
}
