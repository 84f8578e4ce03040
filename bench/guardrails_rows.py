"""`python -m bench.guardrails_rows EVENTS READS`: time a long step's guardrails; print milliseconds as JSON.

The database is filled for it. Whole runs are few: each counts for many, by events that differ in their number only.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test.utils import override_settings  # noqa: E402
from django.utils.timezone import now as clock  # noqa: E402

from bench import figures, floor_rows  # noqa: E402
from inspection import arm_counts, arms, registry, rollouts, salts  # noqa: E402
from inspection.models import ArmEvent, Deployment, Line, Part, RolloutStep, Run  # noqa: E402
from inspection.rules.rollouts import Arm, Guard  # noqa: E402
from inspection.rules.words import Origin, RolloutStrategy  # noqa: E402
from monitoring import rounds  # noqa: E402
from review.demo import DEMO_MODEL  # noqa: E402

LINE = "guarded"
RUNS, KINDS = 20_000, 4
TAIL = 60 * 20
"""Runs of the minute that is not folded yet, at 20 a second."""
BREACH = 20
RECOUNTS = 5
LASTED = timedelta(days=7)
DRAWS = ("truth", "overlap", "audit", "control", "check_defect", "second_look")

# Both versions saw each run and both were read on it.
_FILL = """
WITH RECURSIVE times(n) AS (SELECT CAST(%(first)s AS integer) UNION ALL SELECT n + 1 FROM times WHERE n < %(last)s),
noted(arm, kind) AS (VALUES ('candidate', 'seen'), ('incumbent', 'seen'), ('candidate', 'read'), ('incumbent', 'read'))
INSERT INTO inspection_armevent (step_id, run_id, arm, kind, is_compared, n, weight, seen_at)
SELECT %(step)s, runs.id, noted.arm, noted.kind, FALSE, times.n, 1, runs.opened_at
FROM times CROSS JOIN (SELECT id, opened_at FROM inspection_run ORDER BY id LIMIT %(runs)s) runs CROSS JOIN noted
ORDER BY times.n, runs.id
"""


def main(events: int, reads: int) -> None:
    # The tables from the models at once: only the rows of one of them are of interest.
    with override_settings(MIGRATION_MODULES=dict.fromkeys(app.label for app in apps.get_app_configs())):
        call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
    step = _step(began_at=clock() - LASTED)
    times = max(1, events // (RUNS * KINDS))
    _write(step, first=0, last=times - 1, runs=RUNS)
    recounted = {"reading": _reading(step, RECOUNTS), "rollback": _rollback(step, RECOUNTS)}
    arm_counts.fold_due(now=clock() - 2 * arm_counts.FOLD_EVERY)
    first_fold = _took(lambda: arm_counts.fold_due(now=clock() - arm_counts.FOLD_EVERY))
    _write(step, first=times, last=times, runs=TAIL)
    step.refresh_from_db()
    folded = {"reading": _reading(step, reads), "rollback": _rollback(step, reads)}
    minute = _took(lambda: arm_counts.fold_due(now=clock()))
    told = {"recounted, ms": recounted, "folded, ms": folded, "first fold, ms": first_fold, "next fold, ms": minute}
    print(json.dumps(told))


def _step(*, began_at: datetime) -> RolloutStep:
    """Return a step in which a candidate has watched a line since then, and lay the line's runs."""
    floor_rows.lay([f"{LINE}:partial:1"])
    line = Line.objects.get(slug=LINE)
    candidate = registry.register(DEMO_MODEL, name="drawn-net", origin=Origin.SETUP, now=began_at)
    rollout = rollouts.start(line, candidate, strategy=RolloutStrategy.SHADOW, by=None, now=began_at)
    salt = salts.current(line, now=began_at)
    parts = Part.objects.bulk_create([Part(line=line, serial=f"G-{n:06d}") for n in range(RUNS)], batch_size=2000)
    facts = {
        "line": line,
        "epoch": line.epoch,
        "salt": salt,
        "n": 1,
        "views_expected": ["front"],
        "is_open": False,
        "is_settled": True,
        "shares": {},
        "canary_position": 0.5,
        **dict.fromkeys(("opened_at", "model_due_at", "review_due_at"), began_at),
        **dict.fromkeys((f"drawn_{draw}" for draw in DRAWS), False),
    }
    Run.objects.bulk_create([Run(part=part, **facts) for part in parts], batch_size=2000)
    return rollout.steps.get()


def _write(step: RolloutStep, *, first: int, last: int, runs: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"step": step.pk, "first": first, "last": last, "runs": runs})
        if connection.vendor == "postgresql":
            # As its own clockwork does a minute later.
            cursor.execute("ANALYZE inspection_armevent")


def _reading(step: RolloutStep, times: int) -> dict[str, float]:
    def read() -> None:
        arms.evidence_of(step, now=clock())

    read()
    return figures.spread([_took(read) for _ in range(times)])


def _rollback(step: RolloutStep, times: int) -> dict[str, float]:
    """Let the candidate fail so often, and the relay's round meet it; each time as if it had not been before."""
    taken = []
    for _ in range(times):
        with transaction.atomic():
            _breach(step)
            taken.append(_took(lambda: rounds.go(now=clock())))
            if Deployment.objects.get(line__slug=LINE).candidate is not None:
                raise RuntimeError("The candidate was not taken back.")
            transaction.set_rollback(True)
    return figures.spread(taken)


def _breach(step: RolloutStep) -> None:
    facts = {"arm": Arm.CANDIDATE.value, "kind": Guard.ERRORS.value, "is_compared": True, "seen_at": clock()}
    runs = Run.objects.order_by("pk")[:BREACH]
    ArmEvent.objects.bulk_create([ArmEvent(step=step, run=run, **facts) for run in runs])


def _took(deed: Callable[[], object]) -> float:
    """Return the milliseconds of a deed."""
    began = time.perf_counter()
    deed()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
