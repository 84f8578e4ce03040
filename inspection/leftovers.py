"""Rows that are kept for a while only."""

from django.db.models import QuerySet

AT_A_TIME = 1000


def drop(rows: QuerySet) -> int:
    """Delete rows some at a time: one long write would keep every other writer of SQLite waiting. Return how many."""
    dropped = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:AT_A_TIME]):
        rows.model._default_manager.filter(pk__in=keys).delete()
        dropped += len(keys)
    return dropped
