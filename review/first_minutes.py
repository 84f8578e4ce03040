"""The demo's first minutes: a short list of things to try for each role, ticked off by what the person has done."""

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from inspection.models import GateEvaluation, Hold, LevelProposal, Line, RolloutMove, User
from inspection.permissions import lines_for
from inspection.rules.words import Role
from review import simulated
from review.models import Adjudication, Decision, DecisionFate, HeldRuling

DISMISSED = "first_minutes_dismissed"
FIRST_CALLS = 10


@dataclass(frozen=True)
class Step:
    """One thing to try: what, where, and whether this person has done it."""

    word: str
    address: str
    done: bool


def of(person: User) -> list[Step]:
    """Return what the person may try on the demo's lines, in order; nothing once they have dismissed it."""
    if person.preferences.get(DISMISSED):
        return []
    steps = []
    if _has(person, Role.INSPECTOR):
        steps += _inspector(person)
    if _has(person, Role.QA_LEAD):
        steps += _lead(person)
    if _has(person, Role.QA_LEAD, Role.ADMINISTRATOR):
        steps += _both(person)
    return [step for step in steps if step.address]


def dismiss(person: User) -> None:
    """Keep that the person needs the list no more."""
    person.preferences = {**person.preferences, DISMISSED: True}
    person.save(update_fields=["preferences"])


def _inspector(person: User) -> list[Step]:
    # The demo's invented past was written before its people joined.
    calls = Decision.objects.filter(person=person, recorded_at__gt=person.date_joined)
    has_judged = calls[:FIRST_CALLS].count() == FIRST_CALLS
    loop = _at("review", "phone-glass")
    return [
        Step(_("Judge ten phones: F is pass, J and a digit a defect"), loop, has_judged),
        Step(_("Take a call back with Z"), loop, _took_back(person)),
    ]


def _lead(person: User) -> list[Step]:
    # Inside its undo window a ruling is given, too: who comes back at once finds it ticked.
    held = HeldRuling.objects.filter(ruled_by=person, ended_at=None)
    ruled = held.exists() or Adjudication.objects.filter(ruled_by=person, ruled_at__gt=person.date_joined).exists()
    signed = LevelProposal.objects.filter(Q(proposer=person) | Q(approver=person), line__slug="phone-lens").exists()
    return [
        Step(_("Rule on a part where two people or the model differ"), _at("adjudications", "phone-glass"), ruled),
        Step(_("Sign the camera lens one level up; a second lead signs too"), _at("automation", "phone-lens"), signed),
    ]


def _both(person: User) -> list[Step]:
    told = [simulated.conditions_of(line) for line in Line.objects.filter(slug="phone-back")]
    held = Hold.objects.filter(line__slug="phone-back", kind=Hold.CAMERA).exists()
    asked = GateEvaluation.objects.filter(epoch__model_version__name="always-pass").exists()
    fallen = any(one["new_scratch"] for one in told)
    aged = any(one["lamp_fails_from"] for one in told)
    stopped = Hold.objects.filter(kind=Hold.STOP, placed_by=person).exists()
    returned = RolloutMove.objects.filter(made_by=person, deed="roll_back").exists()
    return [
        Step(_("Lights off: dim the lamp of the phone's back"), _at("simulated", "phone-back"), held),
        Step(
            _("The honest no: let a model that always says pass ask"), _at("automation", "phone-glass", "others"), asked
        ),
        Step(_("Climb and fall: let a new kind of scratch appear"), _at("simulated", "phone-back"), fallen),
        Step(_("Drift: let the lamp age, see it noticed, then alarmed"), _at("simulated", "phone-back"), aged),
        Step(_("Hold STOP for a second: everything goes to people"), _at("automation", "phone-back"), stopped),
        Step(
            _("Start a canary, then roll it back"),
            _at("rollouts", "phone-back"),
            returned,
        ),
    ]


def _took_back(person: User) -> bool:
    return Decision.objects.filter(person=person, fate__fate=DecisionFate.UNDONE).exists()


def _has(person: User, *roles: Role) -> bool:
    return lines_for(person, *roles).filter(is_demo=True).exists()


def _at(page: str, slug: str, part: str = "") -> str:
    """Return the page of a demo line, or a part of it; empty where this demo was loaded without the line."""
    if not Line.objects.filter(slug=slug, is_demo=True).exists():
        return ""
    return reverse(page, args=[slug]) + (f"#{part}" if part else "")
