"""Stored images whose truth is known: the bank's defects, and parts found good beyond one person's word."""

import random
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from inspection.models import GoldenReference, Item, LimitSample, Line
from inspection.rules.words import Label, TruthSource
from review.bank_models import BankDefect, BankImage
from review.models import Truth

KNOWN_GOOD = (TruthSource.ADJUDICATION.value, TruthSource.PHYSICAL.value)

_chance = random.SystemRandom()


class Known(NamedTuple):
    """A stored image with its truth; `defect` is None for a good part."""

    source: Item
    defect: BankDefect | None


def defects_of(line: Line) -> QuerySet[BankDefect]:
    """Return the bank's defects that can be shown: one each, whatever the number of its photographs."""
    pictured = BankImage.objects.filter(defect=OuterRef("pk"), item__view__in=line.views)
    return line.bank.in_use().filter(Exists(pictured))


def good_of(line: Line) -> QuerySet[Item]:
    """Return stored images of parts that are good beyond one person's word, but for those that everybody knows."""
    newer = Truth.objects.filter(item=OuterRef("item"), n__gt=OuterRef("n"))
    ruled = Truth.objects.filter(~Exists(newer), item__line=line, source__in=KNOWN_GOOD, label=Label.PASS.value)
    stored = Item.objects.real().filter(line=line, view__in=line.views, pk__in=ruled.values("item"))
    return stored.filter(unseen_by_all())


def unseen_by_all() -> Q:
    """Ask that an image's part hangs nowhere as limit sample or golden image: who sees it all day proves nothing by it.

    These parts are few: told once, where asking for each image would look through them for each.
    """
    limits, golden = LimitSample.objects.all(), GoldenReference.objects.all()
    asked = Q()
    for rows, image in ((limits, "still_good_image"), (limits, "already_bad_image"), (golden, "source")):
        parts = rows.filter(**{f"{image}__isnull": False}).values(f"{image}__run__part")
        asked &= ~Q(run__part__in=parts)
    return asked


def image_of(defect: BankDefect, line: Line) -> Known | None:
    """Return one photograph of a defect in a view that the line has, drawn by chance."""
    images = BankImage.objects.filter(defect=defect, item__view__in=line.views).select_related("item__measures")
    image = any_of(images)
    return Known(image.item, defect) if image else None


def any_of(rows: QuerySet):
    """Return one row by chance, None where there is none."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return rows.get(pk=_chance.choice(keys)) if keys else None


def some_of(rows: QuerySet, n: int) -> list:
    """Return up to `n` rows by chance."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return list(rows.filter(pk__in=_chance.sample(keys, min(n, len(keys)))))
