"""Which of the plant's own labels a model may learn from, and how much of each person's."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.db.models import QuerySet

from inspection.models import Item, Line, Measures
from inspection.rules.words import Label, TruthSource
from review import bank
from review.models import Decision, Truth, newest_truths
from review.rules.manifests import LeftOut
from vision.embedding import unpacked
from vision.likeness import Print, alike

# One person's mistakes, or malice, must stay a small part of what a model learns.
PERSON_SHARE_MAX = 0.25
LEARNED_SOURCES = (TruthSource.ADJUDICATION, TruthSource.CONSENSUS)
# No statement names more images than every database takes.
CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One image with a label that more than one person, or an adjudicator, stands for."""

    item: str
    sha256: str
    group: str
    label: Label
    defect_class: str
    people: tuple[int, ...]
    """Whose readings made the label; nobody's for a ruling, which the adjudicator answers for."""


@dataclass(frozen=True)
class Sorting:
    """The labels to learn from, and how many were left out for which reason."""

    kept: list[Labelled]
    left_out: dict[LeftOut, int]


def of_line(line: Line) -> list[Labelled]:
    """Return the labels to learn from: what may be learned, capped by person."""
    return sort_out(line).kept


def sort_out(line: Line, items: QuerySet[Item] | None = None) -> Sorting:
    """Part the labels of a line, or of some of its images, into those to learn from and those left out.

    Only rulings and two-person labels are learned from. Parts of the truth draw and of the defect bank, gold items and
    challenge parts measure the line's models and stay sealed from them, in every run and every image. Of images with
    the same bytes one is kept. Images of one part form a group.
    """
    found, left_out = _parted(line, line.items.all() if items is None else items)
    kept = capped(found)
    left_out[LeftOut.OVER_CAP] += len(found) - len(kept)
    return Sorting(kept, {reason: left_out[reason] for reason in LeftOut if left_out[reason]})


def leakage_groups(labels: Sequence[Labelled]) -> dict[str, str]:
    """Return for each item the group that stands on one side: its part, with every part that shows a like picture.

    The same thing under two serials, or a picture that came twice in other bytes, would let the test know the training.
    A group bears the name of its first part.
    """
    known = _prints([label.item for label in labels])
    measured = [label for label in labels if label.item in known]
    parts = sorted({label.group for label in labels})
    place = {part: n for n, part in enumerate(parts)}
    places = [place[label.group] for label in measured]
    links = [(places[a], places[b]) for a, b in alike([known[label.item] for label in measured])]
    first = _first_linked(len(parts), links)
    return {label.item: parts[first[place[label.group]]] for label in labels}


def learnable(line: Line) -> list[Labelled]:
    """Return the labels that may be learned from, before anybody's share is capped."""
    return _parted(line, line.items.all())[0]


def capped(labels: Sequence[Labelled], *, share: float = PERSON_SHARE_MAX) -> list[Labelled]:
    """Leave labels out until nobody answers for more than the share of them; two readers answer for half each.

    Which ones are left out is drawn by the hash of the item, the same every time. With fewer people than
    the share allows, nothing but rulings can remain.
    """
    kept = sorted(labels, key=lambda label: sha256(label.item.encode()).digest())
    while too_many := _most_over(kept, share):
        person, surplus = too_many
        mine = [label for label in kept if person in label.people]
        dropped = {label.item for label in mine[-surplus:]}
        kept = [label for label in kept if label.item not in dropped]
    return sorted(kept, key=lambda label: label.item)


def _prints(items: Sequence[str]) -> dict[str, Print]:
    """Return what is kept of each picture; of one that was never measured there is nothing to compare."""
    found = {}
    for start in range(0, len(items), CHUNK):
        rows = Measures.objects.filter(item__in=[UUID(item) for item in items[start : start + CHUNK]])
        for item, taken, embedded in rows.values_list("item", "fingerprint", "embedding"):
            found[str(item)] = Print(int(taken, 16), unpacked(bytes(embedded)) if embedded is not None else None)
    return found


def _first_linked(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each place the first one that it hangs together with, through others too."""
    first = list(range(count))

    def root(n: int) -> int:
        while first[n] != n:
            n = first[n]
        return n

    for link in links:
        low, high = sorted(map(root, link))
        first[high] = low
    return [root(n) for n in range(count)]


def _most_over(labels: Sequence[Labelled], share: float) -> tuple[int, int] | None:
    """Return the person furthest above the share and how many of their labels to drop, None when all keep it."""
    weights: defaultdict[int, float] = defaultdict(float)
    for label in labels:
        for person in label.people:
            weights[person] += 1 / len(label.people)
    person, weight = max(weights.items(), key=lambda entry: (entry[1], -entry[0]), default=(0, 0.0))
    over = weight - share * len(labels)
    # A dropped label takes half a label off the person and the share of one off the limit.
    return (person, max(1, int(over / (0.5 - share)))) if over > 1e-9 else None


def _parted(line: Line, items: QuerySet[Item]) -> tuple[list[Labelled], Counter[LeftOut]]:
    seals = bank.seals(line)
    left_out: Counter[LeftOut] = Counter()
    kept: dict[str, Truth] = {}
    truths = newest_truths(items.real()).select_related("item__run")  # type: ignore[attr-defined]
    for truth in truths.order_by("item").iterator(CHUNK):
        reason = _why_not(truth, seals) or (LeftOut.COPY if truth.item.sha256 in kept else None)
        if reason is None:
            kept[truth.item.sha256] = truth
        else:
            left_out[reason] += 1
    readers = _readers([truth for truth in kept.values() if truth.source == TruthSource.CONSENSUS])
    return [_labelled(truth, readers) for truth in kept.values()], left_out


def _why_not(truth: Truth, seals: dict[bank.Sealed, bank.Seal]) -> LeftOut | None:
    """Return why a label is not learned from, None where it is."""
    names = (str(truth.item.run.part_id),)
    for kind, seal in seals.items():
        if seal.holds(sha256=truth.item.sha256, names=names):
            return LeftOut(kind.value)
    if truth.source not in LEARNED_SOURCES:
        return LeftOut.ONE_VOICE
    return None if truth.label in (Label.PASS, Label.DEFECT) else LeftOut.UNDECIDED


def _labelled(truth: Truth, readers: dict[str, tuple[int, ...]]) -> Labelled:
    item = truth.item
    return Labelled(
        item=str(item.pk),
        sha256=item.sha256,
        group=str(item.run.part_id),
        label=Label(truth.label),
        defect_class=truth.defect_class,
        people=readers.get(str(item.pk), ()),
    )


def _readers(truths: Iterable[Truth]) -> dict[str, tuple[int, ...]]:
    """Return for each item the people whose standing calls agree with its label."""
    labels = {str(truth.item_id): truth.label for truth in truths}
    found: dict[str, set[int]] = {}
    names = [UUID(item) for item in labels]
    for start in range(0, len(names), CHUNK):
        calls = Decision.objects.filter(task__item__in=names[start : start + CHUNK], fate__fate="final")
        for item, person, label in calls.values_list("task__item", "person", "label"):
            if label == labels[str(item)]:
                found.setdefault(str(item), set()).add(person)
    return {item: tuple(sorted(people)) for item, people in found.items()}
