"""Make the faces of printed reports, Latin and Korean in one file, from the faces of the pages.

    pip install fonttools brotli        # in an environment to throw away
    python tools/paper_fonts.py

A PDF embeds the letters it uses, and wants one TrueType file a weight: Inter (fixed at the weight and brought to
the same scale) merged with both parts of Noto Sans KR. Both are under the SIL Open Font License.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "static" / "fonts"
PAPER = ROOT / "review" / "fonts"
WEIGHTS = (400, 600)
KEPT = {"glyf", "loca", "head", "hhea", "hmtx", "maxp", "cmap", "name", "post", "OS/2", "GlyphOrder"}


def main() -> None:
    with TemporaryDirectory() as folder:
        for weight in WEIGHTS:
            _face(weight, Path(folder)).save(PAPER / f"paper-{weight}.ttf")


def _face(weight: int, folder: Path) -> TTFont:
    inter = instantiateVariableFont(TTFont(PAGES / "inter-latin.woff2"), {"wght": weight})
    scale_upem(inter, 1000)
    korean = [TTFont(PAGES / f"noto-sans-kr-{part}-{weight}.woff2") for part in ("name", "pages", "rest")]
    files = []
    for n, font in enumerate((inter, *korean)):
        files.append(str(folder / f"{n}.ttf"))
        _bare(font).save(files[-1])
    return Merger().merge(files)


def _bare(font: TTFont) -> TTFont:
    """Leave out what paper has no use for: hints, layout rules, vertical metrics."""
    for table in set(font.keys()) - KEPT:
        del font[table]
    font.flavor = None
    return font


if __name__ == "__main__":
    main()
