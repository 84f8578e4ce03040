"""A line whose chain of receipts has something of everything, for the tests that look at it and tamper with it."""

from datetime import timedelta

from inspection import automation, dispositions
from inspection.models import Item, Line, Run, User
from inspection.rules import draws
from inspection.rules.words import Call, Label, Level
from review import receipts
from tests.builders import NOON
from tests.inspection.items import make_item
from tests.review.scene import make_watched_line, predict, read, route_to_people

DECIDED = (Label.PASS, Label.DEFECT, Label.PASS, Label.PASS, Label.CANNOT_JUDGE)


def decide_part(line: Line, person: User, label: Label, *, serial: str, minute: int = 0) -> Item:
    """Take a part in through the front door, with its draws as they fall, and let a person decide it."""
    at = NOON + timedelta(minutes=minute)
    item = make_item(line, serial=serial, at=at)
    predict(item, Call.PASS)
    read(route_to_people(item, at=at), person, label, at=at)
    return item


def make_sealed_line(person: User, lead: User) -> Line:
    """Return a line with receipts 1 to 5 of parts B-1 to B-5, 6 of a STOP and 7 of a lowering."""
    line = make_watched_line(level=Level.ASSIST)
    for n, label in enumerate(DECIDED, start=1):
        decide_part(line, person, label, serial=f"B-{n}", minute=n)
    seal(minute=10)
    automation.stop(line, by=lead, reason="quality doubt", now=NOON + timedelta(minutes=11))
    seal(minute=12)
    automation.lower(line, to_level=Level.SHADOW, by=lead, reason="escapes", now=NOON + timedelta(minutes=13))
    seal(minute=14)
    line.refresh_from_db()
    return line


def drawn_by_salt(run: Run) -> None:
    """Give a part whose draws were set by hand the shares and the chance under which its salt draws so."""
    shares = {purpose: float(getattr(run, f"drawn_{purpose}")) for purpose in draws.PURPOSES}
    position = draws.draw(str(run.pk), run.salt.secret, shares).canary_position
    Run.objects.filter(pk=run.pk).update(shares=shares, canary_position=position)


def seal(*, minute: int) -> int:
    """Number what is settled and seal what is numbered, as a round of the relay does."""
    moment = NOON + timedelta(minutes=minute)
    dispositions.sequence_due(now=moment)
    return receipts.seal_due(now=moment)
