"""Which of the plant's own labels a model may learn from, and how much of each person's."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from inspection.models import Line
from inspection.rules.words import Label, TruthSource
from review import bank
from review.models import Decision, Truth, newest_truths

# One person's mistakes, or malice, must stay a small part of what a model learns.
PERSON_SHARE_MAX = 0.25


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


def of_line(line: Line) -> list[Labelled]:
    """Return the labels to learn from: what may be learned, capped by person."""
    return capped(learnable(line))


def learnable(line: Line) -> list[Labelled]:
    """Return the rulings and two-person labels of a line.

    Parts of the truth draw and of the defect bank are the line's measure of its models and stay sealed from
    them, in every run and every image, and so do labels brought in for evaluation. Images of one part form a group.
    """
    sources = (TruthSource.ADJUDICATION.value, TruthSource.CONSENSUS.value)
    sealed = bank.seal(line)
    items = line.items.exclude(run__part__runs__drawn_truth=True)
    truths = newest_truths(items).filter(source__in=sources, label__in=(Label.PASS.value, Label.DEFECT.value))
    rows = [
        truth
        for truth in truths.select_related("item__run").order_by("item")
        if not sealed.holds(sha256=truth.item.sha256, names=(str(truth.item.run.part_id),))
    ]
    readers = _readers([truth for truth in rows if truth.source == TruthSource.CONSENSUS])
    return [_labelled(truth, readers) for truth in rows]


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
    calls = Decision.objects.filter(task__item__in=list(labels), fate__fate="final")
    found: dict[str, set[int]] = {}
    for item, person, label in calls.values_list("task__item", "person", "label"):
        if label == labels[str(item)]:
            found.setdefault(str(item), set()).add(person)
    return {item: tuple(sorted(people)) for item, people in found.items()}
