"""A round of the clockwork reaches for what is due; what is long done it leaves alone."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inspection.rules.words import Call, Role
from monitoring import rounds
from review import challenges
from tests.builders import NOON, make_user
from tests.review.bank_scene import make_defect
from tests.review.scene import answer, later, make_run, make_task, make_watched_line

IS_SQLITE = "sqlite" in settings.DATABASES["default"]["ENGINE"]

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not IS_SQLITE, reason="PostgreSQL knows how large its tables are and plans anew as they grow"),
]

# What grows with every part. An index of nothing but what is due may be gone through whole.
HISTORY = (
    "inspection_run",
    "inspection_item",
    "inspection_measures",
    "inspection_prediction",
    "inspection_routing",
    "inspection_disposition",
    "inspection_receipt",
    "review_reviewtask",
    "review_decision",
    "review_decisionfate",
    "review_truth",
    "review_adjudication",
    "review_countdelta",
)
OF_WHAT_IS_DUE = (
    "run_owed_by_deadline",
    "run_owed_by_model",
    "run_showing_due",
    "count_delta_to_fold",
    "count_delta_tail",
)


def test_no_statement_of_a_round_goes_through_the_history():
    line = make_watched_line()
    answer(make_task(line, "A-1", call=Call.DEFECT), make_user("ana"))
    make_run(line, "A-2")
    challenges.mark(make_defect(line), serial="CH-1", by=make_user("quinn", role=Role.QA_LEAD), now=NOON)

    with CaptureQueriesContext(connection) as captured:
        rounds.go(now=later(3600))

    reads = [one["sql"] for one in captured if one["sql"].startswith("SELECT")]
    assert len(reads) > 20
    assert [(step, sql) for sql in reads for step in plan(sql) if goes_through(step)] == []


def plan(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[-1] for row in cursor.fetchall()]


def goes_through(step: str) -> bool:
    """Say whether a step of a plan takes every row of the history, or every row of one model, line or epoch."""
    read = re.match(r"(SCAN|SEARCH) (\w+)( USING .*INDEX (\S+) ?(.*))?", step)
    if not read or read[2] not in HISTORY or read[4] in OF_WHAT_IS_DUE:
        return False
    return read[1] == "SCAN" or bool(re.match(r"\((model_version|line|epoch|policy)\w*=\?\)$", read[5] or ""))
