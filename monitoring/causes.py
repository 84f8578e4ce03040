"""Why an alarm stands, in one sentence: what a hold says, by which measure images left what is certified."""

from collections.abc import Callable

from django.db.models import Q
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

from inspection import certificates
from inspection.models import Hold, Item, Line
from monitoring.alarms import LINE_HELD
from monitoring.metric_words import METRIC_OF, NAMES
from monitoring.models import Alarm
from review.reason_words import reason_word
from vision.envelope import Departure

OUTSIDE = "outside-envelope"
LOOKED_AT = 20


def of(alarm: Alarm) -> str:
    """Return the sentence, empty where the alarm's own words say it all or nothing more is known."""
    tell = _TOLD.get(alarm.rule)
    return tell(alarm.line) if tell and alarm.line and alarm.is_on else ""


def _hold(line: Line) -> str:
    holds = Hold.objects.in_force().filter(line=line).order_by("pk")
    return " ".join(reason_word(hold.reason) for hold in holds)


def _departure(line: Line) -> str:
    """Tell of the newest image that lies far outside."""
    bands = certificates.standing(line, line.present_epoch.model_version_id)
    if bands is None:
        return ""
    newest = Item.objects.filter(~Q(measures=None), line=line).select_related("measures").order_by("-received_at")
    found = (certificates.departure(bands, item.measures) for item in newest[:LOOKED_AT])
    return next((_worded(one) for one in found if one is not None and one.is_far and one.value is not None), "")


def _worded(one: Departure) -> str:
    said = _("%(word)s: %(measure)s %(value)s, certified %(low)s to %(high)s.")
    facts = {name: floatformat(getattr(one, name)) for name in ("value", "low", "high")}
    return said % {"word": _(one.word), "measure": NAMES[METRIC_OF.get(one.name, one.name)], **facts}


_TOLD: dict[str, Callable[[Line], str]] = {LINE_HELD: _hold, OUTSIDE: _departure}
