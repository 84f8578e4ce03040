"""The pictures people look at: their size as shown, and the reference beside them."""

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from inspection.models import GoldenReference, Item, Line
from inspection.rules.words import GoldenState, Label
from review.models import Adjudication, Truth


def upright_size(item: Item) -> tuple[int, int]:
    """Return width and height after the camera's rotation mark was followed: regions are in these pixels.

    The door stores the size as the file declares it; the measures tell which way round the picture stands.
    """
    measures = getattr(item, "measures", None)
    return upright(item.width, item.height, (measures.width, measures.height) if measures else None)


def upright(width: int, height: int, seen: tuple[int, int] | None) -> tuple[int, int]:
    """`upright_size` of a declared size beside the size that was seen; None where nothing was measured.

    >>> upright(640, 480, (192, 256)), upright(640, 480, None)
    ((480, 640), (640, 480))
    """
    turned = seen is not None and (width - height) * (seen[0] - seen[1]) < 0
    return (height, width) if turned else (width, height)


def references_of(line: Line) -> dict[str, GoldenReference]:
    """Return the newest golden reference of the line's product for each view."""
    golden = standing(line).filter(product=line.product_id).order_by("revision")
    return {reference.view: reference for reference in golden}


def standing(line: Line) -> QuerySet[GoldenReference]:
    """Return the golden references that may be shown: readable, and of an image that still counts as good.

    One whose image is doubted or turned out bad steps aside for the revision before it.
    """
    truth = Truth.objects.filter(item=OuterRef("source")).order_by("-n").values("label")
    doubted = Adjudication.objects.filter(item=OuterRef("source"), ruled_at=None)
    readable = GoldenReference.objects.filter(line=line, state=GoldenState.READY.value)
    believed = readable.annotate(label=Subquery(truth[:1])).filter(Q(source=None) | Q(label=Label.PASS.value))
    return believed.exclude(Exists(doubted))
