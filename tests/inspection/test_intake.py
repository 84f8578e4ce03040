"""Intake: an image comes in once, with its part, run, draws and work order."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from inspection import dispositions, images, intake
from inspection.intake import KeyReused, KeyRunning
from inspection.models import Disposition, Epoch, IngestKey, Item, Line, Lot, Outbox, Part, Run, Salt
from inspection.rules.words import DecidedBy, Level, Verdict
from tests.builders import NOON, make_line, make_station
from tests.inspection.doors import assert_kept, stored_files
from tests.inspection.making import make_item, upload
from tests.inspection.pictures import file_of, jpeg
from vision.header import ImageRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def station():
    return make_station(make_line(views=["front", "back"]))


def take(station, *, key: str = "k-1", now=NOON, **changes) -> intake.Accepted:
    return intake.accept(station, upload=upload(idempotency_key=key, **changes), now=now)


# Rows ---------------------------------------------------------------------------------------------------------------


def test_an_image_brings_its_part_run_open_disposition_and_work_order(station):
    item, run, _ = take(station, lot="L-8", incumbent_verdict="pass", meta={"gain": 2})
    assert (run.n, run.is_open, run.part.lot.code, run.views_expected) == (1, True, "L-8", ["front", "back"])
    assert (run.model_due_at, run.review_due_at) == (NOON + timedelta(seconds=2), NOON + timedelta(seconds=30))
    assert (item.incumbent_verdict, item.meta, item.width, item.height) == ("pass", {"gain": 2}, 96, 64)
    assert Disposition.objects.get(run=run).settled_at is None
    assert Outbox.objects.get().key == str(item.pk)


def test_the_bell_rings_only_after_the_commit(station, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as rung:
        take(station)
    assert len(rung) == 1


def test_a_line_without_epoch_or_salt_gets_them_with_its_first_part():
    station = make_station(make_line())
    Line.objects.update(epoch=None)
    Epoch.objects.all().delete()
    Salt.objects.all().delete()
    station = type(station).objects.select_related("line").get()
    accepted = take(station)
    assert accepted.run.epoch == Line.objects.get().epoch
    assert accepted.run.salt == Salt.objects.get()


def test_a_refused_image_leaves_nothing(station):
    with pytest.raises(ImageRefused):
        take(station, file=file_of(b"no image"))
    assert_kept(0)


# Runs ---------------------------------------------------------------------------------------------------------------


def test_another_view_joins_the_open_run(station):
    first = take(station, view="front")
    second = take(station, view="back", key="k-2", file=file_of(jpeg(shade=10)))
    assert second.run == first.run
    assert (Part.objects.count(), Run.objects.count(), Item.objects.count()) == (1, 1, 2)


def test_the_same_view_again_opens_the_next_run_and_shuts_the_one_before(station):
    first = take(station)
    second = take(station, key="k-2")
    assert (first.run.n, second.run.n) == (1, 2)
    assert [run.is_open for run in Run.objects.order_by("n")] == [False, True]
    third = take(station, key="k-3", view="back")
    assert third.run == second.run


def test_a_part_that_comes_after_its_disposition_makes_a_run_of_its_own(station):
    first = take(station)
    dispositions.fail_safe_due(now=NOON + timedelta(minutes=1))
    second = take(station, key="k-2", view="back")
    assert (second.run.n, second.run.part) == (2, first.run.part)


def test_a_lot_that_is_told_later_is_kept(station):
    take(station)
    take(station, key="k-2", view="back", lot="L-8")
    take(station, key="k-3", lot="L-9")
    assert Part.objects.get().lot.code == "L-8"
    assert Lot.objects.count() == 1


def test_the_same_serial_on_another_line_is_another_part(station):
    take(station)
    take(make_station(make_line("phone-back")))
    assert Part.objects.count() == 2


# Once only ----------------------------------------------------------------------------------------------------------


def test_a_repeat_returns_what_the_first_one_brought(station):
    first, again = take(station), take(station, now=NOON + timedelta(days=29))
    assert (again.item, again.run, again.replayed) == (first.item, first.run, True)
    assert_kept(1)


def test_a_repeat_of_an_older_run_returns_that_run(station):
    first = take(station)
    take(station, key="k-2")
    assert take(station).run == first.run


def test_another_body_under_the_key_is_refused_and_its_file_is_not_kept(station):
    take(station)
    before = stored_files()
    with pytest.raises(KeyReused):
        take(station, file=file_of(jpeg(shade=10)))
    assert stored_files() == before


def test_keys_belong_to_their_station(station):
    take(station)
    other = take(make_station(station.line, "st-02"))
    assert not other.replayed


def test_keys_are_forgotten_after_thirty_days(station):
    take(station)
    assert intake.forget_keys(now=NOON + timedelta(days=30)) == 0
    assert intake.forget_keys(now=NOON + timedelta(days=30, seconds=1)) == 1
    assert Item.objects.count() == 1


def test_a_key_at_work_is_free_again_afterwards_also_after_a_fault(station):
    def work_on_it(fault: Exception | None = None) -> None:
        with intake.running(station, "k-1"):
            if fault:
                raise fault

    with intake.running(station, "k-1"), pytest.raises(KeyRunning):
        work_on_it()
    with pytest.raises(ValueError, match="planted"):
        work_on_it(ValueError("planted"))
    work_on_it()


@pytest.mark.parametrize("races", [1, 2])
def test_who_loses_a_race_looks_again_and_finds_what_the_winner_wrote(station, monkeypatch, races):
    """The winner commits between our look and our write, as another process would."""
    real, left = images.keep, [races]

    def overtaken(file, stored):
        real(file, stored)
        if left:
            left.pop()
            monkeypatch.setattr(images, "keep", real)
            take(station, key="k-1" if races == 1 else "k-other")
            monkeypatch.setattr(images, "keep", overtaken)

    monkeypatch.setattr(images, "keep", overtaken)
    accepted = take(station)
    assert accepted.replayed is (races == 1)
    assert IngestKey.objects.count() == races


def test_the_rows_themselves_refuse_a_second_key_view_and_open_run(station):
    item = take(station).item
    again = {"station": station, "key": "k-1", "fingerprint": "0" * 64, "run": item.run, "item": item}
    with pytest.raises(IntegrityError), transaction.atomic():
        IngestKey.objects.create(**again, created_at=NOON)
    Run.objects.filter(pk=item.run_id).update(is_open=False)
    take(station, key="k-2")
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=item.run_id).update(is_open=True)


# What it costs ------------------------------------------------------------------------------------------------------


def test_a_new_part_costs_ten_statements_in_one_transaction(station, django_assert_num_queries):
    with django_assert_num_queries(10 + 2):
        take(station)


def test_another_view_costs_six(station, django_assert_num_queries):
    take(station)
    with django_assert_num_queries(6 + 2):
        take(station, key="k-2", view="back", file=file_of(jpeg(shade=10)))


def test_a_repeat_costs_one(station, django_assert_num_queries):
    take(station)
    with django_assert_num_queries(1):
        take(station)


def test_a_settled_run_never_takes_another_image(station):
    first = take(station)
    for item in (first.item, make_item(station, view="back", idempotency_key="k-2")):
        dispositions.settle_view(
            item, verdict=Verdict.PASS, decided_by=DecidedBy.MODEL, level=Level.PARTIAL, reason="r", at=NOON
        )
    run = Run.objects.get()
    assert (run.is_open, run.is_settled) == (False, True)
    assert take(station, key="k-3").run.n == 2
