"""A line with ruled parts to practise on, and a person who practises."""

from inspection.models import Line, User
from inspection.rules.words import Call, Label
from review import adjudications, practice
from review.models import Adjudication
from review.practice_models import PracticeSet
from tests.builders import NOON
from tests.review.scene import later, make_task, read

PLACE = {"x": 11, "y": 22, "w": 33, "h": 44}


def rule_six(line: Line, reader: User, lead: User) -> Line:
    """Give a line six parts that a lead ruled on, three of them defects, read by somebody."""
    for n in range(6):
        label = Label.DEFECT if n % 2 else Label.PASS
        task = make_task(line, f"A-{n}", call=Call.PASS if n % 2 else Call.DEFECT, at=later(20 * n))
        read(task, reader, label, at=later(20 * n), regions=[PLACE] if label == Label.DEFECT else [])
    for case in Adjudication.objects.filter(ruled_at=None).select_related("first"):
        kind = case.first.defect_class
        adjudications.rule(case, by=lead, label=Label(case.first.label), defect_class=kind, now=later(300))
    return line


def answer_all(started: PracticeSet, *, wrong: int = 0) -> None:
    """Answer a round, so many of its images wrong."""
    for item in started.items.order_by("n"):
        said = Label(item.label)
        if wrong:
            said, wrong = (Label.PASS if item.label == "defect" else Label.DEFECT), wrong - 1
        practice.answer(item, said=said, said_class="scratch" if said == Label.DEFECT else "", now=NOON)
    started.refresh_from_db()
