"""Printed sheets: A4 PDF in English or Korean, with a hash of what is said at the foot of each page."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from django.utils.html import escape
from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD = "Paper", "PaperBold"
MARGIN = 18 * mm
# The frame pads what flows in it by six points on each side.
WIDTH = A4[0] - 2 * MARGIN - 12
INK, FAINT, HAIR = colors.HexColor("#161616"), colors.HexColor("#636363"), colors.HexColor("#dcdcdc")

Rows = Sequence[Sequence[str]]


class Sheet:
    """A sheet that is filled from the top down, then printed once."""

    def __init__(self, title: str, *, about: str, foot: str) -> None:
        _register()
        self._title, self._foot = title, foot
        self._flow: list[Flowable] = [Paragraph(escape(title), TITLE), Paragraph(escape(about), META)]

    def sentence(self, text: str) -> None:
        self._flow.append(Paragraph(escape(text), VERDICT))

    def note(self, text: str) -> None:
        self._flow.append(Paragraph(escape(text), META))

    def table(self, title: str, head: Sequence[str], rows: Rows) -> None:
        """Set a table whose first column is words and whose others are figures; left out without rows."""
        if not rows:
            return
        first = 0.3 * WIDTH
        # Each column of figures gets room by its longest one, so that no two run into each other.
        longest = [4 + max(len(row[n]) for row in (head, *rows)) for n in range(1, len(head))]
        widths = [first, *((WIDTH - first) * n / sum(longest) for n in longest)]
        cells = [[Paragraph(escape(word), WORD) if n == 0 else word for n, word in enumerate(row)] for row in rows]
        self._flow += [
            Paragraph(escape(title), HEADING),
            Table([list(head), *cells], widths, style=LINES, repeatRows=1),
        ]

    def draw(self, title: str, drawing: Flowable) -> None:
        self._flow += [Paragraph(escape(title), HEADING), drawing, Spacer(0, 2 * mm)]

    def printed(self) -> bytes:
        """Return the PDF. The same sheet gives the same bytes."""
        target = BytesIO()
        frame = {"leftMargin": MARGIN, "rightMargin": MARGIN, "topMargin": MARGIN, "bottomMargin": MARGIN + 6 * mm}
        document = SimpleDocTemplate(target, pagesize=A4, title=self._title, author="Tollgate", invariant=1, **frame)
        document.build(self._flow, onFirstPage=self._footer, onLaterPages=self._footer)
        return target.getvalue()

    def _footer(self, canvas: Any, document: Any) -> None:
        canvas.setFont(PLAIN, 7.5)
        canvas.setFillColor(FAINT)
        canvas.drawString(MARGIN, MARGIN, self._foot)
        canvas.drawRightString(A4[0] - MARGIN, MARGIN, _("page %(n)s") % {"n": document.page})


@cache
def _register() -> None:
    """Read the faces once a process; only the letters used go into a PDF."""
    for name, weight in ((PLAIN, 400), (BOLD, 600)):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / f"paper-{weight}.ttf")))


TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=17, leading=22, textColor=INK)
VERDICT = ParagraphStyle(
    "verdict", fontName=BOLD, fontSize=11, leading=15.5, textColor=INK, spaceBefore=8, spaceAfter=6
)
HEADING = ParagraphStyle("heading", fontName=BOLD, fontSize=10, leading=14, textColor=INK, spaceBefore=10, spaceAfter=3)
META = ParagraphStyle("meta", fontName=PLAIN, fontSize=8.5, leading=12, textColor=FAINT)
WORD = ParagraphStyle("word", fontName=PLAIN, fontSize=8.5, leading=11, textColor=INK)
LINES = TableStyle(
    [
        ("FONT", (0, 0), (-1, 0), PLAIN, 8),
        ("TEXTCOLOR", (0, 0), (-1, 0), FAINT),
        ("FONT", (0, 1), (-1, -1), PLAIN, 8.5),
        ("TEXTCOLOR", (0, 1), (-1, -1), INK),
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, HAIR),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
)
