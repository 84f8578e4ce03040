// A tap of the golden key goes to the next way of comparing; holding it shows the golden image for as long.

const HOLD_MS = 250;

// `viewer` knows hold(isHeld) and nextMode().
export function goldenKey(viewer) {
  let timer = null;
  let isHeld = false;
  // A key that is let go over another window is never heard of.
  addEventListener("blur", () => {
    clearTimeout(timer);
    timer = null;
    if (isHeld) viewer.hold(false);
    isHeld = false;
  });
  return {
    down() {
      timer ??= setTimeout(() => {
        isHeld = true;
        viewer.hold(true);
      }, HOLD_MS);
    },
    up() {
      if (timer === null) return;
      clearTimeout(timer);
      timer = null;
      if (isHeld) viewer.hold(false);
      else viewer.nextMode();
      isHeld = false;
    },
  };
}
