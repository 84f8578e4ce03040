"""What was changed on a line while an epoch was counted: the marks on the time axis of its charts."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from inspection.models import Epoch, GoldenReference, Hold, LevelChange
from inspection.rules.words import Level
from review import sentences
from review.models import BandsChange


@dataclass(frozen=True)
class Change:
    """One change, in a word that fits a chart."""

    at: datetime
    word: str


def within(epoch: Epoch, *, until: datetime) -> list[Change]:
    """Return what changed from the opening of an epoch on, in order; of what came together, the gravest last.

    Another model or threshold opens the next epoch.
    """
    line, span = epoch.line_id, (epoch.opened_at, until)
    moves = LevelChange.objects.filter(line=line, changed_at__range=span).values_list("changed_at", "to_level")
    bands = BandsChange.objects.filter(line=line, put_at__range=span).values_list("put_at", flat=True)
    golden = GoldenReference.objects.filter(line=line, created_at__range=span).values_list("created_at", flat=True)
    holds = Hold.objects.filter(line=line, placed_at__range=span).values_list("placed_at", "kind")
    model = str(epoch.model_version) if epoch.model_version else _("epoch %(n)s") % {"n": epoch.n}
    return sorted(
        [
            Change(epoch.opened_at, model),
            *(Change(at, _("reference")) for at in golden),
            *(Change(at, _("bands")) for at in bands),
            *(Change(at, sentences.level_name(Level(level))) for at, level in moves),
            *(Change(at, _("STOP") if kind == Hold.STOP else _("hold")) for at, kind in holds),
        ],
        key=lambda change: change.at,
    )
