"""The health run: a model tries the last stored images of a line before it may run beside people, or instead of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from inspection import pipeline, registry
from inspection.models import HealthRun, Line, ModelVersion, Rollout
from inspection.rules.ladder import HEALTH_ITEMS
from inspection.rules.words import Level, Outcome, RolloutOutcome

FRESH = timedelta(hours=24)


def due(*, now: datetime) -> list[tuple[Line, ModelVersion]]:
    """Return which model is to try which line's images: what waits at `human`, and each candidate of a rollout once.

    What serves waits until there are as many images as its gate asks for; a candidate tries as many as there are.
    """
    return _waiting(now=now) + _candidates()


def _waiting(*, now: datetime) -> list[tuple[Line, ModelVersion]]:
    waiting = []
    for line in Line.objects.filter(is_active=True, level=Level.HUMAN.value):
        version = registry.serving(line)
        fresh = HealthRun.objects.filter(line=line, model_version=version, finished_at__gt=now - FRESH)
        if version is not None and not fresh.exists() and line.items.real().count() >= HEALTH_ITEMS:
            waiting.append((line, version))
    return waiting


def _candidates() -> list[tuple[Line, ModelVersion]]:
    opened = Rollout.objects.filter(line__is_active=True, outcome=RolloutOutcome.OPEN.value)
    return [
        (rollout.line, rollout.candidate)
        for rollout in opened.select_related("line", "candidate")
        if trial_of(rollout) is None and rollout.line.items.real().exists()
    ]


def trial_of(rollout: Rollout) -> HealthRun | None:
    """Return how the candidate of a rollout did on the line's images when it began; None before it tried them."""
    runs = HealthRun.objects.filter(line=rollout.line_id, model_version=rollout.candidate_id)
    return runs.filter(finished_at__gte=rollout.opened_at).order_by("finished_at").first()


def try_model(
    line: Line,
    version: ModelVersion,
    *,
    now: datetime,
    examine: Callable[..., pipeline.Examined] = pipeline.examine,
) -> HealthRun:
    """Let a model look at the last stored images, and keep what came out. Predictions are not kept.

    The 95th percentile is of whole examinations: decode to explanation, as the line would wait for them.
    """
    missing, times, complaint = 0, [], ""
    for item in line.items.real().select_related("run", "line").order_by("-received_at")[:HEALTH_ITEMS]:
        examined = examine(item, now=now, versions=[version])
        missing += not examined.opinions
        complaint = complaint or ("" if examined.opinions else _complaint(examined))
        times.append(sum(stage.ms for stage in examined.stages))
    return note(line, version, items=len(times), missing=missing, p95_ms=_p95(times), complaint=complaint, now=now)


def note(
    line: Line,
    version: ModelVersion,
    *,
    items: int,
    missing: int,
    p95_ms: float,
    complaint: str = "",
    now: datetime,
) -> HealthRun:
    return HealthRun.objects.create(
        line=line,
        model_version=version,
        items=items,
        missing=missing,
        p95_ms=p95_ms,
        complaint=complaint,
        finished_at=now,
    )


def _complaint(examined: pipeline.Examined) -> str:
    """Return what the first stage that failed says, as the log has it but for where the server keeps its files."""
    said = next((done.detail for done in examined.stages if done.outcome == Outcome.FAILED), "")
    return said.replace(f"{settings.MODELS_ROOT}/", "")


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))] if times else 0.0
