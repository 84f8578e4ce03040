"""The pictures people look at: their size as shown, and the reference beside them."""

from inspection.models import GoldenReference, Item, Line


def upright_size(item: Item) -> tuple[int, int]:
    """Return width and height after the camera's rotation mark was followed: regions are in these pixels.

    The door stores the size as the file declares it; the measures tell which way round the picture stands.
    """
    measures = getattr(item, "measures", None)
    turned = measures is not None and (item.width - item.height) * (measures.width - measures.height) < 0
    return (item.height, item.width) if turned else (item.width, item.height)


def references_of(line: Line) -> dict[str, GoldenReference]:
    """Return the newest golden reference of the line's product for each view."""
    golden = GoldenReference.objects.filter(line=line, product=line.product_id).order_by("revision")
    return {reference.view: reference for reference in golden}
