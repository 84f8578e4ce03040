"""What can be wrong with each product: one table for demo lines, drawings and tests."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DefectClass:
    """One defect class of a product, as a line's scope lists it."""

    code: str
    name: str
    name_ko: str
    risk: str  # critical, major or cosmetic
    key: str  # the digit that chooses it in the review loop


def _defect(key: str, code: str, name: str, name_ko: str, risk: str) -> DefectClass:
    return DefectClass(code=code, name=name, name_ko=name_ko, risk=risk, key=key)


_OTHER = _defect("9", "other", "other", "기타", "major")

CLASSES: dict[str, tuple[DefectClass, ...]] = {
    "glass": (
        _defect("1", "scratch", "scratch", "스크래치", "major"),
        _defect("2", "chip", "chip", "깨짐(칩)", "major"),
        _defect("3", "crack", "crack", "균열", "critical"),
        _defect("4", "stain", "stain", "얼룩", "cosmetic"),
        _OTHER,
    ),
    "lens": (
        _defect("1", "scratch", "scratch", "스크래치", "major"),
        _defect("2", "dust", "dust inside", "내부 먼지", "major"),
        _defect("3", "ring-dent", "ring dent", "링 찍힘", "cosmetic"),
        _defect("4", "chip", "chip", "깨짐(칩)", "major"),
        _defect("5", "crack", "crack", "균열", "critical"),
        _OTHER,
    ),
    "frame": (
        _defect("1", "scratch", "scratch", "스크래치", "major"),
        _defect("2", "dent", "dent", "찍힘", "major"),
        _defect("3", "nick", "edge nick", "모서리 흠", "critical"),
        _defect("4", "stain", "stain", "얼룩", "cosmetic"),
        _OTHER,
    ),
    "back": (
        _defect("1", "scratch", "scratch", "스크래치", "major"),
        _defect("2", "chip", "chip", "깨짐(칩)", "major"),
        _defect("3", "crack", "crack", "균열", "critical"),
        _defect("4", "stain", "stain", "얼룩", "cosmetic"),
        _OTHER,
    ),
}

PRODUCTS = tuple(CLASSES)

# A kind of scratch that no mix contains: it appears only when asked for by name,
# so that a model trained on drawn parts has never seen it. People call it "other".
UNSEEN = "hairline-web"
