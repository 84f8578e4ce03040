"""Defects of the bank, made through the deeds, with what a version said about them."""

from inspection.models import Line, ModelVersion, User
from review import bank
from review.bank_models import BankDefect, BankScore
from tests.builders import NOON, make_user
from tests.review.scene import make_run


def make_defect(
    line: Line, serial: str = "D-1", *, mark: str = "1", code: str = "scratch", confirmed: bool = True
) -> BankDefect:
    """Return a defect of the bank; its part is made where the line has none of that serial."""
    lead = User.objects.filter(username="quill").first() or make_user("quill", role=None)
    if not line.parts.filter(serial=serial).exists():
        make_run(line, serial)
    given = {"view": "front", "defect_class": code, "mark": mark, "found_by": "teardown"}
    defect = bank.add(line, serial=serial, by=lead, now=NOON, **given)
    if confirmed:
        bank.confirm(defect, method="microscope", by=lead, now=NOON)
    return defect


def say(defect: BankDefect, version: ModelVersion, *probabilities: float | None) -> None:
    """Let a version have said this about the defect's images, in their order."""
    for image, probability in zip(defect.images.order_by("pk"), probabilities, strict=True):
        BankScore.objects.create(image=image, model_version=version, probability=probability, scored_at=NOON)


def make_bank(line: Line, size: int, *, probability: float = 0.9, code: str = "scratch", first: int = 0) -> None:
    """Fill the bank with defects that the line's version gives this probability."""
    for n in range(first, first + size):
        say(make_defect(line, f"D-{code}-{n}", code=code), line.present_epoch.model_version, probability)
