"""The defect bank: distinct, confirmed, sealed from training, each counted once for a version."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from inspection import images, registry
from inspection.models import Item
from inspection.rules.ladder import GATES
from inspection.rules.words import Label, Level, Role, TruthSource
from review import bank, bank_views, snapshots, tasks, training_sets
from review.bank_models import BankDefect, BankImage
from review.models import CountDelta, Truth
from review.rules.shortfall import shortfall
from tests.builders import NOON, make_line, make_user
from tests.inspection.items import BRIGHT, DARK, make_item
from tests.inspection.models import make_bands, make_light_meter, make_serving
from tests.review.bank_scene import make_bank, make_defect, say
from tests.review.scene import make_run
from tests.review.training_scene import make_labelled

pytestmark = pytest.mark.django_db


# Keeping --------------------------------------------------------------------------------------------------------


def test_a_defect_is_taken_in_by_the_serial_of_its_part_and_counts_once_confirmed(line):
    defect = make_defect(line, confirmed=False)
    assert (str(defect), defect.images.get().item.run.part.serial) == ("B-001", "D-1")
    assert bank.classes_of(line) == {}
    bank.confirm(defect, method="microscope", by=defect.added_by, now=NOON)
    assert bank.classes_of(line) == {"scratch": 1}
    bank.retire(defect, reason="lost", by=defect.added_by, now=NOON)
    assert bank.classes_of(line) == {}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"serial": "nowhere"}, bank.NoPicture),
        ({"view": "back"}, bank.NoPicture),
        ({"defect_class": "dent"}, bank.UnknownClass),
        ({}, bank.AlreadyBanked),
    ],
)
def test_what_cannot_be_taken_in_is_refused(line, quinn, change, refusal):
    make_defect(line)
    given = {"serial": "D-1", "view": "front", "defect_class": "scratch", "mark": "1", "found_by": "teardown"}
    with pytest.raises(refusal):
        bank.add(line, by=quinn, now=NOON, **{**given, **change})
    assert BankDefect.objects.count() == 1


def test_two_marks_of_one_part_are_two_defects_and_confirming_twice_is_refused(line):
    first, second = make_defect(line, mark="1"), make_defect(line, mark="2")
    assert (first.number, second.number, first.group == second.group) == (1, 2, False)
    with pytest.raises(bank.NotOpen):
        bank.confirm(first, method="again", by=first.added_by, now=NOON)


def test_the_database_keeps_a_confirmation_whole(line):
    defect = make_defect(line, confirmed=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        BankDefect.objects.filter(pk=defect.pk).update(confirmed_at=NOON)


# Sealing --------------------------------------------------------------------------------------------------------


def rule(item: Item) -> None:
    Truth.objects.create(
        item=item, n=1, label=Label.DEFECT.value, defect_class="scratch", source=TruthSource.ADJUDICATION.value,
        created_at=NOON,
    )  # fmt: skip


@pytest.mark.parametrize("confirmed", [True, False])
def test_no_image_of_a_bank_part_is_learned_from(line, confirmed):
    for item in make_run(line, "D-1", views=("front", "back")).items.all():
        rule(item)
    rule(make_run(line, "A-1").items.get())
    assert len(training_sets.learnable(line)) == 3
    defect = make_defect(line, confirmed=confirmed)
    (left,) = training_sets.learnable(line)
    assert left.group != str(defect.part_id)


def test_the_same_picture_under_another_serial_is_sealed_too(line):
    defect = make_defect(line)
    other = make_run(line, "A-1")
    seal = bank.seal(line)
    assert seal.holds(sha256=defect.images.get().item.sha256)
    assert seal.holds(sha256="0" * 64, names=("D-1",))
    assert not seal.holds(sha256=other.items.get().sha256, names=("A-1", str(other.part_id)))


def test_rework_of_a_part_of_the_truth_draw_is_sealed_with_it(line):
    run = make_run(line, "A-1", drawn=("truth",))
    assert bank.seal(line).holds(sha256=run.items.get().sha256)
    assert bank.seal(line).holds(sha256="0" * 64, names=(str(run.part_id),))


def test_training_from_a_folder_leaves_sealed_pictures_out_and_says_so(tmp_path, capsys):
    line = make_line()
    stored = make_item(line, light=BRIGHT, serial="D-1")
    make_defect(line)
    folder = tmp_path / "set"
    folder.mkdir()
    with images.local_path(stored.sha256) as path:
        (folder / "sealed.jpg").write_bytes(path.read_bytes())
    (folder / "manifest.csv").write_text("path,label,defect_type\nsealed.jpg,defect,scratch\n")
    with pytest.raises(CommandError):
        call_command("train", line.slug, "--source", str(folder))
    assert "1 images of the defect bank or the truth draw are sealed and left out." in capsys.readouterr().out


@pytest.mark.parametrize("known_as", ["image", "part", "serial"])
def test_a_version_that_learned_from_a_defect_is_found_out(line, known_as):
    version = line.epoch.model_version
    leaked, clean = make_defect(line, "D-1"), make_defect(line, "D-2")
    for defect in (leaked, clean):
        say(defect, version, 0.9)
    image = leaked.images.get().item
    names = {"image": (image.sha256, ""), "part": ("0" * 64, str(leaked.part_id)), "serial": ("0" * 64, "D-1")}
    bank.note_training(version, [names[known_as]])
    counted = bank.label_stream(bank.known(line, version), threshold=0.5)
    assert (counted.s, counted.leaked, counted.refused) == (1, [leaked.group], True)


# Scoring and counting -------------------------------------------------------------------------------------------


def test_a_version_looks_at_each_image_of_the_bank_once(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    registry.forget_loaded()
    line = make_line(level="shadow")
    version = make_serving(line)
    for serial, light in (("D-1", BRIGHT), ("D-2", DARK)):
        make_item(line, light=light, serial=serial)
        make_defect(line, serial)
    assert bank.lines_to_score() == [(line, version)]
    tasks.score_banks()
    assert bank.lines_to_score() == []
    assert bank.score(line, version, now=NOON) == 0
    counted = bank.label_stream(bank.known(line, version), threshold=line.call_threshold)
    assert (counted.s, counted.f) == (1, 1)
    assert bank.known(line, make_light_meter(name="newer")) == []
    assert not CountDelta.objects.exists()


def test_a_defect_shown_ten_times_counts_once_and_one_miss_of_ten_is_a_failure(line):
    version = line.epoch.model_version
    defect = make_defect(line)
    for n in range(9):
        item = make_run(line, f"again-{n}").items.get()
        BankImage.objects.create(defect=defect, item=item)
    say(defect, version, *[0.9] * 9, 0.1)
    counted = bank.label_stream(bank.known(line, version), threshold=0.5)
    assert (counted.s, counted.f, counted.repeats) == (0, 1, 9)


def test_a_defect_is_counted_when_the_version_has_seen_all_of_it(line):
    version = line.epoch.model_version
    defect = make_defect(line)
    say(defect, version, 0.9)
    BankImage.objects.create(defect=defect, item=make_run(line, "again").items.get())
    assert bank.known(line, version) == []


@pytest.mark.parametrize(
    ("probability", "label", "policy"),
    [(0.9, 1, 1), (0.3, 0, 1), (0.05, 0, 0), (0.01, 0, 0), (None, 0, 1)],
)
def test_what_the_label_misses_the_bands_may_still_keep_from_passing(line, probability, label, policy):
    version = line.epoch.model_version
    bands = make_bands(line, version)
    say(make_defect(line), version, probability)
    defects = bank.known(line, version)
    assert bank.label_stream(defects, threshold=0.5).s == label
    assert bank.policy_stream(defects, bands, threshold=0.5).s == policy


def test_a_bank_is_read_in_two_statements_whatever_its_size(line, django_assert_num_queries):
    version = line.epoch.model_version
    for n in range(12):
        say(make_defect(line, f"D-{n}"), version, 0.9)
    with django_assert_num_queries(2):
        assert len(bank.known(line, version)) == 12


# Shortfall ------------------------------------------------------------------------------------------------------

RISKS = {"scratch": "major", "crack": "critical"}


@pytest.mark.parametrize(
    ("held", "level", "overall", "classes"),
    [
        ({}, Level.PARTIAL, 59, {"crack": 299}),
        ({"scratch": 40, "crack": 12}, Level.PARTIAL, 7, {"crack": 287}),
        ({"crack": 299}, Level.PARTIAL, 0, {}),
        ({"crack": 299}, Level.FULL, 0, {"crack": 160, "scratch": 90}),
    ],
)
def test_the_shortfall_is_that_of_a_closed_list_without_a_miss(held, level, overall, classes):
    found = shortfall(held, RISKS, GATES[level])
    assert (found.overall, found.classes) == (overall, classes)


# Doors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("banked_first", "said"),
    [
        (True, "sealed from training: 1 data set gone through, none of it in there"),
        (False, "1 image of a part of the bank stands in a data set"),
    ],
)
def test_the_page_has_gone_through_every_data_set_before_it_says_that_the_bank_is_sealed(
    client, quinn, banked_first, said
):
    # What is drawn for the truth is never learned from: here nothing is drawn.
    line = make_line("phone-lens", truth_share=0.0)
    make_labelled(line)
    for deed in ("bank", "take") if banked_first else ("take", "bank"):
        if deed == "bank":
            make_defect(line, "P-1")
        else:
            snapshots.take(line, query="", by=quinn, now=NOON)
    client.force_login(quinn)
    assert said in client.get(f"/lines/{line.slug}/bank/").content.decode()


def test_a_lead_adds_confirms_and_retires_on_the_page(client, line, quinn):
    make_run(line, "D-7")
    client.force_login(quinn)
    page = f"/lines/{line.slug}/bank/"
    client.post(f"{page}add/", {"serial": "D-7", "view": "front", "defect_class": "crack", "found_by": "teardown"})
    client.post(f"{page}1/confirm/", {"method": "microscope"})
    shown = client.get(page).content.decode()
    assert "B-001" in shown
    assert "microscope" in shown
    assert "crack 298" in shown
    client.post(f"{page}1/retire/", {"reason": "part lost"})
    assert "part lost" in client.get(page).content.decode()


def test_the_page_says_what_is_wrong_with_a_serial(client, line, quinn):
    client.force_login(quinn)
    given = {"serial": "nowhere", "view": "front", "defect_class": "crack", "found_by": "teardown"}
    answer = client.post(f"/lines/{line.slug}/bank/add/", given)
    assert answer.status_code == 422
    assert "no image of that serial" in answer.content.decode()


def test_the_api_does_what_the_page_does(line, quinn, client_of):
    make_run(line, "D-7")
    client = client_of(quinn)
    bank_address = f"/api/v1/lines/{line.slug}/bank/"
    body = {"serial": "D-7", "view": "front", "defect_class": "crack", "found_by": "teardown"}
    made = client.post(bank_address, body, format="json")
    assert (made.status_code, made.json()["number"], made.json()["confirmed_at"]) == (201, 1, None)
    assert client.post(f"{bank_address}1/confirm/", {"method": "microscope"}, format="json").status_code == 200
    again = client.post(f"{bank_address}1/confirm/", {"method": "microscope"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    listed = client.get(bank_address).json()
    assert listed["classes"] == {"crack": 1}
    assert "298" in listed["shortfall"]["partial"]
    retired = client.post(f"{bank_address}1/retire/", {"reason": "lost"}, format="json").json()
    assert retired["retired_at"] is not None
    unknown = client.post(bank_address, {**body, "serial": "nowhere"}, format="json")
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/serial")


@pytest.mark.parametrize("role", [Role.INSPECTOR, None])
def test_the_bank_is_hidden_from_inspectors_and_strangers(client, line, role):
    client.force_login(make_user("oscar", role=role))
    for address in (f"/lines/{line.slug}/bank/", f"/api/v1/lines/{line.slug}/bank/"):
        assert client.get(address).status_code == 404


def test_a_lead_who_also_inspects_the_line_does_not_see_its_bank(client, line, quinn):
    quinn.memberships.create(role=Role.INSPECTOR.value, granted_at=NOON)
    client.force_login(quinn)
    assert client.get(f"/lines/{line.slug}/bank/").status_code == 404


def test_a_long_bank_is_shown_page_by_page_and_a_deed_returns_to_its_page(client, line, quinn):
    make_bank(line, bank_views.PAGE + 1)
    client.force_login(quinn)
    address = f"/lines/{line.slug}/bank/"
    assert client.get(address).content.decode().count('class="bank-picture"') == bank_views.PAGE
    last = client.get(f"{address}?page=2").content.decode()
    assert last.count('class="bank-picture"') == 1
    assert 'name="page" value="2"' in last
    done = client.post(f"{address}1/retire/", {"reason": "lost", "page": "2"})
    assert done["Location"] == f"{address}?page=2"
