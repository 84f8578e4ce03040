"""What certified bands mean for a shift: what they decide, what that saves, and why the rest stays with people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from inspection.models import Line, Run
from inspection.rules.words import Purpose
from review.models import Decision

LOOK_BACK = timedelta(days=7)
READINGS = 500
USUAL_READING_S = 6.0


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """One shift under the bands: parts, how many people read, and what that saves.

    `automatic_share` of the parts are decided by the model alone: neither between the bands nor drawn.
    """

    parts: int
    automatic_share: float
    read: int
    auto_passed: int
    auto_rejected: int
    minutes: int
    money: Decimal | None

    def as_plain(self) -> dict[str, Any]:
        """Return the forecast as it is kept and told over HTTP."""
        return {**asdict(self), "money": None if self.money is None else str(self.money)}


def forecast(line: Line, shares: Mapping[str, float], *, now: datetime) -> Forecast:
    """Return the workload of a usual shift under the bands, draws included, against reading every part."""
    parts = _parts_per_shift(line, now=now)
    drawn = 1 - (1 - line.truth_share) * (1 - line.audit_share) * (1 - line.control_share)
    decided = (shares["pass"] + shares["reject"]) * (1 - drawn)
    spared = parts * decided
    money = None if line.cost_reading is None else round(line.cost_reading * Decimal(spared), 2)
    return Forecast(
        parts=round(parts),
        automatic_share=decided,
        read=round(parts - spared),
        auto_passed=round(parts * shares["pass"] * (1 - drawn)),
        auto_rejected=round(parts * shares["reject"] * (1 - drawn)),
        minutes=round(spared * reading_s(line) / 60),
        money=money,
    )


def stays(line: Line, shares: Mapping[str, float]) -> dict[str, float]:
    """Return why parts stay with people under the bands, each reason with the share of all parts that it alone keeps.

    A part between the bands is a person's whatever was drawn; of the others each draw keeps what the draws before it
    left. With the share that the model decides they add up to one.
    """
    left = shares["pass"] + shares["reject"]
    kept = {"middle": 1 - left}
    # In the order of routing.
    draws = {"truth": line.truth_share, "audit": line.audit_share, "control": line.control_share}
    for name, share in draws.items():
        kept[name] = left * share
        left -= kept[name]
    return kept


def _parts_per_shift(line: Line, *, now: datetime) -> float:
    since = max(now - LOOK_BACK, line.created_at)
    days = max((now - since).total_seconds() / 86400, 1.0)
    return Run.objects.natural().filter(line=line, opened_at__gt=since).count() / days / max(len(line.shift_pattern), 1)


def reading_s(line: Line) -> float:
    """Return how long one reading takes here: the median of the last ones."""
    times = (
        Decision.objects.filter(task__run__line=line)
        .exclude(task__purpose=Purpose.GOLD.value)
        .order_by("-task__run__opened_at")
        .values_list("view_ms", flat=True)
    )
    newest = list(times[:READINGS])
    return median(newest) / 1000 if newest else USUAL_READING_S
