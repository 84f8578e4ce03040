"""The rows of `bench.switches`: a line with two versions, and what its rows say about every switch."""

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count
from django.utils.timezone import now as clock

from bench import figures, floor_rows
from inspection import registry
from inspection.models import ArmEvent, Disposition, Item, Line, Rollout, Routing, StageRun
from inspection.models.rollout import DROPPED, SEEN
from inspection.rules.rollouts import Arm
from inspection.rules.words import DecidedBy, Origin, Outcome, Route, Stage
from review.demo import DEMO_MODEL

NAME = "drawn-net"
VERSIONS = (f"{NAME}:1", f"{NAME}:2")
LIMIT_S = 1.0
ROUTED_WITHIN_S = 120.0
MS = timedelta(milliseconds=1)
# Who wrote a row, and when it stood: facts that no row of the product needs.
WITNESSED = {"inspection_routing": "routed_in", "inspection_run": "opened_in"}


def prepare(wish: str, *, views: Sequence[str]) -> dict[str, Any]:
    """Lay the floor, register the second version, and let the database note by itself who writes."""
    floor = floor_rows.lay([wish])
    Line.objects.update(views=list(views))
    registry.register(DEMO_MODEL, name=NAME, origin=Origin.SETUP, now=clock())
    witness()
    return floor


def witness() -> None:
    """Let the database note of each row that tells of a decision which process wrote it, and when."""
    with connection.cursor() as cursor:
        for table, column in WITNESSED.items():
            cursor.execute(
                f"ALTER TABLE {table} ADD COLUMN {column} text DEFAULT current_setting('application_name'),"
                f" ADD COLUMN {column}_at timestamptz DEFAULT clock_timestamp()"
            )


def outcome(sent: int) -> dict[str, Any]:
    """Wait for the last routing, and return what became of the items."""
    deadline = time.monotonic() + ROUTED_WITHIN_S
    while Routing.objects.count() < sent and time.monotonic() < deadline:
        time.sleep(0.2)
    reasons = Routing.objects.values_list("reason").annotate(n=Count("pk")).order_by("-n")
    failed = StageRun.objects.filter(outcome=Outcome.FAILED.value)
    return {
        "failed items: lost": sent - Item.objects.count(),
        "failed items: never routed": Item.objects.filter(routing=None).count(),
        "failed items: quarantined": Routing.objects.filter(route=Route.QUARANTINE.value).count(),
        "failed items: a model gave no answer": failed.filter(stage=Stage.PREDICT.value).count(),
        "runs decided by a model": Disposition.objects.filter(decided_by=DecidedBy.MODEL.value).count(),
        "runs decided with a mixed model": _mixed(),
        "runs that met both models, all given to people": Routing.objects.filter(reason="model-changed").count(),
        "routed, by reason": dict(reasons),
        "rollouts taken back by a guardrail": Rollout.objects.filter(cause__startswith="guardrail").count(),
    }


def beside_a_shadow(turns: Sequence[tuple[datetime, datetime, bool]]) -> dict[str, Any]:
    """Return milliseconds from arrival to routing, of turns with a shadow beside turns without one."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for began, ended, is_shadowed in turns:
        items = Routing.objects.filter(item__received_at__range=(began, ended))
        spent[is_shadowed] += [(at - came) / MS for came, at in items.values_list("item__received_at", "routed_at")]
    with_it, without = figures.spread(spent[True]), figures.spread(spent[False])
    kinds = ArmEvent.objects.filter(arm=Arm.CANDIDATE.value)
    return {
        "arrival to routing with a shadow, ms": with_it,
        "arrival to routing without, ms": without,
        "with over without": {word: round(with_it[word] / without[word], 3) for word in ("p50", "p95")},
        "runs the shadow looked at": kinds.filter(kind=SEEN).count(),
        "runs nobody had time to look at": ArmEvent.objects.filter(kind=DROPPED).count(),
    }


def times(switches: Sequence[Any]) -> dict[str, Any]:
    """Return milliseconds from the press of each switch until each process had switched."""
    routings = _written(
        "SELECT r.routed_in, r.routed_in_at, m.name || ':' || m.version FROM inspection_routing r"
        " JOIN inspection_modelversion m ON m.id = r.model_version_id ORDER BY r.routed_in_at"
    )
    openings = _written(
        "SELECT r.opened_in, r.opened_in_at, m.name || ':' || m.version FROM inspection_run r"
        " JOIN inspection_epoch e ON e.id = r.epoch_id JOIN inspection_modelversion m ON m.id = e.model_version_id"
        " ORDER BY r.opened_in_at"
    )
    return {
        "switches": len(switches),
        "of them with a worker killed": sum(bool(switch.killed) for switch in switches),
        "press to answer, ms": figures.spread([(one.answered_at - one.pressed_at) / MS for one in switches]),
        "items: old version until, new version from the press on, ms": _by_process(switches, routings),
        "runs: old version's epoch until, new one's from the press on, ms": _by_process(switches, openings),
        "items in flight: written by the old version after the answer, most a switch": _in_flight(switches, routings),
    }


Written = list[tuple[str, datetime, str]]


def _mixed() -> int:
    """Return how many runs a model decided of which another model had spoken for a view."""
    decided = Disposition.objects.filter(decided_by=DecidedBy.MODEL.value).values("run")
    spoken = Routing.objects.filter(item__run__in=decided).values("item__run")
    return spoken.annotate(models=Count("model_version", distinct=True)).filter(models__gt=1).count()


def _written(statement: str) -> Written:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _by_process(switches: Sequence[Any], rows: Written) -> dict[str, dict[str, Any]]:
    """Return by process when its last row of the old version and its first of the new one were written.

    The first is 0 where its rows after the press are all new; the second waits for the process's next work too. A
    process that wrote nothing before the next switch, or was killed in this one, is left out of it: `n` says how many
    it was seen in.
    """
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: {"old until": [], "new from": []})
    names = {row[0] for row in rows}
    for switch, end in _until_next(switches):
        between = _between(rows, switch.pressed_at, end)
        for name in names - {switch.killed}:
            mine = [((at - switch.pressed_at) / MS, version) for process, at, version in between if process == name]
            if not mine:
                continue
            new = [ms for ms, version in mine if version == switch.version]
            found[name]["old until"].append(max((ms for ms, version in mine if version != switch.version), default=0.0))
            found[name]["new from"] += new[:1]
    return {
        name: {
            **{word: figures.spread(spent) for word, spent in both.items() if spent},
            "p95 of the old version over the limit of 1 s": _share(both["old until"]),
        }
        for name, both in sorted(found.items())
    }


def _in_flight(switches: Sequence[Any], rows: Written) -> int:
    """Return the most rows that the old version wrote after the answer to a switch."""
    return max(
        sum(version != switch.version for _, _, version in _between(rows, switch.answered_at, end))
        for switch, end in _until_next(switches)
    )


def _until_next(switches: Sequence[Any]) -> list[tuple[Any, datetime]]:
    """Return each switch with the moment of the next."""
    far = datetime.max.replace(tzinfo=switches[0].pressed_at.tzinfo)
    return list(zip(switches, [*(switch.pressed_at for switch in switches[1:]), far], strict=True))


def _between(rows: Written, start: datetime, end: datetime) -> Written:
    return [row for row in rows if start < row[1] < end]


def _share(spent: Sequence[float]) -> float:
    return round(figures.percentile(spent, 0.95) / 1000 / LIMIT_S, 3)
