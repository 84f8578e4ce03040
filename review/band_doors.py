"""The deeds on bands as a door asks for them: who may, and how a refusal is said. For page and API alike."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from inspection import permissions
from inspection.models import Line, User
from review import bands, signing


class NotAllowed(Exception):
    """The person may see the bands but not do this."""


REFUSALS: dict[type[Exception], Callable[[], str]] = {
    NotAllowed: lambda: _("Only active QA leads of this line sign, a day after they got the role."),
    bands.NoModel: lambda: _("The line has no model to certify."),
    bands.NotCertified: lambda: _("These bands are not certified for the model and epoch of now."),
    bands.SecondSignature: lambda: _(
        "Two leads of the line sign these bands: one certifies them, another lead puts them in force."
    ),
    bands.NoBands: lambda: _("No bands are in force."),
    signing.NotConfirmed: lambda: _("The password or code is not right. Nothing was signed."),
}


def check_signs(person: User, line: Line, *, now: datetime) -> None:
    """Raise NotAllowed for who may not sign on the line."""
    if not permissions.may_sign_levels(person, line, now=now):
        raise NotAllowed
