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
    answered = Item.objects.real().filter(Q(run__disposition__settled_at__isnull=False) | Exists(waiting))
    loaded_at = _demo_loaded_at()
    return answered.filter(received_at__gt=loaded_at) if loaded_at else answered


def _demo_loaded_at() -> datetime | None:
    path = settings.DATA / "demo.json"
    return datetime.fromisoformat(json.loads(path.read_text())["loaded_at"]) if path.exists() else None


def main(enough: int) -> None:
    while answered_items().count() < enough:
        time.sleep(ROUND_S)


if __name__ == "__main__":
    main(int(sys.argv[1]))
