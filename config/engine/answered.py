"""`python -m config.engine.answered N`: wait until N posted items have a disposition or wait for a person."""

import json
import sys
import time
from datetime import datetime

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db.models import Exists, OuterRef, Q, QuerySet  # noqa: E402

from inspection.models import Item  # noqa: E402
from review.models import ReviewTask  # noqa: E402

ROUND_S = 0.5


def answered_items() -> QuerySet[Item]:
    """Return the items whose run has its disposition or that wait for a person, the demo's own past left out."""
    waiting = ReviewTask.objects.filter(item=OuterRef("pk"), closed_at=None)
    answered = Item.objects.filter(Q(run__disposition__settled_at__isnull=False) | Exists(waiting))
    return answered.filter(received_at__gt=_demo_loaded_at()) if settings.DEMO else answered


def _demo_loaded_at() -> datetime:
    facts = json.loads((settings.DATA / "demo.json").read_text())
    return datetime.fromisoformat(facts["loaded_at"])


def main(enough: int) -> None:
    while answered_items().count() < enough:
        time.sleep(ROUND_S)


if __name__ == "__main__":
    main(int(sys.argv[1]))
