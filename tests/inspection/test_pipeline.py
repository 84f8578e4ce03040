"""One item through the stages: what is found out, what is written, who answers."""

from dataclasses import asdict

import pytest
from django.core.files.storage import default_storage

from inspection import automation, cameras, epochs, images, pipeline, registry, stages, stations
from inspection.models import Disposition, Hold, Measures, Outbox, Prediction, Routing, Run, StageRun
from inspection.rules.words import Level
from tests.builders import NOON, make_line, make_station, make_user
from tests.inspection.items import BRIGHT, DARK, MIDDLE, make_item, picture, soon
from tests.inspection.models import make_bands, make_light_meter, make_serving
from vision.decode import Decoder
from vision.embedding import reference, unpacked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "images"}},
    }
    registry.forget_loaded()


def make_partial_line(**fields):
    """Return a line whose model decides dark images (pass) and bright ones (reject) alone, with nothing drawn."""
    shares = dict.fromkeys(("truth_share", "overlap_share", "control_share", "audit_share"), 0.0)
    line = make_line(level="partial", **{**shares, **fields})
    make_bands(line, make_serving(line))
    return line


def run(item, *, now=None):
    """Take the item through the service and return its routing."""
    return pipeline.record(item, pipeline.examine(item, now=NOON), now=now or soon())


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
    _beside(line, make_light_meter("nan", name="candidate"), strategy="shadow", share=1.0)
    item = make_item(line)
    assert run(item).route == "auto_pass"
    assert pipeline.examine(item, now=soon(), versions=pipeline.silent_seers_of(item)).opinions == ()
    assert outcomes(item)["predict"] == "ok"
    assert Prediction.objects.get().role == "serving"


def test_a_shadow_looks_once_the_line_has_its_answer():
    line = make_partial_line()
    candidate = make_light_meter(name="candidate")
    _beside(line, candidate, strategy="shadow", share=1.0)
    item = make_item(line, light=BRIGHT)
    assert run(item).route == "auto_reject"
    assert Outbox.objects.filter(topic="item.silent", key=item.pk).exists()
    assert not Prediction.objects.filter(model_version=candidate).exists()
    silent = pipeline.examine(item, now=soon(), versions=pipeline.silent_seers_of(item))
    pipeline.record_silently(item, silent, now=soon())
    said = Prediction.objects.get(model_version=candidate)
    assert (said.role, said.call) == ("shadow", "defect")


def _beside(line, version, **fields):
    for name, value in {"candidate": version, **fields}.items():
        setattr(line.deployment, name, value)
    line.deployment.save()


def test_a_worker_that_warmed_up_has_its_decoder_and_models_at_hand():
    make_serving(make_line(level="shadow"))
    make_serving(make_line("phone-back"), kind="broken", name="broken")
    pipeline.warm_up()
    assert stages.decoder().pid is not None
    assert registry.loaded_count() == 1


# Files that give no pixels --------------------------------------------------------------------------------------


def damage(item):
    """Put other bytes in the place of the item's file, as a failing disk would."""
    with open(default_storage.path(images.original_name(item.sha256)), "wb") as stored:
        stored.write(b"\xff\xd8\xff\xe0 nothing that follows is a picture")


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


# Routing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("light", "route", "verdict"), [(DARK, "auto_pass", "pass"), (BRIGHT, "auto_reject", "reject")]
)
def test_inside_the_bands_the_line_has_its_verdict_at_once(light, route, verdict):
    line = make_partial_line()
    item = make_item(line, light=light)
    routing = run(item)
    assert (routing.route, routing.reason, routing.level) == (route, "inside-bands", "partial")
    assert (routing.bands, routing.model_version) == (line.bands, registry.serving(line))
    disposition = Disposition.objects.get(run=item.run)
    assert (disposition.verdict, disposition.decided_by) == (verdict, "model")
    assert (disposition.model_version, disposition.settled_at) == (routing.model_version, soon())


@pytest.mark.parametrize("level", ["human", "shadow", "assist"])
def test_below_partial_the_run_stays_open_for_people(level):
    line = make_partial_line()
    type(line).objects.filter(pk=line.pk).update(level=level)
    item = make_item(line)
    assert run(item).route == "human"
    assert Disposition.objects.get(run=item.run).verdict is None


@pytest.mark.parametrize("draw", ["truth", "audit", "control"])
def test_a_drawn_run_goes_to_people_inside_the_bands_too(draw):
    item = make_item(make_partial_line(**{f"{draw}_share": 1.0}))
    routing = run(item)
    assert (routing.route, routing.reason, routing.call) == ("human", f"{draw}-draw", "pass")


def test_an_image_between_the_bands_goes_to_people():
    assert run(make_item(make_partial_line(), light=MIDDLE)).reason == "between-bands"


def test_the_very_first_dark_image_goes_to_people_with_a_plain_sentence():
    routing = run(make_item(make_partial_line(), light=5))
    assert (routing.route, routing.reason) == ("human", "outside-envelope")
    assert routing.detail.startswith("Too dark: p99 luminance ")
    assert routing.detail.endswith(", certified 80-250")


def dark_in_a_row(line, lights):
    for n, light in enumerate(lights):
        routing = run(make_item(line, light=light, serial=f"A-{n}", at=soon(n)), now=soon(n + 0.5))
    return routing


def test_dark_images_in_a_row_hold_the_line_until_a_person_has_looked():
    line = make_partial_line()
    dark_in_a_row(line, [5, 5])
    assert not Hold.objects.exists()
    run(make_item(line, light=5, serial="A-3", at=soon(3)), now=soon(3.5))
    hold = Hold.objects.get()
    assert hold.kind == Hold.CAMERA
    assert hold.reason.startswith("3 images in a row. Too dark: p99 luminance ")
    automation.lift_hold(hold, by=make_user("quinn"), now=soon(10))
    assert run(make_item(line, serial="B-1", at=soon(20)), now=soon(20.5)).reason == "inside-bands"


@pytest.mark.parametrize(("level", "lights"), [("partial", [5, DARK, 5, DARK, 5]), ("assist", [5, 5, 5, 5])])
def test_odd_images_now_and_then_and_a_line_where_people_decide_place_no_hold(level, lights):
    line = make_partial_line()
    type(line).objects.filter(pk=line.pk).update(level=level)
    dark_in_a_row(line, lights)
    assert not Hold.objects.exists()


def test_an_image_unlike_the_certified_ones_goes_to_people_whatever_its_measures():
    line = make_partial_line()
    like = make_item(line, serial="A-1", seed=1)
    run(like)
    known = reference([unpacked(bytes(Measures.objects.get(item=like).embedding))])
    make_bands(line, line.epoch.model_version, certificates={"embedding": {**asdict(known), "limit": 0.5}})

    same, other = make_item(line, serial="A-2", seed=1), make_item(line, serial="A-3", seed=99)

    assert run(same).reason != "outside-envelope"
    routing = run(other)
    assert (routing.route, routing.reason) == ("human", "outside-envelope")
    assert routing.detail.startswith("Unlike: distance from the certified images ")


def test_a_blank_image_goes_to_people():
    assert run(make_item(make_partial_line(), body=picture(DARK, spread=0.0))).reason == "blank"


def test_a_held_line_gives_everything_to_people():
    line = make_partial_line()
    automation.stop(line, by=make_user("quinn"), reason="smoke", now=NOON)
    assert run(make_item(line)).reason == "hold"


def test_a_part_once_rejected_is_never_passed_automatically():
    line = make_partial_line()
    run(make_item(line, light=BRIGHT, seed=1))
    reworked = make_item(line, light=DARK, at=soon(60))
    assert reworked.run.n == 2
    assert run(reworked, now=soon(60)).reason == "rework"


def test_a_prediction_after_the_models_deadline_decides_nothing():
    assert run(make_item(make_partial_line()), now=soon(2.5)).reason == "model-late"


@pytest.mark.parametrize("change", ["call_threshold", "optics"])
def test_bands_of_another_configuration_certify_nothing(change):
    line = make_partial_line()
    setattr(line, change, {"call_threshold": 0.4, "optics": {"lens": "50 mm"}}[change])
    line.save()
    registry.serve(line, registry.serving(line), by=None, cause=change, now=NOON)
    assert run(make_item(line)).reason == "no-certificate"


def test_a_new_version_decides_nothing_on_the_certificate_of_the_old_one():
    line = make_partial_line()
    make_serving(line, name="newer")
    assert run(make_item(line)).reason == "no-certificate"


def test_bands_of_another_calibrator_certify_nothing():
    line = make_partial_line()
    make_bands(line, registry.serving(line), calibrator_hash="0" * 64)
    assert run(make_item(line)).reason == "no-certificate"


def test_a_fresh_epoch_voids_the_bands_at_once():
    line = make_partial_line()
    epochs.enter(line, registry.serving(line), cause="demotion", now=NOON, fresh=True)
    assert run(make_item(line)).reason == "no-certificate"


@pytest.mark.parametrize(("light", "policy"), [(DARK, "pass"), (MIDDLE, "person"), (BRIGHT, "reject")])
@pytest.mark.parametrize("level", ["assist", "partial"])
def test_what_the_bands_would_do_is_kept_below_partial_and_for_drawn_runs_too(light, policy, level):
    line = make_partial_line(truth_share=1.0)
    line.level = level
    line.save(update_fields=["level"])
    routing = run(make_item(line, light=light))
    assert (routing.route, routing.policy) == ("human", policy)


def test_without_bands_in_force_there_is_no_policy():
    line = make_partial_line()
    epochs.enter(line, registry.serving(line), cause="demotion", now=NOON, fresh=True)
    assert run(make_item(line)).policy == ""


def test_a_canary_without_a_certificate_predicts_and_people_decide():
    line = make_partial_line()
    candidate = make_light_meter(name="candidate")
    _beside(line, candidate, strategy="canary", share=1.0)
    item = make_item(line)
    routing = run(item)
    assert (routing.reason, routing.model_version) == ("no-certificate", candidate)
    roles = dict(Prediction.objects.filter(item=item).values_list("model_version__name", "role"))
    assert roles == {"candidate": "candidate", "light-meter": "serving"}


def test_a_level_that_falls_while_the_model_looks_rules_from_this_item_on():
    line = make_partial_line()
    item = make_item(line)
    examined = pipeline.examine(item, now=NOON)
    automation.lower(line, to_level=Level.SHADOW, by=None, reason="drift", now=soon(0.1))
    routing = pipeline.record(item, examined, now=soon())
    assert (routing.route, routing.level) == ("human", "shadow")


def test_a_model_rolled_back_while_it_looks_decides_nothing():
    line = make_partial_line()
    item = make_item(line)
    examined = pipeline.examine(item, now=NOON)
    make_serving(line, name="older")
    assert pipeline.record(item, examined, now=soon()).reason == "no-prediction"


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
