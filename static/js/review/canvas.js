// One canvas that shows an image under a view: crisp pixels above 200 %, an overlay on top.

import { originOf, scaleOf } from "./geometry.js";

const PIXELS_FROM = 2;

export class Canvas {
  #element;
  #context;
  #size = null;
  #drawn = [];

  constructor(element) {
    this.#element = element;
    this.#context = element.getContext("2d", { alpha: true });
  }

  get element() {
    return this.#element;
  }

  // In CSS pixels, as it was last fitted: to ask the page means laying it out amid a key press.
  get size() {
    return (this.#size ??= { width: this.#element.clientWidth, height: this.#element.clientHeight });
  }

  // The backing store follows the screen's pixels.
  fitBacking() {
    this.#size = null;
    const ratio = devicePixelRatio;
    const width = Math.round(this.size.width * ratio);
    const height = Math.round(this.size.height * ratio);
    if (this.#element.width === width && this.#element.height === height) return;
    this.#element.width = width;
    this.#element.height = height;
    this.#drawn = [];
  }

  clear() {
    this.#drawn = [];
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, this.#element.width, this.#element.height);
  }

  // `size` is the image's own size, which its display rendition may be smaller than. `over` draws in field pixels.
  draw(bitmap, size, view, over = () => {}) {
    this.clear();
    if (!bitmap) return;
    const ratio = devicePixelRatio;
    const scale = scaleOf(view, size, this.size);
    const { left, top } = originOf(view, size, this.size);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#context.imageSmoothingEnabled = scale * ratio < PIXELS_FROM;
    // Enlarging with "high" costs 100 ms a picture where no graphics card helps; nobody sees the difference.
    this.#context.imageSmoothingQuality = scale < 1 ? "medium" : "low";
    this.#context.drawImage(bitmap, left, top, size.width * scale, size.height * scale);
    over(this.#context);
  }

  // Draw what is mostly the same from part to part where it is another now: it costs as much as the part itself.
  keep(bitmap, size, view) {
    const { width, height } = this.#element;
    const wanted = [bitmap, size.width, size.height, width, height, ...Object.values(view)];
    if (wanted.every((value, n) => value === this.#drawn[n])) return;
    this.draw(bitmap, size, view);
    this.#drawn = wanted;
  }
}

// A small copy of an image for a list, null where the image is gone.
export function thumbnailOf(bitmap, width = 96, height = 64) {
  if (!bitmap) return null;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  const scale = Math.min(width / bitmap.width, height / bitmap.height);
  context.drawImage(bitmap, 0, 0, bitmap.width * scale, bitmap.height * scale);
  return context.getImageData(0, 0, width, height);
}
