"""The defect bank of a line: distinct physical defects, sealed from training, each counted once per model version.

What it proves holds for defects that people know how to find.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import FilteredRelation, Max, Q, QuerySet

from inspection import pipeline
from inspection.models import Bands, Item, LimitSample, Line, ModelVersion, Part, Rollout, TrainedOn, User
from inspection.rules.words import Call, RolloutOutcome
from review.bank_models import BankDefect, BankImage, BankScore
from stats.seeding import Distinct, distinct
from vision import routing

SCORED_AT_ONCE = 200


class NoPicture(Exception):
    """The line has no image of that serial and view."""


class UnknownClass(Exception):
    """The line has no such defect class in use."""


class AlreadyBanked(Exception):
    """This mark of this part is in the bank."""


class SeenByAll(Exception):
    """The part is or was a limit sample: finding its defect proves nothing of who looks."""


class NotOpen(Exception):
    """The defect was confirmed or retired before."""


# Keeping --------------------------------------------------------------------------------------------------------


@transaction.atomic
def add(
    line: Line, *, serial: str, view: str, defect_class: str, mark: str, found_by: str, by: User, now: datetime
) -> BankDefect:
    """Take a defect in by the serial of its part, with the newest images of one view. Sealed from now on.

    Raises NoPicture, UnknownClass, SeenByAll or AlreadyBanked.
    """
    part = Part.objects.real().filter(line=line, serial=serial).first()
    run = part.runs.filter(items__view=view).order_by("-n").first() if part else None
    if part is None or run is None:
        raise NoPicture(f"{line} has no image of {serial!r} in view {view!r}.")
    if not line.defect_classes.filter(code=defect_class, retired_at=None).exists():
        raise UnknownClass(f"{line} has no defect class {defect_class!r}.")
    # The line's row is the lock: numbers have no gaps, and no part becomes a limit sample meanwhile.
    Line.objects.select_for_update(no_key=True).values_list("pk").get(pk=line.pk)
    if LimitSample.objects.picturing(part).exists():
        raise SeenByAll(f"{serial!r} is or was a limit sample of {line}.")
    defect = _created(
        line=line,
        number=1 + (line.bank.aggregate(last=Max("number"))["last"] or 0),
        part=part,
        mark=mark,
        group=group_of(f"{part.pk}/{mark}"),
        defect_class=defect_class,
        found_by=found_by,
        added_by=by,
        added_at=now,
    )
    BankImage.objects.bulk_create(BankImage(defect=defect, item=item) for item in run.items.filter(view=view))
    return defect


def confirm(defect: BankDefect, *, method: str, by: User, now: datetime) -> None:
    """Say how the defect was seen with certainty. From then on it counts. Raises NotOpen."""
    waiting = BankDefect.objects.kept().filter(pk=defect.pk, confirmed_at=None)
    if not waiting.update(method=method, confirmed_by=by, confirmed_at=now):
        raise NotOpen(f"{defect} is confirmed or retired already.")


def retire(defect: BankDefect, *, reason: str, by: User, now: datetime) -> None:
    """Take the defect out of use. Certificates that rest on it stay as they were signed. Raises NotOpen."""
    if not BankDefect.objects.kept().filter(pk=defect.pk).update(retired_reason=reason, retired_by=by, retired_at=now):
        raise NotOpen(f"{defect} is retired already.")


def group_of(name: str) -> str:
    """Return the hash under which a part, sheet or mark is known to training sets and seals."""
    return sha256(name.encode()).hexdigest()


def _created(**facts: object) -> BankDefect:
    try:
        with transaction.atomic():
            return BankDefect.objects.create(**facts)
    except IntegrityError as error:
        raise AlreadyBanked("This mark of this part is in the bank.") from error


# Sealing --------------------------------------------------------------------------------------------------------


class Sealed(StrEnum):
    """What a sealed image or part measures."""

    BANK = "bank"
    GOLD = "gold"
    CHALLENGE = "challenge"
    TRUTH_DRAW = "truth-draw"


@dataclass(frozen=True)
class Seal:
    """What no model of the line may learn from, by image and by part: bank, gold items, challenge parts, truth draw."""

    line: Line
    images: frozenset[str]
    groups: frozenset[str]

    def holds(self, *, sha256: str, names: Iterable[str] = ()) -> bool:
        """Say whether an image, or any name of its part (id, serial, group), is sealed."""
        return sha256 in self.images or any(name in self.groups for name in names)


def seal(line: Line) -> Seal:
    """Return the line's seal as it stands now."""
    every = seals(line).values()
    images, groups = (frozenset().union(*(getattr(one, kind) for one in every)) for kind in ("images", "groups"))
    return Seal(line, images, groups)


def seals(line: Line) -> dict[Sealed, Seal]:
    """Return the line's seal in its parts, so that what is left out can be told why."""
    banked = BankImage.objects.filter(defect__in=line.bank.kept())
    shown = Item.objects.filter(line=line, gold_showings__isnull=False).distinct()
    drawn = Item.objects.filter(line=line, run__part__runs__drawn_truth=True).distinct()
    return {
        Sealed.BANK: _sealed(
            line, banked.values_list("item__sha256", flat=True), line.bank.kept().values_list("part", "part__serial")
        ),
        Sealed.GOLD: _of_items(line, shown),
        Sealed.CHALLENGE: _sealed(line, (), line.parts.filter(is_challenge=True).values_list("pk", "serial")),
        Sealed.TRUTH_DRAW: _of_items(line, drawn),
    }


def _of_items(line: Line, items: QuerySet[Item]) -> Seal:
    return _sealed(line, items.values_list("sha256", flat=True), items.values_list("run__part", "run__part__serial"))


def _sealed(line: Line, images: Iterable[str], parts: Iterable[tuple[object, str]]) -> Seal:
    return Seal(line, frozenset(images), frozenset(str(name) for pair in parts for name in pair))


def note_training(version: ModelVersion, samples: Iterable[tuple[str, str]]) -> None:
    """Keep what a version was trained on: (sha256 of the image, name of its part or empty) each."""
    TrainedOn.objects.bulk_create(
        TrainedOn(model_version=version, sha256=image, group=group_of(name) if name else "") for image, name in samples
    )


def has_learned(version: ModelVersion, items: QuerySet[Item]) -> bool:
    """Say whether a version was trained on any of the images, or on any of their parts."""
    trained = TrainedOn.objects.filter(model_version=version)
    if trained.filter(sha256__in=items.values("sha256")).exists():
        return True
    parts = {group_of(str(part)) for part in items.values_list("run__part", flat=True)}
    return bool(parts & set(trained.exclude(group="").values_list("group", flat=True)))


# Scoring --------------------------------------------------------------------------------------------------------


def lines_to_score() -> list[tuple[Line, ModelVersion]]:
    """Return the lines whose serving version, or candidate, has not seen all of their bank yet, each with it."""
    lines = Line.objects.filter(is_active=True, epoch__model_version__isnull=False)
    pairs = [(line, line.present_epoch.model_version) for line in lines.select_related("epoch__model_version")]
    under_way = Rollout.objects.filter(outcome=RolloutOutcome.OPEN.value, line__in=lines, incumbent__isnull=False)
    pairs += [(rollout.line, rollout.candidate) for rollout in under_way.select_related("line", "candidate")]
    return [(line, version) for line, version in pairs if version is not None and unscored(line, version).exists()]


def score(
    line: Line,
    version: ModelVersion,
    *,
    now: datetime,
    examine: Callable[..., pipeline.Examined] = pipeline.examine,
) -> int:
    """Let a version look at the bank's images that it has not seen, each once. Return how many."""
    images = list(unscored(line, version).select_related("item__line", "item__run")[:SCORED_AT_ONCE])
    scores = []
    for image in images:
        opinions = examine(image.item, now=now, versions=[version]).opinions
        probability = opinions[0].probability if opinions else None
        scores.append(BankScore(image=image, model_version=version, probability=probability, scored_at=now))
    BankScore.objects.bulk_create(scores, ignore_conflicts=True)
    return len(scores)


def unscored(line: Line, version: ModelVersion) -> QuerySet[BankImage]:
    """Return the images of the bank that a version has not seen."""
    seen = BankScore.objects.filter(model_version=version).values("image")
    return BankImage.objects.filter(defect__in=line.bank.in_use()).exclude(pk__in=seen).order_by("pk")


# Counting -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Known:
    """One distinct defect with what a version said about each of its images; None where it gave no answer."""

    group: str
    part_id: str
    defect_class: str
    probabilities: tuple[float | None, ...]
    leaked: bool


def known(line: Line, version: ModelVersion) -> list[Known]:
    """Return the confirmed defects that a version has seen whole, in the order in which they were added.

    Three statements whatever the size of the bank.
    """
    mine = FilteredRelation("scores", condition=Q(scores__model_version=version))
    images = BankImage.objects.filter(defect__in=line.bank.in_use()).annotate(mine=mine)
    rows = images.order_by("defect__number", "pk").values_list(
        "defect__group", "defect__part", "defect__part__serial", "defect__defect_class", "item__sha256",
        "mine__id", "mine__probability",
    )  # fmt: skip
    shown: dict[str, list[tuple]] = {}
    for group, *facts in rows:
        shown.setdefault(group, []).append(tuple(facts))
    leaks = _leaks(version, shown)
    return [
        _known(group, facts, leaked=group in leaks) for group, facts in shown.items() if all(fact[4] for fact in facts)
    ]


def label_stream(defects: Sequence[Known], *, threshold: float) -> Distinct:
    """Count the defects that the model's label finds: on every image that shows them."""
    return _counted(defects, lambda p: p is not None and routing.call(p, threshold=threshold) == Call.DEFECT)


def policy_stream(defects: Sequence[Known], bands: Bands | None, *, threshold: float) -> Distinct:
    """Count the defects that the bands do not pass: on no image that shows them. The envelope is set aside."""
    if bands is None:
        return Distinct(0, 0, 0, [], False)
    return _counted(defects, lambda p: not passes(p, bands.t_lo, threshold=threshold))


def passes(probability: float | None, t_lo: float | None, *, threshold: float) -> bool:
    """Say whether a band up to `t_lo` passes a defect with this probability. Without an answer a person is asked."""
    if probability is None or t_lo is None:
        return False
    return probability <= t_lo and routing.call(probability, threshold=threshold) == Call.PASS


def classes_of(line: Line) -> Counter[str]:
    """Count the defects in use by class."""
    return Counter(line.bank.in_use().values_list("defect_class", flat=True))


def _counted(defects: Sequence[Known], is_found: Callable[[float | None], bool]) -> Distinct:
    groups = [defect.group for defect in defects for _ in defect.probabilities]
    found = [int(is_found(p)) for defect in defects for p in defect.probabilities]
    return distinct(groups, found, [defect.group for defect in defects if defect.leaked])


def _known(group: str, facts: list[tuple], *, leaked: bool) -> Known:
    part_id, _, defect_class, *_ = facts[0]
    return Known(
        group=group,
        part_id=str(part_id),
        defect_class=defect_class,
        probabilities=tuple(probability for *_, probability in facts),
        leaked=leaked,
    )


def _leaks(version: ModelVersion, shown: dict[str, list[tuple]]) -> set[str]:
    """Return the groups whose images or whose part the version was trained on."""
    learned_from = TrainedOn.objects.filter(model_version=version)
    if not learned_from.exists():
        return set()
    held: dict[str, set[str]] = defaultdict(set)
    for group, facts in shown.items():
        part_id, serial, *_ = facts[0]
        for name in (*(fact[3] for fact in facts), group_of(str(part_id)), group_of(serial)):
            held[name].add(group)
    trained = learned_from.filter(Q(sha256__in=list(held)) | Q(group__in=list(held)))
    names = {name for pair in trained.values_list("sha256", "group") for name in pair}
    return {group for name in names & held.keys() for group in held[name]}
