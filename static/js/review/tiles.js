// An image at its full size, tile by tile, where the field shows it larger than its display rendition can.

import { originOf, scaleOf, toImage } from "./geometry.js";

const EDGE = 1024;
// Of 4 MB each: what a field shows, and what was left a moment ago.
const KEPT = 12;
// Asked for at once, after the first: the server cuts all of an image for it.
const AT_ONCE = 4;
// Before a server that could not be asked is asked again.
const REST_MS = 1000;

export class Tiles {
  #arrived;
  #image = null;
  #tiles = new Map();
  #inSightNow = 0;

  // `arrived` is called with every tile that can be drawn now, and where it is time to look again.
  constructor(arrived) {
    this.#arrived = arrived;
  }

  // Begin with an image: its address, its rendition and its own size. Without an address there is the rendition alone.
  open(address, bitmap, size) {
    this.close();
    const sharpUpTo = bitmap.width / size.width;
    if (address && sharpUpTo < 1) this.#image = { address, size, sharpUpTo, wanted: [], fetched: new Map(), isCut: false, restsUntil: 0 };
  }

  close() {
    for (const request of this.#image?.fetched.values() ?? []) request.abort();
    for (const tile of this.#tiles.values()) tile?.close();
    this.#tiles.clear();
    this.#image = null;
  }

  // Whether a view shows the rendition enlarged somewhere.
  isBlurred(view, field) {
    return this.#enlarges(view, field) && this.#inSight(view, field).some((tile) => !this.#tiles.get(tile.key));
  }

  // Draw what is there in field pixels, and ask for what is not.
  paint(context, view, field) {
    if (!this.#image) return;
    // Where the rendition is sharp enough, no tile is in sight.
    const seen = this.#enlarges(view, field) ? this.#inSight(view, field) : [];
    this.#inSightNow = seen.length;
    this.#draw(context, view, field, seen);
    this.#want(this.#image, seen);
  }

  #draw(context, view, field, seen) {
    const { left, top } = originOf(view, this.#image.size, field);
    const scale = scaleOf(view, this.#image.size, field);
    for (const { key, column, row } of seen) {
      const tile = this.#tiles.get(key);
      if (!tile) continue;
      context.drawImage(tile, left + column * EDGE * scale, top + row * EDGE * scale, tile.width * scale, tile.height * scale);
      // What was seen last is given up last.
      this.#tiles.delete(key);
      this.#tiles.set(key, tile);
    }
  }

  #want(image, seen) {
    image.wanted = seen.filter(({ key }) => !this.#tiles.has(key) && !image.fetched.has(key));
    // A place that one only passed by holds nothing up; but what is asked for first cuts all the others too.
    const keys = new Set(seen.map(({ key }) => key));
    if (image.isCut) for (const [key, request] of image.fetched) if (!keys.has(key)) request.abort();
    this.#fetch(image);
  }

  #enlarges(view, field) {
    return this.#image !== null && scaleOf(view, this.#image.size, field) * devicePixelRatio > this.#image.sharpUpTo;
  }

  // The tiles of which a field shows something, from its middle outward.
  #inSight(view, field) {
    const { size } = this.#image;
    const from = toImage({ x: 0, y: 0 }, view, size, field);
    const to = toImage({ x: field.width, y: field.height }, view, size, field);
    const columns = between(from.x, to.x, size.width);
    const rows = between(from.y, to.y, size.height);
    const middle = { column: (from.x + to.x) / 2 / EDGE - 0.5, row: (from.y + to.y) / 2 / EDGE - 0.5 };
    const far = ({ column, row }) => Math.hypot(column - middle.column, row - middle.row);
    return rows
      .flatMap((row) => columns.map((column) => ({ key: `${column}/${row}`, column, row })))
      .sort((one, other) => far(one) - far(other));
  }

  // Ask for what is wanted, the nearest to the middle first. What the server has not is not asked for again; what could
  // not be asked for is, after a while.
  #fetch(image) {
    if (performance.now() < image.restsUntil) return;
    while (image.wanted.length && image.fetched.size < (image.isCut ? AT_ONCE : 1)) {
      this.#fetchOne(image, image.wanted.shift().key);
    }
  }

  async #fetchOne(image, key) {
    const request = new AbortController();
    image.fetched.set(key, request);
    const tile = await bitmapOf(`${image.address}tiles/${key}/`, request.signal);
    image.fetched.delete(key);
    if (this.#image !== image) return tile?.close();
    if (tile !== undefined) this.#keep(key, tile);
    else if (!request.signal.aborted) this.#rest(image);
    if (tile) image.isCut = true;
    if (tile) this.#arrived();
    this.#fetch(image);
  }

  #rest(image) {
    image.restsUntil = performance.now() + REST_MS;
    setTimeout(() => this.#image === image && this.#arrived(), REST_MS);
  }

  #keep(key, tile) {
    this.#tiles.set(key, tile);
    for (const [old, bitmap] of this.#tiles) {
      // Nothing that is in sight: it would be fetched again at once.
      if (this.#tiles.size <= Math.max(KEPT, this.#inSightNow)) return;
      bitmap?.close();
      this.#tiles.delete(old);
    }
  }
}

// Null where the server has none that can be drawn, undefined where it could not be asked or is too busy.
async function bitmapOf(address, signal) {
  try {
    const answer = await fetch(address, { signal });
    if (answer.ok) return await createImageBitmap(await answer.blob());
    return answer.status >= 500 || answer.status === 429 ? undefined : null;
  } catch (error) {
    // A TypeError is fetch's word for a line that is cut.
    if (error instanceof TypeError || signal.aborted) return undefined;
    if (error.name === "InvalidStateError") return null;
    throw error;
  }
}

function between(from, to, side) {
  const first = Math.max(0, Math.floor(from / EDGE));
  const last = Math.min(Math.ceil(side / EDGE), Math.ceil(to / EDGE));
  return Array.from({ length: Math.max(0, last - first) }, (_, n) => first + n);
}
