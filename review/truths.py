"""Labels that stand above people's readings: what a microscope, or the maker of a data set, knows."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from inspection.models import Item
from inspection.rules.words import Label, TruthSource
from review.models import Truth


@transaction.atomic
def confirm(item: Item, *, label: Label, defect_class: str, now: datetime) -> Truth | None:
    """Keep a physically confirmed label as the item's newest truth. None where it has one already.

    Readers never see it; it is there for evaluation and is never learned from.
    """
    # The item's row is the lock: two imports of one set count once.
    Item.objects.select_for_update().get(pk=item.pk)
    truths = Truth.objects.filter(item=item)
    if truths.filter(source=TruthSource.PHYSICAL.value).exists():
        return None
    return Truth.objects.create(
        item=item,
        n=(truths.aggregate(last=Max("n"))["last"] or 0) + 1,
        label=label.value,
        defect_class=defect_class if label == Label.DEFECT else "",
        source=TruthSource.PHYSICAL.value,
        created_at=now,
    )
