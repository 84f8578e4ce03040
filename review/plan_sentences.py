"""What holds up a rung, in the reader's language."""

from collections.abc import Sequence
from math import inf

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inspection.models import PlannedChange
from inspection.rules.words import Level
from review import rates
from review.plans import Plan, PlannedRung, Plans
from review.rates import Figure
from review.sentences import NBSP, level_name, percent

LONG_DAYS = 120
DAYS_A_MONTH = 365 / 12


def limited_by(rung: PlannedRung, plans: Plans) -> str:
    """Return what a rung waits for, and what would shorten it."""
    if rung.is_reached:
        return _("reached")
    if rung.binding == "health":
        return "–"
    if rung.binding == "never":
        return _never(rung, plans)
    sentence = _BINDING[rung.binding](rung, plans)
    return (
        _("%(sentence)s; may never come, and staying at partial is a result") % {"sentence": sentence}
        if (rung.level == Level.FULL)
        else sentence
    )


def _never(rung: PlannedRung, plans: Plans) -> str:
    """A rate at or below its target: no number of parts opens the gate."""
    if rung.level != Level.ASSIST:
        return _("never at the rates this plan counts on")
    agreement, detection = (target.p0 for target in plans.gates[Level.ASSIST].targets)
    if plans.rates.agreement.value <= agreement:
        facts = {"rate": counted(plans.rates.agreement), "target": percent(agreement)}
        return _("never: the model agrees in %(rate)s, more than %(target)s is needed") % facts
    facts = {"rate": counted(plans.rates.detection), "target": percent(detection)}
    return _("never: the model finds %(rate)s of the defects, more than %(target)s is needed") % facts


def _detection(rung: PlannedRung, plans: Plans) -> str:
    assert rung.needed is not None
    more = rung.needed - plans.bank
    facts = {"n": f"{rung.needed:,}", "have": plans.bank, "more": f"{more:,}", "days": days(rung.with_bank)}
    if rung.with_bank is None:
        return _("true defects, %(n)s needed") % facts
    if rung.days is not None and rung.days >= LONG_DAYS:
        facts |= {"rate": _fine(_defect_rate(plans)), "months": round(rung.days / DAYS_A_MONTH)}
        return (
            _("at %(rate)s defects detection takes %(months)s months; fill the bank (%(more)s more): %(days)s") % facts
        )
    if plans.bank == 0:
        return _("detection, bank empty: %(n)s distinct defects would make it %(days)s") % facts
    return _("detection, bank %(have)s/%(n)s: %(more)s more distinct defects would make it %(days)s") % facts


def _agreement(rung: PlannedRung, plans: Plans) -> str:
    return _("agreement, %(n)s parts needed") % {"n": f"{rung.needed:,}"}


def _truth_draw(rung: PlannedRung, plans: Plans) -> str:
    return _("truth draw, %(n)s parts needed") % {"n": f"{rung.needed:,}"}


def _natural(rung: PlannedRung, plans: Plans) -> str:
    return _("natural defects of the truth draw, %(n)s needed") % {"n": f"{rung.needed:,}"}


def _minimum(rung: PlannedRung, plans: Plans) -> str:
    return _("the shortest time allowed, %(days)s") % {"days": days(rung.days)}


_BINDING = {
    "detection": _detection,
    "agreement": _agreement,
    "truth_draw": _truth_draw,
    "natural": _natural,
    "minimum": _minimum,
}


def interruptions(plan: Plan, changes: Sequence[PlannedChange]) -> list[str]:
    """Return the planned changes after which evidence begins at 0 while a rung is still to come."""
    found = []
    for change in changes:
        rungs = [rung for rung in plan.rungs if not rung.is_reached and rung.earliest]
        after = [rung for rung in rungs if rung.earliest and rung.earliest >= change.due_on]
        if change.opens_epoch and after:
            facts = {"day": change.due_on, "what": change.what, "level": level_name(after[0].level)}
            found.append(_("%(day)s, %(what)s: evidence begins at 0, and %(level)s is not reached by then.") % facts)
    return found


# Figures --------------------------------------------------------------------------------------------------------


def days(number: int | None) -> str:
    if number is None:
        return _("never")
    return ngettext("%(n)s day", "%(n)s days", number) % {"n": f"{number:,}"}


def spreads(rung: PlannedRung) -> dict[str, str]:
    """Return days, parts and readings at both ends of the line's rates, empty where they are the same."""
    is_counted = {"days": True, "parts": True, "readings": rung.readings is not None}
    return {
        name: _spread(getattr(rung.best, name), getattr(rung.worst, name)) if counted else ""
        for name, counted in is_counted.items()
    }


def _spread(best: int | None, worst: int | None) -> str:
    """Return a range, the smaller figure first: a fast line has more parts in fewer days."""
    if best == worst:
        return ""
    low, high = sorted((best, worst), key=lambda number: inf if number is None else number)
    return f"{_short(low)} – {_short(high)}"


def _short(number: int | None) -> str:
    return _("never") if number is None else f"{number:,}"


def counted(figure: Figure) -> str:
    """Return a share with its count where it was counted, marked as assumed where it was not."""
    if not figure.is_measured:
        return _("%(rate)s (assumed)") % {"rate": percent(figure.value)}
    return f"{percent(figure.value)} ({figure.k:,}/{figure.n:,})"


def basis(plans: Plans) -> str:
    """Return what the plan rests on, in one line: parts and defects with range and source."""
    parts, defects = plans.rates.parts_per_day, plans.rates.defect_rate
    if parts is None or defects is None:
        return ""
    facts = {
        "parts": _whole_range(parts),
        "parts_from": source(parts),
        "defects": _share_range(defects),
        "defects_from": source(defects),
    }
    return _("%(parts)s parts a day (%(parts_from)s), %(defects)s defects (%(defects_from)s)") % facts


def source(figure: Figure) -> str:
    return {
        rates.FROM_RUNS: _("median of %(n)s days") % {"n": figure.n},
        rates.FROM_TRUTH: _("%(k)s of %(n)s of the truth draw") % {"k": figure.k, "n": f"{figure.n:,}"},
        rates.FROM_PEOPLE: _("%(k)s of %(n)s read twice") % {"k": figure.k, "n": f"{figure.n:,}"},
        rates.FROM_SCOPE: _("from the scope"),
    }.get(figure.source, _("assumed"))


def _defect_rate(plans: Plans) -> float:
    return plans.rates.defect_rate.value if plans.rates.defect_rate else 0.0


def _whole_range(figure: Figure) -> str:
    if figure.low == figure.high:
        return f"{figure.value:,.0f}"
    return f"{figure.value:,.0f} [{figure.low:,.0f} – {figure.high:,.0f}]"


def _share_range(figure: Figure) -> str:
    return f"{_fine(figure.value)} [{_bare(figure.low)} – {_fine(figure.high)}]"


def _fine(share: float) -> str:
    """A small share with the digits that it has: "0.1 %", "0.35 %"."""
    return _bare(share) + f"{NBSP}%"


def _bare(share: float) -> str:
    return f"{share * 100:.2f}".rstrip("0").rstrip(".")
