"""Loaded pasts are what the deeds would have written: every count follows, every constraint holds."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inspection import epochs
from inspection.models import Disposition, Item, Prediction, Routing, Run
from inspection.rules import draws
from inspection.rules.words import Stream
from review import counts
from review.models import Adjudication, Decision, ReviewTask, Truth
from tests.builders import NOON, make_line, make_model_version
from tests.review.past_scene import draw_scores, load_truth_draw

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    line = make_line(level="shadow", truth_share=0.2)
    epochs.enter(line, make_model_version(), cause="set-up", now=NOON)
    return line


def fill(line, **options):
    call_command("fill", line.slug, stdout=StringIO(), **{"waiting": 0, "seed": 3, **options})


def test_counts_of_a_loaded_past_equal_their_recount_from_history(line):
    fill(line, decided=400)
    recounted = counts.recompute(line.epoch)
    for stream in Stream:
        assert counts.sums(line.epoch, stream) == recounted.sums(stream)
    assert counts.sums(line.epoch, Stream.AGREEMENT).s + counts.sums(line.epoch, Stream.AGREEMENT).f == 400


def test_every_draw_of_a_loaded_run_can_be_recomputed(line):
    fill(line, decided=50)
    for run in Run.objects.select_related("salt"):
        drawn = draws.draw(str(run.pk), run.salt.secret, run.shares)
        assert (drawn.truth, drawn.overlap, drawn.canary_position) == (
            run.drawn_truth,
            run.drawn_overlap,
            run.canary_position,
        )


def test_a_loaded_past_is_whole(line):
    fill(line, decided=120)
    sequences = list(Disposition.objects.order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, 121))
    assert Item.objects.count() == Routing.objects.count() == Prediction.objects.count() == 120
    assert not ReviewTask.objects.filter(closed_at=None).exists()
    assert Decision.objects.filter(fate=None).count() == 0


def test_the_truth_draw_is_ruled_on_whatever_the_labels(line):
    fill(line, decided=200)
    drawn = Item.objects.filter(run__drawn_truth=True)
    assert drawn.exists()
    assert set(drawn) <= {case.item for case in Adjudication.objects.select_related("item")}
    assert not Adjudication.objects.filter(ruled_at=None).exists()
    assert Truth.objects.filter(item__in=drawn, source="adjudication").exists()


def test_what_nobody_has_ruled_on_yet_waits_for_a_ruling_and_is_counted_so(line):
    load_truth_draw(line, draw_scores(12, defects=4), is_ruled=False)
    assert Adjudication.objects.filter(ruled_at=None, label="").count() == 12
    assert not Truth.objects.filter(source="adjudication").exists()
    recounted = counts.recompute(line.epoch)
    assert all(counts.sums(line.epoch, stream) == recounted.sums(stream) for stream in Stream)


def test_waiting_items_wait(line):
    fill(line, waiting=30)
    assert ReviewTask.objects.filter(queue_rank__isnull=False).count() == 30
    assert Disposition.objects.filter(settled_at=None).count() == 30


def test_the_same_seed_tells_the_same_story(line):
    other = make_line("phone-back", level="shadow")
    epochs.enter(other, line.epoch.model_version, cause="set-up", now=NOON)
    for one in (line, other):
        fill(one, decided=40)
    stories = [
        list(Disposition.objects.filter(line=one).order_by("sequence").values_list("verdict", flat=True))
        for one in (line, other)
    ]
    assert stories[0] == stories[1]
    assert "reject" in stories[0]


def test_invented_evidence_is_refused_in_production(line, settings):
    settings.ENVIRONMENT = "production"
    with pytest.raises(CommandError, match="refuses in production"):
        fill(line, decided=1)
    assert not Item.objects.exists()
