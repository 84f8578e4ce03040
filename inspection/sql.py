"""The one module that speaks a database's own dialect: claims, folds, append-only triggers, and how long one waits.

Statements take bound parameters only. Nothing else asks which database it is.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Aggregate, TextField

from inspection.rules.words import Level

APPEND_ONLY = (
    "inspection_item",
    "inspection_routing",
    "inspection_prediction",
    "inspection_modelversion",
    "inspection_bands",
    "inspection_deploymentchange",
    "inspection_gateevaluation",
    "inspection_levelchange",
    "inspection_viewverdict",
    "inspection_receipt",
    "review_physicalfinding",
    "inspection_scopesignature",
    "inspection_limitsample",
    "inspection_baseline",
    "inspection_failuremode",
    "inspection_failurewatch",
    "inspection_rolloutmove",
    "inspection_armevent",
    "inspection_changeover",
    "inspection_offlineallowance",
    "inspection_settingchange",
    "inspection_gatelimits",
    "inspection_campaign",
    "inspection_stationchange",
    "inspection_personchange",
    "review_decision",
    "review_decisionfate",
    "review_truth",
    "review_certification",
    "review_bandschange",
    "review_auditfinding",
    "review_missresult",
    "review_auditlot",
    "review_goldrule",
    "review_sessionend",
    "review_challengecalendar",
    "review_challengeshowing",
    "review_snapshot",
    "review_snapshotimage",
    "review_heldback",
    "review_retrainingrule",
    "review_assiststylechange",
    "review_latecall",
    "review_download",
    "monitoring_driftwindow",
    "monitoring_driftmark",
    "monitoring_embeddingtest",
    "monitoring_alarmchange",
    "monitoring_alarmthreshold",
)

_ROLES = "inspection_membership"
_FIXED = ("user_id", "line_id", "role", "is_founding", "granted_at", "granted_by_id")
_WRITING = ("BEGIN", "INSERT", "UPDATE", "DELETE")
_PG_FUNCTION = """
CREATE OR REPLACE FUNCTION tollgate_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def protect(tables: tuple[str, ...]) -> None:
    """Make the database refuse UPDATE and DELETE on the tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_PG_FUNCTION)
        for table in tables:
            for statement in _protection(table):
                cursor.execute(statement)


def unprotect(tables: tuple[str, ...]) -> None:
    """Take the triggers away again: for reversed migrations and for emptying a test database."""
    with connection.cursor() as cursor:
        for table in tables:
            for verb in ("update", "delete"):
                on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on_table}")


def fix_roles(ended: tuple[str, ...] = ("revoked_at",), *, also: tuple[str, ...] = ()) -> None:
    """Make the database refuse to change whose role it is, on which line, since when, or to give back one taken away.

    `ended` names the columns that are written when it is taken away, and never after; `also` those that came to the
    others later. A role signs once it is a day old: one that could be rewritten would let a single administrator make
    two leads.
    """
    is_new = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    changed = " OR ".join(f"NEW.{column} {is_new} OLD.{column}" for column in (*_FIXED, *also))
    rewritten = " OR ".join(f"NEW.{column} {is_new} OLD.{column}" for column in ended)
    when = f"{changed} OR (OLD.revoked_at IS NOT NULL AND ({rewritten}))"
    head = f"CREATE TRIGGER {_ROLES}_fixed BEFORE UPDATE ON {_ROLES}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_PG_FUNCTION)
            cursor.execute(f"{head} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION tollgate_append_only()")
        else:
            refusal = f"SELECT RAISE(ABORT, 'append-only: UPDATE on {_ROLES} is refused')"
            cursor.execute(f"{head} WHEN {when} BEGIN {refusal}; END")


def unfix_roles() -> None:
    """Take the trigger away again: for the reversed migration."""
    on_table = f" ON {_ROLES}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS {_ROLES}_fixed{on_table}")


_RUNGS = " ".join(f"WHEN '{level.value}' THEN {level.rung}" for level in Level)
_RISE = f"CASE NEW.to_level {_RUNGS} END > CASE NEW.from_level {_RUNGS} END"
_UNSIGNED = """
NOT EXISTS (
    SELECT 1 FROM inspection_levelproposal signed
    WHERE signed.id = NEW.proposal_id AND signed.line_id = NEW.line_id AND signed.status = 'approved'
      AND signed.from_level = NEW.from_level AND signed.to_level = NEW.to_level AND NOT signed.resumes
)
"""
_RISE_REFUSED = "a step up needs a proposal of this step that two people signed"


def guard_rises() -> None:
    """Make the database refuse a step up that no approved proposal of the same line and step stands behind.

    That an approved proposal bears two people's signatures is a constraint of its own table.
    """
    head = "CREATE TRIGGER inspection_levelchange_signed BEFORE INSERT ON inspection_levelchange"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"""
                CREATE OR REPLACE FUNCTION tollgate_signed_rise() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF ({_RISE} AND {_UNSIGNED}) THEN
                        RAISE EXCEPTION '{_RISE_REFUSED}' USING ERRCODE = 'integrity_constraint_violation';
                    END IF;
                    RETURN NEW;
                END $$
            """)
            cursor.execute(f"{head} FOR EACH ROW EXECUTE FUNCTION tollgate_signed_rise()")
        else:
            cursor.execute(f"{head} WHEN {_RISE} AND {_UNSIGNED} BEGIN SELECT RAISE(ABORT, '{_RISE_REFUSED}'); END")


def unguard_rises() -> None:
    """Take the trigger away again: for the reversed migration."""
    on_table = " ON inspection_levelchange" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS inspection_levelchange_signed{on_table}")


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Let statements inside wait as long for another writer on SQLite. PostgreSQL has many writers and no such wait."""
    if connection.vendor != "sqlite":
        yield
        return
    _wait_at_most(seconds)
    try:
        yield
    finally:
        # A connection that was closed meanwhile begins with its own wait.
        if connection.connection is not None:
            _wait_at_most(connection.settings_dict["OPTIONS"]["timeout"])


@contextmanager
def timed_writes() -> Iterator[list[float]]:
    """Collect the seconds of each statement inside that may wait for another writer, also of one that waited in vain.

    SQLite waits where a transaction begins, PostgreSQL at the rows that are changed or locked.
    """
    took: list[float] = []

    def timed(execute: Callable[..., Any], statement: str, bound: Any, many: bool, context: dict[str, Any]) -> Any:
        if not statement.startswith(_WRITING) and "FOR UPDATE" not in statement:
            return execute(statement, bound, many, context)
        began = time.perf_counter()
        try:
            return execute(statement, bound, many, context)
        finally:
            took.append(time.perf_counter() - began)

    with connection.execute_wrapper(timed):
        yield took


def _wait_at_most(seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def longest_write() -> timedelta:
    """Return for how long the oldest open transaction of others has lasted that wrote something.

    On PostgreSQL its rows may have lower numbers than rows that everybody sees. SQLite has one writer at a time.
    """
    if connection.vendor != "postgresql":
        return timedelta(0)
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT COALESCE(MAX(clock_timestamp() - xact_start), interval '0') FROM pg_stat_activity
            WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        """)
        return cursor.fetchone()[0]


# The queue's partial index holds waiting rows only, so the claim costs the same however much was decided.
# The limits are counted inside the statement; the caller holds the person's row, so they are exact.
# MATERIALIZED: a plain subquery may be run once per row of the outer scan, and then lease more than its LIMIT.
_CLAIM = """
WITH picked AS MATERIALIZED (
    SELECT id FROM review_reviewtask
    WHERE line_id = %(line)s AND queue_rank IS NOT NULL AND (not_for_id IS NULL OR not_for_id <> %(person)s)
      AND (only_for_id IS NULL OR only_for_id = %(person)s)
    ORDER BY queue_rank
    LIMIT {most}(0, {least}(
        %(count)s,
        %(tab_max)s - (SELECT COUNT(*) FROM review_reviewtask
                       WHERE lease_holder_id = %(person)s AND lease_tab = %(tab)s),
        %(person_max)s - (SELECT COUNT(*) FROM review_reviewtask WHERE lease_holder_id = %(person)s)
    ))
    {lock}
)
UPDATE review_reviewtask
SET queue_rank = NULL, lease_holder_id = %(person)s, lease_tab = %(tab)s, lease_until = %(until)s,
    lease_token = lease_token + 1
WHERE id IN (SELECT id FROM picked)
RETURNING id
"""


def claim(
    *, line_id: int, person_id: int, tab: str, count: int, tab_max: int, person_max: int, until: datetime
) -> list[UUID]:
    """Lease up to `count` waiting tasks of a line to a person in one statement; return their ids in no order.

    Two claims never lease the same task: PostgreSQL skips rows another claim has locked, SQLite takes turns.
    """
    statement, bound = claim_statement(
        line_id=line_id, person_id=person_id, tab=tab, count=count, tab_max=tab_max, person_max=person_max, until=until
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, bound)
        return [row[0] if isinstance(row[0], UUID) else UUID(row[0]) for row in cursor.fetchall()]


def claim_statement(
    *, line_id: int, person_id: int, tab: str, count: int, tab_max: int, person_max: int, until: datetime
) -> tuple[str, dict[str, int | str | None]]:
    """Return the claim in this database's dialect with its parameters: also for looking at its plan."""
    is_postgresql = connection.vendor == "postgresql"
    statement = _CLAIM.format(
        most="GREATEST" if is_postgresql else "MAX",
        least="LEAST" if is_postgresql else "MIN",
        lock="FOR UPDATE SKIP LOCKED" if is_postgresql else "",
    )
    bound: dict[str, int | str | None] = {
        "line": line_id,
        "person": person_id,
        "tab": tab,
        "count": count,
        "tab_max": tab_max,
        "person_max": person_max,
        "until": connection.ops.adapt_datetimefield_value(until),
    }
    return statement, bound


# From each hour's first part the next one is sought behind its end: as many looks into the index as hours had parts.
_HOURS = """
WITH RECURSIVE hours(began) AS (
    SELECT ({first} AND run.opened_at >= %(since)s ORDER BY run.opened_at LIMIT 1)
    UNION ALL
    SELECT ({first} AND run.opened_at >= {next_hour} ORDER BY run.opened_at LIMIT 1)
    FROM hours WHERE hours.began IS NOT NULL
)
SELECT hours.began, ({first} AND run.opened_at < {next_hour} ORDER BY run.opened_at DESC LIMIT 1)
FROM hours WHERE hours.began IS NOT NULL ORDER BY 1
"""
_FIRST = """
SELECT run.opened_at FROM inspection_run run JOIN inspection_part part ON part.id = run.part_id
WHERE run.line_id = %(line)s AND run.opened_at < %(until)s AND NOT part.is_staged
"""


def hours_with_parts(*, line_id: int, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """Return when the first and the last part of each hour came, in order, for hours of a window that had any."""
    is_postgresql = connection.vendor == "postgresql"
    by_date = "date_trunc('hour', hours.began) + interval '1 hour'"
    by_text = "strftime('%%Y-%%m-%%d %%H:00:00', hours.began, '+1 hour')"
    statement = _HOURS.format(first=_FIRST, next_hour=by_date if is_postgresql else by_text)
    moments = {"since": since, "until": until}
    bound = {name: connection.ops.adapt_datetimefield_value(moment) for name, moment in moments.items()}
    with connection.cursor() as cursor:
        cursor.execute(statement, {"line": line_id, **bound})
        # SQLite's moments are of no zone, and both databases tell them in UTC.
        return [(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)) for first, last in cursor.fetchall()]


class Moments(Aggregate):
    """Every moment of a group as one value, told in order: ten thousands of rows with a date each are slow to read."""

    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[str | int, ...]]:
        # SQLite's moments are of no zone and told in UTC.
        return self.as_sql(compiler, connection, template="GROUP_CONCAT(%(expressions)s || '+00:00')", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[str | int, ...]]:
        return self.as_sql(compiler, connection, template="STRING_AGG(CAST(%(expressions)s AS text), ',')", **extra)

    def convert_value(self, value: str | None, *_: Any) -> list[datetime]:
        """Return the moments that the database told as text; none where no row is in the group."""
        return sorted(map(datetime.fromisoformat, value.split(","))) if value else []


def _protection(table: str) -> list[str]:
    if connection.vendor == "postgresql":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION tollgate_append_only()"
            for verb in ("update", "delete")
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'append-only: {verb.upper()} on {table} is refused'); END"
        for verb in ("update", "delete")
    ]
