"""One item through the stages: what is found out, what is written, who answers."""

import pytest

from inspection import cameras, images, pipeline, registry, stages, stations
from inspection.models import Disposition, Measures, Outbox, Prediction, Routing, Run, StageRun
from tests.builders import NOON, make_line, make_station
from tests.inspection.items import BRIGHT, DARK, damage, make_item, soon
from tests.inspection.looking import beside, make_partial_line, run
from tests.inspection.models import make_bands, make_light_meter, make_serving
from vision.decode import Decoder

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_models")]


def outcomes(item):
    return dict(StageRun.objects.filter(item=item).values_list("stage", "outcome"))


# Stages ---------------------------------------------------------------------------------------------------------


def test_every_stage_is_written_with_its_time_and_outcome():
    line = make_line(level="shadow")
    make_serving(line)
    item = make_item(line)
    run(item)
    assert outcomes(item) == dict.fromkeys(["decode", "quality", "predict", "calibrate", "explain"], "ok")
    rows = StageRun.objects.filter(item=item).order_by("finished_at", "pk")
    assert [row.stage for row in rows] == ["decode", "quality", "predict", "calibrate", "explain"]
    assert all(row.ms >= 0 and row.attempt == 1 for row in rows)


def test_the_prediction_carries_score_probability_call_map_and_how_the_pixels_came_about():
    line = make_line(level="shadow")
    version = make_serving(line)
    item = make_item(line, light=BRIGHT)
    run(item)
    prediction = Prediction.objects.get(item=item)
    assert (prediction.model_version, prediction.role) == (version, "serving")
    assert (prediction.decoder_id, prediction.preprocessing_id) == (version.decoder_id, "squash-192/1")
    assert prediction.raw_score == pytest.approx(8 * (BRIGHT - 127.5) / 64, abs=0.5)
    assert prediction.probability > 0.99
    assert (prediction.call, prediction.defect_class) == ("defect", "scratch")
    assert len(prediction.heatmap) == prediction.heatmap_columns**2 == 24**2


def test_the_probability_comes_through_the_calibrator_of_the_registered_version():
    line = make_line(level="shadow")
    make_serving(line, calibrator={"a": 0.0, "b": 0.0})
    item = make_item(line, light=BRIGHT)
    run(item)
    assert Prediction.objects.get(item=item).probability == pytest.approx(0.5)


def test_the_measures_of_the_pixels_are_kept_at_every_level():
    item = make_item(make_line(), light=DARK)
    run(item)
    measures = Measures.objects.get(item=item)
    assert measures.brightness == pytest.approx(DARK, abs=3)
    assert (measures.width, measures.height, measures.size_bytes) == (192, 144, item.size_bytes)
    assert not measures.blank


def test_people_find_the_rendition_and_the_thumbnail():
    item = make_item(make_line())
    run(item)
    assert images.open_rendition(item.sha256).read(3) == b"\xff\xd8\xff"
    assert images.open_thumbnail(item.sha256).read(4) == b"RIFF"


def test_nobody_is_asked_at_human():
    line = make_line()
    make_serving(line)
    item = make_item(line)
    routing = run(item)
    assert outcomes(item)["predict"] == "skipped"
    assert not Prediction.objects.exists()
    assert (routing.route, routing.reason, routing.model_version) == ("human", "level", None)


@pytest.mark.parametrize("kind", ["nan", "wide", "broken"])
def test_a_model_that_fails_is_an_outcome_and_the_part_goes_to_people(kind):
    line = make_line(level="partial")
    make_bands(line, make_serving(line, kind=kind))
    item = make_item(line)
    routing = run(item)
    assert outcomes(item)["predict"] == "failed"
    assert "light-meter:1" in StageRun.objects.get(item=item, stage="predict").detail
    assert (routing.route, routing.reason) == ("human", "no-prediction")
    assert not Prediction.objects.exists()


def test_a_model_file_that_was_swapped_is_not_run():
    line = make_partial_line()
    other = make_light_meter("wide", name="other")
    for name in ("model.onnx", "card.json"):
        registry.folder_of(registry.serving(line)).joinpath(name).write_bytes(
            registry.folder_of(other).joinpath(name).read_bytes()
        )
    item = make_item(line)
    assert run(item).reason == "no-prediction"
    assert "sha256 differs" in StageRun.objects.get(item=item, stage="predict").detail


def test_a_candidate_that_fails_does_not_disturb_the_serving_version():
    line = make_partial_line()
    beside(line, make_light_meter("nan", name="candidate"), strategy="shadow", share=1.0)
    item = make_item(line)
    assert run(item).route == "auto_pass"
    assert pipeline.examine(item, now=soon(), versions=pipeline.silent_seers_of(item)).opinions == ()
    assert outcomes(item)["predict"] == "ok"
    assert Prediction.objects.get().role == "serving"


def test_a_shadow_looks_once_the_line_has_its_answer():
    line = make_partial_line()
    candidate = make_light_meter(name="candidate")
    beside(line, candidate, strategy="shadow", share=1.0)
    item = make_item(line, light=BRIGHT)
    assert run(item).route == "auto_reject"
    assert Outbox.objects.filter(topic="item.silent", key=item.pk).exists()
    assert not Prediction.objects.filter(model_version=candidate).exists()
    silent = pipeline.examine(item, now=soon(), versions=pipeline.silent_seers_of(item))
    pipeline.record_silently(item, silent, now=soon())
    said = Prediction.objects.get(model_version=candidate)
    assert (said.role, said.call) == ("shadow", "defect")


def test_a_worker_that_warmed_up_has_its_decoder_and_models_at_hand():
    make_serving(make_line(level="shadow"))
    make_serving(make_line("phone-back"), kind="broken", name="broken")
    pipeline.warm_up()
    assert stages.decoder().pid is not None
    assert registry.loaded_count() == 1


# Files that give no pixels --------------------------------------------------------------------------------------


def test_a_file_that_gives_no_pixels_is_quarantined_and_its_part_held():
    line = make_partial_line()
    item = make_item(line)
    damage(item)
    routing = run(item)
    assert (routing.route, routing.reason) == ("quarantine", "decode-corrupt")
    assert outcomes(item) == {"decode": "failed"} | dict.fromkeys(
        ["quality", "predict", "calibrate", "explain"], "skipped"
    )
    disposition = Disposition.objects.get(run=item.run)
    assert (disposition.verdict, disposition.decided_by, disposition.reason) == ("hold", "failsafe", "decode-corrupt")


def test_a_decoder_that_dies_twice_on_an_image_takes_nothing_else_down(monkeypatch):
    line = make_partial_line()
    first, second = make_item(line, serial="A-1"), make_item(line, serial="A-2")
    with Decoder(reader="tests.inspection.aborting_reader") as aborting:
        monkeypatch.setattr(stages, "decoder", lambda: aborting)
        assert run(first).reason == "decode-died"
    monkeypatch.undo()
    assert run(second).route == "auto_pass"


def test_a_picture_whose_decoder_was_killed_gets_a_second_one(monkeypatch, tmp_path):
    item = make_item(make_partial_line())
    monkeypatch.setenv("ABORT_ONCE", str(tmp_path / "aborted"))
    with Decoder(reader="tests.inspection.aborting_reader") as aborting:
        monkeypatch.setattr(stages, "decoder", lambda: aborting)
        assert run(item).route == "auto_pass"


def test_a_part_given_to_people_is_held_once_its_file_turns_out_to_give_no_pixels():
    line = make_partial_line()
    item = make_item(line)
    Routing.objects.create(item=item, route="human", reason="late", level="partial", epoch=line.epoch, routed_at=NOON)
    damage(item)
    assert run(item).route == "human"
    assert Disposition.objects.get(run=item.run).verdict == "hold"


# The camera -----------------------------------------------------------------------------------------------------


def follow(line, **second):
    """Let a first part pass and return the reason for the second, which shows the same scene."""
    run(make_item(line, serial="A-1", seed=1, station=make_station(line, "st-00")))
    facts = {"serial": "A-2", "seed": 1, "station": line.stations.get(name="st-00"), "at": soon(5)}
    return run(make_item(line, **{**facts, **second}), now=soon(5.5)).reason


def test_a_camera_that_shows_the_same_scene_for_another_part_is_stuck():
    assert follow(make_partial_line()) == "camera-stuck"


def test_a_camera_that_shows_nearly_the_same_scene_in_another_light_is_stuck():
    assert follow(make_partial_line(), light=DARK + 8) == "camera-stuck"


def test_another_scene_is_no_stuck_camera():
    assert follow(make_partial_line(), seed=2) == "inside-bands"


def test_another_station_may_see_the_same_scene():
    line = make_partial_line()
    assert follow(line, station=make_station(line, "st-09")) == "inside-bands"


def test_a_part_that_comes_back_looks_like_itself_and_is_no_stuck_camera():
    assert follow(make_partial_line(), serial="A-1") == "inside-bands"


def test_a_second_shot_of_the_same_run_is_no_stuck_camera():
    line = make_partial_line(views=["front", "back"])
    run(make_item(line, seed=1))
    assert run(make_item(line, seed=1, view="back", at=soon(0.2))).reason == "inside-bands"


def test_files_brought_in_by_hand_may_repeat():
    line = make_partial_line()
    by_hand = stations.importer(line, now=NOON)
    run(make_item(line, serial="A-1", seed=1, station=by_hand))
    assert run(make_item(line, serial="A-2", seed=1, station=by_hand, at=soon(1))).reason == "inside-bands"


def test_a_scene_that_comes_again_after_many_others_is_no_stuck_camera():
    line = make_partial_line()
    for n in range(cameras.LAST_OF_CAMERA + 1):
        run(make_item(line, serial=f"A-{n}", seed=n, at=soon(n)), now=soon(n + 0.5))
    assert run(make_item(line, serial="A-9", seed=0, at=soon(60)), now=soon(60.5)).reason == "inside-bands"


# Views, repeats and late answers --------------------------------------------------------------------------------


@pytest.mark.parametrize(("second", "verdict"), [(DARK, "pass"), (BRIGHT, "reject")])
def test_a_run_of_two_views_is_settled_by_the_worst_when_both_are_judged(second, verdict):
    line = make_partial_line(views=["front", "back"])
    front = make_item(line, view="front", seed=1)
    run(front)
    assert Disposition.objects.get(run=front.run).verdict is None
    run(make_item(line, view="back", seed=2, light=second, at=soon(0.2)))
    assert Disposition.objects.get(run=front.run).verdict == verdict


def test_recording_twice_keeps_one_routing_and_one_prediction():
    item = make_item(make_partial_line())
    first = run(item)
    assert run(item, now=soon(1)).routed_at == first.routed_at
    assert (Routing.objects.count(), Prediction.objects.count(), Measures.objects.count()) == (1, 1, 1)
    assert Prediction.objects.get().role == "serving"
    assert sorted(StageRun.objects.filter(stage="decode").values_list("attempt", flat=True)) == [1, 2]


def test_an_answer_after_the_part_went_to_people_is_kept_as_a_shadow():
    line = make_partial_line()
    item = make_item(line)
    Routing.objects.create(item=item, route="human", reason="late", level="partial", epoch=line.epoch, routed_at=NOON)
    assert run(item, now=soon(30)).reason == "late"
    assert Prediction.objects.get().role == "shadow"
    assert Disposition.objects.get(run=item.run).verdict is None


def test_quarantine_holds_a_part_whose_file_took_workers_down():
    item = make_item(make_partial_line())
    for _ in range(2):
        assert pipeline.quarantine(item, reason="attempts-used-up", now=soon()).route == "quarantine"
    assert Disposition.objects.get(run=item.run).verdict == "hold"
    assert Run.objects.get(pk=item.run_id).part.ever_rejected_or_held
