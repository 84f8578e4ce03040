"""Cut the faces down to what the pages say, and write the style sheet that loads the Korean ones.

    npm pack @fontsource/noto-sans-kr @fontsource-variable/inter    # unpack each into a folder of its own
    pip install fonttools brotli                                    # in an environment to throw away
    python tools/fonts.py NOTO/package/files INTER/package/files

Three files a weight, each loaded only where a page says one of its syllables: the language's own name (tiny, on the
buttons that lead to it), those of locale/ko (small, on every Korean page) and the rest of KS X 1001 (data, comments).
"""

import re
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

ROOT = Path(__file__).resolve().parents[1]
FONTS = ROOT / "static" / "fonts"
SHEET = ROOT / "static" / "css" / "fonts-ko.css"
PO = ROOT / "locale" / "ko" / "LC_MESSAGES" / "django.po"
WEIGHTS = (400, 600)
# Plain text to <strong>; what shapes and places letters, and figures of one width.
INTER_WEIGHTS = (400, 700)
INTER_FEATURES = ["calt", "ccmp", "kern", "locl", "mark", "mkmk", "tnum"]
HANGUL = re.compile("[\u3131-\u318e\uac00-\ud7a3]")
PUNCTUATION = "“”‘’·…「」"
OWN_NAME = "한국어"

FACE = """@font-face {{
  font-family: "Noto Sans KR";
  src: url("../fonts/{file}") format("woff2");
  font-weight: {weight};
  font-display: swap;
  unicode-range: {ranges};
}}
"""


def main(noto: Path, inter: Path) -> None:
    _inter(inter / "inter-latin-wght-normal.woff2", FONTS / "inter-latin.woff2")
    _korean(noto)


def _inter(source: Path, target: Path) -> None:
    """Keep the weights and features that the sheets ask for: every page waits for this face on a slow network.

    Tabular figures stay for digits alone: a tabular hyphen tears words such as "st-07" apart.
    """
    options = subset.Options(layout_features=INTER_FEATURES, name_IDs=["*"], glyph_names=False)
    font = subset.load_font(source, options)
    for record in font["GSUB"].table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                _digits_only(font, font["GSUB"].table.LookupList.Lookup[index])
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=font.getBestCmap())
    cutter.subset(font)
    font = instancer.instantiateVariableFont(font, {"wght": INTER_WEIGHTS})
    font.flavor = "woff2"
    font.save(target)


def _digits_only(font: TTFont, lookup) -> None:
    digits = {font.getBestCmap()[ord(digit)] for digit in "0123456789"}
    for table in lookup.SubTable:
        inner = getattr(table, "ExtSubTable", table)
        inner.mapping = {glyph: tabular for glyph, tabular in inner.mapping.items() if glyph in digits}


def _korean(source: Path) -> None:
    name = set(OWN_NAME)
    said = set(HANGUL.findall(PO.read_text(encoding="utf-8"))) - name
    rest = {chr(code) for code in range(0xAC00, 0xD7A4) if _in_ks_x_1001(chr(code))} - said - name | set(PUNCTUATION)
    sheet = [
        "/* Written by tools/fonts.py. Noto Sans KR, SIL Open Font License (static/fonts/OFL-NotoSansKR.txt). */\n"
    ]
    for weight in WEIGHTS:
        for part, letters in (("rest", rest), ("pages", said), ("name", name)):
            file = f"noto-sans-kr-{part}-{weight}.woff2"
            _cut(source / f"noto-sans-kr-korean-{weight}-normal.woff2", FONTS / file, letters)
            sheet.append(FACE.format(file=file, weight=weight, ranges=_ranges(letters)))
    SHEET.write_text("\n".join(sheet), encoding="utf-8")


def _in_ks_x_1001(letter: str) -> bool:
    """Two bytes mean a syllable of the standard; the codec spells the others out in eight."""
    return len(letter.encode("euc-kr", errors="ignore")) == 2


def _cut(source: Path, target: Path, letters: set[str]) -> None:
    options = subset.Options(flavor="woff2", layout_features=["*"], desubroutinize=True)
    font = subset.load_font(source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(letters)))
    cutter.subset(font)
    subset.save_font(font, target, options)


def _ranges(letters: set[str]) -> str:
    """The letters as a unicode-range: neighbours in one stretch."""
    stretches: list[list[int]] = []
    for code in sorted(map(ord, letters)):
        if stretches and stretches[-1][1] == code - 1:
            stretches[-1][1] = code
        else:
            stretches.append([code, code])
    return ", ".join(f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}" for first, last in stretches)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
