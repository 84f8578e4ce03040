// The calls of the API as a list, made from its own description. The viewer that shows and tries each of them weighs more
// than two pages may: it is loaded when somebody asks for it, or comes by an address that leads into it.

const page = document.querySelector("[data-schema]");
const button = page.querySelector("button");

button.addEventListener("click", view, { once: true });
if (location.hash.startsWith("#/")) button.click();
else list();

async function list() {
  const answer = await fetch(page.dataset.schema).catch(() => null);
  if (!answer?.ok) return;
  const { paths } = await answer.json();
  const rows = Object.entries(paths).flatMap(([path, calls]) =>
    Object.entries(calls).map(([method, call]) => [method.toUpperCase(), path, firstSentence(call.description)]),
  );
  page.querySelector("tbody").append(...rows.map(row));
  page.querySelector("table").hidden = false;
}

function row(words) {
  const line = document.createElement("tr");
  for (const word of words) line.insertCell().textContent = word;
  return line;
}

function firstSentence(text = "") {
  return text.split("\n\n", 1)[0].replaceAll("\n", " ");
}

async function view() {
  button.disabled = true;
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: page.dataset.style });
  // Before the page's own, which gives it the product's look.
  document.querySelector("link[data-look]").before(style);
  for (const source of page.dataset.scripts.split(" ")) await loaded(source);
  page.querySelector("[data-list]").hidden = true;
}

function loaded(source) {
  const script = Object.assign(document.createElement("script"), { src: source });
  return new Promise((resolve, reject) => {
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.body.append(script);
  });
}
