"""What the page of the bands shows: certificates in words, and what they would mean for a shift before one signs."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from inspection.models import Bands
from review import bands, sentences
from review.band_models import Certification
from review.charts import BandChart, Point, band_chart
from review.forecasts import Forecast, forecast
from review.rules import losses as rules

# Below it a tenth of a part is still told.
FINE = 10


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One attempt as the page tells it."""

    row: Certification
    sentence: str
    notes: list[str]
    forecast: Forecast | None
    stands: bool


def certificate(one: Certification, *, now: datetime) -> Certificate:
    """Return one attempt with its forecast, and whether it would hold on the line now."""
    line = one.line
    stands = one.bands is not None and bands.would_stand(line, one.bands)
    return Certificate(
        row=one,
        sentence=sentence(one),
        notes=notes(one),
        forecast=forecast(line, one.outcome["shares"], now=now) if one.bands else None,
        stands=stands,
    )


def sentence(one: Certification) -> str:
    """Return what the attempt came to, in one sentence."""
    counts, limits = one.outcome["counts"], one.inputs["limits"]
    if one.rollout_id and one.bands_id is None:
        return _("Not certified. What it missed stays sealed: the next version is judged by the same parts.")
    facts = {
        "n": f"{counts['certifying']:,}",
        "known": f"{counts['known']:,}",
        "risk": sentences.percent(limits["risk"]),
        "miss": sentences.percent(limits["miss"]),
        "sure": sentences.percent(1 - limits["delta"]),
        "share": sentences.percent(one.outcome["shares"]["pass"]),
        "t": f"{one.outcome['t_lo'] or 0:.4f}",
    }
    return _REASONS[one.reason]() % facts


def losses(bands: Bands) -> list[str]:
    """Return what the bands let through, as their certificate counted it: of defective parts, and of passed parts.

    The parts that judged a candidate judge the next one too: of its bands the known defects are told alone.
    """
    rate = rules.escape_rate(bands.certificates)
    fraction = None if bands.drawn_in_id else rules.escaped_fraction(bands.certificates, bands.t_lo)
    said = []
    if rate:
        said.append(
            _("Of 1,000 defective parts about %(about)s may pass unseen (%(sure)s: up to %(most)s).") % _lost(rate)
            + " "
            + _("Counted: %(k)s of %(n)s known defects.") % _lost(rate)
        )
    if fraction:
        said.append(
            _("Of 1,000,000 passed parts about %(about)s may be defective (%(sure)s: up to %(most)s).")
            % _lost(fraction)
            + " "
            + _("Counted: %(k)s of %(n)s passed parts.") % _lost(fraction)
        )
    return said


def _lost(loss: rules.Loss) -> dict[str, str]:
    about = f"{loss.about:,.1f}".removesuffix(".0") if loss.about < FINE else f"{loss.about:,.0f}"
    return {
        "about": about,
        "most": f"{loss.at_most:,}",
        "sure": sentences.percent(1 - loss.delta),
        "k": f"{loss.lost:,}",
        "n": f"{loss.seen:,}",
    }


def notes(one: Certification) -> list[str]:
    """Return what must be said beside the certificate."""
    said = [*(losses(one.bands) if one.bands else ()), _about(one)]
    if one.outcome["risk_vacuous"]:
        said.append(_("The risk limit says nothing here; the certificate rests on the miss limit."))
    if one.bands and one.outcome["t_hi"] is None:
        said.append(_("Nothing is rejected automatically: no threshold is certified for it."))
    elif one.bands:
        words = {"t": f"{one.outcome['t_hi']:.4f}", "share": sentences.percent(one.outcome["shares"]["reject"])}
        said.append(_("Rejected automatically from %(t)s on: %(share)s of parts.") % words)
    return said


def _about(one: Certification) -> str:
    if one.rollout_id is None:
        return _("Certification %(n)s of this epoch: each spends its own chance of error.") % {"n": one.n}
    return _(
        "Certified as a candidate, on the truth draw of the model before it. Attempts for candidates share one "
        "chance of error: this one had %(delta)s of it."
    ) % {"delta": sentences.percent(one.inputs["limits"]["delta"])}


def coverage_chart(one: Certification) -> BandChart | None:
    """Lay out the share of passed parts that are good over the share passed, up to the call threshold.

    None for a candidate's: the parts that judged it judge the next one too.
    """
    if one.rollout_id is not None:
        return None
    rows = [row for row in one.outcome["curve"] if row[0] <= one.inputs["threshold"]]
    points = [Point(f"{100 * share:.0f}", 1 - escaped, 1 - upper, 1.0) for _t, share, escaped, upper, _m in rows]
    if not points:
        return None
    floor = min(0.95, *(point.value for point in points), *(point.low or 0.0 for point in points))
    return band_chart(points, target=1 - one.inputs["limits"]["risk"], floor=max(0.0, floor))


_REASONS = {
    "certified": lambda: _(
        "Certified: passing up to %(t)s lets at most %(risk)s of the passed parts and %(miss)s of known defects "
        "through, each with %(sure)s confidence. %(share)s of parts pass by themselves."
    ),
    "too_few_items": lambda: _("Not certified: %(n)s ruled parts of the truth draw are too few."),
    "too_few_defects": lambda: _("Not certified: %(known)s known defects are too few to test the misses."),
    "always_pass": lambda: _(
        "Not certified: even a model that passes everything would meet the risk limit here, and %(known)s known "
        "defects are too few to tell it from a good one."
    ),
    "above_cut": lambda: _("Not certified: no band fits below the call threshold."),
    "misses": lambda: _("Not certified: every band would let more than %(miss)s of the known defects through."),
    "risk": lambda: _("Not certified: every band would let more than %(risk)s defects through among the passed."),
}
