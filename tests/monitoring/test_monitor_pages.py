"""Pages and doors of monitoring: cockpit, all lines, metrics, images, alarms."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now as clock

from inspection import automation, outbox, risks
from inspection.models import Hold, Item, Line, Outbox
from inspection.rules.words import Level, Role, Verdict
from monitoring import boards, delivery, gathering, series, stages
from monitoring.models import Alarm, AlarmChange, AlarmThreshold, Notice
from monitoring.rules.alarm_rules import RULES
from monitoring.rules.metrics import BY_NAME, METRICS
from review import queues
from review.charts import spark
from tests.builders import NOON, PASSWORD, make_line, make_user
from tests.monitoring.test_alarms import raise_alarm
from tests.monitoring.world import examine, give_way, settle, show
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return make_deciding_line()


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


@pytest.fixture
def seen(line):
    """A line with images of just now, summed up."""
    moment = clock()
    for n in range(3):
        examine(line, f"A-{n}", at=moment - timedelta(seconds=20 + n))
    gathering.follow(now=moment)
    gathering.read_levels(now=moment)
    return moment


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def fresh_alarm(line, rule="camera-stuck", **facts) -> Alarm:
    facts = {"state": "unacknowledged", "is_on": True, "raised_at": clock(), "value": 1.0, **facts}
    return Alarm.objects.create(line=line, rule=rule, **facts)


PAGES = ["/lines/phone-back/monitor/", "/lines/phone-back/metrics/", "/lines/phone-back/metrics/brightness/",
         "/lines/phone-back/metrics/storage_free/?span=month", "/lines/phone-back/images/", "/fleet/", "/alarms/",
         "/alarms/runbook/"]  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_for_leads_and_says_something_before_anything_was_seen(lead, line, address):
    assert "<h1>" in text(lead.get(address))


@pytest.mark.parametrize("address", PAGES)
def test_inspectors_and_strangers_see_none_of_it(client, line, address):
    for person in (make_user("ana"), make_user("oscar", role=None)):
        client.force_login(person)
        assert client.get(address).status_code in (403, 404)


def test_the_cockpit_shows_stages_metrics_and_where_every_image_is(lead, line, seen):
    page = text(lead.get("/lines/phone-back/monitor/"))
    for word in ("Capture", "Predict", "Queue", "p99 luminance", ">200</span>", "<b>3</b> images received"):
        assert word in page


def test_the_cockpit_says_the_loudest_alarm_and_what_to_do(lead, line):
    fresh_alarm(line, "queue-old", value=240.0)
    fresh_alarm(line)
    page = text(lead.get("/lines/phone-back/monitor/"))
    banner = page[page.index('class="alarm-banner"') :]
    assert banner.index("The camera shows the same image again and again") < banner.index("Restart the camera")
    assert "Images wait too long for a person: 4\u00a0m" in page


def banner_of(lead) -> str:
    page = text(lead.get("/lines/phone-back/monitor/"))
    start = page.index('class="alarm-banner"')
    return page[start : page.index("</section>", start)]


def test_a_held_line_says_why_where_its_alarm_stands(lead, line):
    reason = "Image drift: patch luminance moved by -1.6 standard deviations."
    automation.place_hold(line, kind=Hold.ALARM, reason=reason, now=clock())
    alarm = fresh_alarm(line, "line-held")
    for page in (banner_of(lead), text(lead.get(f"/alarms/{alarm.pk}/"))):
        assert "Image drift: reference patch moved by −1.6 standard deviations." in page


def test_images_outside_the_certificate_are_told_with_their_measure(lead, line):
    examine(line, "A-1", at=clock() - timedelta(seconds=5), measures={"p99_luminance": 40.0})
    examine(line, "A-2", at=clock())
    alarm = fresh_alarm(line, "outside-envelope", value=0.8)
    for page in (banner_of(lead), text(lead.get(f"/alarms/{alarm.pk}/"))):
        assert "Too dark: p99 luminance 40, certified 80 to 250." in page


def test_a_loud_alarm_that_somebody_has_seen_stands_on_until_it_goes(lead, line, quinn):
    alarm = fresh_alarm(line)
    lead.post(f"/alarms/{alarm.pk}/acknowledge/")
    assert "acknowledged by quinn" in banner_of(lead)
    assert f"/alarms/{alarm.pk}/acknowledge/" not in banner_of(lead)
    alarm.refresh_from_db()
    lead.post(f"/alarms/{alarm.pk}/shelve/", {"minutes": "20", "reason": "lamp ordered"})
    assert "alarm-banner" not in text(lead.get("/lines/phone-back/monitor/"))


@pytest.mark.parametrize(("value", "state"), [(100.0, ""), (75.0, "warn"), (44.0, "crit")])
def test_a_measure_stands_beside_what_is_certified_and_is_marked_outside_it(line, value, state):
    show(line, "p99_luminance", [value], at=clock())
    tile = boards.tiles(line, ["p99_luminance"], now=clock())[0]
    assert (tile.limits, tile.state) == (["80–250"], state)


@pytest.mark.parametrize(("value", "state"), [(100.0, "warn"), (44.0, "crit")])
def test_an_alarm_on_a_measure_hides_neither_the_certified_range_nor_how_far_it_was_left(
    lead, line, quinn, value, state
):
    limits = {"raise_at": "120", "clear_at": "130", "reason": "dim", "password": PASSWORD}
    limits["review_on"] = (clock() + timedelta(days=30)).date().isoformat()
    lead.post("/lines/phone-back/thresholds/p99_luminance-below/", limits)
    show(line, "p99_luminance", [value], at=clock())
    fresh_alarm(line, "p99_luminance-below", value=value)
    tile = boards.tiles(line, ["p99_luminance"], now=clock())[0]
    assert (tile.limits, tile.state) == (["≥ 120", "80–250"], state)
    assert "<span>≥ 120</span><span>80–250</span>" in text(lead.get("/lines/phone-back/monitor/"))


@pytest.mark.parametrize(("w", "is_marked"), [(8.2, False), (95.2, True)])
def test_a_chart_beyond_its_limit_is_marked(w, is_marked):
    chart = SimpleNamespace(word="Too many defect calls", w=w, act=8.3)
    assert ("crit-mark" in render_to_string("monitoring/_chart_pair.html", {"chart": chart})) is is_marked


def test_a_value_that_is_old_is_shown_as_old(lead, line):
    show(line, "brightness", [130.0], at=clock() - timedelta(minutes=9))
    page = text(lead.get("/lines/phone-back/monitor/"))
    assert "stale\N{NO-BREAK SPACE}" in page.replace("stale ", "stale\N{NO-BREAK SPACE}")
    assert ">130</span>" not in page


def test_all_lines_at_a_glance(lead, line, seen):
    make_line("phone-lens")
    automation.place_hold(line, kind=Hold.ALARM, reason="dark", now=clock())
    show(None, "storage_free", [0.5], at=clock())
    fresh_alarm(line)
    page = text(lead.get("/fleet/"))
    assert "Days of disk left: not known yet" in page
    assert "Alarms of the machines" in page
    assert "None. Those of lines stand with each line." in page
    assert page.index("phone-back") < page.rindex("HOLD") < page.rindex("phone-lens")


def test_many_lines_in_a_flood_cost_no_more_questions_than_one(lead, line, django_assert_max_num_queries):
    flood(1)
    with CaptureQueriesContext(connection) as few:
        lead.get("/fleet/")
    flood(6)
    with django_assert_max_num_queries(len(few)):
        page = text(lead.get("/fleet/"))
    assert page.count(f"(+{sum(rule.of_line for rule in RULES) - 1})") == 7


# Flow -----------------------------------------------------------------------------------------------------------


def test_every_image_is_accounted_for_at_any_instant(line):
    moment = clock()
    first, second, third, fourth = (examine(line, f"A-{n}", at=moment - timedelta(seconds=9)) for n in range(4))
    assert stages.flow(line, now=moment).lost == 4
    queues.admit(first.routing, now=moment)
    settle(second, Verdict.PASS, sequence=1)
    settle(third, Verdict.HOLD, sequence=2)
    queues.admit(fourth.routing, now=moment)
    flow = stages.flow(line, now=moment)
    assert (flow.received, flow.waiting, flow.final, flow.lost) == (4, 2, 2, 0)


@pytest.mark.parametrize("statement", range(1, 7))
def test_an_image_that_moves_on_while_it_is_counted_is_not_lost(line, statement):
    moment = clock()
    item = examine(line, "A-1", at=moment - timedelta(seconds=9), route=None)
    outbox.ask("item.received", item.pk, now=moment)
    asked = []

    def move_on(execute, *statement_and_facts):
        asked.append(execute)
        if len(asked) == statement:
            queues.admit(give_way(item, route="human", reason="level", at=moment), now=moment)
            Outbox.objects.filter(key=str(item.pk)).update(done_at=moment)
        return execute(*statement_and_facts)

    with connection.execute_wrapper(move_on):
        flow = stages.flow(line, now=moment)
    assert (flow.received, flow.lost) == (1, 0)


def test_an_image_that_steps_aside_for_fresher_ones_is_still_to_be_looked_at(line):
    moment = clock()
    aside, _forgotten = (examine(line, f"A-{n}", at=moment - timedelta(seconds=9), route=None) for n in range(2))
    outbox.ask("item.late", aside.pk, now=moment)
    flow = stages.flow(line, now=moment)
    assert (flow.received, flow.predicting, flow.lost) == (2, 1, 1)


def test_a_part_that_the_deadline_settled_is_final_in_neither_count(line):
    moment = clock()
    item = examine(line, "A-1", at=moment - timedelta(seconds=9))
    queues.admit(item.routing, now=moment)
    show(line, "time_to_verdict", [120.0, 8.0], at=moment)
    show(line, "fail_safe", [1.0, 0.0], at=moment)
    box = stages.board(line, now=moment)[-1]
    assert (box.rate, box.note) == (pytest.approx(1 / 300), "1 safe verdict, waits on")
    assert stages.flow(line, now=moment).final == 0


def test_an_image_that_a_reader_has_judged_is_final_and_waits_no_more(line):
    moment = clock()
    item = examine(line, "A-1", at=moment - timedelta(seconds=9))
    queues.admit(item.routing, now=moment)
    settle(item, Verdict.PASS, sequence=1)
    flow = stages.flow(line, now=moment)
    assert (flow.waiting, flow.final, flow.lost) == (0, 1, 0)


def test_an_image_aside_is_quarantined(line):
    moment = clock()
    item = examine(line, "A-1", at=moment - timedelta(seconds=9), route="quarantine", reason="decode-died")
    settle(item, Verdict.HOLD, sequence=1)
    assert vars(stages.flow(line, now=moment)) == {
        "received": 1, "predicting": 0, "waiting": 0, "final": 0, "quarantined": 1,
    }  # fmt: skip


def test_the_stages_are_told_over_http(lead, line, seen):
    body = lead.get("/api/v1/lines/phone-back/stages/").json()
    assert [stage["name"] for stage in body["stages"]] == [
        "capture", "intake", "decode", "quality", "predict", "route", "queue", "final",
    ]  # fmt: skip
    assert body["flow"]["received"] == 3


# Metrics --------------------------------------------------------------------------------------------------------


def test_a_metric_has_a_chart_and_the_same_numbers_as_a_table(lead, line):
    moment = clock().replace(second=0, microsecond=0)
    for minute, value in enumerate((130.0, 61.0, 128.0)):
        show(line, "brightness", [value], at=moment - timedelta(minutes=10 - minute))
    page = text(lead.get("/lines/phone-back/metrics/brightness/"))
    assert page.count('<polyline class="series" points="') == 1
    assert all(f">{number}</td>" in page for number in (130, 61, 128))
    assert page.count('class="strip"') == 3
    assert page.count("/lines/phone-back/images/?metric=brightness&amp;at=") == 6


def test_the_line_and_its_band_end_where_nothing_was_measured(lead, line):
    moment = clock().replace(second=0, microsecond=0)
    for minute in (30, 29, 28, 20, 10, 9):
        show(line, "brightness", [130.0 + minute, 150.0], at=moment - timedelta(minutes=minute))
    page = lead.get("/lines/phone-back/metrics/brightness/")
    chart, rows = page.context["chart"], page.context["rows"]
    assert [len(piece.line.split()) for piece in chart.pieces] == [3, 0, 2]
    assert [len(piece.band.split()) for piece in chart.pieces] == [6, 0, 4]
    assert chart.pieces[1].lone[0] == pytest.approx(100 * 10 / 21, abs=0.01)
    # Each strip to point at is a minute wide, none reaches over a gap.
    assert all(column.width <= 100 / 21 + 0.02 for column in chart.columns)
    assert [tick.at for tick in chart.x_ticks] == pytest.approx([100 * n / 21 for n in range(0, 22, 4)], abs=0.01)
    gaps = [(row.began_at, row.ended_at) for row in rows if isinstance(row, series.Gap)]
    ago = [moment - timedelta(minutes=minute) for minute in (19, 10, 27, 20)]
    assert gaps == [(ago[0], ago[1]), (ago[2], ago[3])]
    html = page.content.decode()
    assert html.count('<polyline class="series"') == 2
    assert html.count("no values until") == 2


def test_hours_that_follow_each_other_are_one_line(line):
    for hour in (5, 4, 3):
        show(line, "brightness", [130.0 + hour], at=NOON - timedelta(hours=hour))
    found = series.rows(line, BY_NAME["brightness"], span="day", now=NOON)
    drawn = series.chart(found, span="day", limits=[], metric="brightness", zone="UTC")
    assert len(drawn.pieces) == 1
    assert series.with_gaps(found, span="day") == found


def test_the_small_line_of_a_tile_breaks_where_nothing_was_measured():
    for minutes, value in ((5, 1.0), (4, 2.0), (1, 3.0)):
        show(None, "storage_free", [value], at=NOON - timedelta(minutes=minutes))

    (tile,) = boards.tiles(None, ["storage_free"], now=NOON)

    assert tile.values == [1.0, 2.0, None, None, 3.0]
    joined, alone = spark(tile.values)
    assert (len(joined.split()), len(set(alone.split()))) == (2, 1)


def test_a_number_stands_beside_the_limit_of_the_alarm_that_it_raised(line):
    show(None, "storage_free", [0.15], at=NOON)
    (quiet,) = boards.tiles(None, ["storage_free"], now=NOON)
    fresh_alarm(None, rule="disk-low")
    (low,) = boards.tiles(None, ["storage_free"], now=NOON)
    assert (quiet.limits, quiet.state) == (["≥ 10 %"], "")
    assert (low.limits, low.state) == (["≥ 20 %"], "warn")


def test_the_band_of_a_few_values_holds_their_mean(line):
    show(line, "brightness", [69.0, 90.0], at=NOON)
    (row,) = series.rows(line, BY_NAME["brightness"], span="hour", now=NOON + timedelta(minutes=2))
    assert (row.low, row.value, row.high) == (69.0, 79.5, 90.0)


def test_what_was_changed_before_a_line_s_numbers_is_marked_on_their_chart(lead, line, quinn):
    moment = clock().replace(second=0, microsecond=0)
    for minute in (12, 8, 4):
        show(line, "brightness", [130.0 + minute], at=moment - timedelta(minutes=minute))
    automation.lower(line, to_level=Level.ASSIST, by=quinn, reason="doubt", now=moment - timedelta(minutes=8))
    automation.lower(line, to_level=Level.SHADOW, by=quinn, reason="doubt", now=moment - timedelta(hours=2))
    page = text(lead.get("/lines/phone-back/metrics/brightness/"))
    assert page.count('class="change"') == 1
    assert '<line class="change" x1="50.0%"' in page
    assert "level assist" in page[page.index("Changed meanwhile") :]
    assert "Changed meanwhile" not in text(lead.get("/lines/phone-back/metrics/storage_free/"))


def test_a_metric_names_the_failure_that_it_watches_and_the_sheet_what_nothing_measures(lead, line, quinn, seen):
    risks.preload(line, by=quinn, now=clock())
    page = text(lead.get("/lines/phone-back/metrics/"))
    assert page.index("p99 luminance") < page.index("Lamp fades")
    unseen = page[page.index("On the sheet, not measured now") :]
    assert "Part sits askew" in unseen
    assert "Lamp fades" not in unseen


def test_the_images_of_a_moment_open_from_a_metric(lead, line, seen):
    item = Item.objects.earliest("received_at")
    page = text(lead.get(f"/lines/phone-back/images/?metric=brightness&at={item.received_at.isoformat()[:19]}Z"))
    assert f"/lines/phone-back/images/{item.pk}/" in page
    assert "<b>130</b>" in page


def test_an_image_of_another_line_is_not_found(lead, line, seen):
    make_line("phone-lens")
    item = Item.objects.earliest("received_at")
    assert lead.get(f"/lines/phone-lens/images/{item.pk}/").status_code == 404


def test_metrics_over_http(lead, line, seen):
    names = lead.get("/api/v1/lines/phone-back/metrics/").json()["metrics"]
    assert {one["name"] for one in names} == {metric.name for metric in METRICS}
    body = lead.get("/api/v1/lines/phone-back/metrics/?name=score&step=60").json()
    assert (body["step"], sum(point["n"] for point in body["points"])) == (60, 3)
    assert body["points"][0]["p95"] == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("query", ["name=nonsense", "name=score&step=7", "name=score&from=2020-01-01T00:00:00Z"])
def test_what_cannot_be_asked_is_refused(lead, line, query):
    assert lead.get(f"/api/v1/lines/phone-back/metrics/?{query}").status_code == 422


# Thresholds -----------------------------------------------------------------------------------------------------


def change(lead, **facts):
    review_on = (clock() + timedelta(days=30)).date().isoformat()
    facts = {
        "raise_at": "300",
        "clear_at": "200",
        "reason": "two shifts",
        "review_on": review_on,
        "password": PASSWORD,
        **facts,
    }
    return lead.post("/lines/phone-back/thresholds/queue-old/", facts, follow=True)


def test_a_lead_changes_a_threshold_and_hears_what_a_replay_says(lead, line):
    show(line, "queue_age", [200.0], at=clock() - timedelta(hours=3))
    assert "would have come in the last two days: 0, with the old limits 1;" in text(change(lead))
    assert AlarmThreshold.objects.get().raise_at == 300


def test_a_lead_tries_a_threshold_before_it_is_in_force(lead, line):
    show(line, "queue_age", [200.0], at=clock() - timedelta(hours=3))
    page = text(change(lead, **{"try": "1", "reason": "", "review_on": ""}))
    assert "Tried, not in force: beyond 300.0, gone at 200.0. It would have come 0 times" in page
    assert "it would have come 1 time. By what people found 0 of these were real, 0 false." in page
    assert "In the last 30 days it truly came 0 times." in page
    assert 'value="300.0"' in page
    assert not AlarmThreshold.objects.exists()


@pytest.mark.parametrize("facts", [{"try": "1"}, {"password": "wrong"}, {"review_on": "2020-01-01"}])
def test_what_was_typed_is_there_again_after_a_try_or_a_refusal(lead, line, facts):
    page = text(change(lead, reason="lamp of the night shift", priority="P1", **facts))
    assert 'value="lamp of the night shift"' in page
    assert "<option selected>P1</option>" in page
    assert PASSWORD not in page


def test_an_alarm_that_is_added_is_compared_with_no_old_limits(lead, line):
    facts = {"raise_at": "100", "clear_at": "120", "reason": "dim", "password": PASSWORD}
    facts["review_on"] = (clock() + timedelta(days=30)).date().isoformat()
    page = text(lead.post("/lines/phone-back/thresholds/p99_luminance-below/", facts, follow=True))
    assert "In force. Times it would have come in the last two days: 0;" in page
    assert "old limits" not in page


def test_a_lead_says_on_the_alarm_s_page_whether_it_was_real(lead, line):
    alarm = raise_alarm("queue-old", line)
    assert "Was it real?" in text(lead.get(f"/alarms/{alarm.pk}/"))
    lead.post(f"/alarms/{alarm.pk}/judge/", {"found": "perhaps", "cause": "lunch"})
    lead.post(f"/alarms/{alarm.pk}/judge/", {"found": "real", "cause": ""})
    assert not AlarmChange.objects.filter(by__isnull=False).exists()
    lead.post(f"/alarms/{alarm.pk}/judge/", {"found": "real", "cause": "nobody at lunch"})
    assert "judged real · quinn: nobody at lunch" in text(lead.get(f"/alarms/{alarm.pk}/"))


@pytest.mark.parametrize(
    "wrong",
    [{"reason": " "}, {"raise_at": "many"}, {"clear_at": "400"}, {"review_on": "2020-01-01"}, {"review_on": "x"}],
)
def test_a_change_of_threshold_that_says_too_little_is_not_made(lead, line, wrong):
    change(lead, **wrong)
    assert not AlarmThreshold.objects.exists()


# Alarms ---------------------------------------------------------------------------------------------------------


def test_an_alarm_leads_to_its_images_metric_drift_and_runbook(lead, line):
    alarm = fresh_alarm(line)
    page = text(lead.get(f"/alarms/{alarm.pk}/"))
    for address in ("/lines/phone-back/images/?metric=same_image&amp;at=", "/lines/phone-back/metrics/same_image/",
                    "/lines/phone-back/drift/", "/alarms/runbook/#camera-stuck"):  # fmt: skip
        assert address in page


def test_an_alarm_that_the_sheet_does_not_name_is_the_leads_and_one_of_machines_the_administrators(lead, line, quinn):
    make_user("quill", role=Role.QA_LEAD, line=line)
    make_user("quentin", role=Role.QA_LEAD, line=make_line("phone-lens"))
    make_user("admin", role=Role.ADMINISTRATOR)
    risks.preload(line, by=quinn, now=clock())
    (watch,) = [one for one in risks.standing(line) if one.metric == "queue_age"][:1]
    answering = [watch.owner.username, "quill, quinn", "quill, quinn", "quill, quinn", "admin"]
    kinds = ("queue-old", "line-held", "outside-envelope", "sequence-gap")
    raised = [*(fresh_alarm(line, kind) for kind in kinds), fresh_alarm(None, "broker-down")]
    assert [row.owner for row in boards.rows(raised)] == answering
    told = {one["rule"]: one["owner"] for one in lead.get("/api/v1/alarms/").json()["results"]}
    assert told["line-held"] == "quill, quinn"
    for alarm, names in zip(raised, answering, strict=True):
        assert f"<dt>Owner</dt><dd>{names}</dd>" in text(lead.get(f"/alarms/{alarm.pk}/"))


def test_an_alarm_leads_on_to_labels_data_set_and_candidates_of_its_days(lead, line):
    raised = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    alarm = fresh_alarm(line, state="normal", is_on=False, raised_at=raised)
    facts = {"event": "cleared", "state": "normal", "changed_at": raised + timedelta(days=1)}
    AlarmChange.objects.create(alarm=alarm, **facts)
    line.time_zone = "Asia/Seoul"
    line.save(update_fields=["time_zone"])
    page = text(lead.get(f"/alarms/{alarm.pk}/"))
    for address in ("data/?q=date%3A2026-11-21..2026-11-22", "training/?q=date%3A2026-11-21..2026-11-22", "errors/",
                    "rollouts/"):  # fmt: skip
        assert f'href="/lines/phone-back/{address}"' in page
        assert lead.get(f"/lines/phone-back/{address}").status_code == 200


def test_a_lead_acknowledges_and_comes_back_to_where_they_were(lead, line, quinn):
    alarm = fresh_alarm(line)
    answer = lead.post(f"/alarms/{alarm.pk}/acknowledge/", {"next": "/lines/phone-back/monitor/"})
    assert answer["Location"] == "/lines/phone-back/monitor/"
    alarm.refresh_from_db()
    assert (alarm.state, alarm.handled_by) == ("acknowledged", quinn)
    assert lead.post(f"/alarms/{alarm.pk}/acknowledge/", {"next": "https://evil.example/"})["Location"] == (
        f"/alarms/{alarm.pk}/"
    )


def test_a_lead_shelves_with_a_reason_and_takes_back(lead, line):
    alarm = fresh_alarm(line, "queue-old")
    lead.post(f"/alarms/{alarm.pk}/shelve/", {"minutes": "20", "reason": ""})
    assert Alarm.objects.get().state == "unacknowledged"
    lead.post(f"/alarms/{alarm.pk}/shelve/", {"minutes": "20", "reason": "lunch"})
    assert Alarm.objects.get().state == "shelved"
    assert "shelved by quinn" in text(lead.get("/alarms/"))
    lead.post(f"/alarms/{alarm.pk}/unshelve/")
    assert Alarm.objects.get().state == "unacknowledged"


def test_only_administrators_take_an_alarm_out_of_service(lead, client, line):
    alarm = fresh_alarm(line)
    assert lead.post(f"/alarms/{alarm.pk}/retire/", {"reason": "rebuilt"}).status_code == 403
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    client.post(f"/alarms/{alarm.pk}/retire/", {"reason": "rebuilt"})
    assert Alarm.objects.get().state == "out_of_service"
    client.post(f"/alarms/{alarm.pk}/restore/")
    assert Alarm.objects.get().state == "unacknowledged"


def test_alarms_of_lines_one_does_not_lead_are_not_there(client, line):
    other = make_line("phone-lens")
    client.force_login(make_user("quill", role=Role.QA_LEAD, line=other))
    alarm = fresh_alarm(line)
    assert client.get(f"/alarms/{alarm.pk}/").status_code == 404
    assert client.post(f"/alarms/{alarm.pk}/acknowledge/").status_code == 404
    assert client.post(f"/api/v1/alarms/{alarm.pk}/acknowledge/").status_code == 404


def test_history_says_what_an_alarm_did_by_itself(lead, line):
    raise_alarm("camera-stuck", line)
    page = text(lead.get("/alarms/"))
    assert "put the line on hold" in page
    assert "put the line on hold" not in text(lead.get("/alarms/?line=phone-lens"))


def test_alarms_over_http(lead, line):
    alarm = fresh_alarm(line, "queue-old")
    body = lead.get("/api/v1/alarms/").json()["results"][0]
    assert (body["id"], body["priority"], body["state"]) == (alarm.pk, "P2", "unacknowledged")
    assert lead.post(f"/api/v1/alarms/{alarm.pk}/unshelve/").status_code == 409
    shelf = {"minutes": 20, "reason": "lunch"}
    answer = lead.post(f"/api/v1/alarms/{alarm.pk}/shelve/", shelf, content_type="application/json")
    assert answer.json()["state"] == "shelved"
    assert lead.post(f"/api/v1/alarms/{alarm.pk}/unshelve/").json()["state"] == "unacknowledged"
    assert lead.post(f"/api/v1/alarms/{alarm.pk}/acknowledge/").json()["handled_by"] == "quinn"


def flood(count: int) -> None:
    """Raise every alarm of some lines within a minute."""
    lines = [make_line(f"line-{Alarm.objects.count()}-{n}") for n in range(count)]
    made = Alarm.objects.bulk_create(
        Alarm(line=line, rule=rule.code, state="unacknowledged", is_on=True, raised_at=clock(), value=1.0)
        for line in lines
        for rule in RULES
        if rule.of_line
    )
    AlarmChange.objects.bulk_create(
        AlarmChange(alarm=alarm, event="raised", state=alarm.state, changed_at=clock()) for alarm in made
    )


def test_what_another_alarm_explains_is_no_flood(lead, quinn):
    flood(1)
    assert boards.health(quinn, now=clock()).in_flood
    for change in AlarmChange.objects.order_by("pk")[10:]:
        AlarmChange.objects.create(
            alarm=change.alarm, event="suppressed", state="suppressed", changed_at=change.changed_at
        )
    assert not boards.health(quinn, now=clock()).in_flood


def test_five_hundred_alarms_are_one_row_a_kind_and_each_can_still_be_acknowledged(lead):
    kinds = sum(rule.of_line for rule in RULES)
    flood(1 + 500 // kinds)
    assert Alarm.objects.count() >= 500
    page = text(lead.get("/alarms/"))
    assert f"{Alarm.objects.count()} active" in page
    assert page.count("/acknowledge/") == kinds
    first = Alarm.objects.order_by("pk").first()
    assert f'href="/alarms/{first.pk}/"' in page
    lead.post(f"/alarms/{first.pk}/acknowledge/")
    first.refresh_from_db()
    assert first.state == "acknowledged"


def test_a_flood_is_read_from_its_source_and_costs_no_more_questions(lead, django_assert_max_num_queries):
    flood(2)
    with CaptureQueriesContext(connection) as few:
        assert "(+1)" in text(lead.get("/alarms/"))
    flood(6)
    with django_assert_max_num_queries(len(few)):
        page = text(lead.get("/alarms/"))
    assert "(+7)" in page


def test_a_loud_alarm_that_somebody_saw_stands_above_a_quiet_one_that_nobody_did(lead, line):
    for state, rule in (("acknowledged", "image-drift"), ("acknowledged", "blank-images"), ("shelved", "line-held"),
                        ("unacknowledged", "model-unsure"), ("unacknowledged", "queue-old"),
                        ("unacknowledged", "camera-stuck")):  # fmt: skip
        fresh_alarm(line, rule, state=state, shelved_until=clock() + timedelta(hours=1))
    listed = [one["rule"] for one in lead.get("/api/v1/alarms/").json()["results"]]
    assert listed == ["camera-stuck", "blank-images", "queue-old", "image-drift", "model-unsure", "line-held"]


def test_in_a_flood_the_loudest_that_nobody_saw_stands_first_and_the_shelved_last(lead):
    flood(2)
    Alarm.objects.filter(rule="queue-old").update(
        state="shelved", shelved_until=clock() + timedelta(hours=1), raised_at=clock() - timedelta(hours=1)
    )
    Alarm.objects.filter(rule="camera-stuck").update(state="acknowledged")
    listed = [row.alarm.rule for row in boards.collapsed(Alarm.objects.all())]
    loud = [rule.code for rule in RULES if rule.of_line and rule.priority == "P1" and rule.code != "camera-stuck"]
    assert set(listed[: len(loud)]) == set(loud)
    assert (listed[len(loud)], listed[-1]) == ("camera-stuck", "queue-old")


def test_the_number_behind_a_row_opens_the_others_and_what_they_explain(lead):
    flood(2)
    cause = Alarm.objects.filter(rule="model-errors").first()
    Alarm.objects.filter(rule="no-predictions").update(state="suppressed", suppressed_by=cause)
    page = text(lead.get("/alarms/"))
    assert 'href="/alarms/?kind=model-errors">(+3)' in page
    opened = text(lead.get("/alarms/?kind=model-errors"))
    for alarm in Alarm.objects.filter(rule__in=["model-errors", "no-predictions"]):
        assert f'href="/alarms/{alarm.pk}/">' in opened
    assert f"/alarms/{Alarm.objects.filter(rule='queue-old').first().pk}/" not in opened.split("History")[0]


def test_the_number_behind_one_alarm_opens_what_it_explains(lead, line):
    cause = raise_alarm("model-errors", line)
    Alarm.objects.create(line=line, rule="no-predictions", state="suppressed", is_on=True, suppressed_by=cause)
    assert f'href="/alarms/{cause.pk}/#beneath">(+1)' in text(lead.get("/alarms/"))
    assert 'id="beneath"' in text(lead.get(f"/alarms/{cause.pk}/"))


def test_lists_and_messages_read_the_clocks_of_the_line_and_name_the_zone(client, line):
    Line.objects.update(time_zone="Asia/Seoul")
    until = datetime(2026, 11, 23, 19, 55, tzinfo=UTC)
    alarm = fresh_alarm(line, state="shelved", shelved_until=until)
    machine = fresh_alarm(None, "database-slow", state="shelved", shelved_until=until)
    for one in (alarm, machine):
        AlarmChange.objects.create(alarm=one, event="shelved", state="shelved", changed_at=NOON)
    there = {"kind": "webhook", "address": "https://plant.example/", "secret": "a secret of some length"}
    channel = delivery.add(name="shift", line=line, now=NOON, **there)
    Notice.objects.create(channel=channel, title="told", text="-", alarms=[], next_at=NOON, written_at=NOON)
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    listed = text(client.get("/alarms/"))
    assert (listed.count("until 11-24 04:55\u00a0KST"), listed.count("11-23 21:00\u00a0KST")) == (2, 2)
    assert "11-23 21:00\u00a0KST" in text(client.get("/alarms/channels/"))
    make_line("phone-lens", time_zone="Europe/Paris")
    machines = text(client.get("/fleet/"))
    assert "until 11-23 19:55\u00a0UTC" in machines


@pytest.mark.parametrize(("ms", "word"), [(None, ""), (120.4, "120 ms"), (98505.0, "99 s")])
def test_a_stage_says_its_time_in_a_unit_that_people_read(ms, word):
    assert stages.StageRow(name="human", word="People", rate=None, p95_ms=ms).p95_word == word


def test_the_health_of_the_alarms_says_how_many_came_in_a_flood_and_from_the_loudest_few(lead, quinn):
    line, moment = make_line("phone-lens"), clock()
    codes = [rule.code for rule in RULES if rule.of_line][:12]
    alarms = [
        Alarm.objects.create(line=line, rule=code, state="unacknowledged", is_on=True, raised_at=moment)
        for code in codes
    ]
    raised = [(alarm, timedelta(hours=n)) for n, alarm in enumerate(alarms)]
    raised += [(alarms[0], timedelta(hours=20, seconds=n)) for n in range(12)]
    AlarmChange.objects.bulk_create(
        AlarmChange(alarm=alarm, event="raised", state="unacknowledged", changed_at=moment - ago)
        for alarm, ago in raised
    )
    health = boards.health(quinn, now=moment)
    assert (health.flood_share, health.loudest_share, health.is_loud) == (12 / 24, 22 / 24, False)
    html = lead.get("/alarms/").content.decode()
    assert "<b>50\u00a0%</b> came in a flood" in html
    assert "#shelf" in html
