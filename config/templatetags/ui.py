"""The product's visible parts as tags: shapes with their words, numbers with their units, cards."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from math import log
from zoneinfo import ZoneInfo

from django import template
from django.forms import BaseForm, BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inspection.durations import age
from inspection.rules.words import Label, Level
from review import reason_words, sentences
from review.charts import BandChart, ColumnChart, ReliabilityChart
from review.charts import spark as spark_points

register = template.Library()

NBSP = "\u00a0"
TOO_FEW = 30

LEVEL_WORDS = {
    Level.HUMAN: gettext_lazy("human"),
    Level.SHADOW: gettext_lazy("shadow"),
    Level.ASSIST: gettext_lazy("assist"),
    Level.PARTIAL: gettext_lazy("partial"),
    Level.FULL: gettext_lazy("full"),
}
LEVEL_DECIDES = {
    Level.HUMAN: gettext_lazy("people decide"),
    Level.SHADOW: gettext_lazy("model runs unseen"),
    Level.ASSIST: gettext_lazy("shown after the call"),
    Level.PARTIAL: gettext_lazy("model inside bands"),
    Level.FULL: gettext_lazy("model; people audit"),
}
LABEL_WORDS = {
    Label.PASS: gettext_lazy("pass"),
    Label.DEFECT: gettext_lazy("defect"),
    Label.CANNOT_JUDGE: gettext_lazy("cannot judge"),
}
VIEW_WORDS = {"front": gettext_lazy("front"), "back": gettext_lazy("back"), "side": gettext_lazy("side")}
LABEL_SHAPES = {Label.PASS: "ring", Label.DEFECT: "diamond", Label.CANNOT_JUDGE: "question"}
EVIDENCE_SHAPES = {"met": "ring-tick", "short": "half", "unstarted": "ring-dashed", "never": "cross"}
PRIORITY_SHAPES = {"P1": "octagon", "P2": "triangle", "P3": "ring"}


# Shapes ---------------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """One shape of the sprite. It is never read aloud: the word beside it is the name."""
    kind = f"icon icon-{size}" if size else "icon"
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        kind,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def key(cap: str) -> SafeString:
    """A key cap. Readers hear the shortcut from the button's `aria-keyshortcuts`."""
    return format_html('<kbd class="key" aria-hidden="true">{}</kbd>', cap)


@register.inclusion_tag("_components/level.html")
def level(word: str, bare: bool = False) -> dict[str, object]:
    """Five rising bars filled up to the level, and its name (for readers only when `bare`)."""
    rung = Level(word).rung
    bars = [
        {"x": 1 + 5.5 * n, "y": 12 - 2.6 * n, "height": 3 + 2.6 * n, "filled": n <= rung} for n in range(len(Level))
    ]
    return {"bars": bars, "word": LEVEL_WORDS[Level(word)], "bare": bare}


@register.inclusion_tag("_components/barrier.html")
def barrier(state: str) -> dict[str, object]:
    """A gate: `open`, `shut`, `passed` or `later`."""
    words = {"open": _("gate open"), "shut": _("gate shut"), "passed": _("gate passed"), "later": _("gate later")}
    up = state in {"open", "passed"}
    return {"shape": "barrier-up" if up else "barrier-down", "past": state in {"passed", "later"}, "word": words[state]}


@register.inclusion_tag("_components/call.html")
def call(label: str, class_name: str = "") -> dict[str, object]:
    """What somebody said about an image: shape, word and class."""
    return {"shape": LABEL_SHAPES[Label(label)], "word": LABEL_WORDS[Label(label)], "class_name": class_name}


@register.inclusion_tag("_components/chip.html")
def chip(word: str, shape: str = "", kind: str = "") -> dict[str, object]:
    """A state in a capsule: plain, `warn`, `crit` or `model`. Never a button."""
    return {"word": word, "shape": shape, "kind": kind}


# Numbers --------------------------------------------------------------------------------------------------------


@register.filter
def percent(share: float | None, digits: int = 1) -> str:
    """0.968 as "96.8 %"; an en dash for what is undefined."""
    if share is None:
        return "–"
    return f"{100 * share:.{digits}f}{NBSP}%"


@register.filter
def short_percent(share: float | None) -> str:
    """A target as it was set: 0.95 as "95 %", 0.995 as "99.5 %"."""
    return sentences.percent(share)


@register.filter
def bare_percent(share: float | None) -> str:
    """The first end of a range, whose sign stands at the second: "0.6" of "0.6 – 16.5 %"."""
    return "–" if share is None else f"{100 * share:.1f}"


@register.filter
def count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


@register.filter
def ratio(weight: float | None) -> str:
    """Evidence as a bet, "1.9 : 1", capped where more says nothing."""
    if weight is None:
        return "–"
    return f">100{NBSP}:{NBSP}1" if weight > 100 else f"{weight:.1f}{NBSP}:{NBSP}1"


@register.filter
def kappa(value: float | None) -> str:
    """Agreement beyond chance, without the leading zero."""
    return "–" if value is None else f"{value:.2f}".replace("0.", ".", 1)


register.filter("age", age)


@register.filter
def since(moment: datetime | None) -> str:
    """How long ago a moment was."""
    return "–" if moment is None else age((timezone.now() - moment).total_seconds())


@register.filter
def when(moment: datetime | None, zone: str = "UTC") -> str:
    """A moment in the line's own time with the zone named: "11-22 07:48 KST"."""
    if moment is None:
        return "–"
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%m-%d %H:%M}{NBSP}{local.tzname()}"


@register.filter
def clock(moment: datetime, zone: str = "UTC") -> str:
    """The time of day in the line's own time: "10:31"."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


@register.filter
def reason_word(reason: str, names: dict[str, str] | None = None) -> str:
    """A kept reason in the reader's language, where the product offered it; kinds of defects by their `names`."""
    return reason_words.reason_word(reason, names or {})


@register.filter
def full_stop(sentence: str) -> str:
    """A sentence that ends as one, whoever wrote it: another may follow."""
    return sentence if sentence.endswith((".", "!", "?", "…", "。")) else f"{sentence}."


@register.filter
def view_word(view: str) -> str:
    """The usual directions of a camera in the reader's language; others as the line calls them."""
    return str(VIEW_WORDS.get(view, view))


@register.filter
def named(code: str, names: dict[str, str]) -> str:
    """The name of a class in the reader's language, its code where it has none."""
    return names.get(code, code)


@register.filter
def by_fours(text: str, length: int = 8) -> str:
    """The start of a hash, grouped by four: "9f3a 41c7"."""
    return NBSP.join(text[n : n + 4] for n in range(0, min(length, len(text)), 4))


# Cards ----------------------------------------------------------------------------------------------------------


@register.inclusion_tag("_components/stat.html")
def stat(
    label: str,
    hits: int,
    trials: int,
    *,
    of: str,
    low: float | None = None,
    high: float | None = None,
    promise: float | None = None,
    promise_word: str = "",
    axis: float = 1.0,
) -> dict[str, object]:
    """A rate with its count and interval. Below thirty trials it says "too few" and shows no rate."""
    known = trials >= TOO_FEW
    return {
        "label": label,
        "hits": hits,
        "trials": trials,
        "of": of,
        "share": hits / trials if known else None,
        "too_few": 0 < trials < TOO_FEW,
        "low": low,
        "high": high,
        "promise": promise,
        "promise_word": promise_word,
        "axis": axis,
        "drawn": interval_of(hits / trials if known else None, low, high, promise, axis),
    }


def interval_of(
    value: float | None, low: float | None, high: float | None, promise: float | None, axis: float
) -> dict[str, float] | None:
    """Places on a track 100 wide for the interval picture; None when there is no interval."""
    if low is None or high is None:
        return None

    def at(share: float) -> float:
        return round(100 * min(max(share / axis, 0.0), 1.0), 2)

    places = {"x": at(low), "width": max(round(at(high) - at(low), 2), 0.6)}
    if value is not None:
        places["value"] = at(value)
    if promise is not None:
        places["promise"] = at(promise)
    return places


@register.inclusion_tag("_components/interval.html")
def interval(
    value: float | None, low: float | None, high: float | None, promise: float | None = None, axis: float = 1.0
) -> dict[str, object]:
    """The interval alone, for a table row."""
    return {"drawn": interval_of(value, low, high, promise, axis)}


@register.inclusion_tag("_components/evidence.html")
def evidence(rows: Sequence[object], head: bool = True, line: str = "") -> dict[str, object]:
    """Checks of a gate in its own order.

    Each row offers `check`, `counted`, `state` (met, short, unstarted, never) and either `weight` with the ratio
    `needed` or `note`; `still` is how many more, or words. With a `line` given, a row that names a `page` leads there.
    """
    needed = max((ratio for row in rows if isinstance(ratio := _of(row, "needed"), float)), default=None)
    return {"rows": rows, "needed": needed, "head": head, "line": line}


@register.inclusion_tag("_components/bar.html")
def evidence_bar(weight: float, needed: float, long: bool = False) -> dict[str, object]:
    """How far evidence has come, on a log scale from 1 : 1 to the needed ratio."""
    share = 1.0 if weight >= needed else max(0.0, log(max(weight, 1.0)) / log(needed))
    return {"share": round(100 * share, 1), "met": weight >= needed, "long": long}


@register.simple_tag
def evidence_shape(state: str) -> SafeString:
    return icon(EVIDENCE_SHAPES[state])


@register.filter
def still_needed(row: object) -> str:
    """The last word of an evidence row: "met", "113 more", "never"."""
    state, still = _of(row, "state"), _of(row, "still")
    if state == "met":
        return _("met")
    if state == "never":
        return _("never")
    if isinstance(still, int):
        return ngettext("%(count)s more", "%(count)s more", still) % {"count": f"{still:,}"}
    return str(still)


@register.inclusion_tag("_components/ladder.html")
def ladder(rungs: Sequence[object]) -> dict[str, object]:
    """Five rungs, each with `level`, `state` (past, current, next, later), `note`, `gate` and `held`."""
    return {"rungs": rungs}


@register.filter
def level_word(word: str) -> str:
    return str(LEVEL_WORDS[Level(word)])


@register.filter
def decides(word: str) -> str:
    """Who decides at a level."""
    return str(LEVEL_DECIDES[Level(word)])


@register.inclusion_tag("_components/signature.html")
def signature(name: str, state: str, *notes: str) -> dict[str, object]:
    """One of two signatures: `signed`, `open` or `void`."""
    shapes = {"signed": "pen", "open": "ring-dashed", "void": "cross"}
    return {"name": name, "state": state, "notes": notes, "shape": shapes[state]}


@register.inclusion_tag("_components/alarm_rows.html")
def alarm_rows(alarms: Sequence[object]) -> dict[str, object]:
    """Alarms with `priority`, `what`, `state` and `unacknowledged`."""
    return {"alarms": alarms}


@register.simple_tag
def priority_shape(priority: str) -> SafeString:
    return icon(PRIORITY_SHAPES[priority])


@register.inclusion_tag("_components/stop.html")
def stop_button(action: str, reason: str = "") -> dict[str, object]:
    """STOP: a form that fires after a second's hold, or Enter twice."""
    return {"action": action, "reason": reason}


@register.inclusion_tag("_components/band_chart.html")
def band_chart(chart: BandChart | None, title: str) -> dict[str, object]:
    """A rate over time with its band and target, and the table of the same numbers below."""
    return {"chart": chart, "title": title}


@register.inclusion_tag("_components/reliability_chart.html")
def reliability(chart: ReliabilityChart | None, title: str) -> dict[str, object]:
    """Share of defects over the probability a model gave, and the table of the same numbers below."""
    return {"chart": chart, "title": title}


@register.inclusion_tag("_components/column_chart.html")
def columns(chart: ColumnChart | None, title: str) -> dict[str, object]:
    """Shares as columns against a promise. The page puts the table of the same numbers beside it."""
    return {"chart": chart, "title": title}


@register.filter
def ppm(share: float | None) -> str:
    """A share of parts as parts per million: 0.000012 as "12 ppm"."""
    return "–" if share is None else f"{share * 1_000_000:,.0f}{NBSP}ppm"


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """An amount in whole units with its sign: "+312 EUR"."""
    return "–" if amount is None else f"{amount:+,.0f}{NBSP}{currency}"


@register.inclusion_tag("_components/spark.html")
def spark(values: Sequence[float | None]) -> dict[str, object]:
    """A line of the last values without axes; the number beside it is the information."""
    return {"stretches": spark_points(values)}


# Forms ----------------------------------------------------------------------------------------------------------


@register.inclusion_tag("_components/field.html")
def field(bound: BoundField, tall: bool = False, hint: str = "") -> dict[str, object]:
    """A field with its label above, hint and error below, tied together for readers."""
    described = [f"{bound.id_for_label}-error"] if bound.errors else []
    if hint or bound.help_text:
        described.append(f"{bound.id_for_label}-hint")
    attributes: dict[str, str | bool] = {"class": "input tall" if tall else "input"}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    return {"bound": bound, "widget": bound.as_widget(attrs=attributes), "hint": hint or bound.help_text}


@register.inclusion_tag("_components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, object]:
    """What is wrong and where, above the form; focus goes to it."""
    faults = [{"target": bound.id_for_label, "message": message} for bound in form for message in bound.errors]
    faults += [{"target": "", "message": message} for message in form.non_field_errors()]
    return {"faults": faults}


def _of(row: object, name: str) -> object:
    return row.get(name) if isinstance(row, dict) else getattr(row, name, None)
