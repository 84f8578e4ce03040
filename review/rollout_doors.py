"""The deeds on rollouts as a door asks for them: who may see, who may act, and how a refusal is said."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection import permissions, rollouts
from inspection.models import Line, Rollout, User
from inspection.rules.words import Role
from review import signing


class NotAllowed(Exception):
    """The person may see the rollout but not move it."""


class NoReason(Exception):
    """What needs a reason was asked for without one."""


class Incomplete(Exception):
    """What was asked for lacks something, or names what is not there."""


REASONS: dict[str, Promise] = {
    "no-data": gettext_lazy("no part was seen yet"),
    "parts": gettext_lazy("too few parts were seen"),
    "hours": gettext_lazy("its time is not up"),
    "paused": gettext_lazy("it is paused"),
    "unanswered": gettext_lazy("three parts in a row had no answer"),
    "errors": gettext_lazy("errors"),
    "latency": gettext_lazy("latency"),
    "overturns": gettext_lazy("overturned by people"),
    "escapes": gettext_lazy("escapes"),
    "rulings": gettext_lazy("overruled by adjudication"),
    "calls": gettext_lazy("call rate"),
}
_UNPROVEN = "unproven-"

REFUSALS: dict[type[Exception], Callable[[Exception], str]] = {
    NotAllowed: lambda _refusal: _("Only QA leads and administrators of this line move a rollout."),
    Incomplete: lambda _refusal: _("Choose a version, a strategy and, where it has one, a share below 100 %."),
    NoReason: lambda _refusal: _("Give a reason in a few words."),
    rollouts.AlreadyExplained: lambda _refusal: _("The reason is given already."),
    rollouts.RolloutOpen: lambda _refusal: _("This line has an open rollout: one at a time."),
    rollouts.RolloutClosed: lambda _refusal: _("This rollout is over, or something newer came onto the line."),
    rollouts.ServesAlready: lambda _refusal: _("This version serves the line already."),
    rollouts.FirstOnlyShadows: lambda _refusal: _("The first model of a line can only enter shadow."),
    rollouts.OnlyShadows: lambda _refusal: _(
        "A version trained here begins in shadow, until people have brought it on from there."
    ),
    rollouts.ClassMissing: lambda _refusal: _("The candidate does not know every defect class of the serving version."),
    rollouts.ShareRefused: lambda _refusal: _("This step has no such share."),
    rollouts.SelfApproval: lambda _refusal: _(
        "You started this rollout: another lead or administrator of the line approves its switch."
    ),
    rollouts.FreshApprover: lambda _refusal: _("A role or an account that was opened today approves no switch yet."),
    rollouts.ReviewDiffers: lambda _refusal: _("How it calls has changed since this was shown: look again."),
    rollouts.NotReady: lambda refusal: _("Not yet: %(reasons)s.") % {"reasons": reasons_of(refusal)},
    signing.NotConfirmed: lambda _refusal: _("The password or code is not right. Nothing was signed."),
}


def reasons_of(refusal: Exception) -> str:
    """Say every reason why a rollout does not go on."""
    return ", ".join(reason_word(code) for code in getattr(refusal, "reasons", ()))


def reason_word(code: str) -> str:
    """Say one reason of a move in the reader's language."""
    if code.startswith(_UNPROVEN):
        return _("%(guard)s: not shown to be no worse") % {"guard": REASONS[code.removeprefix(_UNPROVEN)]}
    return str(REASONS.get(code, code))


def lines_of(person: User) -> QuerySet[Line]:
    """Return the lines whose models a person may see."""
    return permissions.lines_for(person, Role.QA_LEAD, Role.ADMINISTRATOR).select_related("product", "epoch")


def rollouts_of(person: User) -> QuerySet[Rollout]:
    """Return the rollouts that a person may see."""
    return Rollout.objects.filter(line__in=lines_of(person)).select_related("line", "candidate", "incumbent")


def check_moves(person: User, line: Line) -> None:
    """Raise NotAllowed for who may not move a rollout of the line."""
    if not permissions.may_lower(person, line):
        raise NotAllowed
