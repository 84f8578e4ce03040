"""Who answers for an image once the stages are through with it: the model, or people."""

from dataclasses import asdict

import pytest

from inspection import automation, epochs, pipeline, registry
from inspection.models import Disposition, Hold, Measures, Prediction
from inspection.rules.words import Level
from tests.builders import NOON, make_user
from tests.inspection.items import BRIGHT, DARK, MIDDLE, make_item, picture, soon
from tests.inspection.looking import beside, make_partial_line, run
from tests.inspection.models import make_bands, make_light_meter, make_serving
from vision.embedding import reference, unpacked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_models")]


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


def test_images_just_outside_place_no_hold_where_the_certificate_knows_the_look_of_images_too():
    line = make_partial_line()
    like = make_item(line, serial="A-1", seed=1)
    run(like)
    kept = Measures.objects.get(item=like)
    known, light = reference([unpacked(bytes(kept.embedding))]), kept.p99_luminance
    make_bands(
        line,
        line.epoch.model_version,
        certificates={"embedding": {**asdict(known), "limit": 1000.0}},
        envelope={"p99_luminance": [light + 20, light + 620]},
    )

    routings = [run(make_item(line, serial=f"B-{n}", seed=n + 2, at=soon(n)), now=soon(n + 0.5)) for n in range(4)]

    assert {routing.reason for routing in routings} == {"outside-envelope"}
    assert not Hold.objects.exists()


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
    beside(line, candidate, strategy="canary", share=1.0)
    item = make_item(line)
    routing = run(item)
    assert (routing.reason, routing.model_version) == ("no-certificate", candidate)
    roles = dict(Prediction.objects.filter(item=item).values_list("model_version__name", "role"))
    assert roles == {"candidate": "candidate"}


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
