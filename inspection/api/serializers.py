"""The shape of what comes in, and of what goes out. Meaning belongs to the deeds."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from inspection import dispositions
from inspection.api.parsers import INTEGER_MAX, strict_json
from inspection.api.problems import Problem
from inspection.claims import Claim
from inspection.models import Item, Line
from inspection.rules.words import Verdict

META_MAX = 4096
KEY_PATTERN = re.compile(r"[\x20-\x7e]{1,255}")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


class StrictSerializer(serializers.Serializer):
    """Explicit fields only: one that is not declared refuses the whole request."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and set(data) - set(self.fields):
            known = _("Unknown field. Known: {names}.").format(names=", ".join(sorted(self.fields)))
            raise ValidationError({"non_field_errors": [ErrorDetail(known, code="unknown-field")]})
        return super().to_internal_value(data)


class StrictCharField(serializers.CharField):
    """Text, and nothing that could be taken for it."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction; neither "1" nor true."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class StrictFloatField(serializers.FloatField):
    """A finite JSON number; neither "1" nor true."""

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float) or not math.isfinite(data):
            self.fail("invalid")
        return float(data)


class StrictBooleanField(serializers.BooleanField):
    """true or false, and no other word for it."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid", input="")
        return data


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field):
    """A moment by RFC 3339, with its offset from UTC."""

    default_error_messages = {
        "invalid": gettext_lazy("Not a moment by RFC 3339 with an offset, such as 2026-11-23T12:00:00Z.")
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not RFC3339.fullmatch(data):
            self.fail("invalid")
        try:
            return datetime.fromisoformat(data.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")

    def to_representation(self, value: datetime) -> str:
        return value.isoformat().replace("+00:00", "Z")


class SecondsField(serializers.FloatField):
    """Seconds in a query: a finite number inside its range."""

    def to_internal_value(self, data: Any) -> float:
        seconds = super().to_internal_value(data)
        if not math.isfinite(seconds):
            self.fail("invalid")
        return seconds


class NameField(StrictCharField):
    """A serial, lot or view: readable, on one line, with a letter or digit in it."""

    default_error_messages = {
        "control": gettext_lazy("Holds a control character."),
        "unreadable": gettext_lazy("Holds no letter and no digit."),
    }

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if any(ord(character) < 32 or ord(character) == 127 for character in name):
            self.fail("control")
        if name and not any(character.isalnum() for character in name):
            self.fail("unreadable")
        return name


class MetaField(serializers.Field):
    """A JSON object of at most 4 KB, sent as the text of a form field."""

    default_error_messages = {
        "too_long": gettext_lazy("More than 4 KB."),
        "no_object": gettext_lazy("Not a JSON object."),
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        raw = str(data).encode()
        if len(raw) > META_MAX:
            self.fail("too_long")
        try:
            value = strict_json(raw)
        except Problem:
            self.fail("no_object")
        if not isinstance(value, dict):
            self.fail("no_object")
        return value

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return value


class ClaimForm(StrictSerializer):
    """One decision that a station took alone."""

    grant = serializers.RegexField(r"^[0-9a-f]{16}$")
    model_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")
    verdict = serializers.ChoiceField(["pass", "reject"])
    decided_at = MomentField()
    age_s = StrictFloatField(min_value=0, max_value=1e9)
    probability = StrictFloatField(min_value=0, max_value=1)


class ClaimField(serializers.Field):
    """A decision that a station took alone, as the JSON text of a form field."""

    def to_internal_value(self, data: Any) -> Claim:
        plain = MetaField().to_internal_value(data)
        said = checked(ClaimForm(data=plain))
        return Claim(
            grant=said["grant"],
            model_sha256=said["model_sha256"],
            verdict=Verdict(said["verdict"]),
            decided_at=said["decided_at"],
            age_s=said["age_s"],
            plain=plain,
        )

    def to_representation(self, value: Claim) -> dict[str, Any]:
        return value.plain


class ItemForm(StrictSerializer):
    """The fields beside the image."""

    serial = NameField(max_length=100)
    captured_at = MomentField()
    view = NameField(max_length=40, required=False, default="")
    lot = NameField(max_length=100, required=False, default="", allow_blank=True)
    incumbent_verdict = serializers.ChoiceField(["pass", "reject"], required=False, allow_blank=True, default="")
    line = StrictCharField(required=False, default="")
    meta = MetaField(required=False, default=dict)
    decided = ClaimField(required=False, default=None)


class MemberForm(StrictSerializer):
    """What may be told about one image of a batch."""

    serial = NameField(max_length=100, required=False)
    view = NameField(max_length=40, required=False)
    lot = NameField(max_length=100, required=False)
    captured_at = MomentField(required=False)


class PartsField(serializers.Field):
    """A JSON array, one object per image, sent as the text of a form field."""

    default_error_messages = {"no_list": gettext_lazy("Not a JSON array of objects.")}

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        try:
            value = strict_json(str(data).encode())
        except Problem:
            self.fail("no_list")
        return checked(MemberForm(data=value, many=True))

    def to_representation(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return value


class BatchForm(StrictSerializer):
    """The fields beside the images or the archive."""

    line = StrictCharField(required=False, default="")
    parts = PartsField(required=False, default=list)


class NoQuery(StrictSerializer):
    """A door without query parameters."""


class WaitQuery(StrictSerializer):
    wait = SecondsField(min_value=0, max_value=30, required=False, default=0.0)


class CursorQuery(WaitQuery):
    after = serializers.IntegerField(min_value=0, max_value=INTEGER_MAX, required=False, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False, default=100)


class LineQuery(StrictSerializer):
    line = StrictCharField(max_length=40, required=False, default="")


class CameraForm(StrictSerializer):
    last_capture_at = MomentField(required=False, allow_null=True, default=None)
    dropped = StrictIntegerField(min_value=0, max_value=INTEGER_MAX, required=False, default=0)


class HeartbeatForm(StrictSerializer):
    sent_at = MomentField()
    software = StrictCharField(max_length=80, required=False, allow_blank=True, default="")
    spooled = StrictIntegerField(min_value=0, max_value=2**31 - 1, required=False, default=0)
    model_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False, allow_null=True, default=None)
    last_cursor = StrictIntegerField(min_value=0, max_value=INTEGER_MAX, required=False, default=0)
    grant = serializers.RegexField(r"^[0-9a-f]{16}$", required=False, allow_null=True, default=None)
    undelivered = StrictIntegerField(min_value=0, max_value=2**31 - 1, required=False, default=0)
    camera = CameraForm(required=False, default=dict)


def checked(form: serializers.BaseSerializer) -> Any:
    """Return the form's values, or raise ValidationError with a pointer to each fault."""
    form.is_valid(raise_exception=True)
    return form.validated_data


def view_of(line: Line, named: str) -> str:
    """Return the view that an upload means: the one it names, or the line's only one."""
    if named in line.views:
        return named
    if not named and len(line.views) == 1:
        return line.main_view
    raise ValidationError({"view": [ErrorDetail(_("Name one of the line's views."), code="invalid_choice_of_view")]})


def item_as_plain(item: Item) -> dict[str, Any]:
    """Return an item of `dispositions.of_items` as the API shows it."""
    return fresh_item_as_plain(item) | {
        "state": dispositions.state_of(item),
        "disposition": dispositions.as_plain(item.run.disposition),
    }


def fresh_item_as_plain(item: Item) -> dict[str, Any]:
    """Return an item that was taken in this moment: nobody can know anything about it yet."""
    run, self_url = item.run, reverse("api-item", args=[item.pk])
    serial = run.part.serial
    return {
        "id": str(item.pk),
        "line": item.line.slug,
        "serial": serial,
        "run": run.n,
        "view": item.view,
        "received_at": item.received_at,
        "sha256": item.sha256,
        "duplicate_of": str(item.duplicate_of_id) if item.duplicate_of_id else None,
        "state": "received",
        "disposition": None,
        "links": {
            "self": self_url,
            "part": f"/api/v1/parts/{quote(serial, safe='')}/",
            "disposition": f"{self_url}disposition/",
        },
    }
