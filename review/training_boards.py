"""What the pages of the training loop show."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from inspection.models import Line, User
from inspection.rules.words import Label
from review import errors, trainings
from review.rules.manifests import LeftOut
from review.rules.slices import Cut, Shown, Slice, suspects, worst
from review.rules.trainings import Cause, Split, State
from review.training_doors import ARCHITECTURE_WORDS, CAUSES, CUTS, LEFT_OUT, LIGHTS, SPLITS, STAGES, STATES
from review.training_models import Snapshot, SnapshotImage, Training

LISTED = 20
GALLERY = 60
WORST = 24
CURVE_HEIGHT = 160


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Two losses over the epochs in one scale: points of a box 100 wide, and the table behind it."""

    learned: str
    held_back: str
    rows: list[tuple[int, float, float]]
    high: float
    height: int = CURVE_HEIGHT


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training as it stands, in words."""

    training: Training
    state: str
    shape: str
    kind: str
    cause: str
    architecture: str
    stage: str
    share: int
    epochs: int
    curve: Curve | None


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a snapshot holds, by what one may ask, and what it leaves out."""

    classes: list[tuple[str, dict[str, int], int]]
    splits: list[tuple[str, str]]
    people: list[tuple[str, float, float]]
    stations: list[tuple[str, int]]
    left_out: list[tuple[str, int]]
    groups: int


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Where a model errs: its slices by cut, its worst images, and labels that may be wrong."""

    slices: list[tuple[str, str, Slice]]
    worst: list[Shown]
    suspects: list[Shown]
    images: int


def jobs(line: Line) -> list[Job]:
    """Return the line's trainings, newest first."""
    newest = trainings.of_line(line).select_related("snapshot__line", "version", "asked_by", "rollout")
    return [job(one) for one in newest.order_by("-asked_at", "-pk")[:LISTED]]


def job(training: Training) -> Job:
    """Put one training into words."""
    word, shape, kind = STATES[State(training.state)]
    return Job(
        training=training,
        state=str(word),
        shape=shape,
        kind=kind,
        cause=str(CAUSES[Cause(training.cause)]),
        architecture=str(ARCHITECTURE_WORDS.get(training.architecture, training.architecture)),
        stage=str(STAGES.get(training.stage, training.stage)),
        share=min(100, 100 * training.done // training.total) if training.total else 0,
        epochs=len(training.curve),
        curve=curve(training.curve),
    )


def curve(losses: Sequence[Sequence[float]]) -> Curve | None:
    """Lay out the losses of the epochs; None before the first is over."""
    if not losses:
        return None
    high = max(value for pair in losses for value in pair) or 1.0
    return Curve(
        learned=_points([pair[0] for pair in losses], high),
        held_back=_points([pair[1] for pair in losses], high),
        rows=[(n, pair[0], pair[1]) for n, pair in enumerate(losses, start=1)],
        high=high,
    )


def contents(snapshot: Snapshot) -> Contents:
    """Count what a snapshot holds by class, side, person and station."""
    rows = list(
        snapshot.members.values_list("label", "defect_class", "split", "people", "item__station__name", "group")
    )
    kinds: dict[str, Counter[str]] = {}
    for label, defect_class, split, *_rest in rows:
        kinds.setdefault("" if label == Label.PASS else defect_class, Counter())[split] += 1
    return Contents(
        classes=[(name, dict(kinds[name]), kinds[name].total()) for name in sorted(kinds)],
        splits=[(split.value, str(SPLITS[split])) for split in Split],
        people=_people([row[3] for row in rows]),
        stations=Counter(row[4] or "" for row in rows).most_common(),
        left_out=[(str(LEFT_OUT[LeftOut(reason)]), count) for reason, count in snapshot.left_out.items()],
        groups=len({row[5] for row in rows}),
    )


def gallery(snapshot: Snapshot) -> list[SnapshotImage]:
    """Return the first images of a snapshot, defects before good parts."""
    members = snapshot.members.select_related("item__run__part").order_by("label", "pk")
    return list(members[:GALLERY])


def of_training(training: Training) -> Errors:
    """Return where a version errs: slices of the test images, worst and suspect ones of all held back."""
    held_back = errors.held_back(training)
    judged = errors.held_back(training, split=Split.TEST)
    return _errors(training.line, judged, held_back)


def of_line(line: Line) -> Errors:
    """Return where the model of a line's present epoch errs on what people have read."""
    read = errors.readings(line.present_epoch)
    return _errors(line, read, read)


def _errors(line: Line, judged: Sequence[Shown], looked_at: Sequence[Shown]) -> Errors:
    names = line.class_names()
    threshold = line.call_threshold
    return Errors(
        slices=[(str(CUTS[Cut(one.cut)]), _value(one, names), one) for one in errors.slices_of(line, judged)],
        worst=worst(looked_at, threshold=threshold, count=WORST),
        suspects=suspects(looked_at, count=WORST),
        images=len(looked_at),
    )


def _value(one: Slice, names: dict[str, str]) -> str:
    if one.cut == Cut.LIGHT:
        return str(LIGHTS[one.value])
    return names.get(one.value, one.value) if one.cut == Cut.CLASS else one.value


def _people(readers: Sequence[list[int]]) -> list[tuple[str, float, float]]:
    """Return for each person how many labels they answer for, and which share of all; two readers share one."""
    weights: defaultdict[int, float] = defaultdict(float)
    for people in readers:
        for person in people:
            weights[person] += 1 / len(people)
    names = dict(User.objects.filter(pk__in=list(weights)).values_list("pk", "username"))
    heaviest = sorted(weights.items(), key=lambda entry: (-entry[1], entry[0]))
    return [(names.get(person, "–"), weight, weight / len(readers)) for person, weight in heaviest]


def _points(values: Sequence[float], high: float) -> str:
    step = 100 / max(len(values) - 1, 1)
    room = CURVE_HEIGHT - 20
    return " ".join(f"{n * step:.2f},{10 + room * (1 - value / high):.1f}" for n, value in enumerate(values))
