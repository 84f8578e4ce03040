"""Columns that several rows share."""

from enum import StrEnum
from typing import Any

from django.db import models
from uuid_utils.compat import uuid7


def word_field(words: type[StrEnum], **options: Any) -> models.CharField:
    """Return a column that holds one value of a closed vocabulary."""
    return models.CharField(max_length=20, choices=[(word.value, word.value) for word in words], **options)


def word_check(column: str, words: type[StrEnum], *, name: str) -> models.CheckConstraint:
    """Return the constraint that keeps a column inside its vocabulary."""
    return models.CheckConstraint(condition=models.Q(**{f"{column}__in": [word.value for word in words]}), name=name)


def share_check(column: str, *, name: str) -> models.CheckConstraint:
    """Return the constraint that keeps a share between 0 and 1."""
    return models.CheckConstraint(condition=models.Q(**{f"{column}__gte": 0, f"{column}__lte": 1}), name=name)


class TimeOrderedModel(models.Model):
    """A row whose id carries its time of birth and is otherwise unguessable."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True
