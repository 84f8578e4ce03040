"""New versions on the sealed archive: scored once, answered in a word, each at an alpha of its own."""

from datetime import timedelta

import pytest

from inspection import epochs, pipeline, registry
from inspection.models import Line
from inspection.rules.words import Label, Level
from review import adjudications, bank, evidence, queues, retro, tasks
from review.retro_models import RetroScore, RetroTrial
from stats.eprocess import retry_alpha
from tests.builders import NOON, make_model_version
from tests.inspection.items import BRIGHT, make_item
from tests.inspection.models import make_light_meter, make_serving
from tests.review.past_scene import draw_scores, load_truth_draw
from tests.review.scene import make_watched_line, read

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=400)


@pytest.fixture
def archived(ana, andre, quinn, quill):
    """A line with 200 ruled parts of the truth draw, 40 of them defects."""
    line = make_watched_line(level=Level.SHADOW)
    load_truth_draw(line, draw_scores(200, defects=40))
    return Line.objects.select_related("epoch__model_version", "product").get(pk=line.pk)


def tried(line, version, by, *, wrong: int = 0):
    """Let a version have scored the archive, wrong on so many parts of it; return its trial answered."""
    gate = evidence.gate_for(line, Level.ASSIST)
    trial = retro.ask(line, version, gate, by=by, now=LATER)
    scores = []
    for n, item in enumerate(retro.unscored(trial)):
        right = item.predictions.get(model_version=line.epoch.model_version).probability
        scores.append(RetroScore(item=item, model_version=version, probability=1 - right if n < wrong else right))
    RetroScore.objects.bulk_create(scores)
    retro.advance(trial, gate, now=LATER)
    return trial


def test_a_good_version_opens_and_a_bad_one_does_not_and_no_item_is_told(archived, quinn):
    good = tried(archived, make_model_version("good"), quinn)
    bad = tried(archived, make_model_version("bad", onnx_sha256="b" * 64), quinn, wrong=60)
    assert (good.answer, bad.answer) == ("open", "shut")
    assert {field.name for field in RetroTrial._meta.fields} & {"missed", "items", "failures"} == set()


def test_every_attempt_has_a_smaller_alpha_and_the_same_version_keeps_its_answer(archived, quinn):
    versions = [make_model_version("new", n, onnx_sha256=f"{n}" * 64) for n in (1, 2, 3)]
    trials = [tried(archived, version, quinn) for version in versions]
    assert [trial.attempt for trial in trials] == [1, 2, 3]
    assert [trial.alphas["agreement"] for trial in trials] == [retry_alpha(0.05, m) for m in (1, 2, 3)]
    again = make_model_version("renamed", onnx_sha256="2" * 64)
    gate = evidence.gate_for(archived, Level.ASSIST)
    assert retro.ask(archived, again, gate, by=quinn, now=LATER).pk == trials[1].pk
    assert RetroTrial.objects.count() == 3


def test_the_same_archive_opens_early_and_stays_shut_at_a_late_attempt(archived, quinn):
    answers = []
    for n in range(1, 30):
        version = make_model_version("new", n, onnx_sha256=f"{n:064d}")
        answers.append(tried(archived, version, quinn, wrong=2 if n in (1, 29) else 90).answer)
    assert (answers[0], answers[-1]) == ("open", "shut")


@pytest.mark.parametrize("known_as", ["image", "part"])
def test_a_version_trained_on_the_archive_is_refused(archived, quinn, known_as):
    version = make_model_version("new")
    item = archived.items.order_by("pk").first()
    learned = (item.sha256, "") if known_as == "image" else ("0" * 64, str(item.run.part_id))
    bank.note_training(version, [learned])
    assert tried(archived, version, quinn).answer == "leaked"


def test_a_line_without_a_ruled_draw_has_no_archive(line, quinn):
    with pytest.raises(retro.NothingArchived):
        retro.ask(line, make_model_version("new"), evidence.gate_for(line, Level.ASSIST), by=quinn, now=NOON)


def test_what_the_archive_opened_for_is_only_confirmed_live(archived, quinn):
    version = make_model_version("good")
    tried(archived, version, quinn)
    epochs.enter(archived, version, cause="served", now=LATER)
    reading = evidence.read(archived, Level.ASSIST, now=LATER)
    assert reading.judgement.checks == ()
    assert [one.name for one in reading.judgement.failing] == ["parts", "days", "shifts", "people"]
    other = make_model_version("other", onnx_sha256="c" * 64)
    epochs.enter(archived, other, cause="served", now=LATER)
    assert len(evidence.read(archived, Level.ASSIST, now=LATER).judgement.checks) == 2


def test_the_version_itself_looks_at_every_image_of_the_archive_once(settings, tmp_path, ana, quinn):
    settings.MODELS_ROOT = tmp_path / "models"
    registry.forget_loaded()
    line = make_watched_line(level=Level.SHADOW, truth_share=1.0, second_look_share=0.0)
    make_serving(line)
    item = make_item(line, light=BRIGHT, serial="A-1")
    [task] = queues.admit(pipeline.record(item, pipeline.examine(item, now=NOON), now=NOON), now=NOON)
    read(task, ana, Label.DEFECT)
    [case] = adjudications.waiting_for(quinn, lines=[line])
    adjudications.rule(case, by=quinn, label=Label.DEFECT, defect_class="scratch", now=NOON)
    version = make_light_meter(name="newer", calibrator={"a": -0.5, "b": 0.0})
    trial = retro.ask(line, version, evidence.gate_for(line, Level.ASSIST), by=quinn, now=LATER)
    tasks.advance_retro()
    trial.refresh_from_db()
    assert (trial.answer, trial.parts) == ("shut", 1)
    assert RetroScore.objects.get().probability > 0.9


def test_a_lead_tries_a_version_on_the_page_and_through_the_api(client, archived, quinn, client_of):
    version = make_model_version("new")
    client.force_login(quinn)
    client.post(f"/lines/{archived.slug}/bank/try/", {"version": version.pk})
    assert "being scored" in client.get(f"/lines/{archived.slug}/bank/").content.decode()
    address = f"/api/v1/lines/{archived.slug}/retro/"
    made = client_of(quinn).post(address, {"model": "new:1"}, format="json")
    assert (made.status_code, made.json()["attempt"], made.json()["answer"]) == (201, 1, "")
    assert client_of(quinn).post(address, {"model": "nothing"}, format="json").status_code == 422
    assert len(client_of(quinn).get(address).json()["trials"]) == 1
