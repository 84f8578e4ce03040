"""What truly fires for each metric of a line: the alarms that read it, with the thresholds in force, in words."""

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection.models import Line
from monitoring import alarm_settings
from monitoring.alarm_words import WORDS, number
from monitoring.rules import drift
from monitoring.rules.alarm_rules import Action, Read, Rule

READS = {
    Read.LAST: gettext_lazy("last value %(limit)s"),
    Read.MEAN: gettext_lazy("mean of %(minutes)s min %(limit)s"),
    Read.P95: gettext_lazy("95 %% point of %(minutes)s min %(limit)s"),
}
ACTIONS = {
    Action.HOLD: gettext_lazy("puts the line on hold"),
    Action.FREEZE: gettext_lazy("freezes promotions"),
    Action.TIGHTEN: gettext_lazy("tightens the audit"),
}
# The names of the line's sheet for what drift looks at.
NOTICED = {"image_size" if name == "size_bytes" else name for name in drift.IMAGE_METRICS}
# Metrics without an alarm of their own, and the metric whose alarm hears them.
HEARD_BY = {"escaped_fraction": "escape_chart", "score_shift": "drift", **dict.fromkeys(NOTICED, "drift")}


@dataclass(frozen=True, kw_only=True)
class Fires:
    """One thing that happens by itself. A notice has no priority."""

    sentence: str
    priority: str = ""


def of(line: Line) -> dict[str, list[Fires]]:
    """Return by metric what fires on a line; a metric that nothing reads is left out."""
    found: dict[str, list[Fires]] = defaultdict(list)
    for rule in (*alarm_settings.in_force(None), *alarm_settings.in_force(line)):
        found[rule.metric].append(_of_rule(rule))
    for metric, heard in HEARD_BY.items():
        found[metric] += found[heard]
    for metric in NOTICED:
        found[metric].append(_notice())
    return dict(found)


def _of_rule(rule: Rule) -> Fires:
    limits = rule.limits
    limit = f"{'>' if limits.is_above else '<'} {number(rule.metric, limits.raise_at)}"
    said = [str(READS[rule.read]) % {"limit": limit, "minutes": rule.minutes}]
    if rule.least > 1:
        said.append(_("from %(least)s values on") % {"least": rule.least})
    if limits.on_delay_s:
        said.append(_("for %(seconds)s s") % {"seconds": f"{limits.on_delay_s:.0f}"})
    if rule.action:
        said.append(str(ACTIONS[rule.action]))
    return Fires(sentence=f"{WORDS[rule.code].what}: {', '.join(said)}", priority=rule.priority.value)


def _notice() -> Fires:
    facts = {"images": drift.NOTICE_LAST, "far": f"{drift.NOTICE_SPREADS:.0f}"}
    said = _("Notice of drift: mean of the last %(images)s images beyond %(far)s sd of ordinary shifts, holds the line")
    return Fires(sentence=said % facts)
