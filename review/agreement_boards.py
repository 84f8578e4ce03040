"""What the agreement page draws and says beside the figures: charts, marks, which measure to trust, ways to images."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inspection.models import Epoch
from review import boards, sentences
from review.changes import Change
from review.charts import BandChart, Point, ReliabilityChart, Spot, band_chart, reliability_chart
from review.data_places import Place
from review.figures import TOO_FEW, Comparison, Coverage, Slice
from review.figures import Point as Day
from review.reports import Report
from review.rules.certifying import Limits

RARE = 0.05
WORDS_MAX = 6
GAPS_TOLD = 3


@dataclass(frozen=True)
class Judged:
    """One judge of the comparison: its name, how it is drawn, its figures."""

    name: str
    kind: str
    figures: Comparison


def verdict(report: Report) -> str:
    """Return the answer in one sentence; where no gate is asked, why there is none."""
    if report.reading is not None:
        return report.sentence
    is_past = report.epoch.pk != report.line.epoch_id
    return _("A past epoch.") if is_past else _("This line has reached the highest level.")


def reach(report: Report) -> str:
    """Say that the gate counts all of its epoch where the figures are of chosen days alone; empty elsewhere."""
    if report.reading is None or not (report.since or report.until):
        return ""
    return _("The answer counts all of this epoch, the figures below the chosen days alone.")


def page(report: Report, changed: Sequence[Change]) -> dict[str, object]:
    """Return what the page shows beside the report's own figures, with the way to the images behind each."""
    line, model = report.line, report.model
    judgement = report.reading.judgement if report.reading else None
    target = target_of(report)
    return {
        "verdict": verdict(report),
        "reach": reach(report),
        "is_open": judgement is not None and judgement.is_open,
        "check": next(iter(judgement.checks), None) if judgement else None,
        "others": max(0, len(judgement.failing) - 1) if judgement else 0,
        "truths": boards.truths(report.reading) if report.reading else [],
        "chart": trend(report.timeline, changed, target=target, zone=line.time_zone),
        "calibration": calibration(report),
        "coverage": coverage(report.coverage, target=1 - Limits().risk),
        "axis": boards.axis_end(model.escape.high, model.overkill.high),
        "judges": judges(report),
        "trust": trust(model),
        "whole": Slice(line.slug, model.agreement, model.escape, model.overkill),
        "images": images(report),
        "found": [(one, searched(report, f"class:{one.code}")) for one in report.classes],
        "missing": missing(report),
        "products": [(one.slice, searched(report, epoch=one.epoch)) for one in report.products],
        "shifts": [(one, searched(report, f"shift:{one.name}")) for one in report.shifts],
        "inspectors": [(one, searched(report, f"inspector:{one.name}")) for one in report.inspectors],
        "cameras": [(one, searched(report, f"camera:{one.name}")) for one in report.cameras],
        "csv": _rows_address(report),
    }


def trend(days: Sequence[Day], changes: Sequence[Change], *, target: float, zone: str) -> BandChart | None:
    """Lay out the running agreement with its band and the changes on its way.

    The axis starts at 80 % unless a point lies lower. A change stands at the first day drawn on or after it; of
    several at one day the last is named.
    """
    laid = [Point(f"{day.day:%m-%d}", day.share, day.low, day.high) for day in days]
    if not laid:
        return None
    floor = floor_of([point.value for point in laid])
    return band_chart(laid, target=target, floor=floor, events=_events(days, changes, zone))


def target_of(report: Report) -> float:
    """Return the agreement that the next gate asks for, the house's usual one where none asks."""
    checks = report.reading.judgement.checks if report.reading else ()
    return next((check.p0 for check in checks if check.stream == "agreement"), 0.95)


def floor_of(shares: Sequence[float]) -> float:
    """Return where the axis of agreement starts: at 80 %, at nothing where a share lies lower."""
    return 0.8 if min(shares) >= 0.8 else 0.0


def calibration(report: Report) -> ReliabilityChart | None:
    """Lay out the share of defects over the probability the model gave, bin by bin."""
    spots = [
        Spot(one.mean, one.defects.share or 0.0, one.defects.low, one.defects.high, one.defects.k, one.defects.n)
        for one in report.calibration
    ]
    return reliability_chart(spots)


def coverage(points: Sequence[Coverage], *, target: float) -> BandChart | None:
    """Lay out the share of good parts among the passed over the share passed, safest first."""
    laid = [
        Point(
            sentences.percent(one.passed.share, 0),
            1 - (one.escaped.share or 0.0),
            1 - one.escaped.high,
            1 - one.escaped.low,
        )
        for one in points
    ]
    if not laid:
        return None
    lowest = min(point.low or 0.0 for point in laid)
    return band_chart(laid, target=target, floor=next(floor for floor in (0.95, 0.9, 0.8, 0.5, 0.0) if floor <= lowest))


def judges(report: Report) -> list[Judged]:
    """Return the model, people and the older system side by side; they are never merged."""
    return [
        Judged(_("model against reference"), "model-word", report.model),
        Judged(_("person against person"), "", report.people),
        Judged(_("older system against reference"), "", report.incumbent),
    ]


def trust(compared: Comparison) -> str:
    """Say in plain words which measure to read at this share of defects, and why."""
    share = compared.prevalence
    if share is None:
        return ""
    facts = {"share": sentences.percent(share), "n": f"{compared.defects:,}"}
    if compared.defects < TOO_FEW:
        return _("Only %(n)s defects seen: kappa and AC1 say little yet. Trust the counts of escapes.") % facts
    if share < RARE:
        return (
            _(
                "%(share)s of parts are defects: kappa falls though nothing is wrong, AC1 stays high though defects "
                "are missed. Trust the agreement on defects and the escapes."
            )
            % facts
        )
    return _("%(share)s of parts are defects, enough for kappa: trust it within its interval.") % facts


def missing(report: Report) -> str:
    """Say which hours between the first and the last part shown had none; nothing where none is missing."""
    hours, zone = report.hours, report.line.time_zone
    if not hours.missing:
        return ""
    longest = sorted(hours.gaps, key=lambda gap: gap.hours, reverse=True)[:GAPS_TOLD]
    stretches = [
        f"{sentences.moment(gap.since, zone)} – {sentences.moment(gap.until, zone)}"
        for gap in sorted(longest, key=lambda gap: gap.since)
    ]
    facts = {"k": hours.missing, "n": f"{hours.expected:,}", "stretches": ", ".join(stretches)}
    said = ngettext(
        "%(k)s of %(n)s hours is missing: no part came in %(stretches)s.",
        "%(k)s of %(n)s hours are missing: no part came in %(stretches)s.",
        hours.missing,
    )
    more = len(hours.gaps) - len(longest)
    return said % facts + (" " + _("And %(n)s shorter stretches.") % {"n": more} if more else "")


def searched(report: Report, *words: str, epoch: Epoch | None = None) -> str:
    """Return the address of the images behind a figure: those of the report's days, and of its epoch or another."""
    days = [f"date:{report.since or ''}..{report.until or ''}"] if report.since or report.until else []
    chosen = epoch or report.epoch
    place = Place(" ".join([*words, *days]), chosen, is_past=chosen.pk != report.line.epoch_id)
    return f"{reverse('data', args=[report.line.slug])}?{place.query}"


def images(report: Report) -> dict[str, str]:
    """Return the addresses of the images behind the four cells, behind all disagreements and behind all figures."""
    cells = {"pp": ("pass", "pass"), "pd": ("pass", "defect"), "dp": ("defect", "pass"), "dd": ("defect", "defect")}
    found = {name: searched(report, f"model:{said}", f"truth:{is_so}") for name, (said, is_so) in cells.items()}
    return found | {"all": searched(report), "differ": searched(report, "disagree:yes")}


def _rows_address(report: Report) -> str:
    """Return the address of exactly the rows behind the report."""
    asked: dict[str, object] = {"about": "yes", "since": report.since, "until": report.until}
    if report.epoch.pk != report.line.epoch_id and report.epoch.model_version:
        asked["model"] = f"{report.epoch.model_version.name}:{report.epoch.model_version.version}"
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('api-agreement-rows', args=[report.line.slug])}?{query}"


def _events(days: Sequence[Day], changes: Sequence[Change], zone: str) -> list[tuple[int, str]]:
    named: dict[int, str] = {}
    for change in changes:
        local = change.at.astimezone(ZoneInfo(zone)).date()
        at = next((n for n, day in enumerate(days) if day.day >= local), None)
        if at is not None:
            named[at] = change.word
    return sorted(named.items())[-WORDS_MAX:]
