"""What a station decided while the server was away: taken over once, held against its grant, audited, contained."""

import json

import pytest
from django.utils.timezone import now as clock

from inspection import automation, grants, registry, rollouts
from inspection.models import Item, Line, OfflineAllowance, OfflineDecision, Run, StationGrant
from inspection.rules import draws
from inspection.rules.words import Role, RolloutStrategy
from monitoring import alarms, gathering
from monitoring.models import Alarm
from review import receipts, reconciling, watches
from review.audit_models import AuditFinding
from review.models import ContainedRun, Containment, CountDelta, ReviewTask
from tests.builders import make_user
from tests.inspection.items import BRIGHT, DARK, MIDDLE
from tests.inspection.making import make_device
from tests.inspection.models import make_bands, make_light_meter
from tests.review.offline_scene import (
    beat,
    claim,
    decided_alone,
    item_of,
    make_lonely_device,
    make_lonely_line,
    reconcile,
    send,
)
from tests.review.scene import read
from vision import offline

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "images"}},
    }
    registry.forget_loaded()


@pytest.fixture
def line():
    return make_lonely_line()


@pytest.fixture
def device(line):
    return make_lonely_device(line)


# What a station is told -----------------------------------------------------------------------------------------


def test_a_station_is_granted_nothing_unless_an_administrator_said_so(line):
    assert beat(make_lonely_device(line, minutes=0))["grant"] is None


@pytest.mark.parametrize("level", ["human", "shadow", "assist"])
def test_below_partial_nothing_is_granted(device, level):
    Line.objects.update(level=level)
    assert beat(device)["grant"] is None


def test_a_line_on_hold_and_one_of_several_views_grant_nothing(device):
    Line.objects.update(views=["front", "back"])
    assert beat(device)["grant"] is None
    Line.objects.update(views=["front"])
    automation.stop(Line.objects.get(), by=make_user("quinn"), reason="smoke", now=clock())
    assert beat(device)["grant"] is None


def test_a_grant_holds_the_terms_and_is_signed_with_the_stations_key_for_this_heartbeat(device):
    sent = clock().isoformat()
    orders = beat(device, sent_at=sent)
    grant = orders["grant"]
    terms = offline.read_terms(grant["text"])
    signature = grant["signatures"][device.key.key_id]
    assert (terms.level, terms.valid_for_s, terms.band.t_lo, terms.critical) == ("partial", 300, 0.05, {"crack"})
    assert orders["policy"]["valid_for"] == 300
    assert offline.is_signed(grant["text"], answers=sent, secret=device.key.secret, signature=signature)
    assert not offline.is_signed(grant["text"], answers="earlier", secret=device.key.secret, signature=signature)


def test_a_station_hears_nothing_from_which_an_audit_could_be_foretold(device, line):
    told = json.dumps(beat(device))
    salts = list(line.salts.values_list("secret", flat=True))
    assert not any(salt in told for salt in salts)
    assert "share" not in told
    assert "audit" not in told


def test_the_same_terms_told_again_are_one_stretch_and_others_begin_the_next(device):
    names = [beat(device)["grant"]["id"] for _ in range(2)]
    assert names[0] == names[1] == StationGrant.objects.get().name
    Line.objects.update(call_threshold=0.6)
    beat(device)
    first, second = StationGrant.objects.order_by("pk")
    assert first.withdrawn_at is not None
    assert second.withdrawn_at is None


def test_the_model_is_fetched_by_its_hash_whole_or_from_a_byte_on(device, line):
    url = beat(device)["model"]["url"]
    whole = registry.graph_of(registry.serving(line)).read_bytes()
    first = device.get(url)
    rest = device.get(url, Range="bytes=100-")
    assert b"".join(first) == whole
    assert (rest.status_code, rest["Content-Range"]) == (206, f"bytes 100-{len(whole) - 1}/{len(whole)}")
    assert b"".join(rest) == whole[100:]
    assert device.get(url, **{"If-None-Match": first["ETag"]}).status_code == 304


def test_a_model_is_given_to_nobody_whose_grant_does_not_name_it(device, line):
    url = beat(device)["model"]["url"]
    assert make_device(line, "st-02").get(url).status_code == 404
    assert device.get(f"/api/v1/stations/me/models/{'0' * 64}/").status_code == 404
    assert device.client.get(url).status_code == 401
    grants.allow(device.station, minutes=0, by=make_user("ana"), now=clock())
    beat(device)
    assert device.get(url).status_code == 404


# Taken over -----------------------------------------------------------------------------------------------------


def test_what_the_server_would_do_too_is_the_runs_verdict_and_nobody_is_asked(device):
    decision = decided_alone(device)
    item = item_of()
    disposition = item.run.disposition
    assert (decision.standing, decision.reason) == ("agreed", "")
    assert (item.routing.route, item.routing.reason, item.routing.level) == ("auto_pass", "decided-offline", "partial")
    assert (disposition.verdict, disposition.decided_by, disposition.reason) == ("pass", "model", "decided-offline")
    assert not ReviewTask.objects.exists()
    assert not Containment.objects.exists()


def test_the_receipt_names_the_rule_and_the_grant(device):
    decision = decided_alone(device)
    facts = receipts.facts_of_run(decision.item.run_id)
    assert (facts["rule"], facts["decided_by"]) == ("decided-offline", "model")
    assert decision.grant.name in facts["views"][0]["routing"]["detail"]


def test_sent_again_and_again_it_counts_once(device):
    orders = beat(device)
    said = claim(orders)
    first = send(device, said)
    for _ in range(3):
        again = send(device, said)
        reconcile()
        assert (again.status_code, again["Idempotent-Replay"]) == (200, "true")
    assert first.json()["id"] == again.json()["id"]
    assert (Item.objects.count(), OfflineDecision.objects.count(), Run.objects.count()) == (1, 1, 1)


def test_a_late_word_on_an_image_that_no_station_might_pass_is_refused_and_people_keep_it(device):
    send(device, None, light=MIDDLE)
    reconcile()
    assert send(device, claim(beat(device)), light=MIDDLE).status_code == 200
    reconcile()
    assert OfflineDecision.objects.get().standing == "refused"
    assert item_of().run.disposition.verdict is None


def test_a_late_word_on_an_image_that_people_had_settles_the_run_as_the_line_was_told(device, line):
    orders = beat(device)
    stop(line)
    send(device, None)
    reconcile()
    assert item_of().run.disposition.verdict is None
    send(device, claim(orders))
    reconcile()
    decision, disposition = OfflineDecision.objects.get(), item_of().run.disposition
    assert (decision.standing, decision.reason) == ("differs", "hold")
    assert (disposition.verdict, disposition.decided_by) == ("pass", "model")
    assert ContainedRun.objects.get().run == decision.item.run


# Held against the grant -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("light", "changes", "reason"),
    [
        (MIDDLE, {}, "between-bands"),
        (5, {}, "outside-envelope"),
        (BRIGHT, {}, "reject-offline"),
        (BRIGHT, {"verdict": "reject"}, "reject-offline"),
        (DARK, {"verdict": "reject"}, "other-verdict"),
        (DARK, {"age_s": 300.5}, "grant-lapsed"),
        (DARK, {"model_sha256": "0" * 64}, "other-model"),
        (DARK, {"grant": "0" * 16}, "unknown-grant"),
        (DARK, {"decided_at": "2026-01-01T00:00:00Z"}, "grant-lapsed"),
    ],
)
def test_a_station_that_claims_more_than_it_was_granted_is_refused_and_its_part_goes_to_people(
    device, light, changes, reason
):
    decision = decided_alone(device, light=light, **changes)
    item = item_of()
    assert (decision.standing, decision.reason) == ("refused", reason)
    assert (item.routing.route, item.routing.reason) == ("human", "claim-refused")
    assert item.run.disposition.verdict is None
    assert ReviewTask.objects.get().item == item
    assert ContainedRun.objects.filter(run=item.run).exists() == (decision.verdict == "pass")


def test_another_stations_grant_is_no_grant(device, line):
    other = make_device(line, "st-02")
    send(other, claim(beat(device)))
    reconcile()
    assert OfflineDecision.objects.get().reason == "unknown-grant"


def stop(line):
    automation.stop(line, by=make_user("quinn"), reason="smoke", now=clock())


def lower(line):
    Line.objects.filter(pk=line.pk).update(level="assist")


def certify_less(line):
    make_bands(line, registry.serving(line), t_lo=0.000001)


def serve_another(line):
    registry.serve(line, make_light_meter(name="other"), by=None, cause="test", now=clock())


@pytest.mark.parametrize(
    ("deed", "reason"),
    [(stop, "hold"), (lower, "level"), (certify_less, "between-bands"), (serve_another, "model-changed")],
)
def test_what_the_server_would_not_do_any_more_stays_the_verdict_is_contained_and_read(device, line, deed, reason):
    orders = beat(device)
    deed(line)
    send(device, claim(orders))
    reconcile()
    decision, item = OfflineDecision.objects.get(), item_of()
    assert (decision.standing, decision.reason) == ("differs", reason)
    assert (item.run.disposition.verdict, item.run.disposition.level) == ("pass", "partial")
    assert ContainedRun.objects.get().run == item.run
    assert ReviewTask.objects.get().item == item


def test_what_a_station_passed_alone_during_a_canary_is_held_against_the_model_that_serves(device, line):
    orders = beat(device)
    candidate = make_light_meter(name="candidate")
    rollouts.start(line, candidate, strategy=RolloutStrategy.CANARY, share=0.99, by=None, now=clock())
    send(device, claim(orders))
    Run.objects.update(canary_position=0.0)
    reconcile()
    assert OfflineDecision.objects.get().standing == "agreed"
    assert not ContainedRun.objects.exists()


def test_a_part_that_was_rejected_before_is_contained_when_a_station_passed_it_alone(device):
    decided_alone(device)
    Item.objects.get().run.part.__class__.objects.update(ever_rejected_or_held=True)
    send(device, claim(beat(device)), key="again")
    reconcile()
    assert OfflineDecision.objects.latest("pk").reason == "rework"
    assert ContainedRun.objects.count() == 1


def test_containment_lists_what_was_not_confirmed_and_nothing_else(device, line):
    decided_alone(device, serial="A-1")
    orders = beat(device)
    stop(line)
    for serial in ("B-1", "B-2"):
        send(device, claim(orders), serial=serial)
    reconcile()
    listed = set(ContainedRun.objects.values_list("run__part__serial", flat=True))
    # STOP has a containment of its own, which lists what the line passed by itself; these two are named one by one.
    assert {"B-1", "B-2"} <= listed
    assert Containment.objects.count() == 1


# Audited --------------------------------------------------------------------------------------------------------


def test_what_a_station_decided_alone_is_drawn_at_the_tightened_rate_and_is_evidence_of_no_gate(device):
    Line.objects.update(truth_share=1.0, control_share=1.0, audit_share=0.02)
    run = decided_alone(device).item.run
    assert (run.shares["audit"], run.shares["truth"], run.shares["control"]) == (0.20, 0.0, 0.0)
    assert (run.drawn_truth, run.drawn_control) == (False, False)


def test_the_draw_of_such_a_part_follows_from_its_salt_as_any_other(device):
    send(device, claim(beat(device)))
    run = Run.objects.get()
    assert draws.draw(str(run.pk), run.salt.secret, run.shares).audit == run.drawn_audit


def test_a_drawn_part_is_read_blind_afterwards_and_the_audit_hears_it(device, line):
    watches.current(Line.objects.select_related("epoch").get(pk=line.pk), now=clock())
    item = decided_alone(device, drawn=True).item
    assert item_of().run.disposition.reason == "decided-offline"
    read(ReviewTask.objects.get(item=item), make_user("ana"), at=clock())
    found = AuditFinding.objects.get()
    assert (found.kind, found.is_bad, found.run) == ("auto_pass", False, item.run)
    assert not CountDelta.objects.filter(stream__in=["agreement", "policy_detection", "policy_specificity"]).exists()


def test_following_up_twice_does_nothing_twice(device, line):
    orders = beat(device)
    stop(line)
    send(device, claim(orders))
    reconcile()
    before = (ReviewTask.objects.count(), ContainedRun.objects.count())
    assert reconciling.follow_due(now=clock()) == 0
    assert before == (ReviewTask.objects.count(), ContainedRun.objects.count())


# The door -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"verdict": "hold"}, {"age_s": -1}, {"age_s": "12"}, {"grant": "x"}, {"probability": 1.5}, {"more": 1}]
)
def test_a_claim_of_another_shape_is_refused_and_nothing_is_kept(device, change):
    assert send(device, claim(beat(device)) | change).status_code == 422
    assert not Item.objects.exists()


def test_what_a_station_holds_and_was_away_is_kept_from_its_heartbeats(device):
    device.station.__class__.objects.update(last_seen_at=clock().replace(year=2025))
    beat(device, model_sha256="ab" * 32, grant="0" * 16, undelivered=3)
    device.station.refresh_from_db()
    kept = device.station
    assert (kept.held_model_sha256, kept.held_grant, kept.undelivered) == ("ab" * 32, "0" * 16, 3)
    assert (kept.away_from.year, kept.away_until.year) == (2025, clock().year)


# The page and the alarm -----------------------------------------------------------------------------------------


@pytest.fixture
def page_of(client):
    def page(person):
        client.force_login(person)
        return client.get("/lines/phone-glass/stations/")

    return page


def test_the_page_tells_what_a_station_holds_and_how_its_decisions_stand(device, page_of, line):
    orders = beat(device)
    held = json.loads(orders["grant"]["text"])["model"]["sha256"]
    beat(device, model_sha256=held, grant=orders["grant"]["id"], undelivered=2)
    send(device, claim(orders), serial="A-1")
    send(device, claim(orders, age_s=1e6), serial="B-1")
    reconcile()
    html = page_of(make_user("quinn", role=Role.QA_LEAD)).content.decode()
    for said in ("st-01", "light-meter:1", orders["grant"]["id"], "may decide alone", "1 confirmed", "1 refused"):
        assert said in html
    assert "The grant had run out." in html
    assert 'name="minutes"' not in html


def test_an_administrator_switches_it_on_the_page_and_it_is_kept_who_did(client, line):
    device = make_lonely_device(line, minutes=0)
    admin = make_user("admin", role=Role.ADMINISTRATOR)
    client.force_login(admin)
    address = f"/lines/{line.slug}/stations/{device.station.pk}/"
    assert client.post(address, {"minutes": "61"}).status_code == 422
    assert client.post(address, {"minutes": "10"}).status_code == 302
    assert beat(device)["policy"]["valid_for"] == 600
    kept = OfflineAllowance.objects.get()
    assert (kept.minutes, kept.allowed_by) == (10, admin)
    assert "st-01" in client.get(f"/lines/{line.slug}/log/?action=offline").content.decode()


@pytest.mark.parametrize(("role", "status"), [(Role.QA_LEAD, 403), (Role.INSPECTOR, 404), (None, 404)])
def test_nobody_but_an_administrator_lets_a_station_decide(client, line, role, status):
    device = make_lonely_device(line, minutes=0)
    client.force_login(make_user("oscar", role=role))
    answer = client.post(f"/lines/{line.slug}/stations/{device.station.pk}/", {"minutes": "10"})
    assert answer.status_code == status
    assert not OfflineAllowance.objects.exists()


def test_a_refused_claim_raises_an_alarm_of_its_line(device, line):
    decided_alone(device, age_s=1e6)
    gathering.read_levels(now=clock())
    alarms.evaluate(line, now=clock())
    assert Alarm.objects.get(line=line, rule="claim-refused").is_on
