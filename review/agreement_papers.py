"""The agreement report on paper: the figures of the page, in its order, and their hash."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _
from reportlab.graphics.shapes import Drawing, Line, Polygon, PolyLine, String
from reportlab.lib import colors

from review import agreement_boards, sentences
from review.agreement_plain import as_plain
from review.figures import Point, Rate, Slice
from review.papers import FAINT, HAIR, PLAIN, WIDTH, Sheet
from review.reports import Report

HEIGHT, LEFT, FOOT = 110.0, 28.0, 14.0
MODEL = colors.HexColor("#6929c4")
BAND = colors.HexColor("#e4d9f4")


def printed(report: Report, *, now: datetime) -> bytes:
    """Return the report as PDF. The hash at the foot is that of the figures: the API's answer without its words."""
    zone = report.line.time_zone
    facts = {"hash": hash_of(report)[:16], "at": sentences.moment(now, zone)}
    sheet = Sheet(
        _("Agreement of %(line)s") % {"line": report.line.slug},
        about=_about(report),
        foot=_("Tollgate · %(at)s · figures %(hash)s") % facts,
    )
    sheet.sentence(report.sentence or _("This line has reached the highest level."))
    sheet.note(_("Blind final decisions, one per part. The band may be read at any time."))
    if report.timeline:
        sheet.draw(_("Agreement over time"), _trend(report.timeline))
    _compare(sheet, report)
    sheet.note(agreement_boards.trust(report.model))
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


def _slices(sheet: Sheet, report: Report) -> None:
    names = report.line.class_names()
    found = [[names.get(one.code, one.code) or "–", said(one.found), interval(one.found)] for one in report.classes]
    sheet.table(_("Found by class"), [_("Class"), _("Found"), _("95 % interval")], found)
    for title, slices in (
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


def _trend(days: Sequence[Point]) -> Drawing:
    """Draw the running agreement with its band, from a stated floor."""
    floor = 0.8 if min(day.low for day in days) >= 0.8 else 0.0
    drawing = Drawing(WIDTH, HEIGHT + FOOT)
    for n in range(5):
        share = floor + (1 - floor) * n / 4
        y = FOOT + HEIGHT * n / 4
        drawing.add(Line(LEFT, y, WIDTH, y, strokeColor=HAIR, strokeWidth=0.5))
        drawing.add(_word(LEFT - 4, y - 2.5, f"{100 * share:.0f}", anchor="end"))
    low = [_place(n, day.low, len(days), floor) for n, day in enumerate(days)]
    high = [_place(n, day.high, len(days), floor) for n, day in enumerate(days)]
    line = [_place(n, day.share, len(days), floor) for n, day in enumerate(days)]
    drawing.add(Polygon(_flat([*high, *reversed(low)]), fillColor=BAND, strokeColor=None))
    drawing.add(PolyLine(_flat(line), strokeColor=MODEL, strokeWidth=1.6))
    drawing.add(_word(LEFT, 2, f"{days[0].day:%m-%d}"))
    drawing.add(_word(WIDTH, 2, f"{days[-1].day:%m-%d}", anchor="end"))
    return drawing


def _place(n: int, share: float, length: int, floor: float) -> tuple[float, float]:
    x = LEFT + (WIDTH - LEFT) * n / max(length - 1, 1)
    return x, FOOT + HEIGHT * (min(max(share, floor), 1.0) - floor) / (1 - floor)


def _flat(places: Sequence[tuple[float, float]]) -> list[float]:
    return [number for place in places for number in place]


def _word(x: float, y: float, text: str, *, anchor: str = "start") -> String:
    return String(x, y, text, fontName=PLAIN, fontSize=7.5, fillColor=FAINT, textAnchor=anchor)
