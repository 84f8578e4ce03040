"""What people and rollouts changed before a line's numbers: marked on every chart that lies behind it."""

from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from django.utils.translation import gettext as _

from inspection.models import Bands, DeploymentChange, Epoch, Line
from monitoring.models import Baseline


class Change(NamedTuple):
    """One thing that was changed about a line, and when."""

    at: datetime
    word: str


def changes(line: Line, *, since: datetime, until: datetime) -> list[Change]:
    """Return what was changed about a line in a stretch, oldest first.

    Levels, models, bands, references, and the configuration: product, classes, call threshold, declared optics.
    """
    moved = line.level_changes.filter(changed_at__gte=since, changed_at__lt=until)
    served = line.deployment_changes.filter(changed_at__gte=since, changed_at__lt=until)
    certified = Bands.objects.filter(line=line, created_at__gte=since, created_at__lt=until)
    taken = Baseline.objects.filter(line=line, taken_at__gte=since, taken_at__lt=until)
    return sorted(
        [
            *(Change(row.changed_at, _("level %(level)s") % {"level": row.to_level}) for row in moved),
            *(Change(row.changed_at, _model(row)) for row in served.select_related("serving", "candidate")),
            *(Change(at, _("configuration: product, classes or optics")) for at in _configured(line, since, until)),
            *(Change(at, _("bands certified")) for at in certified.values_list("created_at", flat=True)),
            *(Change(at, _("reference of the images taken")) for at in taken.values_list("taken_at", flat=True)),
        ]
    )


def _configured(line: Line, since: datetime, until: datetime) -> list[datetime]:
    """Return when evidence began anew for another reason than a level or a model."""
    opened = Epoch.objects.filter(line=line, opened_at__lt=until).order_by("opened_at", "pk")
    rows = list(opened.values_list("opened_at", "model_version", "config_hash"))
    return [
        at
        for (_at, model_before, before), (at, model, after) in pairwise(rows)
        if at >= since and model == model_before and after != before
    ]


def _model(row: DeploymentChange) -> str:
    serving = str(row.serving) if row.serving else _("no model")
    return f"{serving} + {row.candidate} ({row.strategy}, {row.share:.0%})" if row.candidate else serving
