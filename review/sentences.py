"""Plain sentences for what a gate says, in the reader's language. Every number stands with its count."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil, floor
from types import MappingProxyType
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from inspection.rules.ladder import Condition, Judgement, StreamCheck
from inspection.rules.words import Level
from review.rules.charts import CALL_FALL, CALL_RATE, ESCAPE, MISS, SILENCE
from review.rules.shortfall import Shortfall

NBSP = "\u00a0"
NO_NAMES: Mapping[str, str] = MappingProxyType({})


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as a percentage that never breaks before its sign, an en dash when it is undefined."""
    if share is None:
        return "–"
    return f"{share * 100:.{digits}f}".removesuffix(".0") + f"{NBSP}%"


def ratio(value: float, cap: float = 100.0) -> str:
    """Return evidence as `12.3 : 1`, capped: beyond the cap more digits mean nothing."""
    return f">{cap:.0f}{NBSP}:{NBSP}1" if value > cap else f"{value:.1f}{NBSP}:{NBSP}1"


def verdict(judgement: Judgement, to_level: Level, names: Mapping[str, str] = NO_NAMES) -> str:
    """Return the one sentence that answers whether the model may take the next step; `names` are those of classes."""
    if judgement.is_open:
        return _ready(judgement, to_level)
    if not any(check.successes + check.failures for check in judgement.checks):
        return _uncounted(judgement, to_level, names)
    worst = next((check for check in judgement.checks if not check.passed), None)
    if worst is not None:
        return _("Not yet: %(counts)s") % {"counts": stream_sentence(worst)}
    return _("Not yet: %(reasons)s") % {"reasons": " ".join(reasons(judgement, names))}


def missing_deed(judgement: Judgement) -> str:
    """Return the first check that waits for a lead's deed rather than for parts: `bands`, `calendar`; else empty."""
    return next((check.name for check in judgement.failing if check.name in _DEEDS), "")


def _uncounted(judgement: Judgement, to_level: Level, names: Mapping[str, str]) -> str:
    """Say what comes first where none of the streams has a count: parts, or what a lead does before they count."""
    words = {"level": level_name(to_level)}
    if not any(condition.counted for condition in judgement.conditions if condition.is_data):
        return _("Not yet: nothing is counted toward %(level)s so far.") % words
    deed = missing_deed(judgement)
    if deed:
        return _DEEDS[deed]()
    if not judgement.checks:
        return _("Not yet: %(reasons)s") % {"reasons": " ".join(reasons(judgement, names))}
    every = judgement.every
    words |= {"met": str(len(every) - len(judgement.failing)), "all": str(len(every))}
    return (
        _("Not yet: %(met)s of %(all)s checks toward %(level)s are met; no decision of the model is counted yet.")
        % words
    )


def _ready(judgement: Judgement, to_level: Level) -> str:
    words = {"level": level_name(to_level)}
    if not judgement.checks:
        return _("Ready: the model passed its health run. At %(level)s it watches and decides nothing.") % words
    first = judgement.checks[0]
    if first.stream.endswith("detection"):
        text = _(
            "Ready: %(k)s of %(n)s defects found (%(rate)s), lower bound %(low)s, target %(target)s. "
            "Every check toward %(level)s is met."
        )
    else:
        text = _(
            "Ready: %(k)s of %(n)s parts agree (%(rate)s), lower bound %(low)s, target %(target)s. "
            "Every check toward %(level)s is met."
        )
    return text % (_facts(first) | words)


def stream_sentence(check: StreamCheck) -> str:
    """Return how one stream stands: counts, bound, target, evidence and how many more."""
    if check.route == "bank":
        text = _(
            "Known defects, each counted once: %(k)s of %(n)s found (%(rate)s), lower bound %(low)s, "
            "target %(target)s. %(more)s more without a miss needed. Of defects we know how to find."
        )
    elif check.stream.endswith("detection"):
        text = _(
            "%(k)s of %(n)s defects found (%(rate)s), lower bound %(low)s, target %(target)s. "
            "Evidence %(ratio)s, %(needed)s needed: %(more)s more without a miss."
        )
    else:
        text = _(
            "%(k)s of %(n)s parts agree (%(rate)s), lower bound %(low)s, target %(target)s. "
            "Evidence %(ratio)s, %(needed)s needed: %(more)s more parts without an error."
        )
    return text % _facts(check)


def never(check: StreamCheck) -> str:
    """Return why no day is named for a stream whose rate so far is not above its limit."""
    text = _("%(stream)s: at the rate seen so far, %(k)s of %(n)s (%(rate)s), this gate never opens.")
    return text % (_facts(check) | {"stream": stream_name(check)})


def _facts(check: StreamCheck) -> dict[str, str]:
    n = check.successes + check.failures
    return {
        "k": f"{check.successes:,}",
        "n": f"{n:,}",
        "rate": percent(check.successes / n if n else None),
        "low": percent(check.lower_bound),
        "target": percent(check.p0),
        "ratio": ratio(check.ratio),
        "needed": f"{check.needed_ratio:.0f}{NBSP}:{NBSP}1",
        "more": f"{check.items_to_pass:,}",
    }


def reasons(judgement: Judgement, names: Mapping[str, str] = NO_NAMES) -> list[str]:
    """Return a sentence for everything that keeps the gate shut; `names` are those of classes."""
    return [
        stream_sentence(check) if isinstance(check, StreamCheck) else condition_sentence(check, names)
        for check in judgement.failing
    ]


def condition_sentence(condition: Condition, names: Mapping[str, str] = NO_NAMES) -> str:
    counted, needed = condition.counted, condition.needed
    facts = {
        "n": figure(counted, condition.name),
        "needed": figure(needed, condition.name),
        "more": f"{ceil((needed or 0) - (counted or 0)):,}",
        "subject": subject_word(condition, names),
    }
    words = _UNKNOWN.get(condition.name) if counted is None else None
    return (words or _CONDITIONS[condition.name])() % facts


def figure(value: float | None, name: str) -> str:
    """Return what a condition counted or needs, as people say it. A day that is not over does not count as one."""
    if value is None:
        return "–"
    if name in _SHARES:
        return percent(value)
    shown = floor(value * 10) / 10 if name in _DAYS else value
    return f"{shown:,.1f}".removesuffix(".0")


def subject_word(condition: Condition, names: Mapping[str, str]) -> str:
    """Return what a condition speaks of: a chart, or a class as the line calls it."""
    return (
        chart_word(condition.subject) if condition.name == "watch" else names.get(condition.subject, condition.subject)
    )


def chart_word(name: str) -> str:
    """Return what a chart of automatic decisions watches."""
    words = {
        ESCAPE: _("Escapes among audited passes"),
        MISS: _("Known defects passed"),
        SILENCE: _("Silence: too few defect calls"),
        CALL_RATE: _("Too many defect calls"),
        CALL_FALL: _("Fewer defect calls than ever"),
    }
    return words[name]


def shortfall(missing: Shortfall, to_level: Level, names: Mapping[str, str]) -> str:
    """Return what the bank still lacks for one rung, in one sentence, classes by their names."""
    if not missing:
        return _("Toward %(level)s the bank is large enough.") % {"level": level_name(to_level)}
    parts = [_("%(n)s distinct defects") % {"n": f"{missing.overall:,}"}] if missing.overall else []
    parts += [
        _("%(class)s %(n)s") % {"class": names.get(code, code), "n": f"{more:,}"}
        for code, more in missing.classes.items()
    ]
    words = {"level": level_name(to_level), "more": ", ".join(parts)}
    return _("Toward %(level)s the bank lacks, without a miss: %(more)s more.") % words


STOP_REASONS = (
    gettext_noop("Quality doubt"),
    gettext_noop("Camera or light"),
    gettext_noop("Material or process"),
    gettext_noop("Maintenance"),
)


def moment(at: datetime, zone: str) -> str:
    """Return a moment in the line's own time with the zone named: "11-22 07:48 KST"."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%m-%d %H:%M}{NBSP}{local.tzname()}"


def level_name(level: Level) -> str:
    return {
        Level.HUMAN: _("human"),
        Level.SHADOW: _("shadow"),
        Level.ASSIST: _("assist"),
        Level.PARTIAL: _("partial"),
        Level.FULL: _("full"),
    }[Level(level)]


def stream_name(check: StreamCheck) -> str:
    target = {"target": percent(check.p0)}
    return {
        "agreement": _("Agreement above %(target)s"),
        "detection": _("Detection above %(target)s"),
        "policy_detection": _("Policy detection above %(target)s"),
        "policy_specificity": _("Good parts not rejected, above %(target)s"),
    }[check.stream] % target


def more(check: StreamCheck) -> str:
    """Return what is still needed, `met` when nothing is."""
    if check.passed:
        return _("met")
    return ngettext("%(n)s more", "%(n)s more", check.items_to_pass) % {"n": f"{check.items_to_pass:,}"}


# What a lead does once, before anything that depends on it is counted.
_DEEDS = {
    "bands": lambda: _("Not yet: first certify bands, for what they would decide is counted from there."),
    "calendar": lambda: _("Not yet: first set the calendar of challenge parts."),
}
_SHARES = frozenset({"accuracy", "health_missing", "harm"})
_DAYS = frozenset({"quiet_days", "cool_down"})
_CONDITIONS = {
    "parts": lambda: _("%(n)s blind parts, %(needed)s needed."),
    "defects": lambda: _("%(n)s distinct defects of known truth, %(needed)s needed."),
    "natural_defects": lambda: _("%(n)s natural defects of the truth draw, %(needed)s needed."),
    "days": lambda: _("%(n)s days, %(needed)s needed."),
    "shifts": lambda: _("%(n)s shifts, %(needed)s needed."),
    "people": lambda: _("%(n)s inspectors, %(needed)s needed."),
    "health_items": lambda: _("%(n)s stored images tried in a health run, %(needed)s needed."),
    "health_missing": lambda: _("%(n)s of the predictions were missing, at most %(needed)s may be."),
    "health_p95_ms": lambda: _("95 of 100 predictions took up to %(n)s ms, the deadline is %(needed)s ms."),
    "bands": lambda: _("No bands are certified yet."),
    "natural_not_contradicting": lambda: _("Natural defects contradict the detection target."),
    "confirmed": lambda: _("Live parts contradict what the sealed archive showed."),
    "accuracy": lambda: _("The two-phase estimate of accuracy is %(n)s, above %(needed)s needed."),
    "leaked": lambda: _("%(n)s defects of the bank were learned from: the version is refused until they are retired."),
    "class_critical": lambda: _("Critical class %(subject)s: %(n)s known defects, %(more)s more without a miss."),
    "class_major": lambda: _("Major class %(subject)s: %(n)s known defects, %(more)s more without a miss."),
    "class_cosmetic": lambda: _("Cosmetic class %(subject)s: %(n)s known defects, %(more)s more without a miss."),
    "harm": lambda: _(
        "Told that the model passes a defect, people may pass it up to %(n)s more often; at most %(needed)s may be."
    ),
    "ppm": lambda: _("The truth draw contradicts the target: %(n)s escapes per million, %(needed)s promised."),
    "calendar": lambda: _("No calendar says when challenge parts are due."),
    "clean_shifts": lambda: _("Shifts in a row without a missed challenge part: %(n)s, %(more)s more needed."),
    "quiet_days": lambda: _("The charts of automatic decisions were quiet for %(n)s days, %(needed)s needed."),
    "watch": lambda: _("%(subject)s: the chart stands at %(n)s and warns at %(needed)s."),
    "freezes": lambda: _("Promotions are frozen: something drifts or a chart warned."),
    "holds": lambda: _("The line is on hold."),
    "chart": lambda: _("The disagreement chart stands at %(n)s and warns at %(needed)s."),
    "cool_down": lambda: _("The line was lowered %(n)s days ago; it rests for %(needed)s days."),
}
# The same where nothing was counted yet: unknown is not low.
_UNKNOWN = {
    "accuracy": lambda: _("There is no two-phase estimate of accuracy yet; above %(needed)s needed."),
    "harm": lambda: _(
        "How much more often people pass a defect when told that the model passes it is not known yet; "
        "at most %(needed)s may be."
    ),
}
