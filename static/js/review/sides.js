// Views of one part that move and are lit together, and what they are compared with: beside them, or blinking in
// their place. Each view is a figure with an image, which stays as it is where no script runs or no image comes.

import { Viewer } from "./viewer.js";

const BLINK_MS = 1000;
const MODES = ["off", "beside", "blink"];

export class Sides extends EventTarget {
  mode;
  #root;
  #panes;
  #beside;
  #golden = null;
  #isGolden = true;
  #blink = null;
  #shows = false;

  // `root` holds figures `data-pane`, and in a part `data-beside` the one for comparing.
  constructor(root) {
    super();
    this.#root = root;
    const beside = root.querySelector("[data-beside] [data-pane]");
    this.#panes = [...root.querySelectorAll("[data-pane]")].filter((figure) => figure !== beside).map((figure) => new Pane(figure));
    this.#beside = beside && new Pane(beside);
    this.mode = beside && !this.#besidePart.hidden ? "beside" : "off";
    for (const pane of this.#all) pane.viewer.addEventListener("change", () => this.#moved(pane));
  }

  // Draw what the page shows, then say "shown". An image that does not come stays a plain image.
  async load() {
    await Promise.all(this.#panes.map((pane) => pane.load()));
    this.dispatchEvent(new Event("shown"));
    this.#golden = await this.#beside?.load(this.#lead.size);
    for (const { viewer } of this.#panes) viewer.setGolden(this.#golden ?? null);
    this.#moved(this.#lead);
  }

  get isZoomed() {
    return this.#lead.viewer.view.zoom > 1;
  }

  get deeds() {
    const { viewer } = this.#lead;
    const step = (dx, dy, far) => () => viewer.hasImage && viewer.step(dx, dy, far);
    const shown = (deed) => () => viewer.hasImage && deed();
    return {
      golden: () => this.nextMode(),
      invert: () => viewer.invert(),
      reset: () => viewer.resetTools(),
      "zoom-in": shown(() => viewer.zoomIn()),
      "zoom-out": shown(() => viewer.zoomOut()),
      point: shown(() => this.toPlace()),
      fit: shown(() => viewer.fit()),
      actual: shown(() => viewer.actualSize()),
      left: step(-1, 0, false),
      right: step(1, 0, false),
      up: step(0, -1, false),
      down: step(0, 1, false),
      "far-left": step(-1, 0, true),
      "far-right": step(1, 0, true),
      "far-up": step(0, -1, true),
      "far-down": step(0, 1, true),
      darker: () => viewer.light("brightness", -10),
      brighter: () => viewer.light("brightness", 10),
      flatter: () => viewer.light("contrast", -10),
      steeper: () => viewer.light("contrast", 10),
    };
  }

  // Go close to the first mark, or back from there.
  toPlace() {
    const region = this.#panes.flatMap(({ viewer }) => viewer.marks.regions)[0];
    if (this.isZoomed) this.#lead.viewer.fit();
    else if (region) this.#lead.viewer.closeUp(region);
  }

  nextMode() {
    if (!this.#golden) return;
    if (!this.#isGolden) this.#compare(this.#golden, this.#lead.size, true);
    this.setMode(MODES[(MODES.indexOf(this.mode) + 1) % MODES.length]);
  }

  // Set another image beside: it keeps its own proportions and moves along.
  compareWith(bitmap, size) {
    this.#compare(bitmap, size, false);
    this.setMode("beside");
  }

  setMode(mode) {
    this.mode = mode;
    clearInterval(this.#blink);
    this.hold(false);
    if (this.#beside) this.#besidePart.hidden = mode !== "beside";
    if (mode === "blink") this.#blink = setInterval(() => this.hold(!this.#shows), BLINK_MS);
    for (const { viewer } of this.#all) viewer.draw(true);
    this.#moved(this.#lead);
  }

  // The golden image stands where the part stood.
  hold(isHeld) {
    this.#shows = isHeld;
    for (const { viewer } of this.#panes) viewer.hold(isHeld);
  }

  get #lead() {
    return this.#panes[0];
  }

  get #all() {
    return this.#beside ? [...this.#panes, this.#beside] : this.#panes;
  }

  get #besidePart() {
    return this.#beside.figure.closest("[data-beside]");
  }

  #compare(bitmap, size, isGolden) {
    this.#isGolden = isGolden;
    this.#beside.show(bitmap, size);
    this.dispatchEvent(new CustomEvent("compared", { detail: { isGolden } }));
  }

  #moved(pane) {
    for (const other of this.#all) if (other !== pane && !other.isHidden) other.viewer.follow(pane.viewer);
    this.#root.toggleAttribute("data-zoomed", this.isZoomed);
    const { zoomPercent: percent, isBlurred } = this.#lead.viewer;
    for (const word of document.querySelectorAll("[data-zoom]")) {
      word.textContent = percent ? `${percent}\u00a0%${isBlurred ? `\u00a0${word.dataset.preview}` : ""}` : "–";
    }
  }
}

class Pane {
  constructor(figure) {
    this.figure = figure;
    this.image = figure.querySelector("img");
    this.viewer = new Viewer({ main: figure.querySelector("canvas") });
  }

  // In pixels of the original, in which marks are kept.
  get size() {
    return { width: Number(this.image.getAttribute("width")), height: Number(this.image.getAttribute("height")) };
  }

  get isHidden() {
    return !this.figure.clientWidth;
  }

  async load(size = this.size) {
    const isThere = await this.image.decode().then(() => true, () => false);
    if (!isThere) return null;
    const bitmap = await createImageBitmap(this.image);
    this.show(bitmap, size, JSON.parse(this.figure.dataset.regions || "[]"), this.image.dataset.closer ?? null);
    return bitmap;
  }

  show(bitmap, size, regions = [], address = null) {
    this.viewer.show(bitmap, size, address);
    this.viewer.marks.regions = regions;
    this.figure.dataset.live = "";
    this.viewer.draw(true);
  }
}
