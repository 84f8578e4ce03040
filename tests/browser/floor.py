"""A line with waiting pictures, as the pages find it: drawn parts, people, a golden reference."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from django.core.files.storage import default_storage
from django.utils.timezone import now

from inspection import epochs, images, scopes
from inspection.models import (
    DefectClass,
    Disposition,
    GoldenReference,
    Item,
    LimitSample,
    Line,
    ModelVersion,
    Part,
    Run,
    User,
)
from inspection.rules.words import Call, Label, Level, Purpose
from review import limits, truths
from review.models import Adjudication, ReviewTask
from tests.builders import make_line, make_model_version
from tests.review import scene
from vision.drawn.parts import draw, encode, golden

SIZE = (800, 600)
PICTURES = 6
CLASSES = [("chip", "chip", "깨짐", 3), ("stain", "stain", "얼룩", 4), ("other", "other", "기타", 9)]


@cache
def pictures(count: int = PICTURES, size: tuple[int, int] = SIZE) -> tuple[bytes, ...]:
    """A few drawn parts as JPEG, good and scratched in turn."""
    defects = [None, "scratch"]
    return tuple(encode(draw(n, defect=defects[n % 2], visibility=0.9, size=size)) for n in range(count))


def make_floor(slug: str = "phone-glass", *, level: Level = Level.HUMAN, golden_too: bool = True, **fields) -> Line:
    """Return a line at a level with five classes and a golden reference."""
    line = make_line(slug, level=level.value, **fields)
    for code, name, korean, key in CLASSES:
        DefectClass.objects.create(line=line, code=code, name=name, name_ko=korean, risk_class="major", key=key)
    if level != Level.HUMAN:
        epochs.enter(line, ModelVersion.objects.first() or make_model_version(), cause="set-up", now=now())
    if golden_too:
        _put("60" * 32, encode(golden(size=SIZE)))
        GoldenReference.objects.create(
            line=line, product=line.product, view="front", revision=4, sha256="60" * 32, created_at=now()
        )
    return line


def add_waiting(
    line: Line,
    count: int,
    *,
    first: int = 0,
    shown: Sequence[bytes] | None = None,
    size: tuple[int, int] = SIZE,
    call: Call | None = None,
    drawn: tuple[str, ...] = (),
    defect_class: str = "scratch",
    views: Sequence[str] = ("front",),
) -> list[ReviewTask]:
    """Put parts with a picture each into the line's queue. `call` is what the model says about every one.

    `views` are taken in turn.
    """
    shown = shown or pictures()
    tasks = []
    for n in range(first, first + count):
        item = _item(line, n, size, drawn, view=views[n % len(views)])
        _put(item.sha256, shown[n % len(shown)])
        if call is not None:
            scene.predict(item, call, defect_class=defect_class if call == Call.DEFECT else "")
        tasks.append(scene.route_to_people(item, at=now()))
    return tasks


def add_limits(line: Line, lead: User, *, n: int = 800) -> LimitSample:
    """Give the scratches of a line limit samples with a picture on either side; return their last version."""
    kind = line.defect_classes.get(code="scratch")
    facts = {name: getattr(kind, name) for name in ("name", "name_ko", "risk_class", "key")}
    words = {"still_good": "not seen at 40 cm", "already_bad": "longer than 2 mm", "kept_as": "LS-1, LS-2"}
    kind = scopes.keep_class(line, code=kind.code, facts={**facts, **words}, by=lead, now=now())
    for place, (side, label) in enumerate(limits.LABELS.items()):
        item = _item(line, n + place, SIZE)
        _put(item.sha256, pictures()[place])
        truths.confirm(item, label=label, defect_class=kind.code, now=now())
        limits.approve(kind, side=side, image=item, by=lead, now=now())
    return kind.limit_samples.latest("version")


def _item(line: Line, n: int, size: tuple[int, int], drawn: tuple[str, ...] = (), *, view: str = "front") -> Item:
    moment = now() - timedelta(seconds=30)
    part = Part.objects.create(line=line, serial=f"8F2-{n + 1:03d}")
    run = Run.objects.create(
        part=part,
        line=line,
        epoch=line.epoch,
        n=1,
        opened_at=moment,
        model_due_at=moment + timedelta(seconds=2),
        review_due_at=moment + timedelta(hours=1, seconds=n),
        views_expected=[view],
        is_open=False,
        salt=line.salts.get(),
        shares={},
        canary_position=0.5,
        **{f"drawn_{draw}": draw in drawn for draw in scene.DRAWS},
    )
    Disposition.objects.create(run=run, line=line)
    return Item.objects.create(
        run=run,
        line=line,
        view=view,
        captured_at=moment,
        received_at=moment,
        sha256=f"{line.pk:04x}{n:06x}".ljust(64, "0"),
        size_bytes=1000,
        width=size[0],
        height=size[1],
        content_type="image/jpeg",
    )


def _put(sha256: str, jpeg: bytes) -> None:
    if not default_storage.exists(images.rendition_name(sha256)):
        images.put_rendition(sha256, jpeg)


def add_disagreement(line: Line, first: User, second: User, *, n: int = 900) -> Adjudication:
    """Let two people read the same part differently; return the case that opens."""
    [task] = add_waiting(line, 1, first=n, drawn=("overlap",))
    scene.read(task, first, Label.PASS, at=now())
    again = ReviewTask.objects.get(item=task.item, purpose=Purpose.OVERLAP.value)
    box = {"x": 300, "y": 200, "w": 160, "h": 90}
    scene.read(again, second, Label.DEFECT, at=now(), regions=[box], comment="hairline, catches the light")
    return Adjudication.objects.get(item=task.item)


def add_single_case(line: Line, reader: User, *, n: int = 950) -> Adjudication:
    """Let one person give up on a part; return the case, which shows no call."""
    [task] = add_waiting(line, 1, first=n)
    scene.read(task, reader, Label.CANNOT_JUDGE, at=now())
    return Adjudication.objects.get(item=task.item)
