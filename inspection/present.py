"""Lines as they stand while items are routed: read once for many, and anew when something changes them."""

from collections.abc import Sequence
from datetime import datetime

from inspection import cameras, dispositions
from inspection.cameras import Cameras
from inspection.dispositions import Given
from inspection.models import Hold, Item, Line, Routing
from inspection.rules.reconciling import DECIDED_OFFLINE, OFFLINE_AUDIT
from inspection.rules.words import DecidedBy, Level, Route, Verdict
from inspection.stages import Seen

_DEPLOYED = ("deployment__step__rollout", "deployment__candidate", "deployment__bands")
_VERDICTS = {Route.AUTO_PASS: Verdict.PASS, Route.AUTO_REJECT: Verdict.REJECT}


class Present:
    """The lines of some items as they stand now, and what was routed on them but is not written yet.

    Whatever changes a line while its items are routed is met by the next of them: then it is read anew.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._routed: list[Routing] = []
        self._cameras = Cameras(items)
        self._read()

    def line_of(self, item: Item) -> Line:
        """Return the item's line as it stands now, with all that routing asks of it."""
        item.line = self._lines[item.line_id]
        return item.line

    def is_held(self, line: Line) -> bool:
        return line.pk in self._held

    def is_repeat(self, item: Item, seen: Seen) -> bool:
        return self._cameras.is_repeat(item, seen.fingerprint)

    def add(self, routing: Routing) -> None:
        self._routed.append(routing)

    def write(self, *, now: datetime) -> None:
        """Write the routings, and give the runs the verdicts that need no person."""
        Routing.objects.bulk_create(self._routed)
        decided = [_given(routing) for routing in self._routed if Route(routing.route) in _VERDICTS]
        if decided:
            dispositions.settle_views(decided, at=now)
        self._routed = []

    def hold_if_it_goes_on(self, routing: Routing, *, now: datetime) -> None:
        """Hold the line when its last images in a row, this one among them, could not be decided on."""
        self.write(now=now)
        if cameras.hold_if_it_goes_on(routing, routing.item.line, now=now):
            self._read()

    def _read(self) -> None:
        # In one statement, so that no switch comes between the line and what is deployed on it.
        lines = Line.objects.select_related("epoch__model_version", "bands", *_DEPLOYED)
        self._lines = lines.in_bulk({item.line_id for item in self._items})
        held = Hold.objects.in_force().filter(line__in=self._lines)
        self._held = set(held.values_list("line", flat=True))


def _given(standing: Routing) -> Given:
    return Given(
        item=standing.item,
        verdict=_VERDICTS[Route(standing.route)],
        decided_by=DecidedBy.MODEL,
        level=Level(standing.level),
        # The line never hears which of its parts are audited.
        reason=DECIDED_OFFLINE if standing.reason == OFFLINE_AUDIT else standing.reason,
        model_version=standing.model_version,
    )
