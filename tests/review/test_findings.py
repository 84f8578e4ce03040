"""What a part itself showed after its verdict: the newest truth, which scores the old decision again."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from inspection import dispositions, receipts
from inspection.models import LevelChange, Line, Receipt
from inspection.rules.words import Call, DecidedBy, Label, Level, Stream, Verdict
from review import adjudications, counts, finding_boards, findings, queues, truths
from review import receipts as sealing
from review.audit_models import AuditFinding, WatchChart
from review.finding_models import AmendmentDue, PhysicalFinding
from review.models import Adjudication, Truth
from review.rules.containment import Found
from review.rules.findings import How
from tests.builders import NOON
from tests.review.deciding import audit, make_deciding_line, passed
from tests.review.scene import later, make_run, make_task, read
from tests.review.sealed import decide_part

pytestmark = pytest.mark.django_db
PAGE = "/lines/phone-back/findings/"
HOUR = timedelta(hours=1)


@pytest.fixture
def deciding():
    return make_deciding_line()


def find(run, found: Found, by, *, how=How.TEARDOWN, defect_class="scratch", **facts) -> PhysicalFinding:
    return findings.record(run, how=how, found=found, by=by, defect_class=defect_class, now=later(9000), **facts)


def ruled(line, ana, quinn, label=Label.PASS, *, call=Call.PASS, **facts):
    """Return a run of the truth draw that was read and ruled on."""
    task = make_task(line, call=call, drawn=("truth",), **facts)
    read(task, ana, label)
    case = Adjudication.objects.get(run=task.run)
    kind = "scratch" if label == Label.DEFECT else ""
    adjudications.rule(case, by=quinn, label=label, defect_class=kind, now=later(60))
    return task.run


def cells(line, stream: Stream) -> tuple[int, ...]:
    sums = counts.sums(line.epoch, stream)
    return sums.pp, sums.pd, sums.dp, sums.dd


# Truth and counts -----------------------------------------------------------------------------------------------


def test_a_finding_is_the_newest_truth_of_its_images(line, ana, quinn):
    run = ruled(line, ana, quinn)
    kept = find(run, Found.BAD, quinn)
    newest = Truth.objects.order_by("-n").first()
    assert (newest.n, newest.source, newest.label, newest.defect_class) == (3, "physical", "defect", "scratch")
    assert (newest.finding, newest.person) == (kept, quinn)


def test_it_corrects_the_evidence_and_a_recount_says_the_same(line, ana, quinn):
    run = ruled(line, ana, quinn)
    assert (cells(line, Stream.AGREEMENT), cells(line, Stream.SPECIFICITY)) == ((1, 0, 0, 0), (1, 0, 0, 0))

    find(run, Found.BAD, quinn)

    assert (cells(line, Stream.AGREEMENT), cells(line, Stream.SPECIFICITY)) == ((0, 1, 0, 0), (0, 0, 0, 0))
    assert cells(line, Stream.DETECTION) == (0, 1, 0, 0)
    kept = counts.ledger(line.epoch)
    again = counts.recompute(line.epoch)
    for stream in Stream:
        assert kept.places_of(stream) == again.places_of(stream)


def test_a_later_finding_replaces_the_one_before_and_the_same_one_changes_nothing(line, ana, quinn):
    run = ruled(line, ana, quinn)
    first = find(run, Found.BAD, quinn)
    assert find(run, Found.BAD, quinn, how=How.FIELD_RETURN) == first
    second = find(run, Found.GOOD, quinn)
    assert findings.of_run(run) == second
    assert cells(line, Stream.AGREEMENT) == (1, 0, 0, 0)
    assert Truth.objects.filter(source="physical").count() == 2


def test_a_ruling_that_comes_later_does_not_overturn_the_part_itself(line, ana, quinn):
    task = make_task(line, call=Call.PASS, drawn=("truth",))
    read(task, ana, Label.PASS)
    find(task.run, Found.BAD, quinn)
    adjudications.rule(Adjudication.objects.get(), by=quinn, label=Label.PASS, now=later(9001))
    assert cells(line, Stream.AGREEMENT) == (0, 1, 0, 0)
    assert Truth.objects.order_by("-n").first().source == "physical"


def test_a_label_brought_in_for_evaluation_moves_no_count(line, ana, quinn):
    run = ruled(line, ana, quinn)
    truths.confirm(run.items.get(), label=Label.DEFECT, defect_class="scratch", now=later(9000))
    counts.recompute(line.epoch)
    assert cells(line, Stream.AGREEMENT) == (1, 0, 0, 0)


def test_what_comes_back_from_the_field_is_no_draw_of_the_two_phase_sample(line, ana, quinn):
    task = make_task(line, call=Call.PASS)
    read(task, ana, Label.PASS)
    find(task.run, Found.BAD, quinn)
    assert cells(line, Stream.AGREEMENT) == (0, 1, 0, 0)
    assert (cells(line, Stream.READ), cells(line, Stream.RULED)) == ((1, 0, 0, 0), (0, 0, 0, 0))


def test_a_defect_in_one_view_leaves_the_others_as_they_were(line, ana, quinn):
    run = make_run(line, views=("front", "back"))
    for item in run.items.all():
        dispositions.settle_view(
            item, verdict=Verdict.PASS, decided_by=DecidedBy.HUMAN, level=Level.SHADOW, reason="called pass", at=NOON
        )
    find(run, Found.BAD, quinn, view="back")
    assert list(Truth.objects.values_list("item__view", flat=True)) == ["back"]


def test_a_part_without_a_verdict_cannot_be_scored_again(line, quinn):
    with pytest.raises(findings.NotSettled):
        find(make_run(line), Found.BAD, quinn)


def test_the_database_keeps_findings_as_they_were_written(line, ana, quinn):
    find(ruled(line, ana, quinn), Found.BAD, quinn)
    for change in (lambda: PhysicalFinding.objects.update(note="x"), lambda: Truth.objects.update(label="pass")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


# What acts ------------------------------------------------------------------------------------------------------


def test_a_critical_defect_that_the_model_passed_takes_the_line_down(deciding, quinn):
    find(passed(deciding, "P-1"), Found.BAD, quinn, how=How.FIELD_RETURN, defect_class="crack")
    fall = LevelChange.objects.get()
    assert (fall.from_level, fall.to_level) == ("partial", "assist")
    assert fall.cause == "a part that the model passed has a critical defect: crack"


def test_another_defect_or_one_of_an_earlier_stretch_leaves_the_level(deciding, quinn):
    first, second = passed(deciding, "P-1"), passed(deciding, "P-2")
    find(first, Found.BAD, quinn)
    assert not LevelChange.objects.exists()
    find(second, Found.BAD, quinn, defect_class="crack")
    find(first, Found.BAD, quinn, defect_class="crack")
    assert LevelChange.objects.count() == 1


def test_an_audited_pass_that_turns_out_bad_reaches_the_escape_chart(deciding, ana, quinn):
    run = audit(deciding, "A-1", ana, Label.PASS)
    assert WatchChart.objects.get(name="escape").bad == 0
    find(run, Found.BAD, quinn)
    assert list(AuditFinding.objects.order_by("pk").values_list("is_bad", flat=True)) == [False, True]
    assert WatchChart.objects.get(name="escape").bad == 1


# Receipts -------------------------------------------------------------------------------------------------------


def seal(line: Line) -> None:
    """Let the sealer go round until nothing waits: a run first, then what amends it."""
    dispositions.sequence_due(now=later(10_000))
    for _ in range(2):
        sealing.seal_due(now=later(10_000))


def kinds(line: Line) -> list[str]:
    return [receipt.kind for receipt in receipts.numbered(line)]


def test_rulings_and_findings_follow_the_receipt_of_their_run(line, ana, quinn):
    run = ruled(line, ana, quinn)
    find(run, Found.BAD, quinn)
    seal(line)
    assert kinds(line) == ["run", "ruling", "finding"]
    assert not AmendmentDue.objects.exists()
    assert {receipt.run_id for receipt in Receipt.objects.all()} == {run.pk}
    sealing.seal_due(now=later(10_001))
    assert len(kinds(line)) == 3


def test_nothing_amends_a_run_that_has_no_receipt_yet(line, ana, quinn):
    find(ruled(line, ana, quinn), Found.BAD, quinn)
    sealing.seal_due(now=later(10_000))
    assert (kinds(line), AmendmentDue.objects.count()) == ([], 2)


@pytest.fixture
def amended(line, ana, quinn):
    """A line whose chain holds a run with honest draws, the ruling on it and what the part showed at last."""
    run = decide_part(line, ana, Label.DEFECT, serial="B-1").run
    case = Adjudication.objects.get()
    adjudications.rule(case, by=quinn, label=Label.PASS, now=later(60))
    find(run, Found.BAD, quinn)
    seal(line)
    return line


def test_verify_walks_what_came_later_too(amended, tmp_path):
    out = StringIO()
    call_command("verify", heads=tmp_path / "none", stdout=out)
    assert "3 receipts, intact" in out.getvalue()


def test_verify_names_a_ruling_that_was_changed_behind_its_receipt(amended):
    Adjudication.objects.filter(ruled_at__isnull=False).update(label="defect", defect_class="crack")
    fault = sealing.first_fault(amended)
    assert (fault.n, fault.says) == (2, "is at odds with its rows: class, label")


def test_a_receipt_that_names_no_row_is_found_and_breaks_nothing(line, ana, quinn):
    ruled(line, ana, quinn)
    seal(line)
    tampered = Receipt.objects.get(kind="ruling")
    tampered.subject = "nobody's"
    assert sealing.fault_of(tampered) == "is not the receipt its contents say"


# Pages and interface --------------------------------------------------------------------------------------------


def test_a_lead_finds_the_part_by_its_serial_and_keeps_what_came_back(deciding, client, quinn):
    passed(deciding, "P-1")
    client.force_login(quinn)
    shown = client.get(PAGE, {"serial": "P-1"}).content.decode()
    assert "by the model" in shown
    assert "scratch-net:1" in shown

    given = {"serial": "P-1", "run": "1", "how": "field_return", "found": "bad", "defect_class": "scratch"}
    after = client.post(f"{PAGE}add/", given, follow=True).content.decode()

    assert "an escape: a defect was passed" in after
    assert PhysicalFinding.objects.get().how == "field_return"


def test_a_part_that_came_back_is_shown_with_its_image_and_who_called_it(line, client, ana, quinn):
    item = decide_part(line, ana, Label.DEFECT, serial="B-1")
    client.force_login(quinn)
    shown = client.get(f"/lines/{line.slug}/findings/", {"serial": "B-1"}).content.decode()
    card = shown[shown.index('id="run-1"') :]
    card = card[: card.index("</section>")]
    assert f'<img src="/lines/{line.slug}/images/{item.pk}/"' in card
    assert f'href="/lines/{line.slug}/images/{item.pk}/?full=1"' in card
    assert "<span>ana</span>" in card
    assert "11-23 12:00" in card


def test_what_people_say_after_the_verdict_did_not_decide_it(deciding, client, ana, quinn):
    run = passed(deciding, "P-1")
    item = run.items.get()
    read(queues.ask_again(item, now=later(60)), ana, Label.DEFECT, at=later(90))
    client.force_login(quinn)
    shown = client.get(PAGE, {"serial": "P-1"}).content.decode()
    assert str(item.pk) in shown
    assert "<span>ana</span>" not in shown


def test_the_runs_of_a_part_cost_the_same_however_often_it_came(line, ana, django_assert_num_queries):
    first = decide_part(line, ana, Label.DEFECT, serial="B-1")
    for runs in (1, 2):
        with django_assert_num_queries(5):
            assert len(finding_boards.runs_of(line, "B-1")) == runs
        read(make_task(line, serial="B-1", part=first.run.part), ana, Label.PASS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"found": "bad", "defect_class": ""}, "Name the kind of defect that was found."),
        ({"run": "7"}, "This part has no such run with a verdict."),
    ],
)
def test_the_page_says_what_is_missing_and_keeps_nothing(deciding, client, quinn, given, said):
    passed(deciding, "P-1")
    client.force_login(quinn)
    asked = {"serial": "P-1", "run": "1", "how": "teardown", "found": "bad", "defect_class": "scratch", **given}
    assert said in client.post(f"{PAGE}add/", asked, follow=True).content.decode()
    assert not PhysicalFinding.objects.exists()


def test_an_unknown_serial_and_an_empty_list_say_so(deciding, client, quinn):
    client.force_login(quinn)
    shown = client.get(PAGE, {"serial": "nowhere"}).content.decode()
    assert "No part nowhere with a verdict on this line." in shown
    assert "Nothing was found later on this line." in shown


def test_the_interface_keeps_and_lists_findings(deciding, client_of, quinn):
    passed(deciding, "P-1")
    api = client_of(quinn)
    body = {"serial": "P-1", "how": "field_return", "found": "bad", "defect_class": "scratch"}
    answer = api.post("/api/v1/lines/phone-back/findings/", body, format="json")
    assert (answer.status_code, answer.json()["score"]) == (201, "escape")
    assert [one["serial"] for one in api.get("/api/v1/lines/phone-back/findings/").json()["results"]] == ["P-1"]


def test_the_interface_refuses_an_unknown_part_with_a_pointer(deciding, client_of, quinn):
    body = {"serial": "none", "how": "teardown", "found": "good"}
    answer = client_of(quinn).post("/api/v1/lines/phone-back/findings/", body, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/run")


@pytest.mark.parametrize("person", ["ana", "oscar"])
def test_only_leads_and_administrators_see_or_keep_findings(deciding, client, client_of, request, person):
    somebody = request.getfixturevalue(person)
    client.force_login(somebody)
    assert client.get(PAGE).status_code == 404
    assert client_of(somebody).get("/api/v1/lines/phone-back/findings/").status_code == 404
