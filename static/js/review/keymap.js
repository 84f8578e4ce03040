// Which physical key does what. The map is a contract: a change of meaning raises the version.

export const KEYMAP_VERSION = 1;

// Keys are event.code, with "Shift+" where the shifted key means something else.
export const KEYMAP = Object.freeze({
  KeyF: "pass",
  KeyJ: "defect",
  KeyD: "cannot-judge",
  Backspace: "undo",
  KeyZ: "undo",
  KeyG: "golden",
  KeyL: "limits",
  KeyH: "heat",
  KeyY: "ask",
  KeyC: "comment",
  KeyP: "point",
  KeyB: "box",
  KeyI: "invert",
  KeyR: "reset",
  KeyQ: "pause",
  KeyS: "skip",
  Equal: "zoom-in",
  "Shift+Equal": "zoom-in",
  NumpadAdd: "zoom-in",
  Minus: "zoom-out",
  NumpadSubtract: "zoom-out",
  Digit0: "fit",
  Numpad0: "fit",
  "Shift+Digit0": "actual",
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  "Shift+ArrowLeft": "far-left",
  "Shift+ArrowRight": "far-right",
  "Shift+ArrowUp": "far-up",
  "Shift+ArrowDown": "far-down",
  BracketLeft: "darker",
  BracketRight: "brighter",
  "Shift+BracketLeft": "flatter",
  "Shift+BracketRight": "steeper",
  "Shift+Slash": "help",
  Enter: "enter",
  NumpadEnter: "enter",
  Space: "space",
  Escape: "escape",
});

// Holding a key repeats only what is harmless to repeat.
const REPEATABLE = new Set(["left", "right", "up", "down", "zoom-in", "zoom-out", "darker", "brighter", "flatter", "steeper"]);

// Where a person has switched single keys off, only what closes something is left; buttons do the rest.
export const NO_KEYS = Object.freeze({ Escape: "escape" });

// Return the map with a person's keys in place of the product's; an empty one leaves the action without a key. What has
// a sign in the product's map keeps its places where the sign was kept. Backspace and the numbers stay as they are.
export function withLetters(keys) {
  const isLetter = (key) => /^[A-Z]$/.test(key);
  const bySign = new Set(Object.keys(keys).filter((action) => !Object.entries(KEYMAP).some(([code, does]) => does === action && /^Key/.test(code))));
  const stays = ([code, action]) => !(action in keys) || (bySign.has(action) ? keys[action] && !isLetter(keys[action]) : !/^Key/.test(code));
  const chosen = Object.entries(keys).filter(([, key]) => isLetter(key)).map(([action, key]) => [`Key${key}`, action]);
  return Object.freeze(Object.fromEntries([...Object.entries(KEYMAP).filter(stays), ...chosen]));
}

// Return {action, digit} for a key event, or null where the key is none of the loop's.
export function meaningOf(event, map = KEYMAP) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const digit = map === NO_KEYS ? null : /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (digit && !event.shiftKey) return event.repeat ? null : { action: "digit", digit: Number(digit[1]) };
  const action = map[event.shiftKey ? `Shift+${event.code}` : event.code];
  if (!action || (event.repeat && !REPEATABLE.has(action))) return null;
  return { action, digit: 0 };
}

// Typing belongs to the field that has the focus.
export function isTyping(target) {
  return target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
}
