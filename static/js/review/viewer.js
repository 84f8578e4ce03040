// The image field: the part, the golden image beside or blinking with it, zoom, pan, light and marks.

import { Canvas } from "./canvas.js";
import { actual, FIT, kept, panned, scaleOf, toImage, zoomed } from "./geometry.js";
import { boxOf, Marks } from "./marks.js";
import { Tiles } from "./tiles.js";

const STEP = 1.25;
const PAN = 0.1;
const FAR_PAN = 0.5;
const CLOSE = 3;
const BLINK_MS = 1000;
const PLAIN = Object.freeze({ brightness: 0, contrast: 0, invert: false });
const MODES = ["panel", "side", "blink"];
const OPENING = Object.freeze({ golden: "panel", zoom: "kept" });

// Emits "change" when view or tools changed, "used" with the tool's name.
export class Viewer extends EventTarget {
  marks = new Marks();
  view = FIT;
  tools = { ...PLAIN };
  isMarking = false;
  mode = "panel";
  isHeld = false;
  #chosen = null;
  #opening;
  #main;
  #second;
  #goldenPanel;
  #image = null;
  #camera = "";
  #views = new Map();
  #bitmap = null;
  #golden = null;
  #compared = null;
  #overlay = null;
  #shows = "part";
  #blink = null;
  #drag = null;
  #fingers = new Map();
  #tiles = new Tiles(() => {
    this.draw();
    this.#changed();
  });

  // Without canvases for the golden image it can still stand in the part's place. `opening` says where the golden image
  // stands at first, and how large each image comes up: "kept" as the one before was left, "fit" or "actual".
  constructor({ main, second = null, golden = null, opening = OPENING }) {
    super();
    this.#opening = opening;
    this.#main = new Canvas(main);
    this.#second = second && new Canvas(second);
    this.#goldenPanel = golden && new Canvas(golden);
    new ResizeObserver(() => this.draw(true)).observe(main.parentElement);
    this.#listen(main);
  }

  get zoomPercent() {
    return this.#image ? Math.round(scaleOf(this.view, this.#image, this.#main.size) * devicePixelRatio * 100) : null;
  }

  // Whether the rendition is shown larger than it is: what lies in the original alone cannot be seen yet.
  get isBlurred() {
    return Boolean(this.#bitmap) && this.#tiles.isBlurred(this.view, this.#main.size);
  }

  get hasImage() {
    return Boolean(this.#bitmap);
  }

  // Put an image on the screen now. The view and the tools stay as they were; what stood beside the part before is put
  // away: a limit sample is looked up for one part, the golden image for all. Where `address` is given, the image is
  // fetched at its full size under it as far as somebody looks so close. Each camera keeps a view of its own (`camera`).
  show(bitmap, size, address = null, camera = "") {
    this.putAway();
    this.#views.set(this.#camera, this.view);
    this.#camera = camera;
    this.#tiles.open(address, bitmap, size);
    this.#shows = "part";
    this.isHeld = false;
    this.#bitmap = bitmap;
    this.#image = size;
    this.#overlay = null;
    this.marks.clear();
    const keeps = this.#opening.zoom === "kept" && this.#views.has(camera);
    this.view = kept(keeps ? this.#views.get(camera) : this.#opened, size, this.#main.size);
    // Blinking begins anew with the part: a call must never be made on the golden image alone.
    if (this.mode === "blink") this.setMode("blink");
    this.draw();
  }

  clear() {
    this.putAway();
    this.#tiles.close();
    this.#bitmap = null;
    this.#overlay = null;
    this.#main.clear();
    this.#second?.clear();
  }

  // Whether another picture than the golden one stands beside the part.
  get isComparing() {
    return this.#compared !== null;
  }

  // Set another picture beside the part, in its own proportions, until it is put away.
  compareWith(bitmap, size) {
    this.#compared = { bitmap, size, before: this.mode };
    this.setMode("side");
    this.#changed();
  }

  putAway() {
    if (!this.isComparing) return;
    const { bitmap, before } = this.#compared;
    this.#compared = null;
    bitmap.close();
    this.setMode(before);
    this.#changed();
  }

  setGolden(bitmap) {
    const opens = bitmap && !this.#golden && this.#wantedMode !== this.mode;
    // Without one nothing can stand beside the part or blink with it; what was wanted comes back with the next one.
    if (!bitmap) this.setMode("panel");
    this.#golden = bitmap;
    if (opens) this.setMode(this.#wantedMode);
    // Beside the golden image the field is narrower, and one to one another zoom.
    if (opens && this.#opening.zoom === "actual") this.view = this.#opened;
    this.draw(true);
  }

  // A paint function over the image (the heat map and the model's box), or null.
  setOverlay(overlay) {
    this.#overlay = overlay;
    this.draw();
  }

  draw(resized = false) {
    if (resized) for (const canvas of [this.#main, this.#second, this.#goldenPanel]) canvas?.fitBacking();
    const size = this.#image ?? { width: 4, height: 3 };
    const onGolden = this.#shows === "golden" && this.#golden;
    this.#main.draw(onGolden ? this.#golden : this.#bitmap, size, this.view, onGolden ? undefined : (context) => this.#paintOver(context));
    this.#goldenPanel?.keep(this.#golden, size, this.view);
    if (this.mode !== "side") return;
    if (this.#compared) this.#second?.draw(this.#compared.bitmap, this.#compared.size, this.view);
    else if (this.#golden) this.#second?.keep(this.#golden, size, this.view);
  }

  // Look at the same place in the same light as another viewer of the part, without a word.
  follow(other) {
    this.view = this.#image ? kept(other.view, this.#image, this.#main.size) : other.view;
    this.tools = { ...other.tools };
    this.#shade();
    this.draw();
  }

  zoom(factor, at = this.#middle()) {
    this.#look(zoomed(this.view, factor, at, this.#image, this.#main.size), "zoom");
  }

  zoomIn() {
    this.zoom(STEP);
  }

  zoomOut() {
    this.zoom(1 / STEP);
  }

  fit() {
    this.#look(FIT, "zoom");
  }

  // Bring a mark to the middle, close enough to see what it is about.
  closeUp(region) {
    const [x, y] = [region.x + (region.w ?? 0) / 2, region.y + (region.h ?? 0) / 2];
    this.#look({ zoom: CLOSE, x: x / this.#image.width, y: y / this.#image.height }, "zoom");
  }

  actualSize() {
    this.#look(actual(this.view, this.#image, this.#main.size, devicePixelRatio), "zoom");
  }

  // Arrows pan, or move the mark's cursor while a tool is chosen.
  step(dx, dy, far) {
    if (this.marks.tool) {
      this.marks.move(dx, dy, far, this.#image);
      return this.draw();
    }
    const { width, height } = this.#main.size;
    const share = far ? FAR_PAN : PAN;
    this.#look(panned(this.view, dx * share * width, dy * share * height, this.#image, this.#main.size), "pan");
  }

  light(name, change) {
    this.tools[name] = Math.min(100, Math.max(-100, this.tools[name] + change));
    this.#lit(name);
  }

  invert() {
    this.tools.invert = !this.tools.invert;
    this.#lit("invert");
  }

  resetTools() {
    this.tools = { ...PLAIN };
    this.putAway();
    this.#chosen = null;
    this.setMode(this.#openingMode);
    this.view = this.#opened;
    this.draw();
    this.#lit("reset");
  }

  // What else stands beside is put away first: the key always begins with the golden image where it is wanted.
  nextMode() {
    if (this.isComparing) return this.putAway();
    this.setMode(MODES[(MODES.indexOf(this.mode) + 1) % MODES.length]);
    if (this.#golden) this.#chosen = this.mode;
    this.#used("golden");
  }

  setMode(mode) {
    if (!this.#golden && !this.#compared && mode !== "panel") return;
    this.mode = mode;
    clearInterval(this.#blink);
    this.#shows = "part";
    const field = this.#main.element.parentElement;
    field.dataset.golden = mode;
    if (this.#second) this.#second.element.hidden = mode !== "side";
    if (mode === "blink") this.#blink = setInterval(() => this.#turn(), BLINK_MS);
    this.draw(true);
  }

  // While the key is held the golden image stands where the part stood.
  hold(isHeld) {
    this.isHeld = isHeld;
    this.#shows = isHeld ? "golden" : "part";
    this.draw();
  }

  chooseTool(tool) {
    this.marks.choose(tool, this.#image && toImage(this.#middle(), this.view, this.#image, this.#main.size));
    this.#main.element.toggleAttribute("data-tool", this.#marksAtPointer());
    this.draw();
    this.#changed();
  }

  setMarking(isOn) {
    this.isMarking = isOn;
    this.#main.element.toggleAttribute("data-tool", this.#marksAtPointer());
  }

  placeMark() {
    this.marks.place(this.marks.cursor, this.#image);
    this.draw();
    this.#used("mark");
  }

  // Where an overlay has to be drawn: the arguments of toField after the point.
  get place() {
    return [this.view, this.#image, this.#main.size];
  }

  // The view in which an image comes up that keeps nothing of the one before.
  get #opened() {
    return this.#opening.zoom === "actual" && this.#image ? actual(FIT, this.#image, this.#main.size, devicePixelRatio) : FIT;
  }

  // Nobody who wants no motion is met by it; the golden key still lets it blink.
  get #openingMode() {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return this.#opening.golden === "blink" && isCalm ? "side" : this.#opening.golden;
  }

  get #wantedMode() {
    return this.#chosen ?? this.#openingMode;
  }

  #turn() {
    this.#shows = this.#shows === "part" ? "golden" : "part";
    this.draw();
  }

  #paintOver(context) {
    this.#tiles.paint(context, this.view, this.#main.size);
    this.#overlay?.(context, this.place);
    this.marks.paint(context, this.place, this.#drag?.draft ?? null);
  }

  #look(view, name) {
    if (!this.#image) return;
    this.view = kept(view, this.#image, this.#main.size);
    this.draw();
    this.#used(name);
  }

  // The light is the page's to change: what is drawn stays.
  #lit(name) {
    this.#shade();
    this.#used(name);
  }

  #shade() {
    const { brightness, contrast, invert } = this.tools;
    const filter = `brightness(${1 + brightness / 100}) contrast(${1 + contrast / 100}) invert(${invert ? 1 : 0})`;
    for (const canvas of [this.#main, this.#second]) if (canvas) canvas.element.style.filter = filter;
  }

  #middle() {
    const { width, height } = this.#main.size;
    return { x: width / 2, y: height / 2 };
  }

  #marksAtPointer() {
    return this.isMarking || Boolean(this.marks.tool);
  }

  #listen(element) {
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#forget(event));
  }

  #wheel(event) {
    // Where nothing is left to zoom out of, the wheel moves the page.
    if (event.deltaY > 0 && this.view.zoom === FIT.zoom) return;
    event.preventDefault();
    if (this.#image) this.zoom(event.deltaY < 0 ? STEP : 1 / STEP, this.#at(event));
  }

  #down(event) {
    if (!this.#image || event.button > 0) return;
    this.#main.element.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, this.#at(event));
    this.#drag = this.#fingers.size > 1 ? null : { from: this.#at(event), last: this.#at(event), draft: null };
  }

  #move(event) {
    if (!this.#fingers.has(event.pointerId)) return;
    const at = this.#at(event);
    if (this.#fingers.size === 2) this.#pinch(event.pointerId, at);
    else if (this.#drag && this.#marksAtPointer()) this.#drawDraft(at);
    else if (this.#drag) this.#dragPan(at);
    this.#fingers.set(event.pointerId, at);
  }

  #up(event) {
    const drag = this.#drag;
    this.#forget(event);
    if (!drag || !this.#marksAtPointer()) return;
    const at = this.#at(event);
    const [from, to] = [drag.from, at].map((point) => toImage(point, ...this.place));
    const length = Math.hypot(at.x - drag.from.x, at.y - drag.from.y);
    if (this.marks.tool && length < 6) this.marks.place(to, this.#image);
    else this.marks.drag(from, to, this.marks.tool === "point" ? 0 : length, this.#image);
    this.draw();
    this.#used("mark");
  }

  #forget(event) {
    this.#fingers.delete(event.pointerId);
    this.#drag = null;
  }

  #drawDraft(at) {
    this.#drag.draft = this.marks.tool === "point" ? null : boxOf(toImage(this.#drag.from, ...this.place), toImage(at, ...this.place));
    this.draw();
  }

  #dragPan(at) {
    const { last } = this.#drag;
    this.#drag.last = at;
    this.#look(panned(this.view, last.x - at.x, last.y - at.y, this.#image, this.#main.size), "pan");
  }

  // Two fingers hold what lies under them: apart they zoom, together they carry the picture along.
  #pinch(id, at) {
    const [otherId] = [...this.#fingers.keys()].filter((one) => one !== id);
    const [before, other] = [this.#fingers.get(id), this.#fingers.get(otherId)];
    const factor = between(at, other) / Math.max(1, between(before, other));
    const carried = zoomed(this.view, factor, halfway(before, other), this.#image, this.#main.size);
    const [dx, dy] = [(before.x - at.x) / 2, (before.y - at.y) / 2];
    this.#look(panned(carried, dx, dy, this.#image, this.#main.size), "zoom");
  }

  #at(event) {
    const box = this.#main.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #used(name) {
    this.dispatchEvent(new CustomEvent("used", { detail: name }));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

function between(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function halfway(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
