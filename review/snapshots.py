"""Data sets to learn from: taken from a line's labels once, kept by their hash, never edited."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import reduce
from operator import or_
from pathlib import Path

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from inspection import images
from inspection.models import Item, Line, User
from inspection.rules.words import Label
from review import bank, searches, training_sets
from review.rules import tokens
from review.rules.manifests import Entry, hash_of
from review.training_models import Snapshot, SnapshotImage
from review.training_sets import Labelled
from vision.dataset import Sample, with_splits

SEED = 0


class NothingToLearn(Exception):
    """No label of the selection may be learned from. `left_out` tells for which reasons."""

    def __init__(self, left_out: dict[training_sets.LeftOut, int]) -> None:
        super().__init__("No label of the selection may be learned from.")
        self.left_out = left_out


def take(line: Line, *, query: str, by: User | None, now: datetime) -> Snapshot:
    """Keep what may be learned from the images that a search of the data page finds; an empty one asks for all.

    Whole parts stand on one side of the splits, with every part that shows nearly the same picture. The same images
    with the same labels as the newest snapshot are that snapshot. Raises NothingToLearn.
    """
    sorting = training_sets.sort_out(line, selected(line, query))
    if not sorting.kept:
        raise NothingToLearn(sorting.left_out)
    members = _members(sorting.kept)
    digest = hash_of(entry_of(member) for member in members)
    with transaction.atomic():
        # The line's row is the lock: numbers have no gaps.
        Line.objects.select_for_update(no_key=True).values_list("pk").get(pk=line.pk)
        newest = line.snapshots.order_by("-number").first()
        if newest is not None and newest.sha256 == digest:
            return newest
        snapshot = Snapshot.objects.create(
            line=line,
            number=1 + (line.snapshots.aggregate(last=Max("number"))["last"] or 0),
            query=query,
            sha256=digest,
            images=len(members),
            defects=sum(member.label == Label.DEFECT for member in members),
            left_out={reason.value: count for reason, count in sorting.left_out.items()},
            taken_by=by,
            taken_at=now,
        )
        for member in members:
            member.snapshot = snapshot
        SnapshotImage.objects.bulk_create(members, batch_size=training_sets.CHUNK)
    return snapshot


def selected(line: Line, query: str) -> QuerySet[Item] | None:
    """Return the images that a search finds in any epoch of the line's product, None for a search without a word."""
    parsed = tokens.parse(query)
    if not parsed.tokens:
        return None
    epochs = line.epochs.filter(product=line.product_id).select_related("line")
    found = [Q(pk__in=searches.find(epoch, parsed.search).values("task__item")) for epoch in epochs]
    return line.items.filter(reduce(or_, found))


def is_whole(snapshot: Snapshot) -> bool:
    """Say whether the images still are those of the hash."""
    return hash_of(entry_of(member) for member in snapshot.members.all()) == snapshot.sha256


def leaks(line: Line, snapshot: Snapshot) -> int:
    """Count the images that were sealed since: a version learned from them measures nothing there."""
    seal = bank.seal(line)
    rows = snapshot.members.values_list("sha256", "item__run__part")
    return sum(seal.holds(sha256=sha256, names=(str(part),)) for sha256, part in rows)


def entry_of(member: SnapshotImage) -> Entry:
    """Return what the hash is made of."""
    return Entry(member.sha256, member.group, member.label, member.defect_class, member.split)


@contextmanager
def samples(snapshot: Snapshot) -> Iterator[list[tuple[SnapshotImage, Sample]]]:
    """Lend the images of a snapshot, each as a file for as long as the training reads them."""
    with ExitStack() as files:
        members = snapshot.members.select_related("item__run", "item__station", "item__measures").order_by("pk")
        yield [(one, _sample(one, path=files.enter_context(images.local_path(one.sha256)))) for one in members]


def _members(labels: Sequence[Labelled]) -> list[SnapshotImage]:
    groups = training_sets.leakage_groups(labels)
    unplaced = [Sample(path=Path(one.item), label=_word(one.label), group=groups[one.item]) for one in labels]
    placed = zip(labels, with_splits(unplaced, seed=SEED), strict=True)
    return [_member(label, group=sample.group, split=sample.split) for label, sample in placed]


def _member(label: Labelled, *, group: str, split: str) -> SnapshotImage:
    return SnapshotImage(
        item_id=label.item,
        sha256=label.sha256,
        group=bank.group_of(group),
        label=label.label.value,
        defect_class=label.defect_class,
        split=split,
        people=list(label.people),
    )


def _sample(member: SnapshotImage, *, path: Path) -> Sample:
    return Sample(
        path=path,
        label=_word(Label(member.label)),
        defect_type=member.defect_class,
        split=member.split,
        group=member.group,
    )


def _word(label: Label) -> str:
    return "ok" if label == Label.PASS else "defect"
