// The golden images of a line, one a view: fetched once, changed with the part on the screen.

export class Goldens {
  #viewer;
  #screen;
  #known = new Map();
  #wanted = "";

  // references: [{url, revision}], one for each view that has a golden image.
  constructor({ viewer, screen, references }) {
    this.#viewer = viewer;
    this.#screen = screen;
    for (const { url, revision } of references) this.#known.set(url, { revision, bitmap: null });
  }

  async load() {
    await Promise.all([...this.#known.keys()].map((url) => this.#fetch(url)));
  }

  // Let the golden image of an item's view stand where golden images stand; `url` is null where the view has none.
  show(url) {
    if (url === this.#wanted) return;
    this.#wanted = url;
    const golden = this.#known.get(url);
    this.#screen.toggle("golden-name", Boolean(golden));
    this.#screen.toggle("golden-word", Boolean(golden));
    this.#screen.toggle("golden-none", !golden);
    if (golden) this.#screen.put("golden-revision", String(golden.revision));
    this.#viewer.setGolden(golden?.bitmap ?? null);
  }

  async #fetch(url) {
    const response = await fetch(url).catch(() => null);
    if (!response?.ok) return;
    const golden = this.#known.get(url);
    golden.bitmap = await createImageBitmap(await response.blob());
    if (url === this.#wanted) this.#viewer.setGolden(golden.bitmap);
  }
}
