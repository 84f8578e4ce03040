// Limit samples over the loop: where each kind of defect begins, and one of them beside the part, zoomed along with it.

export class Limits {
  #sheet;
  #viewer;
  #screen;
  #used;

  // `used` keeps in the record of this look that they were opened.
  constructor({ screen, viewer, used }) {
    this.#sheet = screen.part("limits");
    this.#viewer = viewer;
    this.#screen = screen;
    this.#used = used;
    this.#sheet.addEventListener("click", (event) => this.#clicked(event));
    viewer.addEventListener("change", () => screen.toggle("beside", viewer.isComparing));
  }

  get isOpen() {
    return this.#sheet.open;
  }

  // Once the first part is on the screen the small pictures come too: opening then shows them at once.
  load() {
    for (const image of this.#sheet.querySelectorAll("img")) image.loading = "eager";
  }

  toggle() {
    if (this.isOpen) return this.#sheet.close();
    if (this.#viewer.isComparing) return this.#viewer.putAway();
    this.#sheet.showModal();
    this.#used("limits");
  }

  // The digit of a kind of defect leads to its limit samples.
  goTo(digit) {
    this.#sheet.querySelector(`[data-limit-key="${digit}"] button`)?.focus();
  }

  #clicked(event) {
    const button = event.target.closest("[data-limit]");
    if (button) this.#setBeside(button);
    // The rest of the screen is the dialog's backdrop: pressing there leads back to the part.
    else if (event.target === this.#sheet && isOutside(event, this.#sheet)) this.#sheet.close();
  }

  async #setBeside(button) {
    const answer = await fetch(button.dataset.limit).catch(() => null);
    if (!answer?.ok || !this.isOpen) return;
    const bitmap = await createImageBitmap(await answer.blob());
    const size = { width: Number(button.dataset.width), height: Number(button.dataset.height) };
    this.#sheet.close();
    this.#screen.put("beside", button.dataset.says);
    this.#viewer.compareWith(bitmap, size);
    this.#screen.announce(this.#screen.text("besideNow", { limit: button.dataset.says }));
  }
}

function isOutside(event, sheet) {
  const box = sheet.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
