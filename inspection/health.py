"""The health run: a model tries the last stored images of a line before it may run beside people."""

from collections.abc import Callable
from datetime import datetime, timedelta

from inspection import pipeline, registry
from inspection.models import HealthRun, Line
from inspection.rules.ladder import HEALTH_ITEMS
from inspection.rules.words import Level

FRESH = timedelta(hours=24)


def lines_to_try(*, now: datetime) -> list[Line]:
    """Return the lines at `human` whose model has images to try and no fresh health run."""
    waiting = []
    for line in Line.objects.filter(is_active=True, level=Level.HUMAN.value):
        version = registry.serving(line)
        fresh = HealthRun.objects.filter(line=line, model_version=version, finished_at__gt=now - FRESH)
        if version is not None and not fresh.exists() and line.items.real().count() >= HEALTH_ITEMS:
            waiting.append(line)
    return waiting


def try_model(line: Line, *, now: datetime, examine: Callable[..., pipeline.Examined] = pipeline.examine) -> HealthRun:
    """Let the serving model look at the last stored images, and keep what came out. Predictions are not kept.

    The 95th percentile is of whole examinations: decode to explanation, as the line would wait for them.
    """
    version = registry.present(line)
    missing, times = 0, []
    for item in line.items.real().select_related("run").order_by("-received_at")[:HEALTH_ITEMS]:
        examined = examine(item, now=now, versions=[version])
        missing += not examined.opinions
        times.append(sum(stage.ms for stage in examined.stages))
    return note(line, items=len(times), missing=missing, p95_ms=_p95(times), now=now)


def note(line: Line, *, items: int, missing: int, p95_ms: float, now: datetime) -> HealthRun:
    return HealthRun.objects.create(
        line=line, model_version=registry.present(line), items=items, missing=missing, p95_ms=p95_ms, finished_at=now
    )


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))] if times else 0.0
