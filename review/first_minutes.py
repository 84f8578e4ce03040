"""The demo's first minutes: a short list of things to try for each role, ticked off by what the person has done.

Most of it the product knows who did. A turn of the simulated station, or a question to a gate, it keeps without a name:
the door that did it tells this list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from inspection.models import Hold, LevelProposal, Line, RolloutMove, User
from inspection.permissions import lines_for
from inspection.rules.words import Role
from review.models import Adjudication, Decision, DecisionFate, HeldRuling

DISMISSED = "first_minutes_dismissed"
TRIED = "first_minutes_tried"
ANEW = "first_minutes_from"
FIRST_CALLS = 10


class Try(StrEnum):
    """What a person tried that no row of the product names them for."""

    DIMMED = "dimmed"
    SCRATCHED = "scratched"
    AGED = "aged"
    ASKED = "asked"


@dataclass(frozen=True)
class Step:
    """One thing to do: what, where (empty where it cannot be done yet), and whether it is done."""

    word: str
    address: str
    done: bool


def of(person: User) -> list[Step]:
    """Return what the person may try on the demo's lines, in order; nothing once they have dismissed it."""
    if is_dismissed(person):
        return []
    steps = []
    if _has(person, Role.INSPECTOR):
        steps += _inspector(person)
    if _has(person, Role.QA_LEAD):
        steps += _lead(person)
    if _has(person, Role.QA_LEAD, Role.ADMINISTRATOR):
        steps += _both(person)
    return [step for step in steps if step.address]


def is_dismissed(person: User) -> bool:
    return bool(person.preferences.get(DISMISSED))


def dismiss(person: User) -> None:
    """Keep that the person needs the list no more."""
    person.preferences = {**person.preferences, DISMISSED: True}
    person.save(update_fields=["preferences"])


def begin_anew(person: User, *, now: datetime) -> None:
    """Show the list again with nothing ticked off: what was done before stays done, and counts here no more."""
    person.preferences = {**person.preferences, DISMISSED: False, TRIED: [], ANEW: now.isoformat()}
    person.save(update_fields=["preferences"])


def keep(person: User, tried: Iterable[Try]) -> None:
    """Keep that the person tried these, each once."""
    before = _tried(person)
    added = [one.value for one in tried if one not in before]
    if added:
        person.preferences = {**person.preferences, TRIED: before + added}
        person.save(update_fields=["preferences"])


def _since(person: User) -> datetime:
    """Return from when on a deed ticks its step off: since the list began anew, else since the person joined.

    The demo's invented past, its rulings and signatures with it, was written before its people joined.
    """
    begun = person.preferences.get(ANEW)
    return max(person.date_joined, datetime.fromisoformat(begun)) if begun else person.date_joined


def _tried(person: User) -> list[str]:
    return person.preferences.get(TRIED, [])


def _inspector(person: User) -> list[Step]:
    calls = Decision.objects.filter(person=person, recorded_at__gt=_since(person))
    has_judged = calls[:FIRST_CALLS].count() == FIRST_CALLS
    loop = _at("review", "phone-glass")
    return [
        Step(_("Judge ten phones: F is pass, J and a digit a defect"), loop, has_judged),
        Step(_("Take a call back with Z"), loop, _took_back(person)),
    ]


def _lead(person: User) -> list[Step]:
    # Inside its undo window a ruling is given, too: who comes back at once finds it ticked.
    since = _since(person)
    held = HeldRuling.objects.filter(ruled_by=person, ended_at=None, held_at__gt=since)
    given = Adjudication.objects.filter(ruled_by=person, ruled_at__gt=since)
    ruled = held.exists() or given.exists()
    raises = LevelProposal.objects.filter(line__slug="phone-lens", resumes=False)
    by_them = Q(proposer=person, proposed_at__gt=since) | Q(approver=person, approved_at__gt=since)
    signed = raises.filter(by_them).exists()
    return [
        Step(_("Rule on a part where two people or the model differ"), _at("adjudications", "phone-glass"), ruled),
        Step(_("Sign the camera lens one level up; a second lead signs too"), _at("automation", "phone-lens"), signed),
    ]


def _both(person: User) -> list[Step]:
    tried, simulated = _tried(person), _at("simulated", "phone-back")
    since = _since(person)
    stopped = Hold.objects.filter(kind=Hold.STOP, placed_by=person, placed_at__gt=since).exists()
    returned = RolloutMove.objects.filter(made_by=person, deed="roll_back", made_at__gt=since).exists()
    return [
        Step(_("Lights off: dim the lamp of the phone's back"), simulated, Try.DIMMED in tried),
        Step(
            _("The honest no: let a model that always says pass ask"),
            _at("automation", "phone-glass", "others"),
            Try.ASKED in tried,
        ),
        Step(
            _("STOP: hold it for a second, then two leads sign the way back"), _at("automation", "phone-back"), stopped
        ),
        Step(_("Start a canary, then roll it back"), _at("rollouts", "phone-back"), returned),
        # After STOP: once the line has fallen, evidence begins at 0 and no lead can sign its way back.
        Step(_("Climb and fall: let a new kind of scratch appear"), simulated, Try.SCRATCHED in tried),
        Step(_("Drift: let the lamp age, see it noticed, then alarmed"), simulated, Try.AGED in tried),
    ]


def _took_back(person: User) -> bool:
    undone = {"fate__fate": DecisionFate.UNDONE, "fate__at__gt": _since(person)}
    return Decision.objects.filter(person=person, **undone).exists()


def _has(person: User, *roles: Role) -> bool:
    return lines_for(person, *roles).filter(is_demo=True).exists()


def _at(page: str, slug: str, part: str = "") -> str:
    """Return the page of a demo line, or a part of it; empty where this demo was loaded without the line."""
    if not Line.objects.filter(slug=slug, is_demo=True, is_active=True).exists():
        return ""
    return reverse(page, args=[slug]) + (f"#{part}" if part else "")
