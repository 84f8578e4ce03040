"""The data page: tokens, what they find, what stays hidden, and the history of one image."""

from datetime import date

import pytest
from django.urls import reverse

from inspection import epochs, registry
from inspection.models import Disposition
from inspection.rules.words import Call, DecidedBy, Label, Level, Origin, Verdict
from review import adjudications, agreement_boards, reports, searches, snapshots
from review.demo import DEMO_MODEL
from review.models import Adjudication, Training
from review.rules import tokens
from tests.builders import NOON, make_line
from tests.review.scene import later, make_run, make_task, read
from tests.review.training_scene import make_labelled


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("truth:defect", "truth", "defect"),
        ("model:pass", "model", "pass"),
        ("call:pass", "model", "pass"),
        ("class:scratch", "defect_class", "scratch"),
        ("score:0.4..0.6", "score", (0.4, 0.6)),
        ("score:..0.1", "score", (0.0, 0.1)),
        ("date:2026-11-20..", "date", (date(2026, 11, 20), None)),
        ("date:2026-11-20", "date", (date(2026, 11, 20), date(2026, 11, 20))),
        ("A-17", "serial", "A-17"),
    ],
)
def test_a_token_fills_its_field(word, name, value):
    parsed = tokens.parse(word)
    assert (getattr(parsed.search, name), parsed.refused) == (value, ())


@pytest.mark.parametrize(
    "word", ["truth:perhaps", "colour:red", "score:2..3", "score:.6...4", "date:tomorrow", "truth:"]
)
def test_a_token_that_cannot_be_read_is_named_and_left_out(word):
    assert tokens.parse(f"{word} model:pass").refused == (word,)
    assert tokens.parse(f"{word} model:pass").search == tokens.parse("model:pass").search


def test_a_token_knows_the_search_without_it():
    first, second = tokens.parse("truth:defect  class:scratch").tokens
    assert (first.without, second.without) == ("class:scratch", "truth:defect")


# On rows --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ruled(line, ana, quinn):
    """Two parts where the model was wrong by a ruling, one where it was right, one still open."""
    for n, (call, label) in enumerate([(Call.PASS, Label.DEFECT), (Call.DEFECT, Label.PASS), (Call.PASS, Label.PASS)]):
        read(make_task(line, f"A-{n}", call=call, at=later(20 * n)), ana, label, at=later(20 * n))
    for case in Adjudication.objects.filter(ruled_at=None).select_related("first"):
        kind = case.first.defect_class
        adjudications.rule(case, by=quinn, label=Label(case.first.label), defect_class=kind, now=later(300))
    read(make_task(line, "A-9", call=Call.PASS, at=later(90)), ana, Label.DEFECT, at=later(90))
    return line


def serials(line, text):
    page = searches.page(line.epoch, tokens.parse(text).search)
    return [one.task.run.part.serial for one in page.readings]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["A-2", "A-1", "A-0"]),
        ("disagree:yes", ["A-1", "A-0"]),
        ("disagree:no", ["A-2"]),
        ("model:pass truth:defect", ["A-0"]),
        ("class:scratch", ["A-0"]),
        ("serial:A-1", ["A-1"]),
        ("score:0..0.1", []),
        ("inspector:ana camera:nowhere", []),
        ("shift:A", ["A-2", "A-1", "A-0"]),
        ("shift:2026-11-23/A serial:A-1", ["A-1"]),
        ("shift:2026-11-24/A", []),
        ("shift:B", []),
        ("shift:/A", []),
    ],
)
def test_a_search_finds_the_readings_it_asks_for_newest_first(ruled, text, found):
    assert serials(ruled, text) == found


@pytest.mark.django_db
def test_what_waits_for_a_ruling_shows_nobody_what_the_model_said(client, ruled, quinn):
    client.force_login(quinn)
    html = client.get(reverse("data", args=[ruled.slug])).content.decode()
    open_item = Adjudication.objects.get(ruled_at=None).item_id
    assert "A-9" not in html
    assert "1 waits for a ruling" in html
    for page in ("data-item", "data-image", "data-thumbnail"):
        assert client.get(reverse(page, args=[ruled.slug, open_item])).status_code == 404


@pytest.mark.django_db
def test_pages_of_a_gallery_follow_each_other_without_a_gap(ruled, monkeypatch):
    monkeypatch.setattr(searches, "PAGE", 2)
    search = tokens.parse("").search
    first = searches.page(ruled.epoch, search)
    second = searches.page(ruled.epoch, search, after=first.after)
    assert [one.task.run.part.serial for one in (*first.readings, *second.readings)] == ["A-2", "A-1", "A-0"]
    assert second.after is None
    assert (first.left, second.left) == (3, 1)


@pytest.mark.django_db
def test_a_gallery_counts_what_follows_and_says_so_where_it_stops_counting(client, ruled, quinn, monkeypatch):
    monkeypatch.setattr(searches, "PAGE", 2)
    client.force_login(quinn)
    address = reverse("data", args=[ruled.slug])
    assert "3 images." in client.get(address).text
    first = searches.page(ruled.epoch, tokens.parse("").search)
    assert "1 image. From this page on." in client.get(address, {"after": first.after}).text
    monkeypatch.setattr(searches, "COUNTED_MAX", 2)
    assert "More than 2 images." in client.get(address).text


@pytest.mark.django_db
def test_an_empty_answer_names_the_word_that_removes_everything(client, ruled, quinn):
    client.force_login(quinn)
    html = client.get(reverse("data", args=[ruled.slug]), {"q": "class:scratch camera:nowhere"}).content.decode()
    assert "Without one of these something does" in html
    assert [token.text for token in searches.culprits(ruled.epoch, tokens.parse("class:scratch camera:nowhere"))] == [
        "camera:nowhere"
    ]


@pytest.mark.django_db
def test_the_history_of_an_image_is_told_in_order(client, ruled, quinn):
    client.force_login(quinn)
    item = Adjudication.objects.filter(ruled_at__isnull=False).earliest("opened_at").item
    kinds = [step.kind for step in searches.steps(item)]
    assert kinds.index("model") < kinds.index("blind") < kinds.index("ruling")
    html = client.get(reverse("data-item", args=[ruled.slug, item.pk])).content.decode()
    assert "blind reading" in html
    assert "quinn" in html


@pytest.mark.django_db
def test_the_history_of_an_image_names_the_data_sets_it_went_into_and_what_learned_from_them(client, quinn):
    # What is drawn for the truth is never learned from: here nothing is drawn.
    line = make_line(truth_share=0.0)
    items = make_labelled(line)
    snapshot = snapshots.take(line, query="", by=quinn, now=later(60))
    version = registry.register(DEMO_MODEL, name="learned", origin=Origin.SETUP, now=NOON)
    Training.objects.create(
        snapshot=snapshot, architecture="small-cnn", minutes=5, cause="person", state="done", version=version,
        asked_by=quinn, asked_at=NOON, started_at=NOON, ended_at=NOON,
    )  # fmt: skip
    steps = [(step.label, step.number, step.note) for step in searches.steps(items[1]) if step.kind == "set"]
    assert steps == [("defect", snapshot.number, "learned:1")]
    client.force_login(quinn)
    html = client.get(reverse("data-item", args=[line.slug, items[1].pk])).content.decode()
    assert reverse("training-snapshot", args=[line.slug, snapshot.number]) in html


@pytest.mark.django_db
def test_the_gallery_as_a_file_has_the_rows_of_the_search(client, ruled, quinn):
    client.force_login(quinn)
    answer = client.get(reverse("data-rows", args=[ruled.slug]), {"q": "model:pass truth:defect"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert '"A-0"' in lines[1]


@pytest.mark.django_db
def test_inspectors_and_strangers_find_no_data_page(client, ruled, ana, oscar):
    for person in (ana, oscar):
        client.force_login(person)
        assert client.get(reverse("data", args=[ruled.slug])).status_code == 404


@pytest.mark.django_db
def test_a_gallery_costs_the_same_however_much_it_shows(client, ruled, ana, quinn, django_assert_max_num_queries):
    client.force_login(quinn)
    with django_assert_max_num_queries(30):
        client.get(reverse("data", args=[ruled.slug]))
    for n in range(4):
        read(make_task(ruled, f"B-{n}", at=later(100 + n)), ana, at=later(100 + n))
    with django_assert_max_num_queries(30):
        client.get(reverse("data", args=[ruled.slug]))


# Beyond the present epoch -------------------------------------------------------------------------------------------


@pytest.fixture
def past(ruled):
    """The epoch of the readings, once a demotion has opened the next one."""
    past = ruled.present_epoch
    epochs.enter(ruled, past.model_version, cause="demoted", now=later(400), fresh=True)
    return past


@pytest.mark.django_db
def test_images_of_an_earlier_epoch_are_found_by_choosing_it_and_its_links_stay_there(client, ruled, past, quinn):
    client.force_login(quinn)
    address = reverse("data", args=[ruled.slug])
    assert "A-0" not in client.get(address).text
    html = client.get(address, {"epoch": past.pk, "q": "model:pass truth:defect"}).text
    assert "A-0" in html
    assert f"epoch={past.pk}" in html.split('class="gallery choosing"')[1].split("</a>")[0]
    rows = client.get(reverse("data-rows", args=[ruled.slug]), {"epoch": past.pk})
    assert len(b"".join(rows.streaming_content).decode().splitlines()) == 4


@pytest.mark.django_db
def test_figures_of_an_earlier_epoch_lead_to_its_images(client, ruled, past, quinn):
    client.force_login(quinn)
    report = reports.agreement(ruled, past, now=later(500), since=date(2026, 11, 1))
    led = agreement_boards.searched(report, "disagree:yes")
    assert ("A-0" in client.get(led).text, "date%3A2026-11-01.." in led) == (True, True)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["none", "999999", "9" * 40, "٣"])
def test_an_epoch_that_the_line_never_had_is_not_found(client, ruled, quinn, key):
    client.force_login(quinn)
    assert client.get(reverse("data", args=[ruled.slug]), {"epoch": key}).status_code == 404


@pytest.mark.django_db
def test_an_export_takes_the_epoch_that_is_looked_at(client, ruled, past, quinn):
    client.force_login(quinn)
    client.post(reverse("export-ask", args=[ruled.slug]), {"q": "", "epoch": past.pk})
    assert ruled.exports.get().epoch == past


@pytest.mark.django_db
def test_a_part_that_the_model_decided_alone_is_found_by_its_serial(client, ruled, quinn):
    client.force_login(quinn)
    run = make_run(ruled, "M-1", at=later(30))
    by_model = {"decided_by": DecidedBy.MODEL, "level": Level.PARTIAL, "reason": "inside-bands"}
    Disposition.objects.settle([run.pk], verdict=Verdict.PASS, at=later(31), **by_model)
    html = client.get(reverse("data", args=[ruled.slug]), {"q": "M-1"}).text
    assert "Also with this serial" in html
    assert str(reverse("data-item", args=[ruled.slug, run.items.get().pk])) in html
