"""The agreement report on paper: the figures of the page, in its order, and their hash."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from review import agreement_boards, paper_charts, sentences
from review.agreement_plain import as_plain
from review.figures import Rate, Slice
from review.papers import Sheet
from review.reports import Report


def printed(report: Report, *, now: datetime) -> bytes:
    """Return the report as PDF. The hash at the foot is that of the figures: the API's answer without its words."""
    zone = report.line.time_zone
    facts = {"hash": hash_of(report)[:16], "at": sentences.moment(now, zone)}
    sheet = Sheet(
        _("Agreement of %(line)s") % {"line": report.line.slug},
        about=_about(report),
        foot=_("Tollgate · %(at)s · figures %(hash)s") % facts,
    )
    sheet.sentence(agreement_boards.verdict(report))
    if reach := agreement_boards.reach(report):
        sheet.note(reach)
    sheet.note(_("Blind final decisions, one per part. The band may be read at any time."))
    if missing := agreement_boards.missing(report):
        sheet.note(missing)
    if report.timeline:
        sheet.draw(
            _("Agreement over time"), paper_charts.trend(report.timeline, target=agreement_boards.target_of(report))
        )
    _compare(sheet, report)
    sheet.note(agreement_boards.trust(report.model))
    _calibration(sheet, report)
    _slices(sheet, report)
    return sheet.printed()


def hash_of(report: Report) -> str:
    """Return the sha256 of the figures, the same in every language."""
    plain: dict[str, Any] = {**as_plain(report), "sentence": ""}
    text = json.dumps(plain, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _about(report: Report) -> str:
    model = f" · {report.epoch.model_version}" if report.epoch.model_version else ""
    days = f" · {report.since or '…'} – {report.until or '…'}" if report.since or report.until else ""
    return (
        f"{_('epoch %(n)s') % {'n': report.epoch.n}}{model} · {_('%(n)s parts') % {'n': f'{report.model.n:,}'}}{days}"
    )


def _compare(sheet: Sheet, report: Report) -> None:
    table = report.model.table
    sheet.table(
        _("Who said what"),
        ["", _("people: pass"), _("people: defect")],
        [
            [_("model: pass"), f"{table[0][0]:,}", f"{table[0][1]:,}"],
            [_("model: defect"), f"{table[1][0]:,}", f"{table[1][1]:,}"],
        ],
    )
    head = [_("Never merged"), _("Agree"), _("Escapes"), _("Overkill"), "kappa", "AC1", _("on defects")]
    rows = []
    for judge in agreement_boards.judges(report):
        one = judge.figures
        rates = [said(rate) for rate in (one.agreement, one.escape, one.overkill)]
        rows.append([judge.name, *rates, *map(_plain, (one.kappa, one.ac1, one.positive_agreement))])
    sheet.table(_("Side by side"), head, rows)


def _calibration(sheet: Sheet, report: Report) -> None:
    """Draw what the page draws: the share of defects over the probability given, and the numbers below it."""
    if not report.calibration:
        return
    sheet.draw(_("Calibration"), paper_charts.calibration(report.calibration))
    ece = "" if report.ece is None else f" · ECE {report.ece:.3f}"
    head = [_("Probability given"), _("Defects"), _("Share"), _("95 % interval")]
    rows = [
        [
            sentences.percent(one.mean),
            f"{one.defects.k:,}/{one.defects.n:,}",
            sentences.percent(one.defects.share),
            f"{100 * one.defects.low:.1f} – {sentences.percent(one.defects.high)}",
        ]
        for one in report.calibration
    ]
    sheet.table(_("Share of defects over the probability given") + ece, head, rows)


def _slices(sheet: Sheet, report: Report) -> None:
    names = report.line.class_names()
    found = [[names.get(one.code, one.code) or "–", said(one.found), interval(one.found)] for one in report.classes]
    sheet.table(_("Found by class"), [_("Class"), _("Found"), _("95 % interval")], found)
    for title, slices in (
        (_("By product"), [one.slice for one in report.products]),
        (_("By shift"), report.shifts),
        (_("By inspector"), report.inspectors),
        (_("By camera"), report.cameras),
    ):
        head = [title, _("Agree"), _("95 % interval"), _("Escapes"), _("Overkill")]
        sheet.table(title, head, [_slice(one) for one in slices])


def _slice(one: Slice) -> list[str]:
    return [one.name or "–", said(one.agreement), interval(one.agreement), said(one.escape), said(one.overkill)]


def said(rate: Rate) -> str:
    """Return a rate as its counts, with the share where there are enough."""
    if not rate.n:
        return "–"
    counts = f"{rate.k:,}/{rate.n:,}"
    return counts if rate.is_too_few else f"{counts} ({sentences.percent(rate.share)})"


def interval(rate: Rate) -> str:
    if rate.is_too_few:
        return _("too few")
    return f"{100 * rate.low:.1f} – {sentences.percent(rate.high)}"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
