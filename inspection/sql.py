"""The one module that speaks a database's own dialect: claims, folds and append-only triggers.

Statements take bound parameters only. Nothing else asks which database it is.
"""

from django.db import connection

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
    "review_decision",
    "review_decisionfate",
    "review_truth",
)

_PG_FUNCTION = """
CREATE OR REPLACE FUNCTION tollgate_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
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
