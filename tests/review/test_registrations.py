"""Who answers for a model version: on its page, in the log of its lines, in the lineage of what it decided."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inspection import registry
from inspection.rules.words import Origin
from review import audit_log, snapshots, trainings
from review.audit_log import Asked
from review.rules.trainings import Cause
from tests.builders import NOON, make_line, make_model_version
from tests.inspection.items import make_item
from tests.review.scene import predict
from tests.review.test_trainings import light_meter
from tests.review.training_scene import make_labelled

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


@pytest.mark.usefixtures("own_files")
@pytest.mark.parametrize("cause", [Cause.PERSON, Cause.DRIFT])
def test_a_trained_version_is_registered_by_who_asked_for_it_or_by_the_rule_of_the_line(quinn, cause):
    line = make_line(truth_share=0.0)
    make_labelled(line)
    asker = quinn if cause == Cause.PERSON else None
    snapshot = snapshots.take(line, query="", by=None, now=NOON)
    training = trainings.ask(snapshot, architecture="small-cnn", minutes=1, cause=cause, by=asker, now=NOON)
    version = trainings.run(str(training.pk), clock=lambda: NOON, fit=light_meter).version
    assert (version.origin, version.registered_by) == (Origin.TRAINING, asker)


def test_the_database_takes_no_uploaded_version_without_a_person():
    with pytest.raises(IntegrityError, match="uploaded_by_a_person"), transaction.atomic():
        make_model_version(origin=Origin.UPLOAD.value)


@pytest.mark.parametrize(
    ("origin", "by_quinn", "words"),
    [
        ("upload", True, "quinn · upload"),
        ("training", True, "quinn · training"),
        ("training", False, "rule of the line · training"),
        ("command", False, "operator · command line"),
        ("set_up", False, "set-up"),
        ("", False, "not kept"),
    ],
)
def test_the_pages_of_the_registry_name_who_answers_for_a_version(lead, line, quinn, origin, by_quinn, words):
    make_model_version("green", origin=origin, registered_by=quinn if by_quinn else None)
    for address in (reverse("models"), reverse("model", args=["green", 1])):
        assert words in lead.get(address).content.decode()


def test_the_log_of_a_line_tells_who_registered_what_stood_on_it_and_nothing_of_other_versions(line, quinn):
    version = make_model_version("green", origin="upload", registered_by=quinn)
    make_model_version("elsewhere", origin="command")
    assert not audit_log.page(line, Asked(action="registered")).entries
    registry.serve(line, version, by=None, cause="better", now=NOON)
    registry.serve(line, None, by=None, cause="worse", now=NOON)
    [told] = audit_log.page(line, Asked(action="registered")).entries
    assert (told.who, told.thing, told.change, told.reason) == ("quinn", "green:1", "→ upload", f"sha256 {'ab' * 8}")


def test_the_lineage_of_an_image_tells_who_registered_each_model_that_looked(lead, quinn):
    line = make_line()
    green = make_model_version("green", origin="upload", registered_by=quinn)
    registry.serve(line, green, by=None, cause="better", now=NOON)
    item = make_item(line, serial="B-1")
    predict(item)
    said = lead.get(reverse("api-lineage", args=[item.pk])).json()["registered"]
    assert said == {"green:1": {"origin": "upload", "by": "quinn", "at": "2026-11-23T12:00:00Z"}}


def test_the_log_reads_in_words(lead, line, quinn):
    version = make_model_version("green", origin="set_up")
    registry.serve(line, version, by=None, cause="better", now=NOON)
    shown = lead.get(reverse("log", args=[line.slug])).content.decode()
    assert "model registered" in shown
    assert "→ set-up" in shown
