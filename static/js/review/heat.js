// What the model looked at, after the first call: its map over the image in one ramp of rising lightness.

import { toField } from "./geometry.js";

const RAMP = [[0x29, 0x0d, 0x54], [0x73, 0x1a, 0x6e], [0xc2, 0x33, 0x54], [0xf2, 0x73, 0x1f], [0xfc, 0xcc, 0x40], [0xfd, 0xff, 0xb8]];
const FLOOR = 0.16;
const DENSEST = 0.62;

// cells: values 0-255 by rows. Return a small bitmap, to be stretched smoothly over the whole image.
export function heatBitmap({ columns, rows, cells }) {
  const pixels = new ImageData(columns, rows);
  cells.forEach((cell, n) => pixels.data.set(colourOf(cell / 255), 4 * n));
  return createImageBitmap(pixels);
}

// Return a paint function for the viewer.
export function heatOverlay(map, size) {
  return (context, place) => {
    const from = toField({ x: 0, y: 0 }, ...place);
    const to = toField({ x: size.width, y: size.height }, ...place);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(map, from.x, from.y, to.x - from.x, to.y - from.y);
  };
}

function colourOf(value) {
  const at = value * (RAMP.length - 1);
  const [low, high] = [RAMP[Math.floor(at)], RAMP[Math.min(RAMP.length - 1, Math.floor(at) + 1)]];
  const mixed = low.map((part, n) => Math.round(part + (high[n] - part) * (at % 1)));
  return [...mixed, value < FLOOR ? 0 : Math.round(255 * DENSEST * value)];
}
