"""The keys of the review loop that a person may change. Digits of classes, arrows and Enter keep their meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase

# Letters are places on the keyboard (event.code), the same under every layout. An empty one switches the key off.
PRODUCT = {
    "pass": "F",
    "defect": "J",
    "cannot-judge": "D",
    "undo": "Z",
    "golden": "G",
    "limits": "L",
    "heat": "H",
    "ask": "Y",
    "comment": "C",
    "point": "P",
    "box": "B",
    "invert": "I",
    "reset": "R",
    "pause": "Q",
    "skip": "S",
    # Signs that show what they do; who cannot reach one gives the action a letter.
    "zoom-in": "+",
    "zoom-out": "−",
    "fit": "0",
    "actual": "Shift+0",
    "darker": "[",
    "brighter": "]",
    "flatter": "{",
    "steeper": "}",
    "help": "?",
}
# Actions that came after people had chosen their letters: a chosen letter stays theirs, the later action goes without.
LATER = ("limits",)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What one person's loop listens to. With `off` set no single key does anything; buttons stay."""

    letters: Mapping[str, str]
    off: bool = False
    glove: bool = False

    def cap(self, letter: str) -> str:
        """Return what stands where the product has `letter`; empty where the key is switched off."""
        action = next((action for action, known in PRODUCT.items() if known == letter), None)
        if self.off:
            return ""
        return letter if action is None else self.letters[action]


def of(kept: Mapping[str, object]) -> Keys:
    """Read a person's preferences. A map that is not whole or has a conflict counts as none: no answer is ever lost."""
    chosen = kept.get("keys")
    changed = chosen if isinstance(chosen, dict) else {}
    yielded = {action: "" for action in LATER if PRODUCT[action] in list(changed.values())}
    letters = {**PRODUCT, **yielded, **changed}
    is_whole = set(letters) == set(PRODUCT) and all(key in choices(action) for action, key in letters.items())
    if not is_whole or clashes(letters):
        letters = dict(PRODUCT)
    return Keys(letters=letters, off=kept.get("keys_off") is True, glove=kept.get("glove") is True)


def choices(action: str) -> tuple[str, ...]:
    """Return what an action may have: no key, the product's sign where it has one, or any letter."""
    own = PRODUCT[action]
    return ("", *(() if own in ascii_uppercase else (own,)), *ascii_uppercase)


def clashes(letters: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the letters that more than one action wants, each with its actions.

    >>> clashes({"pass": "F", "defect": "F", "undo": "", "golden": ""})
    {'F': ['pass', 'defect']}
    """
    wanted: dict[str, list[str]] = {}
    for action, letter in letters.items():
        wanted.setdefault(letter, []).append(action)
    return {letter: actions for letter, actions in wanted.items() if letter and len(actions) > 1}


def changed(letters: Mapping[str, str]) -> dict[str, str]:
    """Return only what differs from the product's map: a later product may give the rest other letters."""
    return {action: letter for action, letter in letters.items() if letter != PRODUCT[action]}
