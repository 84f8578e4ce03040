"""Many at once, on PostgreSQL: no task twice, no call twice, no verdict twice, no limit passed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from time import sleep
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from inspection import arms, automation, outbox, pipeline, registry, rollouts
from inspection.models import Deployment, Disposition, LevelChange, Line, Measures, Outbox, Routing
from inspection.rules.words import Call, Label, Level, Role, Stream
from inspection.sightings import Examined
from inspection.stages import Seen
from review import adjudications, arrivals, counts, decisions, queues
from review.adjudications import AlreadyRuled
from review.decisions import AlreadyDecided, UndoExpired
from review.models import Adjudication, CountDelta, Decision, DecisionFate, PendingDecision, ReviewTask, Truth
from review.queues import LeaseLost
from tests.builders import NOON, make_user
from tests.inspection.models import make_bands
from tests.inspection.test_automation import evaluation
from tests.review.candidate_scene import make_beside, make_certified_line
from tests.review.rollout_scene import GOOD, examined, look, look_silently, make_rollout, make_served_line
from tests.review.scene import (
    an_answer,
    answer,
    later,
    lease,
    make_run,
    make_task,
    make_watched_line,
    read,
    route_to_people,
)
from vision.measures import measure

IS_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite takes turns; set DATABASE_URL to a PostgreSQL"),
]

REFUSALS = (LeaseLost, AlreadyDecided, UndoExpired, AlreadyRuled, automation.SelfApproval)


def at_once(*deeds):
    """Run the deeds at the same moment, each on its own connection; return what they gave or refused."""
    start = Barrier(len(deeds))

    def run(deed):
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return deed()
        except REFUSALS as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def of_kind(results, kind):
    return [result for result in results if isinstance(result, kind)]


def test_no_task_is_claimed_twice(line):
    for n in range(300):
        make_task(line, f"A-{n}", at=later(n))
    people = [make_user(f"person-{n}") for n in range(8)]

    def shift(person):
        claimed = []
        for n in range(40):
            got = queues.claim(person, line, count=6, tab=str(n), now=NOON)
            claimed += [task.pk for task in got]
            ReviewTask.objects.filter(pk__in=[task.pk for task in got]).update(lease_holder=None, lease_until=None)
        return claimed

    claimed = [pk for pks in at_once(*(lambda person=person: shift(person) for person in people)) for pk in pks]

    assert len(claimed) == len(set(claimed)) == 300
    assert set(ReviewTask.objects.values_list("lease_token", flat=True)) == {1}


def test_one_persons_tabs_together_hold_twelve_at_most(line, ana):
    for n in range(60):
        make_task(line, f"A-{n}", at=later(n))

    at_once(*(lambda tab=tab: queues.claim(ana, line, count=6, tab=str(tab), now=NOON) for tab in range(8)))

    assert ReviewTask.objects.filter(lease_holder=ana).count() == 12


def test_fifty_posts_of_one_call_make_one_row_and_the_same_answer(line, ana):
    mine, given = lease(make_task(line), ana), an_answer()

    results = at_once(*[lambda: decisions.record(mine, person=ana, token=1, decision=given, now=NOON)] * 50)

    assert not of_kind(results, Exception)
    assert {result.decision.pk for result in results} == {given.decision_id}
    assert sum(not result.is_replay for result in results) == 1
    assert Decision.objects.count() == PendingDecision.objects.count() == 1


def test_a_task_that_is_given_back_while_it_is_called_waits_for_nobody_else(ana):
    assist = make_watched_line("phone-lens", level=Level.ASSIST)
    mine = lease(make_task(assist, call=Call.DEFECT), ana)
    called, given_back = Event(), Event()

    def call():
        with transaction.atomic():
            decisions.record(mine, person=ana, token=1, decision=an_answer(Label.PASS), now=later(1))
            called.set()
            while not given_back.wait(0.05) and not somebody_waits():
                continue

    def give_back():
        called.wait(timeout=30)
        queues.release(mine, person=ana, token=1, now=later(1))
        given_back.set()

    at_once(call, give_back)

    task = ReviewTask.objects.get()
    assert (task.lease_holder, task.queue_rank) == (ana, None)


def somebody_waits() -> bool:
    """Say whether a connection waits for a lock that another one holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return cursor.fetchone()[0]


def test_two_calls_of_one_round_leave_one(line, ana):
    mine = lease(make_task(line), ana)

    def call(label):
        return decisions.record(mine, person=ana, token=1, decision=an_answer(label), now=NOON)

    results = at_once(*[lambda: call(Label.PASS), lambda: call(Label.DEFECT)] * 4)

    assert len(of_kind(results, AlreadyDecided)) == 7
    assert Decision.objects.count() == 1


def test_two_answered_calls_of_one_round_leave_one(ana):
    mine = lease(make_task(make_watched_line("phone-lens", level=Level.ASSIST), call=Call.DEFECT), ana)

    def call():
        return decisions.record(mine, person=ana, token=1, decision=an_answer(Label.PASS), now=NOON)

    results = at_once(*[call] * 6)

    assert len(of_kind(results, AlreadyDecided)) == 5
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("seed", range(6))
def test_undo_and_the_finaliser_leave_one_fate(line, ana, seed):
    decision = answer(make_task(line), ana).decision
    before, after = later(9.999), later(10)

    deeds = [
        lambda: decisions.undo(decision.pk, person=ana, now=before),
        lambda: decisions.finalise_due(now=after),
    ]
    undone, sealed = at_once(*(deeds if seed % 2 else reversed(deeds)))[:: 1 if seed % 2 else -1]

    fate = DecisionFate.objects.get().fate
    assert (fate == "final") == (sealed == 1) == isinstance(undone, UndoExpired)
    assert Disposition.objects.get().verdict == ("pass" if fate == "final" else None)
    assert (ReviewTask.objects.get().lease_holder == ana) == (fate == "undone")


def test_two_finalisers_by_mistake_do_everything_once(line, ana):
    for n in range(12):
        answer(make_task(line, f"A-{n}", drawn=("truth",)), ana)

    results = at_once(*[lambda: decisions.finalise_due(now=later(10))] * 4)

    assert sum(results) == 12
    assert DecisionFate.objects.count() == Adjudication.objects.count() == 12
    assert counts.sums(line.epoch, Stream.AGREEMENT).s == 12


def test_two_views_that_end_together_settle_and_count_the_run_once(line, ana, andre):
    run = make_run(line, views=("front", "back"))
    for item, person in zip(run.items.order_by("view"), (ana, andre), strict=True):
        task = route_to_people(item)
        answer(task, person)

    at_once(*[lambda: decisions.finalise_due(now=later(10))] * 4)

    assert Disposition.objects.get().verdict == "pass"
    assert counts.sums(line.epoch, Stream.CANNOT_JUDGE).f == 1


def test_a_ruling_and_a_second_reading_never_correct_the_same_difference_twice(line, ana, andre, quinn):
    task = make_task(line, call=Call.DEFECT, drawn=("overlap",))
    read(task, ana, Label.PASS)
    second = ReviewTask.objects.get(purpose="overlap")
    answer(second, andre, Label.DEFECT, at=later(50))
    case = Adjudication.objects.get()

    at_once(
        lambda: adjudications.rule(case, by=quinn, label=Label.PASS, now=later(60)),
        lambda: decisions.finalise_due(now=later(60)),
    )

    kept, recounted = counts.ledger(line.epoch), counts.recompute(line.epoch)
    for stream in Stream:
        assert kept.places_of(stream) == recounted.places_of(stream)
    assert counts.sums(line.epoch, Stream.AGREEMENT).dp == 1


def test_two_leads_who_rule_together_leave_one_ruling(line, ana, quinn):
    read(make_task(line, call=Call.DEFECT), ana, Label.PASS)
    case, quill = Adjudication.objects.get(), make_user("quill", role=Role.QA_LEAD)

    results = at_once(
        lambda: adjudications.rule(case, by=quinn, label=Label.PASS, now=later(60)),
        lambda: adjudications.rule(case, by=quill, label=Label.CANNOT_JUDGE, now=later(60)),
    )

    assert len(of_kind(results, AlreadyRuled)) == 1
    assert Truth.objects.filter(source="adjudication").count() == 1


@pytest.mark.parametrize(("names", "moves"), [(("quinn", "quill"), 1), (("quinn", "quinn"), 0)])
def test_a_line_rises_by_two_people_who_sign_at_once_and_never_by_one_in_two_tabs(line, quinn, names, moves):
    leads = {"quinn": quinn, "quill": make_user("quill", role=Role.QA_LEAD)}
    proposal = automation.open_by_system(line, evaluation(line), now=NOON)

    results = at_once(
        *(
            lambda name=name: automation.approve(proposal, by=leads[name], evaluation=evaluation(line), now=NOON)
            for name in names
        )
    )

    assert len(of_kind(results, automation.SelfApproval)) == 1 - moves
    assert LevelChange.objects.count() == moves


def test_folding_in_two_places_loses_and_doubles_nothing(line, ana):
    for n in range(20):
        read(make_task(line, f"A-{n}"), ana)
    deltas = CountDelta.objects.count()

    folded = at_once(*[lambda: counts.fold(now=later(100))] * 4)

    assert sum(folded) == deltas
    assert counts.sums(line.epoch, Stream.AGREEMENT).s == 20


def test_a_prediction_that_meets_the_routing_of_the_deadline_is_kept_beside_it(line):
    items = [make_run(line, f"A-{n}").items.get() for n in range(60)]
    outbox.ask_all("item.received", [item.pk for item in items], now=NOON)

    at_once(
        lambda: arrivals.predict_all([item.pk for item in items], clock=lambda: later(5), examine=a_plain_look),
        lambda: queues.admit_overdue(now=later(5)),
    )

    assert Routing.objects.count() == ReviewTask.objects.count() == 60
    assert Measures.objects.count() == 60
    assert not Outbox.objects.filter(done_at=None).exists()


def a_plain_look(item, *, now):
    """Look at an image without asking a model."""
    seen = Seen(measures=measure(np.zeros((8, 8, 3), np.uint8), size_bytes=100), fingerprint="0" * 16)
    return Examined(stages=(), seen=seen, opinions=(), undecodable="")


def test_a_lapsed_lease_goes_to_one_of_those_who_wait(line, ana):
    lease(make_task(line), ana)
    others = [make_user(f"person-{n}") for n in range(4)]
    after = NOON + timedelta(seconds=91)

    def sweep_and_claim(person):
        queues.sweep_expired(now=after)
        return queues.claim(person, line, count=6, tab=uuid4().hex, now=after)

    results = at_once(*(lambda person=person: sweep_and_claim(person) for person in others))

    assert sum(map(len, results)) == 1
    assert ReviewTask.objects.get().lease_token == 2


def test_a_rollback_amid_parts_leaves_every_one_with_a_version_and_no_door_breaks(client):
    line = make_served_line(level="partial")
    make_bands(line, line.epoch.model_version, envelope={"size_bytes": [100, 100_000]})
    rollout = make_rollout(line)
    items = [make_run(line, f"R-{n}", position=n / 12).items.select_related("run__part").get() for n in range(12)]
    client.force_login(make_user("quinn", role=Role.QA_LEAD))

    def examine(item):
        return lambda: look(line, item, {"blue": GOOD, "green": GOOD}, at=later(1))

    def take_back():
        return client.post(f"/lines/{line.slug}/rollouts/roll-back/", {"reason": "scratches"}).status_code

    deeds = [examine(item) for item in items]
    results = at_once(*deeds[:6], take_back, *deeds[6:])

    assert results[6] == 302
    assert rollout.moves.filter(deed="roll_back").count() == 1
    assert Routing.objects.filter(item__in=items).count() == len(items)
    assert not Routing.objects.filter(model_version=None).exists()
    examine(make_run(line, "R-after", position=0.0).items.select_related("run__part").get())()
    assert str(Routing.objects.latest("pk").model_version) == "blue:1"


def test_a_switch_amid_parts_leaves_none_with_one_model_under_the_bands_of_another():
    line = make_certified_line()
    rollout = make_rollout(line, share=0.5)
    theirs = make_beside(line, rollout)
    items = [make_run(line, f"S-{n}", position=n / 12).items.select_related("run__part").get() for n in range(12)]

    def examine(item):
        return lambda: look(line, item, {"blue": GOOD, "green": GOOD}, at=later(1))

    def switch():
        wanted = Deployment(serving=rollout.candidate, candidate=rollout.incumbent, strategy="blue_green")
        return registry.arrange(Line.objects.get(pk=line.pk), wanted, by=None, cause="switch", now=later(1))

    deeds = [examine(item) for item in items]
    at_once(*deeds[:6], switch, *deeds[6:])

    routed = Routing.objects.filter(item__in=items).select_related("bands")
    assert len(routed) == len(items)
    assert all(one.bands is None or one.bands.model_version_id == one.model_version_id for one in routed)
    assert {one.bands_id for one in routed} <= {line.bands_id, theirs.pk}
    examine(make_run(line, "S-after", position=0.9).items.select_related("run__part").get())()
    last = Routing.objects.latest("pk")
    assert (str(last.model_version), last.route, last.bands) == ("green:1", "auto_pass", theirs)


def test_a_part_meets_a_line_and_what_is_deployed_on_it_from_before_a_switch_or_from_after_it():
    line = make_certified_line()
    rollout = make_rollout(line, share=0.5)
    make_beside(line, rollout)
    item = make_run(line, "S-mid", position=0.9).items.select_related("run__part").get()
    switched = []

    def switch():
        wanted = Deployment(serving=rollout.candidate, candidate=rollout.incumbent, strategy="blue_green")
        return registry.arrange(Line.objects.get(pk=line.pk), wanted, by=None, cause="switch", now=later(1))

    def switch_once_the_line_is_read(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if 'FROM "inspection_line"' in sql and not switched:
            switched.extend(at_once(switch))
        return answer

    seen = examined(line, item, {"blue": GOOD, "green": GOOD}, at=later(1))
    with connection.execute_wrapper(switch_once_the_line_is_read):
        pipeline.record(item, seen, now=later(2))

    assert str(switched[0].serving) == "green:1"
    routed = Routing.objects.get(item=item)
    assert (str(routed.model_version), routed.route, routed.bands) == ("blue:1", "auto_pass", line.bands)


def test_a_stop_amid_changes_of_a_canary_is_met_by_every_part_that_begins_after_it(quinn):
    line = make_certified_line()
    rollout = make_rollout(line, share=0.5)
    make_beside(line, rollout)
    items = [make_run(line, f"F-{n}", position=n / 40).items.select_related("run__part").get() for n in range(40)]
    stopped, began_after = Event(), set()

    def examine(some):
        def look_at_each():
            for item in some:
                if stopped.is_set():
                    began_after.add(item.pk)
                look(line, item, {"blue": GOOD, "green": GOOD}, at=later(1))

        return look_at_each

    def change():
        for n in range(10, 0, -1):
            rollouts.set_share(rollout, share=n / 25, by=quinn, now=later(1))

    def stop():
        automation.stop(line, by=quinn, reason="scratches", now=later(1))
        stopped.set()

    results = at_once(examine(items[:10]), examine(items[10:20]), change, stop)
    stopped_by_then = set(began_after)
    examine(items[20:])()

    assert results == [None] * 4
    late = Routing.objects.filter(item__in=began_after)
    assert began_after - stopped_by_then == {item.pk for item in items[20:]}
    assert set(late.values_list("route", "reason")) == {("human", "hold")}
    assert not Disposition.objects.filter(run__items__in=began_after, decided_by="model").exists()


def test_of_two_views_looked_at_silently_at_once_the_run_is_seen():
    line = make_served_line()
    rollout = make_rollout(line, "shadow")
    run = make_run(line, "A-1", views=("front", "back"), at=later(1))
    views = list(run.items.select_related("run__part", "station"))
    said = {"blue": GOOD, "green": GOOD}
    for item in views:
        look(line, item, said, at=later(2))

    def silently(item):
        with transaction.atomic():
            look_silently(line, item, said, at=later(2))
            # Neither has committed when the other looks whether it is the last one.
            sleep(0.5)

    at_once(*(lambda item=item: silently(item) for item in views))

    evidence = arms.evidence_of(rollouts.current(rollout), now=later(3))
    assert (evidence.candidate.seen, evidence.incumbent.seen) == (1, 1)
