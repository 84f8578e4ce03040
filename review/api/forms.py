"""The shape of what moves the ladder. Meaning belongs to the deeds."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from inspection.api.serializers import StrictCharField, StrictSerializer, checked
from inspection.rules.words import Level

REASON_MAX = 500
LEVELS = [level.value for level in Level]


class StrictForm(StrictSerializer):
    """A body with the declared fields and no other."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """Return the body's values, or raise ValidationError with a pointer to each fault."""
        return checked(cls(data=request.data))


class ReasonForm(StrictForm):
    reason = StrictCharField(max_length=REASON_MAX)


class ProposalForm(ReasonForm):
    to_level = serializers.ChoiceField(LEVELS)


class LoweringForm(ReasonForm):
    to_level = serializers.ChoiceField(LEVELS)


class ConfirmationForm(StrictForm):
    """The second proof of who signs: a password or a code."""

    password = StrictCharField(max_length=256, required=False, default="", allow_blank=True, trim_whitespace=False)
    code = StrictCharField(max_length=32, required=False, default="", allow_blank=True)
