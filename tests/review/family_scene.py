"""A line whose parts change to another family, with its people: every fact comes by a deed, from real pictures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from django.utils.timezone import now
from PIL import ImageDraw

from inspection.models import Item, Line, Prediction
from inspection.rules import rollouts as rules
from inspection.rules.rollouts import Guard, Phase, Step
from inspection.rules.words import Label, Purpose, Role
from review import adjudications, arrivals, rollbacks
from review.models import Adjudication, ReviewTask
from tests.builders import make_line, make_user
from tests.inspection.items import BRIGHT, DARK, make_item, picture
from tests.inspection.models import make_serving
from tests.review.scene import read
from vision.drawn.parts import draw, encode

LEARNED = 64
SEEN_BY_BOTH, SHARED = 12, 24
"""Parts of a step; of those that a canary shares so many that chance gives it enough good and bad ones."""
SMALL_PLAN = (
    Step(phase=Phase.SHADOW, share=1.0, min_parts=SEEN_BY_BOTH),
    Step(phase=Phase.CANARY, share=0.75, min_parts=SHARED // 3),
    Step(phase=Phase.WATCH, share=1.0, min_parts=SEEN_BY_BOTH),
)
# So few parts prove little: that a version does not fail as often as one that guesses. As for calls, some of the parts
# are bad, and a good version says so.
HARMLESS = {guard: 0.95 if guard == Guard.CALLS else 0.7 for guard in Guard}


def shorten_rollouts(monkeypatch) -> None:
    """Let a rollout ask for the evidence of some parts where it asks for that of hundreds and of days.

    The rules, what is noted of each part and how it is counted stay the product's own.
    """
    limits = {guard: replace(limit, harmless=HARMLESS[guard]) for guard, limit in rules.LIMITS.items()}
    monkeypatch.setattr(rules, "LIMITS", limits)
    monkeypatch.setattr(rules, "plan", lambda *_, **__: SMALL_PLAN)


@dataclass(frozen=True, kw_only=True)
class Family:
    """What a line makes: good parts, and bad ones with one kind of defect. Another number is another part."""

    defect: str
    good: Callable[[int], bytes]
    bad: Callable[[int], bytes]


def _back(n: int, *, is_cracked: bool = False) -> bytes:
    image = draw(n, product="back", size=(320, 240)).image
    if is_cracked:
        # All over the part: some dozens must teach it to a small net, whichever of them it holds back.
        pen, rng = ImageDraw.Draw(image), Random(n)
        for fill in ("white", "black") * 6:
            ends = [(rng.randrange(image.width), rng.randrange(image.height)) for _ in range(4)]
            pen.line(ends, fill=fill, width=5)
    return encode(image)


OLD = Family(defect="scratch", good=lambda n: picture(DARK, seed=n), bad=lambda n: picture(BRIGHT, seed=n))
NEW = Family(defect="crack", good=_back, bad=lambda n: _back(n, is_cracked=True))


class Floor:
    """A line at `shadow`, served by a model that knows the old family: parts come, are looked at, read and ruled on."""

    def __init__(self) -> None:
        self.line: Line = make_line(
            level="shadow",
            truth_share=0.0,
            check_defect_share=0.0,
            overlap_share=1.0,
            model_deadline_s=600,
            takt_s=60,
        )
        make_serving(self.line)
        self.lead = make_user("quinn", role=Role.QA_LEAD)
        self.readers = [make_user("ana"), make_user("andre")]
        self._is_bad: dict[str, bool] = {}

    def bring(self, name: str, family: Family, *, count: int, bad_every: int, is_read_twice: bool = False) -> None:
        """Let so many parts come, one after the other, and the rollout follow its evidence at the end."""
        # Another model that serves is another epoch of the line.
        self.line.refresh_from_db()
        for n in range(count):
            serial, is_bad = f"{name}-{n}", n % bad_every == 1
            body = (family.bad if is_bad else family.good)(len(self._is_bad))
            self._is_bad[serial] = is_bad
            item = make_item(self.line, serial=serial, body=body, at=now())
            arrivals.predict(item.pk, clock=now)
            arrivals.look_silently(item.pk, clock=now)
            self._judge(item, family.defect if is_bad else "", is_read_twice=is_read_twice)
        rollbacks.follow_all(now=now())

    def right(self, model: str, name: str) -> float:
        """Return on which share of the parts that a model saw of those brought it said what they are."""
        said = Prediction.objects.filter(model_version__name=model, item__run__part__serial__startswith=f"{name}-")
        found = [
            (call == "defect") == self._is_bad[serial]
            for serial, call in said.values_list("item__run__part__serial", "call")
        ]
        return sum(found) / len(found)

    def _judge(self, item: Item, defect: str, *, is_read_twice: bool) -> None:
        label, moment = Label.DEFECT if defect else Label.PASS, now()
        purposes = (Purpose.PRIMARY, Purpose.OVERLAP) if is_read_twice else (Purpose.PRIMARY,)
        for purpose, reader in zip(purposes, self.readers, strict=False):
            task = ReviewTask.objects.get(item=item, purpose=purpose.value)
            moment = read(task, reader, label, at=moment, defect_class=defect).final_at
        for case in Adjudication.objects.filter(item=item, ruled_at=None):
            adjudications.rule(case, by=self.lead, label=label, defect_class=defect, now=moment)
