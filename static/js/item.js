// The page of one image: the loop's keys look at it, and arrows go through the search while nothing is zoomed.

import { look } from "./review/looking.js";

const go = (rel) => document.querySelector(`a[rel="${rel}"]`)?.click();

look({
  own: (sides) => ({
    left: () => (sides.isZoomed ? sides.deeds.left() : go("prev")),
    right: () => (sides.isZoomed ? sides.deeds.right() : go("next")),
  }),
});
