"""The shape of what people's programs send. Meaning belongs to the deeds."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from inspection.api.serializers import (
    MomentField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from inspection.rules.words import Call, Label, Phase
from review.faults import COMMENT_MAX
from review.queues import CLAIM_MAX

INTEGER_MAX = 2**31 - 1
CALLS = [call.value for call in Call]
LABELS = [label.value for label in Label]
PAGE_FACTS = ("tool_use", "viewport", "prefetch_hit", "wait_ms", "fast")


class TextField(StrictCharField):
    """Free text as it was written: blanks are not trimmed, and judged by the deed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "default": "", "allow_blank": True, "trim_whitespace": False, **options})


class UUIDField(serializers.UUIDField):
    """A UUID in its usual text form, and nothing that could be taken for it."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value="")
        return super().to_internal_value(data)


class RegionsField(serializers.ListField):
    """A list of objects; what stands in them is judged against the image."""

    default_error_messages = {"not_an_object": _("A region is an object.")}

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        regions = super().to_internal_value(data)
        if not all(isinstance(region, dict) for region in regions):
            self.fail("not_an_object")
        return regions


class CountsField(serializers.DictField):
    """How often each tool was used."""

    child = StrictIntegerField(min_value=0, max_value=INTEGER_MAX)
    default_error_messages = {"too_many": _("More than 20 entries.")}

    def to_internal_value(self, data: Any) -> dict[str, int]:
        counts = super().to_internal_value(data)
        if len(counts) > 20 or any(len(name) > 40 for name in counts):
            self.fail("too_many")
        return counts


class ClaimForm(StrictSerializer):
    count = StrictIntegerField(min_value=1, max_value=CLAIM_MAX, required=False, default=1)
    tab = TextField(max_length=64)


class LeaseForm(StrictSerializer):
    lease_token = StrictIntegerField(min_value=0, max_value=INTEGER_MAX)


class CallForm(StrictSerializer):
    """What a first call and a later correction have in common."""

    decision_id = UUIDField()
    label: Any = serializers.ChoiceField(LABELS)
    defect_class = StrictCharField(max_length=40, required=False, allow_null=True, allow_blank=True, default=None)
    regions = RegionsField(required=False, default=list)


class DecisionForm(CallForm):
    """A first call, or the final one after a reveal. The last five fields are the page's own facts."""

    lease_token = StrictIntegerField(min_value=0, max_value=INTEGER_MAX)
    comment = TextField(max_length=COMMENT_MAX)
    shown_at = MomentField()
    decided_at = MomentField()
    view_ms = StrictIntegerField(min_value=0, max_value=INTEGER_MAX)
    phase = serializers.ChoiceField([phase.value for phase in Phase], required=False, default=Phase.INITIAL.value)
    ask_reveal = StrictBooleanField(required=False, default=False)
    tool_use = CountsField(required=False)
    viewport = serializers.ListField(
        child=StrictIntegerField(min_value=0, max_value=INTEGER_MAX), required=False, min_length=2, max_length=2
    )
    prefetch_hit = StrictBooleanField(required=False)
    wait_ms = StrictIntegerField(min_value=0, max_value=INTEGER_MAX, required=False)
    fast = StrictBooleanField(required=False)


class AmendmentForm(CallForm):
    reason = StrictCharField(max_length=COMMENT_MAX, trim_whitespace=False)


class MineQuery(StrictSerializer):
    mine = serializers.IntegerField(min_value=1, max_value=200, required=False, default=20)


class LineQuery(StrictSerializer):
    line = serializers.SlugField(max_length=40, required=False, default="")


class RulingForm(StrictSerializer):
    label: Any = serializers.ChoiceField(LABELS)
    defect_class = StrictCharField(max_length=40, required=False, allow_null=True, allow_blank=True, default=None)
    reason = TextField(max_length=COMMENT_MAX)
