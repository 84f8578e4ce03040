"""Where on the data page somebody is, read from an address or a form: a search within one epoch of the line."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.shortcuts import get_object_or_404

from inspection.models import Epoch, Line
from review.rules import tokens

KEY_DIGITS_MAX = 18


@dataclass(frozen=True)
class Place:
    """What was asked, in which epoch; `is_past` where that is not the line's present one."""

    asked: str
    epoch: Epoch
    is_past: bool

    @property
    def query(self) -> str:
        """What an address asks for to lead here."""
        named = {"q": self.asked, "epoch": str(self.epoch.pk) if self.is_past else ""}
        return urlencode({name: value for name, value in named.items() if value})


def of(line: Line, given: QueryDict) -> Place:
    """Return what was asked for, in the present epoch where none is named. Raises Http404 for one of another line."""
    asked = given.get("q", "").strip()[: tokens.LENGTH_MAX]
    key = given.get("epoch", "")
    if not key or key == str(line.epoch_id):
        return Place(asked, line.present_epoch, is_past=False)
    known = key if key.isdecimal() and len(key) <= KEY_DIGITS_MAX else None
    epochs = line.epochs.select_related("line", "model_version")
    return Place(asked, get_object_or_404(epochs, pk=known), is_past=True)
