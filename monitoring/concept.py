"""Concept drift: what people say against the model, as the charts heard it part by part. Scores cannot show it."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse

from inspection.models import Item, Line
from inspection.rules.ladder import DISAGREEMENT_DEMOTE, DISAGREEMENT_R0, DISAGREEMENT_R1, DISAGREEMENT_WARN
from inspection.rules.words import Stream
from monitoring.drift_boards import DotChart, dot_chart
from review import counts, watches
from review.audit_models import AuditFinding, WatchChart
from review.models import CountDelta
from review.rules.auditing import Kind
from stats.cusum import trace

SHOWN, HEARD = 200, 2_000


def disagreement(line: Line) -> tuple[DotChart | None, dict[str, float]]:
    """Return the chart of blind parts on which people and model differ, and where it stands."""
    if line.epoch is None:
        return None, {}
    rows = CountDelta.objects.filter(epoch=line.epoch, stream=Stream.AGREEMENT.value).order_by("-pk")
    # Only the first count of a part was heard: what a ruling takes back came later.
    heard = dict(list(rows.values_list("run", "f")[:HEARD]))
    parts = [(run, failures > 0) for run, failures in list(heard.items())[::-1]]
    w, n = counts.chart(line.epoch)
    # A chart that has fallen below its start stands at nothing, as it is drawn.
    standing = {"w": max(0.0, w), "n": n, "warn": DISAGREEMENT_WARN, "act": DISAGREEMENT_DEMOTE}
    return _chart(line, "disagreement", parts, DISAGREEMENT_R0, DISAGREEMENT_R1, DISAGREEMENT_WARN), standing


def audits(line: Line) -> DotChart | None:
    """Return the chart of audited passes that turned out bad; None where no audit watches the line."""
    watch = watches.standing(line)
    chart = WatchChart.objects.filter(watch=watch, closed_at=None, name=WatchChart.ESCAPE).first() if watch else None
    if chart is None:
        return None
    found = AuditFinding.objects.filter(watch=watch, kind=Kind.AUTO_PASS.value).order_by("-pk")
    parts = list(found.values_list("run", "is_bad")[:HEARD])[::-1]
    return _chart(line, "escapes", parts, chart.p0, chart.p1, chart.warn)


def _chart(
    line: Line, name: str, parts: Iterable[tuple[UUID, bool]], r0: float, r1: float, warn: float
) -> DotChart | None:
    parts = list(parts)
    walked = trace([int(bad) for _, bad in parts], r0, r1)
    shown = list(zip(parts, walked, strict=True))[-SHOWN:]
    images = dict(Item.objects.filter(run__in=[run for (run, _), _ in shown]).values_list("run", "pk"))
    known = [(run, bad, w) for (run, bad), w in shown if run in images]
    values = [
        (max(0.0, w), "✗" if bad else "✓", reverse("line-image", args=[line.slug, images[run]]) + "?full=1")
        for run, bad, w in known
    ]
    return dot_chart(name, values, limit=warn, drawn=[bad for _, bad, _ in known])
