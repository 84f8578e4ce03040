"""Lines that train by themselves: their rules held against the clock and the drift of their images."""

from datetime import datetime

from inspection.models import Line
from monitoring.models import DriftMark
from review import retraining, trainings

DRIFTED = (DriftMark.ALARM, DriftMark.SUSTAINED)


def follow(*, now: datetime) -> None:
    """Close trainings whose worker is gone, let versions that waited begin, and order what a line's rule wants now."""
    trainings.sweep(now=now)
    trainings.follow_waiting(now=now)
    for line in Line.objects.filter(is_active=True, retraining_rules__isnull=False).distinct():
        drift = DriftMark.objects.filter(baseline__line=line, kind__in=DRIFTED).order_by("-marked_at").first()
        retraining.ask_where_due(line, drifted_at=drift.marked_at if drift else None, now=now)
