// One key starts: digits, or arrows and Enter. Counts are fetched anew every few seconds, the selection stays.

import { isTyping } from "./review/keymap.js";

const POLL_MS = 5000;
// So long after the rows changed places no digit starts: the finger may still mean the row that stood there.
const SETTLED_MS = 1000;
const KEPT = "tollgate-line";
const body = document.querySelector("[data-rows]");
const filter = document.querySelector("[data-filter]");
const bell = document.querySelector("[data-notify]");
let selected = localStorage.getItem(KEPT);
let movedAt = -Infinity;

if (body) {
  select(rows().find((row) => row.dataset.row === selected) ?? rows()[0]);
  setInterval(refresh, POLL_MS);
  body.addEventListener("click", clicked);
  document.addEventListener("keydown", pressed);
  filter.addEventListener("input", applyFilter);
}

// Browsers notify on pages served safely only; where they do not, nothing is offered.
if (bell && window.isSecureContext && "Notification" in window && Notification.permission !== "denied") {
  bell.hidden = false;
  bell.addEventListener("click", async () => {
    const wanted = !isNotifying() && (await Notification.requestPermission()) === "granted";
    bell.setAttribute("aria-pressed", String(wanted));
  });
}

function isNotifying() {
  return bell?.getAttribute("aria-pressed") === "true";
}

function waiting() {
  return [...body.querySelectorAll("[data-waiting]")].map((row) => [row.dataset.row, Number(row.dataset.waiting)]);
}

function notify(before) {
  const filled = waiting().filter(([line, count]) => count && before.get(line) === 0);
  if (filled.length) new Notification(bell.dataset.notify, { body: filled.map(([line]) => line).join(", "), tag: KEPT });
}

function rows() {
  return [...body.querySelectorAll("tr:not([hidden])")];
}

function order() {
  return [...body.querySelectorAll("tr")].map((row) => row.dataset.row).join();
}

function select(row) {
  if (!row) return;
  for (const other of body.querySelectorAll("tr")) {
    other.classList.toggle("selected", other === row);
    other.toggleAttribute("aria-current", other === row);
  }
  selected = row.dataset.row;
}

function start(row) {
  if (!row) return;
  localStorage.setItem(KEPT, row.dataset.row);
  location.assign(row.querySelector("[data-start]").href);
}

function clicked(event) {
  const row = event.target.closest("tr");
  if (event.target.closest("[data-start]")) localStorage.setItem(KEPT, row.dataset.row);
  else if (row) select(row);
}

function pressed(event) {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("details[open]")) return;
  if (event.code === "Escape" && event.target === filter) return filter.blur();
  if (event.code === "Enter" && (event.target === document.body || event.target === filter)) return start(current());
  if (isTyping(event.target)) return;
  if (event.code === "Slash") {
    event.preventDefault();
    return filter.focus();
  }
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (digit) return performance.now() - movedAt > SETTLED_MS && start(rows().find((row) => row.dataset.digit === digit[1]));
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.code];
  if (!step) return;
  event.preventDefault();
  const all = rows();
  select(all[Math.min(all.length - 1, Math.max(0, all.indexOf(current()) + step))]);
}

function current() {
  return rows().find((row) => row.dataset.row === selected) ?? rows()[0];
}

function applyFilter() {
  const wanted = filter.value.trim().toLowerCase();
  for (const row of body.querySelectorAll("tr")) row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
  select(current());
}

async function refresh() {
  if (document.hidden && !isNotifying()) return;
  const response = await fetch(body.dataset.rows, { headers: { "X-Background": "1" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const focused = document.activeElement?.closest?.("tr")?.dataset.row;
  const fresh = new DOMParser().parseFromString(`<table>${await response.text()}</table>`, "text/html");
  const [before, places] = [new Map(waiting()), order()];
  body.replaceChildren(...fresh.querySelectorAll("tr"));
  if (order() !== places) movedAt = performance.now();
  if (isNotifying()) notify(before);
  applyFilter();
  if (focused) body.querySelector(`[data-row="${CSS.escape(focused)}"] [data-start]`)?.focus();
}
