"""The final first readings of an epoch, each with the call of the model and the ruling: the rows behind reports."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Exists, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat

from inspection.models import Epoch, Prediction, Run
from inspection.rules.words import Phase, Purpose
from review.models import Decision, DecisionFate, Truth

COLUMNS = (
    "opened_at",
    "serial",
    "run",
    "view",
    "station",
    "inspector",
    "label",
    "defect_class",
    "blind",
    "model_call",
    "model_class",
    "probability",
    "ruling",
    "ruled_class",
    "incumbent",
    "truth_draw",
)
RULED = ("adjudication", "physical")
STRETCH = 1000


def final_readings(epoch: Epoch) -> QuerySet[Any]:
    """Return the final blind first readings with `call`, `probability`, `ruling` and `reference` beside each.

    `reference` is the ruling where there is one, else the reading: the verdict of record. `both` is call/reference.
    """
    said = Prediction.objects.filter(item=OuterRef("task__item"), model_version=epoch.model_version_id)
    ruled = Truth.objects.filter(item=OuterRef("task__item"), source__in=RULED).order_by("-n")
    final = DecisionFate.objects.filter(decision=OuterRef("pk"), fate=DecisionFate.FINAL)
    readings = Decision.objects.filter(
        Exists(final),
        # Named beside the epoch, the line's own index gives its runs in the order of time.
        task__run__line=epoch.line_id,
        task__run__epoch=epoch,
        task__run__part__is_challenge=False,
        task__purpose=Purpose.PRIMARY.value,
        phase=Phase.INITIAL.value,
        blind=True,
    )
    return readings.annotate(
        call=Subquery(said.values("call")[:1]),
        model_class=Subquery(said.values("defect_class")[:1]),
        probability=Subquery(said.values("probability")[:1]),
        ruling=Subquery(ruled.values("label")[:1]),
        ruled_class=Subquery(ruled.values("defect_class")[:1]),
    ).annotate(
        reference=Coalesce("ruling", "label"),
        reference_class=Case(When(ruling=None, then=F("defect_class")), default=F("ruled_class")),
        both=Concat("call", Value("/"), "reference", output_field=CharField()),
    )


def rows(epoch: Epoch, *, since: date | None, until: date | None) -> Iterator[dict[str, Any]]:
    """Yield one row a reading in the order of the parts, from local day to local day, without holding them all."""
    yield from listed(epoch, final_readings(epoch).filter(**window(epoch, since, until)))


def listed(epoch: Epoch, readings: QuerySet[Any], *beside: str) -> Iterator[dict[str, Any]]:
    """Yield readings of an epoch with all that is known of each as the columns of a file, in the order of the parts.

    `beside` names further columns of the query. Asked for a stretch at a time, the first rows come at once.
    """
    renamed = readings.annotate(
        opened_at=F("task__run__opened_at"),
        serial=F("task__run__part__serial"),
        run=F("task__run__n"),
        view=F("task__item__view"),
        station=F("task__item__station__name"),
        inspector=F("person__username"),
        model_call=F("call"),
        incumbent=F("task__item__incumbent_verdict"),
        truth_draw=F("task__run__drawn_truth"),
    )
    told = renamed.order_by("opened_at", "pk").values(*COLUMNS, *beside)
    for stretch in _stretches(epoch):
        yield from told.filter(**stretch)


def _stretches(epoch: Epoch) -> Iterator[dict[str, datetime]]:
    """Yield windows of about a thousand runs each that follow one another over all runs of the epoch."""
    runs = Run.objects.filter(line=epoch.line_id, epoch=epoch).order_by("opened_at").values_list("opened_at", flat=True)
    seen: dict[str, datetime] = {}
    while moments := list(runs.filter(**seen)[:STRETCH]):
        yield {f"task__run__{name}": at for name, at in {**seen, "opened_at__lte": moments[-1]}.items()}
        seen = {"opened_at__gt": moments[-1]}


def window(epoch: Epoch, since: date | None, until: date | None) -> dict[str, datetime]:
    zone = ZoneInfo(epoch.line.time_zone)
    window = {}
    if since is not None:
        window["task__run__opened_at__gte"] = datetime.combine(since, time.min, zone)
    if until is not None:
        window["task__run__opened_at__lte"] = datetime.combine(until, time.max, zone)
    return window
