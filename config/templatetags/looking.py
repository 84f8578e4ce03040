"""A part on a page where it can be looked at closely: the viewer of the loop over a plain image."""

import json
from collections.abc import Sequence

from django import template

register = template.Library()


@register.inclusion_tag("review/_pane.html")
def pane(
    address: str, says: str, size: tuple[int, int], marks: Sequence[dict] = (), *, tiled: bool = False
) -> dict[str, object]:
    """One view of a part with people's marks. `size` is that of the original, in whose pixels they are kept.

    `tiled` says that the image can be had at its full size under its address, tile by tile.
    """
    shown = {"address": address, "says": says, "size": size, "is_tiled": tiled}
    return {**shown, "marks": marks, "regions": json.dumps(list(marks))}
