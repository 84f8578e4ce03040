"""What people are told: one letter a round, one in a flood, signed, retried, and dead in the end."""

import json
import re
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import translation

from inspection import automation
from inspection.models import Hold, Line
from inspection.rules.words import Priority, Role
from monitoring import alarm_words, alarms, delivery, notices
from monitoring.models import Alarm, AlarmChange, Channel, Notice
from monitoring.rules.alarm_rules import RULES
from tests.builders import NOON, make_line, make_user
from tests.monitoring.world import show

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SECRET = "a-secret-of-the-plant"


class Receiver(BaseHTTPRequestHandler):
    """Takes what is posted and answers as it was told to."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((dict(self.headers), body))
        self.send_response(self.server.answer)
        self.send_header("Location", "http://127.0.0.1/elsewhere")
        self.send_header("Content-Length", str(self.server.says))
        self.end_headers()
        for _ in range(self.server.says):
            self.wfile.write(b" ")
            time.sleep(0.02)
        self.server.heard_out += 1

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def receiver(settings):
    settings.NOTICE_HOSTS = ["127.0.0.1"]
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.taken, server.answer, server.says, server.heard_out = [], 204, 0, 0
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def channel(receiver):
    return make_channel(f"http://127.0.0.1:{receiver.server_port}/alarms")


def make_channel(address="https://plant.example/alarms", *, kind=Channel.WEBHOOK, name="control room", **facts):
    return delivery.add(name=name, kind=kind, address=address, secret=SECRET, now=NOON, **facts)


def make_alarm(line: Line | None, rule: str = "queue-old", *, at=NOON) -> Alarm:
    alarm = Alarm.objects.create(line=line, rule=rule, state="unacknowledged", is_on=True, raised_at=at, value=240.0)
    AlarmChange.objects.create(alarm=alarm, event="raised", state=alarm.state, value=240.0, changed_at=at)
    return alarm


# Writing --------------------------------------------------------------------------------------------------------


def test_an_alarm_is_told_once_with_what_since_consequence_and_deed(settings):
    settings.NOTICE_HOSTS = ["plant.example"]
    make_channel()
    alarm = make_alarm(make_line())
    assert notices.write_due(now=NOON + MINUTE) == 1
    assert notices.write_due(now=NOON + 2 * MINUTE) == 0
    notice = Notice.objects.get()
    assert notice.title == "phone-glass: P2 Images wait too long for a person: 4\u00a0m"
    for part in ("since 2026-11-23 12:00:00 UTC", "the line gets its fail-safe", "Call another inspector"):
        assert part in notice.text
    assert notice.text.endswith(f"/alarms/{alarm.pk}/")


def test_each_channel_is_written_to_in_its_language(settings):
    settings.NOTICE_HOSTS = ["plant.example"]
    make_channel()
    make_channel(name="현장", language="ko")
    alarm = make_alarm(make_line())
    notices.write_due(now=NOON)
    english, korean = Notice.objects.order_by("channel")
    assert english.title == "phone-glass: P2 Images wait too long for a person: 4\u00a0m"
    with translation.override("ko"):
        assert str(alarm_words.WORDS["queue-old"].what) in korean.title
        assert str(alarm_words.WORDS["queue-old"].todo) in korean.text
    assert re.search("[가-힣]", korean.title)
    assert "since" not in korean.text
    assert (english.alarms, korean.alarms) == ([alarm.pk], [alarm.pk])


def test_a_message_about_a_hold_says_why_the_line_is_held():
    make_channel()
    alarm = make_alarm(make_line("phone-back"), "line-held")
    automation.place_hold(alarm.line, kind=Hold.CAMERA, reason="3 images in a row. Too dark.", now=NOON)
    notices.write_due(now=NOON)
    assert "\n3 images in a row. Too dark.\n" in Notice.objects.get().text


def test_a_message_says_when_on_the_clocks_of_the_line_and_for_machines_on_those_of_the_site(settings):
    settings.NOTICE_HOSTS = ["plant.example"]
    make_channel(least="P3")
    make_alarm(make_line(time_zone="Asia/Seoul"))
    make_alarm(None, "database-slow")
    notices.write_due(now=NOON + MINUTE)
    assert Notice.objects.get().text.count("since 2026-11-23 21:00:00 KST") == 2
    make_line("phone-lens", time_zone="Europe/Paris")
    make_alarm(None, "load-high", at=NOON + MINUTE)
    notices.write_due(now=NOON + 2 * MINUTE)
    assert "since 2026-11-23 12:01:00 UTC" in Notice.objects.latest("pk").text


def test_a_p1_that_nobody_acknowledges_is_told_again_until_somebody_does(settings):
    settings.NOTICE_HOSTS, settings.REMIND_AFTER = ["plant.example"], 15 * MINUTE
    make_channel(least="P3")
    line = make_line()
    loud, quiet = make_alarm(line, "camera-stuck"), make_alarm(line)
    notices.write_due(now=NOON)
    assert notices.write_due(now=NOON + 14 * MINUTE) == 0
    assert notices.write_due(now=NOON + 15 * MINUTE) == 1
    again = Notice.objects.latest("pk")
    assert (again.alarms, "(still not acknowledged)" in again.title) == ([loud.pk], True)
    Alarm.objects.filter(pk=loud.pk).update(state="acknowledged")
    assert notices.write_due(now=NOON + 40 * MINUTE) == 0
    assert quiet.pk not in again.alarms


def test_reminders_can_be_switched_off(settings):
    settings.NOTICE_HOSTS, settings.REMIND_AFTER = ["plant.example"], 0 * MINUTE
    make_channel(least="P3")
    make_alarm(make_line(), "camera-stuck")
    notices.write_due(now=NOON)
    assert notices.write_due(now=NOON + 60 * MINUTE) == 0


def told_and_gone(line, *rules):
    """Alarms that people were told of, which then go."""
    found = [make_alarm(line, rule) for rule in rules]
    notices.write_due(now=NOON)
    Alarm.objects.update(state="returned", is_on=False, is_end_untold=True)
    return found


def test_who_was_told_that_it_came_is_told_once_that_it_went(settings):
    settings.NOTICE_HOSTS = ["plant.example"]
    make_channel(least="P3")
    told_and_gone(make_line(), "queue-old", "camera-stuck")
    assert notices.write_due(now=NOON + 2 * MINUTE) == 1
    last = Notice.objects.latest("pk")
    assert last.title.startswith("Gone: phone-glass: P1 The camera shows the same image again and again")
    assert last.text.startswith("Told before, and gone:\nP1 phone-glass: The camera shows")
    assert notices.write_due(now=NOON + 4 * MINUTE) == 0


def test_an_end_rides_on_the_next_message_and_goes_alone_a_minute_after_the_last(settings):
    settings.NOTICE_HOSTS = ["plant.example"]
    make_channel(least="P3")
    line = make_line()
    gone = told_and_gone(line, "queue-old")
    assert notices.write_due(now=NOON + MINUTE / 2) == 0
    fresh = make_alarm(line, "no-images", at=NOON + MINUTE / 2)
    assert notices.write_due(now=NOON + MINUTE / 2) == 1
    assert Notice.objects.latest("pk").alarms == [fresh.pk, gone[0].pk]


def test_in_a_flood_ends_wait_for_its_message(settings):
    settings.NOTICE_HOSTS = ["plant.example"]
    make_channel(least="P3")
    line = make_line()
    told_and_gone(line, *[rule.code for rule in RULES if rule.of_line][:12])
    assert notices.write_due(now=NOON + 5 * MINUTE) == 0
    assert notices.write_due(now=NOON + 12 * MINUTE) == 1
    assert Notice.objects.count() == 2


def test_a_channel_hears_what_is_loud_enough_on_its_line():
    line, other = make_line(), make_line("phone-lens")
    make_channel(name="pager", least=Priority.P1.value)
    make_channel(name="lens", line=other)
    make_alarm(line)
    assert notices.write_due(now=NOON) == 0
    make_alarm(line, "camera-stuck")
    make_alarm(other)
    notices.write_due(now=NOON)
    assert {(notice.channel.name, notice.title.split(" ")[0]) for notice in Notice.objects.all()} == {
        ("pager", "phone-glass:"),
        ("lens", "phone-lens:"),
    }


def test_five_thousand_alarms_in_a_minute_are_three_letters_at_most_and_none_is_lost():
    make_channel()
    lines = [make_line(f"line-{n}") for n in range(50)]
    rules = ["camera-stuck", "queue-old", "fail-safe", "unreadable", "no-images", "image-drift", "model-slow",
             "model-errors", "spool-grows", "clock-skew"]  # fmt: skip
    for second in range(0, 60, 6):
        at = NOON + timedelta(seconds=second)
        batch = Alarm.objects.bulk_create(
            Alarm(line=line, rule=rules[second // 6], state="unacknowledged", is_on=True, raised_at=at, value=240.0)
            for line in lines
        )
        AlarmChange.objects.bulk_create(
            AlarmChange(alarm=alarm, event="raised", state="unacknowledged", changed_at=at)
            for alarm in batch
            for _ in range(10)
        )
        notices.write_due(now=at)
    assert AlarmChange.objects.count() == 5_000
    assert 1 <= Notice.objects.count() <= 3
    notices.write_due(now=NOON + 11 * MINUTE)
    assert not Alarm.objects.filter(told_at=None).exists()
    assert Notice.objects.count() <= 3


def a_flood(count: int = 11) -> list[Alarm]:
    """Raise so many quiet alarms at noon, of which people are told at once."""
    made = [make_alarm(make_line(f"flood-{n}")) for n in range(count)]
    notices.write_due(now=NOON)
    return made


def test_a_p1_goes_out_at_once_in_a_flood():
    make_channel()
    a_flood()
    make_alarm(make_line(), "line-held", at=NOON + 1.5 * MINUTE)
    assert notices.write_due(now=NOON + 1.5 * MINUTE) == 1
    make_alarm(make_line("phone-lens"), "camera-stuck", at=NOON + 2 * MINUTE)
    assert notices.write_due(now=NOON + 2 * MINUTE) == 1
    make_alarm(make_line("phone-frame"), at=NOON + 2 * MINUTE)
    assert notices.write_due(now=NOON + 2.5 * MINUTE) == 0
    assert notices.write_due(now=NOON + 12 * MINUTE) == 1


def test_an_alarm_that_went_before_it_was_told_is_still_told_as_gone():
    make_channel()
    a_flood()
    alarm = make_alarm(make_line(), at=NOON + MINUTE)
    assert notices.write_due(now=NOON + MINUTE) == 0
    Alarm.objects.filter(pk=alarm.pk).update(state="returned", is_on=False)
    assert notices.write_due(now=NOON + 10 * MINUTE) == 1
    newest = Notice.objects.latest("pk")
    assert newest.alarms == ["flood", alarm.pk]
    assert newest.title == "phone-glass: P2 Images wait too long for a person (gone again)"


def test_alarms_that_another_explains_make_no_flood():
    make_channel()
    cause = make_alarm(None, "worker-silent")
    for n in range(12):
        alarm = make_alarm(make_line(f"line-{n}"), "model-slow")
        Alarm.objects.filter(pk=alarm.pk).update(state="suppressed", suppressed_by=cause)
        AlarmChange.objects.create(alarm=alarm, event="suppressed", state="suppressed", changed_at=NOON)
    notices.write_due(now=NOON)
    assert Notice.objects.get().alarms == [cause.pk]


def test_an_alarm_that_flaps_gets_one_digest_an_hour():
    make_channel()
    alarm = make_alarm(make_line())
    notices.write_due(now=NOON)
    for n in range(1, 12):
        AlarmChange.objects.create(alarm=alarm, event="raised", state=alarm.state, changed_at=NOON + n * 5 * MINUTE)
        Alarm.objects.update(told_at=None)
        notices.write_due(now=NOON + n * 5 * MINUTE)
    assert Notice.objects.count() == 4


# Sending --------------------------------------------------------------------------------------------------------


def send(*, at=NOON):
    return delivery.send_due(clock=lambda: at)


def a_notice(channel) -> Notice:
    return notices.test(channel, by=make_user("quinn", role=Role.QA_LEAD), now=NOON)


def test_a_webhook_is_signed_with_the_secret(channel, receiver):
    notice = a_notice(channel)
    assert send() == 1
    headers, body = receiver.taken[0]
    assert headers["X-Tollgate-Signature"] == delivery.signature(SECRET, body)
    assert json.loads(body)["title"] == "Tollgate: test alarm"
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("sent", 1)
    assert send(at=NOON + MINUTE) == 0


def test_a_target_that_answers_byte_by_byte_is_not_heard_to_the_end(channel, receiver):
    receiver.answer, receiver.says = 200, 400
    notice = a_notice(channel)
    assert send() == 1
    receiver.shutdown()
    notice.refresh_from_db()
    assert (notice.state, receiver.heard_out) == ("sent", 0)


def test_a_webhook_says_of_each_alarm_what_a_program_wants_to_know(channel, receiver, settings):
    alarm = make_alarm(make_line(), "camera-stuck")
    notices.write_due(now=NOON)
    Alarm.objects.update(state="acknowledged")
    send(at=NOON + MINUTE)
    headers, body = receiver.taken[0]
    told = json.loads(body)
    assert told["facts"] == [
        {
            "id": alarm.pk,
            "rule": "camera-stuck",
            "line": "phone-glass",
            "priority": "P1",
            "state": "acknowledged",
            "raised_at": "2026-11-23T12:00:00+00:00",
            "url": f"{settings.PUBLIC_URL}/alarms/{alarm.pk}/",
        }
    ]
    assert told["alarms"] == [alarm.pk]
    assert headers["X-Tollgate-Signature"] == delivery.signature(SECRET, body)


def test_every_attempt_of_a_webhook_is_signed_with_its_own_time(channel, receiver):
    receiver.answer = 500
    a_notice(channel)
    send()
    send(at=NOON + MINUTE)
    (first, body), (second, later) = receiver.taken
    assert [json.loads(one)["sent_at"][11:16] for one in (body, later)] == ["12:00", "12:01"]
    assert first["X-Tollgate-Signature"] != second["X-Tollgate-Signature"]


@pytest.mark.parametrize("answer", [500, 302])
def test_a_target_that_does_not_take_it_is_tried_again_and_no_redirect_is_followed(channel, receiver, answer):
    receiver.answer = answer
    notice = a_notice(channel)
    assert send() == 0
    notice.refresh_from_db()
    assert (notice.state, notice.next_at, notice.error) == ("waiting", NOON + MINUTE, f"The target answered {answer}.")
    receiver.answer = 204
    assert send(at=NOON + timedelta(seconds=59)) == 0
    assert send(at=NOON + MINUTE) == 1
    assert len(receiver.taken) == 2


def test_after_its_last_attempt_a_message_is_dead_and_can_be_revived(channel, receiver):
    receiver.answer = 500
    notice, at = a_notice(channel), NOON
    for _ in range(7):
        send(at=at)
        notice.refresh_from_db()
        at = notice.next_at
    assert (notice.state, notice.attempts) == ("dead", 7)
    assert send(at=at + timedelta(days=9)) == 0
    receiver.answer = 204
    delivery.revive(notice, now=at)
    assert send(at=at) == 1


def test_a_target_that_is_down_delays_nobody_else(channel, receiver):
    down = make_channel("http://127.0.0.1:9/alarms", name="down")
    a_notice(down)
    notices.test(channel, by=make_user("quill", role=Role.QA_LEAD), now=NOON)
    assert send() == 1
    assert Notice.objects.get(channel=down).state == "waiting"


@pytest.mark.parametrize(
    "address",
    ["https://127.0.0.1/x", "https://localhost/x", "https://0x7f000001/x", "https://[::ffff:127.0.0.1]/x"],
)
def test_a_webhook_never_reaches_a_machine_that_is_not_public(address):
    """Where the name leads is looked at when the socket opens; the listener on the port sees no request."""
    notice = a_notice(make_channel(address))
    assert send() == 0
    notice.refresh_from_db()
    assert notice.state == "waiting"
    assert notice.error


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (Channel.WEBHOOK, "http://plant.example/x"),
        (Channel.WEBHOOK, "https://plant.example:22/x"),
        (Channel.WEBHOOK, "file:///etc/passwd"),
        (Channel.APPRISE, "json://127.0.0.1/x"),
        (Channel.APPRISE, "xmls://plant.example/x"),
        (Channel.APPRISE, "nonsense"),
        (Channel.APPRISE, "slack://"),
    ],
)
def test_addresses_that_may_not_be_used_are_refused(kind, address):
    with pytest.raises(delivery.AddressRefused):
        make_channel(address, kind=kind)


def test_an_address_lies_sealed_in_the_database():
    channel = make_channel("mailtos://user:pass-word@example.com", kind=Channel.APPRISE, name="mail")
    assert channel.shown == "mailtos://…"
    assert b"pass-word" not in bytes(channel.sealed_address)


def test_the_whole_way_from_a_value_to_a_message():
    make_channel()
    line = make_line()
    for minute in range(3):
        show(line, "queue_age", [240.0], at=NOON + minute * MINUTE)
        alarms.evaluate_all(now=NOON + minute * MINUTE)
    assert notices.write_due(now=NOON + 3 * MINUTE) == 1
