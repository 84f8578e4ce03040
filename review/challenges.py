"""Challenge parts: known defects sent through the line on purpose. What became of them is entered by itself.

A missed one holds the line and contains what it passed; rounds that do not happen freeze every way up.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from inspection import automation, bulkheads
from inspection.models import Epoch, Item, Line, Part, Routing, Run, User
from inspection.rules.shifts import shift_of
from inspection.rules.words import Level
from review import audits
from review.bank_models import BankDefect
from review.challenge_models import ChallengeCalendar, ChallengePart, ChallengeRound, ChallengeShowing, Occasion
from review.rules import challenges as rules

OVERDUE_FREEZE = "challenge-overdue"
NOTED_AT_ONCE = 200


class SerialInUse(Exception):
    """A part of this serial is on the line or marked already: its past would be taken for a challenge."""


class NotKnown(Exception):
    """The defect is not confirmed, or it is retired."""


class AlreadyRetired(Exception):
    """The challenge part was retired before."""


# Parts and calendar ---------------------------------------------------------------------------------------------


@transaction.atomic
def mark(defect: BankDefect, *, serial: str, by: User, now: datetime) -> ChallengePart:
    """Keep a part with a known defect at hand under a serial that nothing on the line bears.

    Raises NotKnown or SerialInUse.
    """
    if not BankDefect.objects.in_use().filter(pk=defect.pk).exists():
        raise NotKnown(f"{defect} is not confirmed, or retired.")
    try:
        with transaction.atomic():
            part = Part.objects.create(line=defect.line, serial=serial, is_challenge=True)
    except IntegrityError as error:
        raise SerialInUse(f"{serial!r} is known on {defect.line}.") from error
    return ChallengePart.objects.create(line=defect.line, part=part, defect=defect, marked_by=by, marked_at=now)


def retire(challenge: ChallengePart, *, by: User, now: datetime) -> None:
    """Take a challenge part out of use. Its serial stays one: what bears it never counts. Raises AlreadyRetired."""
    if not ChallengePart.objects.in_use().filter(pk=challenge.pk).update(retired_by=by, retired_at=now):
        raise AlreadyRetired(f"{challenge.part.serial} is retired.")


def calendar_of(line: Line) -> ChallengeCalendar | None:
    return line.challenge_calendars.order_by("-pk").first()


def clean_shifts(epoch: Epoch) -> int:
    """Return in how many of an epoch's last shifts with challenge parts none of them was missed. One statement."""
    shown = ChallengeShowing.objects.filter(line=epoch.line_id, run__epoch=epoch)
    by_shift = shown.values("shift").annotate(
        n=Count("pk"), missed=Count("pk", filter=Q(is_missed=True)), last=Max("shown_at")
    )
    return rules.clean_shifts(by_shift.order_by("-last").values_list("n", "missed"))


def set_calendar(
    line: Line,
    *,
    at_shift_start: bool,
    at_changeover: bool,
    every_h: int | None,
    parts: int,
    by: User,
    now: datetime,
) -> ChallengeCalendar:
    """Say when challenge parts are due and how many. Holds from the next round on."""
    return ChallengeCalendar.objects.create(
        line=line,
        at_shift_start=at_shift_start,
        at_changeover=at_changeover,
        every_h=every_h,
        parts=parts,
        set_by=by,
        set_at=now,
    )


# Each round of the clockwork ------------------------------------------------------------------------------------


def follow(*, now: datetime) -> None:
    """Note what became of challenge parts, open the rounds that are due, and be loud about those that are late."""
    for run in _unnoted():
        with bulkheads.around("note a challenge part", line=run.line_id):
            note(run, now=now)
    calendars = ChallengeCalendar.objects.filter(line=OuterRef("pk"))
    for line in Line.objects.filter(Exists(calendars), is_active=True, epoch__model_version__isnull=False):
        with bulkheads.around("follow challenge parts", line=line.pk):
            _open_due(line, now=now)
            _warn_of_late(line, now=now)


@transaction.atomic
def note(run: Run, *, now: datetime) -> ChallengeShowing | None:
    """Keep what became of one run of a challenge part, once every image of it is routed. Noting twice is once."""
    views = _views(run)
    if views is None:
        return None
    Run.objects.filter(pk=run.pk).update(is_showing_due=False)
    if ChallengeShowing.objects.filter(run=run).exists():
        return None
    challenge, line = run.part.challenge, run.line
    level = Level(views[0].level)
    missed = rules.is_missed([(view.policy, view.call) for view in views], level=level)
    standing = _open_rounds(line).order_by("due_at", "pk").first()
    kept = ChallengeShowing.objects.create(
        run=run,
        line=line,
        challenge=challenge,
        round=standing,
        level=level.value,
        shift=_shift(line, run.opened_at),
        is_missed=missed,
        shown_at=run.opened_at,
    )
    source = f"{challenge.defect} {run.part.serial} #{run.n}"
    audits.note_known_defect(line, source=source[-80:], is_missed=missed, now=now, is_challenge=True)
    if standing is not None and standing.showings.count() >= standing.wanted:
        _finish(standing, now=now)
    return kept


def open_rounds(line: Line) -> Sequence[ChallengeRound]:
    """Return what is due on a line, the earliest first."""
    return list(_open_rounds(line).order_by("due_at", "pk"))


def _unnoted() -> list[Run]:
    waiting = Run.objects.filter(is_showing_due=True, part__challenge__isnull=False)
    routed = Exists(Routing.objects.filter(item__run=OuterRef("pk")))
    runs = waiting.filter(routed).select_related("part__challenge__defect", "line")
    return list(runs.order_by("opened_at", "pk")[:NOTED_AT_ONCE])


def _views(run: Run) -> list[Routing] | None:
    """Return how each image of a run was routed, None while one is awaited."""
    seen = Item.objects.filter(run=run).count()
    routed = list(Routing.objects.filter(item__run=run).order_by("pk"))
    is_whole = run.is_settled or seen >= len(run.views_expected)
    return routed if routed and is_whole and len(routed) == seen else None


# Rounds ---------------------------------------------------------------------------------------------------------


def _open_rounds(line: Line) -> QuerySet[ChallengeRound]:
    return ChallengeRound.objects.filter(line=line, done_at=None, lapsed_at=None)


def _open_due(line: Line, *, now: datetime) -> None:
    """Open the round that the calendar asks for now, if it is not open: a shift's, a changeover's, an interval's."""
    calendar, shift = calendar_of(line), _shift(line, now)
    last = line.challenge_rounds.order_by("-due_at", "-pk").first()
    if calendar is None:
        return
    if calendar.at_shift_start and not line.challenge_rounds.filter(shift=shift, occasion=Occasion.SHIFT).exists():
        _open_rounds(line).update(lapsed_at=now)
        _open(line, calendar, Occasion.SHIFT, shift, now=now)
    elif calendar.at_changeover and last is not None and last.product_id != line.product_id:
        _open(line, calendar, Occasion.CHANGEOVER, shift, now=now)
    elif calendar.every_h and (last is None or last.due_at + timedelta(hours=calendar.every_h) <= now):
        _open(line, calendar, Occasion.INTERVAL, shift, now=now)


def _open(line: Line, calendar: ChallengeCalendar, occasion: Occasion, shift: str, *, now: datetime) -> None:
    ChallengeRound.objects.create(
        line=line, product_id=line.product_id, occasion=occasion.value, shift=shift, wanted=calendar.parts, due_at=now
    )


@transaction.atomic
def _warn_of_late(line: Line, *, now: datetime) -> None:
    """Freeze every way up while a round is late; a lapsed one stays late until the next one is done."""
    for late in _open_rounds(line).filter(alarmed_at=None, due_at__lte=now - rules.GRACE):
        ChallengeRound.objects.filter(pk=late.pk).update(alarmed_at=now)
        reason = f"Challenge parts are overdue: {late.showings.count()} of {late.wanted} came."
        automation.freeze(line, cause=OVERDUE_FREEZE, reason=reason, now=now)


def _finish(standing: ChallengeRound, *, now: datetime) -> None:
    ChallengeRound.objects.filter(pk=standing.pk, lapsed_at=None).update(done_at=now)
    if not _open_rounds(standing.line).filter(~Q(pk=standing.pk), alarmed_at__isnull=False).exists():
        automation.thaw(standing.line, cause=OVERDUE_FREEZE, now=now)


def _shift(line: Line, moment: datetime) -> str:
    return str(shift_of(line.shift_pattern, line.time_zone, moment))
