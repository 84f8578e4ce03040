// Pages of what goes on now: their marked parts are fetched anew, and turn grey when no answer came for a minute.

const POLL_MS = 10_000;
const OLD_MS = 60_000;
const TICK_MS = 1000;
const parts = [...document.querySelectorAll("[data-live]")];
const notice = document.querySelector("[data-unanswered]");
let answeredAt = Date.now();
let isAnswering = true;

setInterval(refresh, POLL_MS);
setInterval(tell, TICK_MS);
document.addEventListener("visibilitychange", refresh);

async function refresh() {
  if (document.hidden) return;
  const heard = await asked().catch(() => null);
  // Signed out, or not allowed here any more: the page that says so takes the place of what nobody may read now.
  if (heard?.answer.redirected || [401, 403, 404].includes(heard?.answer.status)) return location.reload();
  isAnswering = Boolean(heard?.answer.ok);
  if (isAnswering) show(heard.html);
  tell();
}

async function asked() {
  const signal = AbortSignal.timeout(POLL_MS);
  const answer = await fetch(location.href, { headers: { "X-Background": "1" }, signal });
  return { answer, html: await answer.text() };
}

function show(html) {
  // What is being pressed stays where it is until the next time.
  if (document.querySelector("[data-live] :active")) return;
  const fresh = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-live]")];
  parts.forEach((part, n) => renew(part, fresh[n]));
  answeredAt = Date.now();
}

// Only what differs is replaced, so that nothing is read out again that stands as it stood.
function renew(part, fresh) {
  const held = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  for (const input of fresh.querySelectorAll("[name=csrfmiddlewaretoken]")) input.value = token ?? input.value;
  const [before, after] = [[...part.childNodes], [...fresh.childNodes]];
  if (before.length !== after.length) part.replaceChildren(...after);
  else after.forEach((node, n) => before[n].isEqualNode(node) || before[n].replaceWith(node));
  if (held === null || part.contains(document.activeElement)) return;
  const again = [...part.querySelectorAll("a, button")].find((one) => nameOf(one) === held);
  (again ?? document.getElementById("main")).focus({ preventScroll: true });
}

function nameOf(element) {
  return [element.tagName, element.href ?? element.form?.action, element.textContent.trim()].join(" ");
}

function tell() {
  const age = Date.now() - answeredAt;
  const isOld = age > OLD_MS;
  const isSilent = isOld || !isAnswering;
  if (notice.hidden === isSilent) {
    notice.hidden = !isSilent;
    notice.querySelector("[role=status]").textContent = isSilent ? notice.dataset.word : "";
  }
  notice.querySelector("[data-age]").textContent = notice.dataset.last.replace("#", inWords(age));
  for (const part of parts) part.classList.toggle("old", isOld);
  if (!isOld) return;
  const stale = notice.dataset.stale.replace("#", inWords(age));
  for (const value of document.querySelectorAll("[data-live] .tiles .value")) value.textContent = stale;
}

function inWords(ms) {
  const seconds = Math.floor(ms / 1000);
  const [size, word] = seconds < 60 ? [1, "second"] : seconds < 3600 ? [60, "minute"] : [3600, "hour"];
  return notice.dataset[word].replace("1", String(Math.floor(seconds / size)));
}
