"""The final first readings of an epoch, each with the call of the model and the ruling: the rows behind reports."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, F, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from inspection.models import Epoch, Prediction
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
CHUNK = 1000


def final_readings(epoch: Epoch) -> QuerySet[Any]:
    """Return the final blind first readings with `call`, `probability`, `ruling` and `reference` beside each.

    `reference` is the ruling where there is one, else the reading: the verdict of record.
    """
    said = Prediction.objects.filter(item=OuterRef("task__item"), model_version=epoch.model_version_id)
    ruled = Truth.objects.filter(item=OuterRef("task__item"), source__in=RULED).order_by("-n")
    final = DecisionFate.objects.filter(decision=OuterRef("pk"), fate=DecisionFate.FINAL)
    readings = Decision.objects.filter(
        Exists(final),
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
    )


def rows(epoch: Epoch, *, since: date | None, until: date | None) -> Iterator[dict[str, Any]]:
    """Yield one row a reading in the order of the parts, from local day to local day, without holding them all."""
    yield from listed(final_readings(epoch).filter(**window(epoch, since, until)))


def listed(readings: QuerySet[Any], *beside: str) -> Iterator[dict[str, Any]]:
    """Yield readings with all that is known of each as the columns of a file, in the order of the parts.

    `beside` names further columns of the query.
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
    yield from renamed.order_by("opened_at", "pk").values(*COLUMNS, *beside).iterator(CHUNK)


def window(epoch: Epoch, since: date | None, until: date | None) -> dict[str, datetime]:
    zone = ZoneInfo(epoch.line.time_zone)
    window = {}
    if since is not None:
        window["task__run__opened_at__gte"] = datetime.combine(since, time.min, zone)
    if until is not None:
        window["task__run__opened_at__lte"] = datetime.combine(until, time.max, zone)
    return window
