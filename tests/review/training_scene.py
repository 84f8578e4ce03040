"""A line whose labels a model may learn from, taken in through the door and ruled on."""

from datetime import datetime, timedelta

from inspection.models import Item, Line
from inspection.rules.words import Label, TruthSource
from review.models import Truth
from tests.builders import NOON
from tests.inspection.items import BRIGHT, DARK, make_item


def make_labelled(line: Line, count: int = 24, *, first: int = 0, at: datetime = NOON) -> list[Item]:
    """Take in parts of which every second one is bright and ruled a scratch; the others are ruled good."""
    items = []
    for n in range(first, first + count):
        is_bad = n % 2 == 1
        item = make_item(line, light=BRIGHT if is_bad else DARK, serial=f"P-{n}", seed=n, at=at + timedelta(seconds=n))
        state(item, Label.DEFECT if is_bad else Label.PASS)
        items.append(item)
    return items


def state(item: Item, label: Label, *, source: TruthSource = TruthSource.ADJUDICATION) -> Truth:
    """Let an image's label stand from now on."""
    return Truth.objects.create(
        item=item,
        n=1 + item.truths.count(),
        label=label.value,
        defect_class="scratch" if label == Label.DEFECT else "",
        source=source.value,
        created_at=NOON,
    )
