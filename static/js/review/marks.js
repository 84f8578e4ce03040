// Points and boxes on the image, placed by mouse, touch or keys. Kept in pixels of the original.

import { inside, toField } from "./geometry.js";

const LEAST_DRAG = 6;
const STEP = 0.01;
const FAR_STEP = 0.1;

export class Marks {
  regions = [];
  tool = "";
  cursor = null;
  #corner = null;

  // What a reader's mark looks like in the request.
  get sent() {
    return this.regions.map((region) => Object.fromEntries(Object.entries(region).map(([side, value]) => [side, Math.round(value)])));
  }

  clear() {
    this.regions = [];
    this.leave();
  }

  // Start or leave a tool. The cursor stands in the middle of what is seen, for keys.
  choose(tool, middle) {
    if (this.tool === tool) return this.leave();
    this.tool = tool;
    this.cursor = middle;
    this.#corner = null;
  }

  leave() {
    this.tool = "";
    this.cursor = null;
    this.#corner = null;
  }

  // Take back the corner, else the last mark. False when there is nothing to take back.
  takeBack() {
    if (this.#corner) this.#corner = null;
    else if (this.regions.length) this.regions.pop();
    else return false;
    return true;
  }

  move(dx, dy, far, image) {
    const step = far ? FAR_STEP : STEP;
    this.cursor = inside({ x: this.cursor.x + dx * step * image.width, y: this.cursor.y + dy * step * image.height }, image);
  }

  // Enter or a click with a tool chosen: a point at once, a box with its second corner.
  place(point, image) {
    const at = inside(point, image);
    this.cursor = at;
    if (this.tool === "point") this.regions.push(at);
    else if (!this.#corner) this.#corner = at;
    else this.#close(at);
  }

  // A drag that was long enough on the screen is a box, without any tool.
  drag(from, to, length, image) {
    if (length < LEAST_DRAG) this.regions.push(inside(from, image));
    else this.regions.push(boxOf(inside(from, image), inside(to, image)));
  }

  #close(at) {
    this.regions.push(boxOf(this.#corner, at));
    this.#corner = null;
  }

  // Draw on a context in field pixels; `draft` is a drag under way.
  paint(context, place, draft = null) {
    for (const region of this.regions) paintRegion(context, region, place);
    if (draft) paintRegion(context, draft, place);
    if (this.tool && this.cursor) paintCursor(context, toField(this.cursor, ...place));
    if (this.#corner) paintRegion(context, boxOf(this.#corner, this.cursor), place);
  }
}

export function boxOf(one, other) {
  return { x: Math.min(one.x, other.x), y: Math.min(one.y, other.y), w: Math.max(1, Math.abs(one.x - other.x)), h: Math.max(1, Math.abs(one.y - other.y)) };
}

// People's marks: white and solid, cased in black so that they show on any ground.
function paintRegion(context, region, place) {
  const from = toField(region, ...place);
  context.beginPath();
  if (region.w === undefined) {
    context.arc(from.x, from.y, 8, 0, 2 * Math.PI);
  } else {
    const to = toField({ x: region.x + region.w, y: region.y + region.h }, ...place);
    context.rect(from.x, from.y, to.x - from.x, to.y - from.y);
  }
  stroke(context, "#000", 5);
  stroke(context, "#fff", 2);
}

function paintCursor(context, at) {
  context.beginPath();
  context.moveTo(at.x - 14, at.y);
  context.lineTo(at.x + 14, at.y);
  context.moveTo(at.x, at.y - 14);
  context.lineTo(at.x, at.y + 14);
  stroke(context, "#000", 4);
  stroke(context, "#fff", 1.5);
}

function stroke(context, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}
