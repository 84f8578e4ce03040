// The gallery by keys: arrows move, Enter opens, X selects. What is selected is kept through the pages of one search.

const form = document.querySelector("[data-chosen]");
if (form) choosing();

function choosing() {
  const name = `chosen:${location.pathname}?${form.dataset.chosen}`;
  const chosen = new Set(JSON.parse(sessionStorage.getItem(name) ?? "[]"));
  const room = Number(form.dataset.max);
  const boxes = [...document.querySelectorAll('input[form="chosen"]')];
  const cards = boxes.map((box) => box.closest("li"));
  let last = 0;

  const show = () => {
    for (const box of boxes) box.checked = chosen.has(box.value);
    for (const node of form.querySelectorAll("[data-some]")) node.hidden = !chosen.size;
    const words = chosen.size < room ? form.dataset.some : form.dataset.full;
    form.querySelector("[data-count]").textContent = words.replace("{count}", chosen.size);
  };

  const keep = (some, wanted) => {
    for (const box of some) {
      if (!wanted) chosen.delete(box.value);
      else if (chosen.size < room) chosen.add(box.value);
    }
    sessionStorage.setItem(name, JSON.stringify([...chosen]));
    show();
  };

  boxes.forEach((box, at) => {
    box.addEventListener("click", (event) => {
      const from = event.shiftKey ? last : at;
      keep(boxes.slice(Math.min(from, at), Math.max(from, at) + 1), box.checked);
      last = at;
    });
  });

  const columns = () => cards.filter((card) => card.offsetTop === cards[0].offsetTop).length;
  const steps = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -columns(), ArrowDown: () => columns() };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = cards.findIndex((card) => card.contains(event.target));
    if (at >= 0 && event.code === "KeyX" && !event.repeat && !("keysOff" in form.dataset)) boxes[at].click();
    // From nowhere a sideways arrow leads in; up and down go on scrolling the page.
    const enters = event.target === document.body && event.code === "ArrowRight";
    if (!enters && (at < 0 || !steps[event.code])) return;
    event.preventDefault();
    cards[enters ? 0 : at + steps[event.code]()]?.querySelector("a").focus();
  });

  form.addEventListener("click", (event) => {
    const deed = event.target.closest("[data-do]")?.dataset.do;
    if (deed === "none") chosen.clear();
    if (deed) keep(boxes, deed === "all");
  });
  // What was selected on other pages has no box here.
  form.addEventListener("formdata", ({ formData }) => {
    formData.delete("item");
    for (const value of chosen) formData.append("item", value);
  });

  for (const node of form.querySelectorAll("[data-scripted]")) node.hidden = false;
  // A browser that comes back to this page ticks what was ticked when it left.
  addEventListener("pageshow", show);
  show();
}
