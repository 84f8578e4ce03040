"""What a model may learn from, and how much of each person's labels."""

from collections import Counter

import pytest

from inspection.models import Item
from inspection.rules.words import Label, TruthSource
from review import training_sets
from review.models import ReviewTask, Truth
from review.training_sets import Labelled, capped
from tests.builders import NOON, make_line, make_user
from tests.review.scene import later, make_run, make_task, read


def labels(*people: tuple[int, ...]) -> list[Labelled]:
    """Return one label for each set of people; an empty one is a ruling."""
    return [
        Labelled(item=f"item-{n}", sha256="", group="", label=Label.PASS, defect_class="", people=pair)
        for n, pair in enumerate(people)
    ]


def shares(kept: list[Labelled]) -> dict[int, float]:
    weights = Counter[int]()
    for label in kept:
        weights.update({person: 1 / len(label.people) / len(kept) for person in label.people})
    return weights


def test_labels_of_people_who_share_the_work_all_remain():
    pairs = [(1, 2), (3, 4), (1, 3), (2, 4)] * 10
    assert len(capped(labels(*pairs))) == 40


def test_nobody_answers_for_more_than_a_quarter():
    pairs = [(1, 2)] * 30 + [(1, 3)] * 30 + [(4, 5)] * 25 + [(6, 7)] * 25
    kept = capped(labels(*pairs))
    assert max(shares(kept).values()) <= 0.25 + 1e-9
    assert len(kept) > 90


def test_rulings_count_for_nobody_and_make_room_for_readings():
    assert len(capped(labels(*[()] * 50, *[(1, 2)] * 30))) == 80
    assert len(capped(labels(*[()] * 10, *[(1, 2)] * 30))) < 30


def test_three_people_alone_cannot_keep_the_cap():
    assert capped(labels(*[(1, 2), (2, 3), (1, 3)] * 20)) == []


def test_the_same_labels_are_left_out_every_time_whatever_the_order():
    pairs = [(1, 2)] * 30 + [(1, 3)] * 30 + [(4, 5)] * 25 + [(6, 7)] * 25
    there = labels(*pairs)
    assert capped(there) == capped(there[::-1])


def test_nothing_gives_nothing():
    assert capped([]) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("source", "drawn", "label", "is_learned"),
    [
        (TruthSource.ADJUDICATION, (), Label.DEFECT, True),
        (TruthSource.SINGLE, (), Label.DEFECT, False),
        (TruthSource.PHYSICAL, (), Label.DEFECT, False),
        (TruthSource.ADJUDICATION, ("truth",), Label.DEFECT, False),
        (TruthSource.ADJUDICATION, ("overlap",), Label.DEFECT, True),
        (TruthSource.ADJUDICATION, (), Label.CANNOT_JUDGE, False),
    ],
)
def test_a_label_is_learned_from_when_more_than_one_person_stands_for_it_and_it_measures_nothing(
    source, drawn, label, is_learned
):
    line = make_line()
    run = make_run(line, drawn=drawn)
    state(run, source=source, label=label)
    assert [found.group for found in training_sets.of_line(line)] == ([str(run.part_id)] if is_learned else [])


@pytest.mark.django_db
def test_only_the_standing_truth_is_learned_from():
    line = make_line()
    run = make_run(line)
    state(run, source=TruthSource.ADJUDICATION, label=Label.DEFECT)
    state(run, source=TruthSource.ADJUDICATION, label=Label.PASS, n=2)
    (found,) = training_sets.of_line(line)
    assert (found.label, found.defect_class) == (Label.PASS, "")


def state(run, *, source: TruthSource, label: Label, n: int = 1) -> None:
    Truth.objects.create(
        item=Item.objects.get(run=run),
        n=n,
        label=label.value,
        defect_class="scratch" if label == Label.DEFECT else "",
        source=source.value,
        created_at=NOON,
    )


@pytest.mark.django_db
def test_two_people_who_agree_answer_for_half_the_label_each():
    line = make_line()
    task = make_task(line, call=None, drawn=("overlap",))
    readers = [make_user("ana"), make_user("andre")]
    read(task, readers[0], Label.DEFECT)
    second = ReviewTask.objects.exclude(pk=task.pk).get()
    read(second, readers[1], Label.DEFECT, at=later(60))
    labelled = training_sets.learnable(line)
    assert [label.people for label in labelled] == [tuple(sorted(reader.pk for reader in readers))]
