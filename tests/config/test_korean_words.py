"""Korean texts: one word for one thing, and a glyph of our own for every letter that a page says."""

import re
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2]
HANGUL = re.compile("[\u3131-\u318e\uac00-\ud7a3]")
# The word that is not said, and the one that is (the glossary of the interface).
ONE_WORD = {
    "알람": "경보",
    "QA 책임자": "품질 책임자",
    "밴드": "구간",
    "상향": "승급",
    "참값 표본": "참값 추출",
    "진실 추출": "참값 추출",
    "히트맵": "열지도",
    "2단계 인증": "2차 인증",
}


def said() -> str:
    """Return all that the catalogue says."""
    entries = polib.pofile(str(ROOT / "locale/ko/LC_MESSAGES/django.po"))
    return "\n".join("\n".join([entry.msgstr, *entry.msgstr_plural.values()]) for entry in entries)


def texts() -> dict[str, str]:
    documents = {str(path): path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.ko.md")}
    assert documents
    return {"the catalogue": said(), **documents}


@pytest.mark.parametrize("word", ONE_WORD)
def test_one_thing_has_one_word(word):
    where = [name for name, text in texts().items() if word in text]
    assert where == [], f"say {ONE_WORD[word]}"
    assert ONE_WORD[word] in said()


def drawn(ranges: str) -> set[int]:
    """Return the letters of a unicode-range."""
    letters: set[int] = set()
    for stretch in ranges.split(", "):
        first, _, last = stretch.removeprefix("U+").partition("-")
        letters |= set(range(int(first, 16), int(last or first, 16) + 1))
    return letters


def faces(*parts: str) -> set[int]:
    """Return the letters of the faces that bear these names."""
    sheet = (ROOT / "static/css/fonts-ko.css").read_text(encoding="utf-8").split("@font-face")
    found = [face for face in sheet if any(f"-{part}-400" in face for part in parts)]
    assert len(found) == len(parts)
    return set().union(*(drawn(re.search(r"unicode-range: ([^;]+);", face)[1]) for face in found))


def test_the_faces_have_every_letter_that_the_catalogue_says_and_the_small_ones_nearly_all():
    letters = {ord(letter) for letter in HANGUL.findall(said())}
    assert letters - faces("name", "pages", "rest") == set()
    # A letter that is in the large face alone is drawn too, but brings all of it with the page.
    beyond = letters - faces("name", "pages")
    assert len(beyond) <= 0.01 * len(letters), f"run tools/fonts.py: {''.join(map(chr, sorted(beyond)))}"
