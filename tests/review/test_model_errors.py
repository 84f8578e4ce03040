"""A model that fails brings its line down: by a file that is not the registered one, or by 5 errors in 100 items."""

from datetime import timedelta

import pytest

from inspection import registry
from inspection.models import LevelChange, Line, Routing
from inspection.rules.words import Level
from review import containment, model_errors, watches
from review.containment_models import Containment
from tests.builders import NOON, make_model_version
from tests.inspection.models import make_bands, make_serving
from tests.review.deciding import make_deciding_line, passed
from tests.review.scene import later, make_run, make_watched_line

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    registry.forget_loaded()


@pytest.fixture
def line():
    return make_deciding_line()


@pytest.fixture
def filed():
    """A deciding line whose model lies on the disk."""
    line = make_watched_line("phone-back", level=Level.PARTIAL)
    make_bands(line, make_serving(line))
    return line


def unanswered(line: Line, serial: str, *, at=NOON, call: str = "", version=None) -> Routing:
    """Return the routing of an item on which the line's model (or `version`) said nothing, unless `call` says what."""
    item = make_run(line, serial, at=at).items.get()
    epoch = line.present_epoch
    facts = {"route": "human", "reason": "no-prediction", "level": line.level, "routed_at": at, "call": call}
    return Routing.objects.create(item=item, epoch=epoch, model_version=version or epoch.model_version, **facts)


def fail(line: Line, count: int, *, first: int = 0) -> list[LevelChange | None]:
    """Let the model fail on some items, and the line hear of each."""
    moments = [(n, later(60 + n)) for n in range(first, first + count)]
    return [model_errors.follow(unanswered(line, f"F-{n}", at=at), now=at) for n, at in moments]


def test_the_fifth_error_in_a_hundred_items_takes_the_line_one_rung_down(line):
    passed(line, "P-1")
    *before, fifth = fail(line, 5)
    assert before == [None] * 4
    assert (fifth.to_level, fifth.changed_by, fifth.detail) == ("assist", None, {"errors": 5, "window": 100})
    assert Line.objects.get(pk=line.pk).level == "assist"


def test_what_it_passed_before_is_contained(line):
    passed(line, "P-1")
    fail(line, 5)
    containment.list_due(now=later(300))
    assert [row.run.part.serial for row in containment.listed(Containment.objects.get())] == ["P-1"]


@pytest.mark.parametrize("to_level", [Level.ASSIST, Level.HUMAN])
def test_no_rule_takes_a_line_further_down_than_where_it_saw_it(line, to_level):
    seen = Line.objects.get(pk=line.pk)
    watches.lower(line, to_level=to_level, by=None, reason="a person was faster", now=NOON)
    assert watches.step_down(seen, reason="the file is foreign", detail={}, now=NOON) is None
    assert LevelChange.objects.count() == 1


def test_errors_that_lie_further_back_are_forgotten(line):
    fail(line, 4)
    for n in range(97):
        unanswered(line, f"G-{n}", call="pass", at=later(100 + n))
    assert fail(line, 1, first=4) == [None]


def test_an_answer_costs_no_statement(line, django_assert_num_queries):
    answered = unanswered(line, "G-1", call="pass")
    with django_assert_num_queries(0):
        assert model_errors.follow(answered, now=NOON) is None


def test_the_count_begins_anew_on_the_lower_rung(line):
    fail(line, 5)
    fallen = Line.objects.select_related("epoch__model_version").get(pk=line.pk)
    assert fail(fallen, 4, first=5) == [None] * 4
    assert fail(fallen, 1, first=9)[0].to_level == "shadow"


def test_an_item_of_the_stretch_before_moves_nothing(line):
    stale = [unanswered(line, f"S-{n}", at=later(n)) for n in range(9)]
    assert model_errors.follow(stale[0], now=later(60)).to_level == "assist"
    assert [model_errors.follow(one, now=later(60)) for one in stale[1:]] == [None] * 8


def test_a_candidates_errors_are_not_the_lines(line):
    other = make_model_version("candidate")
    for n in range(6):
        assert model_errors.follow(unanswered(line, f"C-{n}", at=later(n), version=other), now=later(60)) is None


def test_a_line_whose_files_are_as_registered_stays(filed):
    assert model_errors.check_files(now=NOON) == 0


@pytest.mark.parametrize("file", ["model.onnx", "card.json", "weights.safetensors"])
def test_a_file_that_was_exchanged_takes_a_deciding_line_down_once(filed, file):
    folder = registry.folder_of(filed.epoch.model_version)
    folder.joinpath(file).write_text('{"calibrator": {"a": -2.0, "b": 0.0}}')
    assert model_errors.check_files(now=NOON) == 1
    fall = LevelChange.objects.get()
    assert (fall.from_level, fall.to_level) == ("partial", "assist")
    assert fall.cause == "the file of light-meter:1 is not the one that was registered"
    assert model_errors.check_files(now=NOON + timedelta(minutes=1)) == 0


def test_a_file_that_is_gone_takes_the_line_down_with_the_first_item_it_fails_on(filed):
    registry.folder_of(filed.epoch.model_version).joinpath("model.onnx").unlink()
    assert fail(filed, 1)[0].cause == "the file of light-meter:1 is not the one that was registered"
