"""The rows of `bench.stop`: lines with two versions, and what their rows say about every press."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.timezone import now as clock

from bench import floor_rows, switches_rows
from inspection import registry
from inspection.models import Disposition, Item, Rollout, Routing
from inspection.rules.words import DecidedBy, Origin
from review.demo import DEMO_MODEL

MS = timedelta(milliseconds=1)


def prepare(wishes: Sequence[str]) -> dict[str, Any]:
    """Lay the floor, register the second version, and let the database note by itself who writes, and when."""
    floor = floor_rows.lay(wishes)
    registry.register(DEMO_MODEL, name=switches_rows.NAME, origin=Origin.SETUP, now=clock())
    switches_rows.witness()
    return floor


def outcome(presses: Sequence[Any]) -> dict[str, Any]:
    """Return what the lines decided alone after each press and each answer, and that they did before."""
    alone = {one.line: _alone(one.line) for one in presses}
    after_press = [at - one.pressed_at for one in presses for at in alone[one.line] if at > one.pressed_at]
    return {
        "press to last automatic decision, ms at most": round(max(after_press, default=timedelta()) / MS),
        "decided automatically after the answer": sum(
            at > one.answered_at for one in presses for at in alone[one.line]
        ),
        "lines that decided automatically before": sum(
            min(alone[one.line], default=one.pressed_at) < one.pressed_at for one in presses
        ),
        "decided automatically at all": sum(len(moments) for moments in alone.values()),
        "runs settled by a model": Disposition.objects.filter(decided_by=DecidedBy.MODEL.value).count(),
        "images at all": Item.objects.count(),
        "of them of a canary's runs": Routing.objects.filter(model_version__version=2).count(),
        "processes that routed": len(_routed_in()),
        "rollouts taken back by a guardrail": Rollout.objects.filter(cause__startswith="guardrail").count(),
    }


def _alone(line: str) -> list[Any]:
    """Return when each automatic decision of a line was written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.routed_in_at FROM inspection_routing r JOIN inspection_item i ON i.id = r.item_id"
            " JOIN inspection_line l ON l.id = i.line_id"
            " WHERE l.slug = %s AND r.route IN ('auto_pass', 'auto_reject')",
            [line],
        )
        return [at for (at,) in cursor.fetchall()]


def _routed_in() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT routed_in FROM inspection_routing")
        return [name for (name,) in cursor.fetchall()]
