"""Models that fail: a file that is not the registered one, or too many items without an answer, take a line down.

The part itself is with people already: an image on which the model said nothing is never decided by it.
"""

from datetime import datetime

from inspection import registry
from inspection.models import LevelChange, Line, Routing
from inspection.rules.words import DECIDING
from review import watches

WINDOW = 100
ERRORS_MAX = 5


def follow(routing: Routing, *, now: datetime) -> LevelChange | None:
    """Take the line one rung down where its model failed on 5 of its last 100 items, or holds a foreign file.

    Called in the transaction that wrote the routing, so the next item meets the lower level. An item on which the
    model answered costs nothing here.
    """
    if routing.model_version_id is None or routing.call:
        return None
    line = _locked(routing.item.line_id)
    if not _is_of_line(routing, line):
        return None
    if _is_foreign(line):
        return _fall_for_file(line, now=now)
    errors = _errors(line)
    if errors < ERRORS_MAX:
        return None
    reason = f"the model gave no answer on {errors} of its last {WINDOW} items"
    return watches.step_down(line, reason=reason, detail={"errors": errors, "window": WINDOW}, now=now)


def check_files(*, now: datetime) -> int:
    """Take every line down whose deciding model is not the file that was registered. Return how many fell.

    Workers keep a loaded model for hours: what lies on the disk is what the next one would load.
    """
    deciding = Line.objects.filter(level__in=DECIDING, is_active=True, epoch__model_version__isnull=False)
    suspects = [line for line in deciding.select_related("epoch__model_version") if _is_foreign(line)]
    return sum(_fall_for_file(line, now=now) is not None for line in suspects)


def _fall_for_file(line: Line, *, now: datetime) -> LevelChange | None:
    if line.level not in DECIDING:
        return None
    version = line.present_epoch.model_version
    reason = f"the file of {version} is not the one that was registered"
    return watches.step_down(line, reason=reason, detail={"model": str(version)}, now=now)


def _is_foreign(line: Line) -> bool:
    version = line.present_epoch.model_version
    return version is not None and not registry.holds_registered(version)


def _errors(line: Line) -> int:
    """Count the items without an answer among the last that the line's model was asked about in this epoch."""
    asked = Routing.objects.filter(
        item__line=line, epoch=line.epoch_id, model_version=line.present_epoch.model_version_id
    )
    # Items are numbered by time.
    return list(asked.order_by("-pk").values_list("call", flat=True)[:WINDOW]).count("")


def _is_of_line(routing: Routing, line: Line) -> bool:
    """Say whether the line still is where the item was routed, and the model that failed is its own."""
    epoch = line.present_epoch
    return (routing.epoch_id, routing.model_version_id) == (epoch.pk, epoch.model_version_id)


def _locked(line_id: int) -> Line:
    lines = Line.objects.select_for_update(of=("self",)).select_related("epoch__model_version")
    return lines.get(pk=line_id)
