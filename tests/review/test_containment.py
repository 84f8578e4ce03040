"""Containment: listed when a line falls, found by serial or lot, read again, closed by people; lots leave signed."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from inspection import automation
from inspection.models import Hold, Line, Lot, Run
from inspection.rules.words import Call, Label, Level
from review import (
    audit_log,
    audits,
    containment,
    containment_boards,
    containment_views,
    demo_climb,
    findings,
    lots,
    watches,
)
from review.audit_log import Asked
from review.audit_models import AuditLot, WatchChart
from review.containment_models import ContainedRun, Containment
from review.models import Adjudication, ReviewTask, Truth
from review.rules.containment import Found
from review.rules.findings import How
from tests.builders import NOON, PASSWORD
from tests.review.deciding import audit, audited, escape, make_deciding_line, passed, rule
from tests.review.scene import later, make_run, make_watched_line, read

pytestmark = pytest.mark.django_db
PAGE = "/lines/phone-back/containment/"
HOUR = timedelta(hours=1)


@pytest.fixture
def line():
    line = make_deciding_line()
    audits.follow(now=NOON - HOUR)
    return line


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def fall(line, ana, quinn, *, minute: int = 10) -> Containment:
    """Let a critical escape lower the line, and a round list what is contained."""
    escape(line, "E-1", ana, quinn, minute=minute, defect_class="crack")
    containment.list_due(now=later(60 * minute + 120))
    return Containment.objects.get()


def listed(standing: Containment) -> list[str]:
    return [row.run.part.serial for row in containment.listed(standing)]


# What is listed -------------------------------------------------------------------------------------------------


def test_a_fall_contains_what_the_line_passed_by_itself(line, ana, quinn):
    passed(line, "P-1", at=later(10))
    passed(line, "P-2", at=later(20))
    passed(line, "R-1", at=later(30), call=Call.DEFECT)
    audit(line, "A-1", ana, Label.PASS, at=later(40))

    standing = fall(line, ana, quinn)

    assert listed(standing) == ["P-1", "P-2"]
    assert standing.cause == "an audit found a critical escape: crack"
    assert containment.tally(standing) == {"all": 2, "open": 2, "good": 0, "bad": 0, "lost": 0}


def test_only_what_came_after_the_last_accepted_shift_is_listed(line, ana, quinn):
    passed(line, "OLD", at=later(10))
    audit(line, "A-1", ana, Label.PASS, at=later(40))
    audits.follow(now=NOON + 3 * HOUR)
    passed(line, "NEW", at=NOON + 4 * HOUR)

    standing = fall(line, ana, quinn, minute=300)

    assert standing.since == AuditLot.objects.get().closed_at
    assert listed(standing) == ["NEW"]


def test_a_rejected_shift_is_no_good_audit(line, ana, quinn):
    passed(line, "OLD", at=later(10))
    Line.objects.update(target_escape_ppm=100_000)
    WatchChart.objects.filter(name="escape").update(warn=99, act=99)
    for n in (1, 2):
        escape(line, f"A-{n}", ana, quinn, minute=n)
    audits.follow(now=NOON + 3 * HOUR)

    assert AuditLot.objects.get().escapes == 2
    assert containment.last_good(line) == NOON - HOUR


def test_the_last_good_audit_is_looked_up_at_once_however_many_shifts_were_rejected(line, django_assert_num_queries):
    watch = watches.current(line, now=NOON)
    facts = {"watch": watch, "rate": 0.1, "decided": 99, "drawn": 9, "closed": 9, "is_starved": False}
    for n, escapes in enumerate((0, 9, 9, 9)):
        AuditLot.objects.create(shift=str(n), escapes=escapes, state="tightened", closed_at=later(n), **facts)
    with django_assert_num_queries(2):
        assert containment.last_good(line, watch) == later(0)


def test_a_shift_without_enough_audits_is_no_good_audit(line, ana, quinn):
    watch = watches.current(line, now=NOON)
    facts = {"watch": watch, "rate": 0.1, "decided": 99, "drawn": 9, "escapes": 0, "state": "tightened"}
    AuditLot.objects.create(shift="1", closed=9, is_starved=False, closed_at=later(1), **facts)
    AuditLot.objects.create(shift="2", closed=1, is_starved=True, closed_at=later(2), **facts)
    assert containment.last_good(line, watch) == later(1)


def test_an_audit_that_is_read_after_its_shift_and_found_bad_is_on_the_list_with_what_came_after_it(line, ana, quinn):
    passed(line, "OLD", at=later(10))
    audit(line, "A-1", ana, Label.PASS, at=later(20))
    late = audited(line, "A-2", at=later(30))
    passed(line, "NEXT", at=later(40))
    audits.follow(now=NOON + 3 * HOUR)

    read(late, ana, Label.DEFECT, at=NOON + 4 * HOUR, defect_class="crack")
    rule(late.run, quinn, Label.DEFECT, defect_class="crack", now=NOON + 4 * HOUR)
    containment.list_due(now=NOON + 5 * HOUR)

    assert listed(Containment.objects.get()) == ["NEXT"]


def test_a_list_is_filled_without_keeping_other_writes_waiting(line, ana, quinn):
    passed(line, "P-1")
    escape(line, "E-1", ana, quinn, minute=10, defect_class="crack")
    depths, outside = [], len(connection.savepoint_ids)

    def look(execute, sql, *arguments):
        if sql.startswith("SELECT"):
            depths.append(len(connection.savepoint_ids))
        return execute(sql, *arguments)

    with connection.execute_wrapper(look):
        containment.fill(Containment.objects.get(), now=later(700))

    assert set(depths) == {outside}
    assert listed(Containment.objects.get()) == ["P-1"]


def test_a_verdict_on_its_way_when_the_line_fell_is_listed_too(line, ana, quinn):
    passed(line, "LATE", at=later(620 + 30))
    passed(line, "LATER", at=later(620 + 90))
    standing = fall(line, ana, quinn)
    assert standing.opened_at == later(620)
    assert listed(standing) == ["LATE"]
    assert standing.listed_at is not None


def test_missed_known_defects_place_a_hold_and_contain(line):
    passed(line, "P-1", at=later(10))
    for n in range(6):
        audits.note_known_defect(line, source=f"challenge:{n}", is_missed=True, now=later(100 + n))
    containment.list_due(now=later(300))
    assert Hold.objects.in_force().get().kind == "challenge"
    assert listed(Containment.objects.get()) == ["P-1"]


def test_one_missed_challenge_part_holds_the_line_and_contains(line):
    passed(line, "P-1", at=later(10))
    facts = {"is_challenge": True, "now": later(100)}
    audits.note_known_defect(line, source="challenge:B-016", is_missed=False, **facts)
    assert not Hold.objects.exists()

    audits.note_known_defect(line, source="challenge:B-017", is_missed=True, **facts)
    containment.list_due(now=later(300))

    assert Hold.objects.in_force().get().reason == "Challenge part missed: challenge:B-017."
    assert listed(Containment.objects.get()) == ["P-1"]
    assert Line.objects.get(pk=line.pk).level == "partial"


def test_who_would_bring_a_line_back_is_told_how_many_contained_parts_are_open(line, client, quinn):
    passed(line, "P-1", at=later(10))
    audits.note_known_defect(line, source="challenge:B-017", is_missed=True, is_challenge=True, now=later(100))
    containment.list_due(now=later(300))
    client.force_login(quinn)
    html = client.get(reverse("automation", args=[line.slug])).content.decode()
    assert "1 contained part is still open" in html


def test_a_second_fall_goes_onto_the_open_list(line, ana, quinn):
    passed(line, "P-1", at=later(10))
    standing = fall(line, ana, quinn)
    again = containment.open_for(line, cause="rolled back", now=later(5000))
    assert again.pk == standing.pk
    assert containment.list_due(now=later(6000)) == 0


def test_where_people_decide_a_fall_contains_nothing(quinn):
    assisted = make_watched_line("assisted", level=Level.ASSIST)
    watches.step_down(assisted, reason="test", detail={}, now=NOON)
    assert not Containment.objects.exists()


@pytest.mark.parametrize("deed", ["lower", "stop"])
def test_what_it_passed_is_contained_whoever_takes_the_model_off_the_line(line, quinn, deed):
    passed(line, "P-1", at=later(10))
    facts = {"by": quinn, "reason": "dust on the lens", "now": later(100)}
    watches.lower(line, to_level=Level.SHADOW, **facts) if deed == "lower" else watches.stop(line, **facts)
    containment.list_due(now=later(300))
    standing = Containment.objects.get()
    assert (listed(standing), standing.opened_by, standing.cause) == (["P-1"], quinn, "dust on the lens")


def test_a_lowering_that_is_refused_contains_nothing(line, quinn):
    with pytest.raises(automation.LevelOrder):
        watches.lower(line, to_level=Level.FULL, by=quinn, reason="slip", now=later(100))
    assert not Containment.objects.exists()


def test_stopping_a_line_on_which_people_decide_contains_nothing(quinn):
    watches.stop(make_watched_line("assisted", level=Level.ASSIST), by=quinn, reason="dust", now=NOON)
    assert not Containment.objects.exists()


@pytest.mark.parametrize("deed", ["lower", "stop"])
def test_the_pages_deeds_contain_and_say_so(line, lead, deed):
    asked = {"reason": "dust", "to_level": "assist"}
    page = lead.post(f"/lines/phone-back/automation/{deed}/", asked, follow=True).content.decode()
    assert "What the model passed since the last good audit is contained." in page
    assert Containment.objects.get().cause == "dust"


@pytest.mark.parametrize("deed", ["lower", "stop"])
def test_the_interfaces_deeds_contain(line, quinn, client_of, deed):
    body = {"reason": "dust", **({"to_level": "assist"} if deed == "lower" else {})}
    assert client_of(quinn).post(f"/api/v1/lines/phone-back/automation/{deed}/", body, format="json").status_code == 200
    assert Containment.objects.get().cause == "dust"


# Closing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def standing(line, ana, quinn):
    lot = Lot.objects.create(line=line, code="L-8", created_at=NOON)
    for n in (1, 2, 3):
        passed(line, f"P-{n}", at=later(10 * n), lot=lot if n < 3 else None)
    return fall(line, ana, quinn)


def row_of(standing: Containment, serial: str) -> ContainedRun:
    return containment.listed(standing, serial=serial).get()


@pytest.mark.parametrize(("found", "label"), [(Found.GOOD, "pass"), (Found.BAD, "defect")])
def test_what_is_found_out_becomes_physical_truth(standing, quinn, found, label):
    findings.close_contained(row_of(standing, "P-1"), found=found, defect_class="scratch", by=quinn, now=later(900))
    truth = Truth.objects.get(item__run__part__serial="P-1")
    assert (truth.source, truth.label) == ("physical", label)


def test_a_lost_part_proves_nothing(standing, quinn):
    findings.close_contained(row_of(standing, "P-1"), found=Found.LOST, by=quinn, now=later(900))
    assert not Truth.objects.filter(item__run__part__serial="P-1").exists()
    assert containment.tally(standing)["open"] == 2


def test_a_part_is_closed_once(standing, quinn):
    row = row_of(standing, "P-1")
    findings.close_contained(row, found=Found.GOOD, by=quinn, now=later(900))
    with pytest.raises(findings.AlreadyClosed):
        findings.close_contained(row, found=Found.BAD, by=quinn, now=later(901))


def test_it_closes_only_at_zero_open_parts(standing, quinn):
    with pytest.raises(containment.StillOpen):
        containment.close(standing, by=quinn, now=later(900))
    for row in containment.listed(standing):
        findings.close_contained(row, found=Found.GOOD, by=quinn, now=later(900))
    closed = containment.close(standing, by=quinn, now=later(901))
    assert (closed.closed_by, closed.closed_at) == (quinn, later(901))


def test_the_database_keeps_a_closing_whole(standing):
    with pytest.raises(IntegrityError), transaction.atomic():
        ContainedRun.objects.update(found="good")


def test_open_parts_are_read_again_blind_and_the_lines_verdict_stands(standing, ana):
    assert containment.requeue(standing, now=later(900)) == 3
    assert containment.requeue(standing, now=later(901)) == 0
    task = ReviewTask.objects.get(run__part__serial="P-1")
    assert (task.purpose, task.queue_rank is not None) == ("primary", True)

    read(task, ana, Label.DEFECT, at=later(1000))

    assert task.run.disposition.verdict == "pass"
    assert Adjudication.objects.filter(run=task.run, cause="model").exists()


# Lots -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def lot(line):
    Line.objects.filter(pk=line.pk).update(lot_release=True)
    return Lot.objects.create(line=line, code="L-9", created_at=NOON)


def drawn_of_lot(line, lot, serial: str) -> ReviewTask:
    task = audited(line, serial)
    task.run.part.lot = lot
    task.run.part.save(update_fields=["lot"])
    return task


def test_a_lot_leaves_once_its_audits_are_closed_and_accepted(line, lot, ana, quinn):
    passed(line, "P-1", lot=lot)
    task = drawn_of_lot(line, lot, "A-1")
    with pytest.raises(lots.LotHeld) as held:
        lots.release(lot, by=quinn, now=later(60))
    assert held.value.reasons == ("unsettled", "audits-open")

    read(task, ana, Label.PASS)
    released = lots.release(lot, by=quinn, now=later(90))
    assert (released.released_at, released.released_by) == (later(90), quinn)
    line.refresh_from_db()
    assert lots.on_hold(line) == []


def test_a_lot_with_an_escape_or_contained_parts_stays(standing, line, quinn):
    with pytest.raises(lots.LotHeld) as held:
        lots.release(Lot.objects.get(code="L-8"), by=quinn, now=later(900))
    assert held.value.reasons == ("contained",)


@pytest.fixture
def escaped(line, lot, ana, quinn):
    """Two parts that the model passed, and one in which the audit found what the model would have passed."""
    passed(line, "P-1", lot=lot)
    passed(line, "P-2", lot=lot)
    run = read(drawn_of_lot(line, lot, "E-1"), ana, Label.DEFECT).task.run
    rule(run, quinn, Label.DEFECT, now=later(30))
    return lot


def why_held(lot, by) -> tuple[str, ...]:
    with pytest.raises(lots.LotHeld) as held:
        lots.release(lot, by=by, now=later(900))
    return held.value.reasons


def show(serial: str, found: Found, by) -> None:
    run = Run.objects.get(part__serial=serial)
    findings.record(run, how=How.TEARDOWN, found=found, defect_class="scratch", by=by, now=later(900))


def test_a_lot_with_an_escape_leaves_once_it_was_sorted_to_the_last_part(escaped, ana, quinn):
    assert why_held(escaped, quinn) == ("escapes",)
    assert (lots.sort(escaped, now=later(100)), lots.sort(escaped, now=later(101))) == (2, 0)

    read(ReviewTask.objects.get(run__part__serial="P-1"), ana, Label.PASS, at=later(200))
    assert [run.part.serial for run in lots.unsorted(escaped)] == ["P-2"]
    show("P-2", Found.BAD, quinn)

    assert lots.release(escaped, by=quinn, now=later(901)).released_by == quinn
    assert [run.part.serial for run in lots.taken_out(escaped)] == ["P-2"]
    entry = audit_log.page(escaped.line, Asked(action="lot")).entries[0]
    assert (entry.who, entry.thing, entry.reason) == ("quinn", "L-9", "sorted after an escape")


def test_a_part_that_sorting_reads_as_a_defect_keeps_the_lot_until_somebody_had_it_in_the_hand(escaped, ana, quinn):
    show("P-1", Found.GOOD, quinn)
    lots.sort(escaped, now=later(100))
    run = read(ReviewTask.objects.get(run__part__serial="P-2"), ana, Label.DEFECT, at=later(200)).task.run
    assert why_held(escaped, quinn) == ("escapes",)
    rule(run, quinn, Label.DEFECT, now=later(300))
    assert why_held(escaped, quinn) == ("escapes",)
    show("P-2", Found.BAD, quinn)
    assert lots.release(escaped, by=quinn, now=later(901)).released_at


def test_a_lot_is_sorted_on_the_page_and_signed_there(lead, escaped, ana, line):
    html = lead.get(PAGE).content.decode()
    assert "Have 2 parts read" in html
    assert "Sign the " not in html
    said = lead.post(f"/lines/phone-back/lots/{escaped.pk}/sort/", follow=True).content.decode()
    assert "2 parts wait for a blind reading." in said
    for serial in ("P-1", "P-2"):
        read(ReviewTask.objects.get(run__part__serial=serial), ana, Label.PASS, at=later(200))
    assert "Sign the sorting and the release" in lead.get(PAGE).content.decode()
    lead.post(f"/lines/phone-back/lots/{escaped.pk}/release/", {"password": PASSWORD})
    escaped.refresh_from_db()
    assert escaped.released_by.username == "quinn"


def test_a_lot_is_sorted_over_the_api(lead, escaped):
    assert lead.post(f"/api/v1/lots/{escaped.pk}/sort/").json() == {"requeued": 2}
    assert lead.get("/api/v1/lines/phone-back/lots/").json()["results"][0]["unsorted"] == 2


def test_no_inspector_has_a_lot_sorted(client, escaped, ana):
    client.force_login(ana)
    assert client.post(f"/lines/phone-back/lots/{escaped.pk}/sort/").status_code == 404
    assert client.post(f"/api/v1/lots/{escaped.pk}/sort/").status_code == 404
    assert not ReviewTask.objects.filter(run__part__serial="P-1").exists()


# Doors ----------------------------------------------------------------------------------------------------------


def test_the_page_lists_finds_and_closes(lead, standing):
    html = lead.get(PAGE).content.decode()
    assert "3 of 3 open" in html
    assert "P-3" not in lead.get(f"{PAGE}?serial=P-1").content.decode()
    assert "P-3" not in lead.get(f"{PAGE}?lot=L-8").content.decode()

    lead.post(f"{PAGE}parts/{row_of(standing, 'P-1').pk}/", {"found": "bad", "defect_class": "scratch", "note": "rim"})
    row = row_of(standing, "P-1")
    assert (row.found, row.note, row.closed_by.username) == ("bad", "rim", "quinn")


@pytest.mark.parametrize(
    ("zone", "asked", "serials"),
    [
        ("UTC", {"from": "2026-11-23T12:00", "to": "2026-11-23T12:00"}, {"P-1", "P-2", "P-3"}),
        ("UTC", {"from": "2026-11-23T12:01"}, {"P-4"}),
        ("UTC", {"to": "2026-11-23T12:04"}, {"P-1", "P-2", "P-3"}),
        ("Asia/Seoul", {"from": "2026-11-23T21:05", "to": "2026-11-23T21:05"}, {"P-4"}),
        ("UTC", {"from": "2026-11-23T12:00", "serial": "P-2"}, {"P-2"}),
        ("UTC", {"from": "2026-11-23T12:06"}, set()),
        # Not a time of the calendar in every zone: asks for nothing.
        ("Asia/Seoul", {"from": "0001-01-01T00:00", "to": "9999-12-31T23:59"}, {"P-1", "P-2", "P-3", "P-4"}),
    ],
)
def test_the_list_is_searched_by_the_minutes_of_the_lines_own_clock(lead, line, ana, quinn, zone, asked, serials):
    for n, second in enumerate((10, 20, 30, 330), start=1):
        passed(line, f"P-{n}", at=later(second))
    fall(line, ana, quinn)
    Line.objects.filter(pk=line.pk).update(time_zone=zone)
    html = lead.get(PAGE, asked).content.decode()
    assert {f"P-{n}" for n in range(1, 5) if f">P-{n}</a>" in html} == serials
    assert all(f'value="{value}"' in html for value in asked.values())
    assert ("No part of this list was passed in that time." in html) == (not serials)


def test_ticked_parts_are_closed_together_and_the_page_and_its_filter_stay(lead, standing):
    ticked = [row_of(standing, serial).pk for serial in ("P-1", "P-2")]
    asked = {"part": ticked, "found": "good", "note": "sorted by hand", "lot": "L-8", "open": "1", "page": "2"}
    asked |= {"from": "2026-11-23T12:00"}
    answer = lead.post(f"{PAGE}parts/", asked)
    assert answer.url == f"{PAGE}?serial=&lot=L-8&from=2026-11-23T12%3A00&to=&open=1&page=2"
    assert containment.tally(standing)["good"] == 2
    assert (row_of(standing, "P-1").note, row_of(standing, "P-3").found) == ("sorted by hand", "")


def test_all_that_a_page_shows_is_closed_with_one_tick_and_a_closed_one_stays(lead, standing, quinn):
    shown = [row.pk for row in containment.listed(standing)]
    findings.close_contained(row_of(standing, "P-1"), found=Found.LOST, by=quinn, now=later(900))
    html = lead.post(f"{PAGE}parts/", {"all": "1", "shown": shown, "found": "good"}, follow=True).content.decode()
    assert "Closed: 2." in html
    assert containment.tally(standing) == {"all": 3, "open": 0, "good": 2, "bad": 0, "lost": 1}


@pytest.mark.parametrize("ticked", [[], ["x"], ["9" * 40]])
def test_nothing_ticked_closes_nothing(lead, standing, ticked):
    html = lead.post(f"{PAGE}parts/", {"part": ticked, "found": "good"}, follow=True).content.decode()
    assert "Tick the parts to close." in html
    assert containment.tally(standing)["open"] == 3


def test_the_next_page_keeps_the_filter(lead, standing, monkeypatch):
    monkeypatch.setattr(containment_views, "PAGE", 1)
    shown = lead.get(f"{PAGE}?lot=L-8&to=2026-11-23T13:00&open=1").content.decode()
    assert "?page=2&amp;serial=&amp;lot=L-8&amp;from=&amp;to=2026-11-23T13%3A00&amp;open=1" in shown


def test_the_list_says_what_a_later_ruling_says(standing, ana, quinn):
    containment.requeue(standing, now=later(900))
    task = ReviewTask.objects.get(run__part__serial="P-1")
    read(task, ana, Label.DEFECT, at=later(1000))
    rule(task.run, quinn, Label.PASS, now=later(1100))
    [row] = containment_boards.rows_of([row_of(standing, "P-1")])
    assert row.said == "pass"


def test_the_list_says_the_score_and_where_a_part_is(line, standing):
    Line.objects.update(lot_release=True)
    make_run(line, "P-3", part=row_of(standing, "P-3").run.part)
    shown = {row.row.run.part.serial: row for row in containment_boards.rows_of(list(containment.listed(standing)))}
    assert (shown["P-1"].score, shown["P-1"].where) == (0.01, "in its lot, on hold")
    assert shown["P-3"].where == "came again as run 2"
    Lot.objects.update(released_at=later(999))
    assert containment_boards.rows_of([row_of(standing, "P-1")])[0].where == "left with its lot"


def test_a_bad_part_needs_its_kind_of_defect(lead, standing):
    lead.post(f"{PAGE}parts/{row_of(standing, 'P-1').pk}/", {"found": "bad"})
    assert row_of(standing, "P-1").found == ""


def test_a_part_that_is_not_on_the_list_is_told_so(lead, standing):
    assert "No such part on this list" in lead.get(f"{PAGE}?serial=X-9").content.decode()


def test_the_export_is_safe_in_a_spreadsheet(lead, standing):
    passed_part = containment.listed(standing).first().run.part
    type(passed_part).objects.filter(pk=passed_part.pk).update(serial="=1+1")
    body = b"".join(lead.get(f"{PAGE}{standing.pk}.csv")).decode()
    assert body.splitlines()[0].endswith('"closed_at"')
    assert '"\'=1+1"' in body


def test_a_lead_contains_by_hand(lead, line):
    passed(line, "P-1", at=later(10))
    assert "No containment is open." in lead.get(PAGE).content.decode()
    lead.post(f"{PAGE}open/", {"reason": "customer's complaint"})
    assert listed(Containment.objects.get()) == ["P-1"]


def test_the_api_contains_closes_and_exports(lead, line, standing):
    said = lead.get("/api/v1/lines/phone-back/containment/").json()["open"]
    assert (said["counts"]["open"], said["results"][0]["serial"]) == (3, "P-1")
    for row in said["results"]:
        address = f"/api/v1/containments/{said['id']}/parts/{row['id']}/"
        assert lead.post(address, {"found": "good"}, content_type="application/json").json()["state"] == "good"
    again = lead.post(address, {"found": "good"}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert lead.post(f"/api/v1/containments/{said['id']}/close/").json()["counts"]["open"] == 0
    assert b"".join(lead.get(f"/api/v1/containments/{said['id']}/rows.csv")).count(b"\n") == 4
    opened = lead.post("/api/v1/lines/phone-back/containment/", {"reason": "again"}, content_type="application/json")
    assert opened.status_code == 201


def test_the_api_wants_the_kind_of_a_bad_part(lead, standing):
    row = row_of(standing, "P-1")
    refused = lead.post(
        f"/api/v1/containments/{standing.pk}/parts/{row.pk}/", {"found": "bad"}, content_type="application/json"
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/defect_class")


def test_a_lot_is_signed_on_the_page_and_over_the_api(lead, line, lot):
    passed(line, "P-1", lot=lot)
    assert "Sign the release" in lead.get(PAGE).content.decode()
    lead.post(f"/lines/phone-back/lots/{lot.pk}/release/", {"password": "wrong"})
    lot.refresh_from_db()
    assert lot.released_at is None
    signed = lead.post(f"/api/v1/lots/{lot.pk}/release/", {"password": PASSWORD}, content_type="application/json")
    assert signed.json()["released_at"]


def test_inspectors_and_strangers_see_no_containment(client, standing, ana, oscar):
    for person in (ana, oscar):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
        assert client.get("/api/v1/lines/phone-back/containment/").status_code == 404
        assert client.post(f"{PAGE}open/", {"reason": "x"}).status_code == 404


def test_lowering_by_a_person_contains_nothing_by_itself(line, quinn):
    automation.lower(line, to_level=Level.ASSIST, by=quinn, reason="change of material", now=later(60))
    assert not Containment.objects.exists()


def test_the_demo_begins_with_a_lot_that_left_and_one_that_waits(line, quinn):
    Line.objects.filter(pk=line.pk).update(lot_release=True)
    line.refresh_from_db()
    for n in range(4):
        passed(line, f"P-{n}", at=later(10 * n))
    demo_climb.gather_lots(line, since=later(10), by=quinn, now=later(100))
    [waiting] = lots.on_hold(line)
    assert (waiting.code, lots.standing(waiting).parts) == ("B-0702", 2)
    assert Lot.objects.get(code="B-0701").released_by == quinn
