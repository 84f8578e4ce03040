"""A clean install's way to its first line: who is needed, what to found, sign, connect and train, in that order."""

from django.urls import reverse
from django.utils.translation import gettext as _

from inspection import registry
from inspection.models import Item, Line, Membership, ModelVersion, StationKey, User
from inspection.permissions import lines_for, may_administer, may_found_lines
from inspection.rules.words import Level, Role
from review.first_minutes import Step, is_dismissed

SIGNATORIES = 2


def of(person: User) -> list[Step]:
    """Return the way for whoever may found lines; nothing once it is walked or they have dismissed it."""
    if is_dismissed(person) or not may_found_lines(person):
        return []
    line = lines_for(person).order_by("created_at", "pk").first()
    way = [*(_people() if may_administer(person) else []), *_line(line)]
    return [] if all(step.done for step in way) else way


def _people() -> list[Step]:
    add = reverse("people") + "#invite"
    return [
        Step(
            _("Name two QA leads: one signs a line's scope, two sign each level up"),
            add,
            _holders(Role.QA_LEAD) >= SIGNATORIES,
        ),
        Step(_("Add the inspectors who read the images"), add, _holders(Role.INSPECTOR) > 0),
    ]


def _line(line: Line | None) -> list[Step]:
    founded = reverse("scope", args=[line.slug]) if line else reverse("line-new")
    return [
        Step(_("Found the first line: scope, classes, targets, who decides today, risks"), founded, line is not None),
        Step(
            _("A QA lead signs its scope; until then stations keep their images"),
            _of_line("plan", line),
            line is not None and line.scope_signed_at is not None,
        ),
        Step(
            _("Add its station and issue the key, shown once"),
            _of_line("stations", line),
            StationKey.objects.filter(station__line=line, revoked_at=None).exists(),
        ),
        Step(
            _("Start the station beside the camera; the first image arrives"),
            _of_line("stations", line),
            Item.objects.filter(line=line).exists(),
        ),
        Step(
            _("Train a model from what people said, or register one"),
            _of_line("training", line),
            ModelVersion.objects.exists(),
        ),
        Step(
            _("Let it look on under Models and rollouts, then move it on"),
            _of_line("rollouts", line),
            line is not None and registry.serving(line) is not None,
        ),
        Step(
            _("Two leads sign the step to shadow: the model watches, people decide"),
            _of_line("automation", line),
            line is not None and line.level != Level.HUMAN,
        ),
    ]


def _holders(role: Role) -> int:
    return Membership.objects.in_force().filter(role=role.value).values("user").distinct().count()


def _of_line(page: str, line: Line | None) -> str:
    """Return a page of the line, empty where there is none yet."""
    return reverse(page, args=[line.slug]) if line else ""
