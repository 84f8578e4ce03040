// Where the image lies on the screen. Plain arithmetic: a view is {zoom, x, y}, zoom 1 fits the whole image and
// (x, y) is the image point, in shares of its sides, at the middle of the field.

export const FIT = Object.freeze({ zoom: 1, x: 0.5, y: 0.5 });
const MOST = 32;

// Pixels of the field for one pixel of the image.
export function scaleOf(view, image, field) {
  return Math.min(field.width / image.width, field.height / image.height) * view.zoom;
}

// The left upper corner of the image on the field.
export function originOf(view, image, field) {
  const scale = scaleOf(view, image, field);
  return {
    left: field.width / 2 - view.x * image.width * scale,
    top: field.height / 2 - view.y * image.height * scale,
  };
}

export function toImage(point, view, image, field) {
  const scale = scaleOf(view, image, field);
  const { left, top } = originOf(view, image, field);
  return { x: (point.x - left) / scale, y: (point.y - top) / scale };
}

export function toField(point, view, image, field) {
  const scale = scaleOf(view, image, field);
  const { left, top } = originOf(view, image, field);
  return { x: left + point.x * scale, y: top + point.y * scale };
}

// Zoom so that the image point under `at` stays there.
export function zoomed(view, factor, at, image, field) {
  const fixed = toImage(at, view, image, field);
  const zoom = Math.min(MOST, Math.max(1, view.zoom * factor));
  const scale = scaleOf({ ...view, zoom }, image, field);
  const x = (fixed.x + (field.width / 2 - at.x) / scale) / image.width;
  const y = (fixed.y + (field.height / 2 - at.y) / scale) / image.height;
  return kept({ zoom, x, y }, image, field);
}

export function panned(view, dx, dy, image, field) {
  const scale = scaleOf(view, image, field);
  return kept({ ...view, x: view.x + dx / (image.width * scale), y: view.y + dy / (image.height * scale) }, image, field);
}

// One image pixel on one screen pixel.
export function actual(view, image, field, pixelRatio) {
  const zoom = Math.max(1, 1 / pixelRatio / scaleOf(FIT, image, field));
  return kept({ ...view, zoom }, image, field);
}

// The image never leaves the field: where it is larger its edges stay outside, where smaller it is centred.
export function kept(view, image, field) {
  const scale = scaleOf(view, image, field);
  return {
    zoom: view.zoom,
    x: side(view.x, field.width / (image.width * scale)),
    y: side(view.y, field.height / (image.height * scale)),
  };
}

export function inside(point, image) {
  return { x: clamp(point.x, 0, image.width - 1), y: clamp(point.y, 0, image.height - 1) };
}

function side(middle, seen) {
  return seen >= 1 ? 0.5 : clamp(middle, seen / 2, 1 - seen / 2);
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
