"""The factory simulator: what it promises of its report, its seed and its scratch database, at small sizes."""

import io
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from io import StringIO
from random import Random

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image

from inspection.models import Item, Line, ModelVersion, Prediction, Run
from inspection.rules.words import Label, Level
from monitoring.simulation.factory import Factory, Habits, distance, hard_rates
from monitoring.simulation.parts import Maker
from monitoring.simulation.people import judged
from monitoring.simulation.picture import svg
from monitoring.simulation.pictures import Shelf
from monitoring.simulation.runs import Told, simulate
from monitoring.simulation.scenarios import SCENARIOS, Scenario
from monitoring.simulation.scenarios.stay import Stay
from monitoring.simulation.world import BEGINS_AT, World
from review.models import ChallengeRound, ChallengeShowing

KEYS = {
    "scenario",
    "seed",
    "from_level",
    "factor",
    "items",
    "timeline",
    "escapes",
    "overkills",
    "auto_decided",
    "human_readings",
    "audits",
    "event_item",
    "first_after_event",
    "gate_evaluations",
    "rollout",
    "auto_decided_after_event",
    "model",
    "wall_seconds",
}
# Enough of everything that the first gate asks for within a few dozen parts.
HASTY = Factory(parts_per_day=42, bank=30, defect_rate=0.05, overlap_share=0.0, parts_per_tick=10)


class Hasty(Scenario):
    """A good model on a line so slow that five days are over soon."""

    name = "hasty"
    default_items = 230

    def factory(self) -> Factory:
        return HASTY


class Tiny(Stay):
    """The same story with hardly a bank."""

    def factory(self) -> Factory:
        return replace(super().factory(), bank=3)

    def after(self, world: World) -> None:
        self.story = list(Prediction.objects.order_by("pk").values_list("item", "probability", "item__run__shares"))


class Deciding(Scenario):
    """A line that begins at `partial`, with an event halfway."""

    name = "deciding"
    default_items = 40

    @property
    def event_item(self) -> int:
        return 20

    def factory(self) -> Factory:
        return replace(HASTY, parts_per_day=400, bank=3, history=21, parts_per_tick=4, challenges_a_shift=2)

    def before(self, world: World) -> None:
        assert connection.settings_dict["NAME"].endswith("scratch.sqlite3")

    def figures(self, world: World) -> dict[str, int]:
        rounds = ChallengeRound.objects.filter(done_at__isnull=False, alarmed_at=None)
        return {"rounds": rounds.count(), "shown": ChallengeShowing.objects.count()}


@pytest.fixture(scope="module")
def climbed(django_db_setup, django_db_blocker) -> Told:
    with django_db_blocker.unblock():
        return simulate(Hasty(), seed=3)


# What a run tells ------------------------------------------------------------------------------------------------


def test_a_good_model_goes_up_by_two_signatures_and_the_report_says_when(climbed):
    move = climbed.report["timeline"][0]
    assert (move["from"], move["to"], move["cause"]) == ("shadow", "assist", "signed by quinn and quill")
    assert 199 <= move["item"] < 230
    assert climbed.report["level"] == "assist"


def test_the_report_holds_everything_that_the_contract_names(climbed):
    assert climbed.report.keys() >= KEYS
    assert climbed.report["items"] == 230
    assert climbed.report["human_readings"] >= 230
    assert climbed.report["gate_evaluations"] > 0
    assert climbed.report["model"] == {"escape": 0.004, "overkill": 0.01}
    assert climbed.report["rollout"] is climbed.report["auto_decided_after_event"] is None
    assert climbed.report["first_after_event"] == dict.fromkeys(("notice", "alarm", "tightened", "demotion"))


def test_a_picture_shows_level_evidence_and_share_with_every_move(climbed):
    drawing = svg(climbed)
    ElementTree.fromstring(drawing)
    assert drawing.count("<polyline") == 3
    assert f"assist {climbed.report['timeline'][0]['item']}" in drawing


@pytest.mark.django_db
def test_a_line_at_partial_decides_by_itself_and_counts_what_it_decided_after_the_event():
    report = simulate(Deciding(from_level=Level.PARTIAL), seed=2).report
    assert 0 < report["auto_decided_after_event"] < report["auto_decided"] < 40
    assert report["human_readings"] < 40
    assert report["event_item"] == 20
    # Challenge parts come when the product says that they are due, in time and as many as it asks for.
    assert report["figures"]["shown"] == 2 * report["figures"]["rounds"] > 0


@pytest.mark.django_db
def test_the_same_seed_tells_the_same_story_and_another_seed_another():
    (one, first), (again, second), (_, other) = (_told(seed) for seed in (5, 5, 6))
    assert one == again
    assert first == second != other
    assert (one["level"], one["timeline"]) == ("shadow", [])


def _told(seed):
    scenario = Tiny(items=6)
    report = simulate(scenario, seed=seed).report
    return {name: value for name, value in report.items() if name != "wall_seconds"}, scenario.story


# What a run leaves alone -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_configured_database_and_store_are_as_they_were():
    configured, store = connection.settings_dict["NAME"], type(storages["default"])
    id_source = Run._meta.get_field("id").default
    simulate(Tiny(items=2), seed=1)
    assert connection.settings_dict["NAME"] == configured
    assert type(storages["default"]) is store
    assert Run._meta.get_field("id").default is id_source
    assert not Line.objects.exists()
    assert not Item.objects.exists()
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db
def test_a_run_that_breaks_gives_the_configured_database_back():
    class Breaking(Tiny):
        def after(self, world: World) -> None:
            raise ArithmeticError

    configured = connection.settings_dict["NAME"]
    with pytest.raises(ArithmeticError):
        simulate(Breaking(items=2), seed=1)
    assert connection.settings_dict["NAME"] == configured


# The command -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command_prints_one_object_and_draws_the_run(tmp_path, monkeypatch):
    monkeypatch.setitem(SCENARIOS, "stay", Tiny)
    picture, out = tmp_path / "run.svg", StringIO()
    call_command(
        "simulate", "stay", "--items", "4", "--seed", "2", "--fast", "--json", f"--picture={picture}", stdout=out
    )
    report = json.loads(out.getvalue())
    assert (report["scenario"], report["seed"], report["items"]) == ("stay", 2, 4)
    assert "stay, seed 2: 4 parts" in picture.read_text()


@pytest.mark.django_db
@pytest.mark.parametrize("scenario", ["bad-candidate", "good-candidate"])
def test_a_candidate_also_comes_onto_a_line_with_pixels_and_errs_as_it_is_told(scenario):
    out = StringIO()
    call_command("simulate", scenario, "--items", "4", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert (report["items"], report["rollout"]["strategy"]) == (4, "canary")
    assert report["model"]["escape"] == SCENARIOS[scenario]().factory().skill.escape


@pytest.mark.django_db
def test_people_who_err_are_also_measured_where_there_are_pixels():
    out = StringIO()
    call_command("simulate", "noisy-inspectors", "--items", "4", "--json", stdout=out)
    assert json.loads(out.getvalue())["figures"]["true_escape"] is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["nowhere", "--fast"], "invalid choice: 'nowhere'"),
        (["stay", "--fast", "--items", "0"], "--items is 0, give at least 1."),
        (["stay", "--fast", "--factor", "0"], "--factor is 0.0, give a number above 0."),
        (["stay", "--fast", "--factor", "nan"], "--factor is nan, give a number above 0."),
        (["stay", "--fast", "--images", "."], "--fast has no pixels, so it takes no --images: choose one of the two."),
        (["stay", "--fast", "--model", "."], "--fast has no pixels, so it takes no --model: choose one of the two."),
        (["stay", "--model", "no-such-folder"], "no-such-folder holds no model: card.json is not there."),
        (["bad-candidate", "--model", "."], "bad-candidate sets how often a model errs, so it takes no --model."),
        (["stay", "--images", "no-such-folder"], "no-such-folder is not a folder."),
        (["stay", "--fast", "--from-level", "top"], "invalid choice: 'top'"),
    ],
)
def test_wrong_options_are_refused_with_a_sentence(options, sentence):
    with pytest.raises(CommandError, match=sentence.replace("(", "\\(")):
        call_command("simulate", *options)


# Nature and people -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.2, 0.5, 1.0])
def test_hard_parts_carry_more_errors_and_the_mean_stays(rate):
    easy, hard = hard_rates(rate)
    assert 0 <= easy <= hard <= 1
    assert 0.85 * easy + 0.15 * hard == pytest.approx(rate)


def test_a_score_at_its_distance_errs_at_its_rate():
    assert distance(0.5) == 0
    assert distance(0.0) > 5
    assert distance(1.0) < -5


def test_people_err_at_their_rate_say_the_same_again_and_err_together_on_hard_parts():
    maker = Maker(replace(Factory(), defect_rate=1.0), seed=4)
    parts = [maker.make(n, now=BEGINS_AT) for n in range(4000)]
    habits = Habits(miss=0.10, cannot_judge=0.0)
    first, second = ([judged(part, habits, who=who, seed=4)[0] == Label.PASS for part in parts] for who in "ab")
    assert sum(first) / 4000 == pytest.approx(0.10, abs=0.02)
    assert first == [judged(part, habits, who="a", seed=4)[0] == Label.PASS for part in parts]
    both = sum(a and b for a, b in zip(first, second, strict=True)) / 4000
    assert both > 1.4 * (sum(first) / 4000) * (sum(second) / 4000)


def test_images_of_a_folder_are_encoded_alike_so_that_only_the_lamp_tells_dark_ones(tmp_path):
    for name, shade in (("ok", 200), ("defect", 120)):
        (tmp_path / name).mkdir()
        Image.new("RGB", (64, 64), (shade,) * 3).save(tmp_path / name / "1.png")
    shelf, part = Shelf(tmp_path), Maker(replace(Factory(), defect_rate=0.0), seed=1).make(0, now=BEGINS_AT)
    lit, dim = (Image.open(io.BytesIO(shelf.draw(replace(part, light=light), Random(1)))) for light in (1.0, 0.6))
    assert (lit.format, dim.format) == ("JPEG", "JPEG")
    assert lit.quantization == dim.quantization
    assert (lit.getpixel((9, 9))[0], dim.getpixel((9, 9))[0]) == (pytest.approx(200, abs=2), pytest.approx(120, abs=2))
