"""Level moves on rows: two signatures up, one person down, STOP at once, nothing edited afterwards."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from inspection import automation, registry
from inspection.models import GateEvaluation, Hold, LevelChange, LevelProposal, Line, User
from inspection.rules.ladder import GATES, Evidence, judge
from inspection.rules.words import Level, Role
from tests.builders import NOON, make_line, make_model_version, make_user
from tests.inspection.test_ladder import GOOD

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return make_line(level="shadow")


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


@pytest.fixture
def quill():
    return make_user("quill", role=Role.QA_LEAD)


def evaluation(line: Line, evidence: Evidence = GOOD, to_level: Level = Level.ASSIST, at=NOON) -> GateEvaluation:
    gate = GATES[to_level]
    return automation.record_evaluation(line, gate=gate, evidence=evidence, judgement=judge(gate, evidence), now=at)


def propose(line: Line, by, **changes) -> LevelProposal:
    facts = {
        "to_level": Level.ASSIST,
        "by": by,
        "reason": "steady for weeks",
        "evaluation": evaluation(line),
        "now": NOON,
    }
    return automation.propose(line, **{**facts, **changes})


def test_two_leads_raise_a_line_by_one_rung_and_keep_its_epoch(line, quinn, quill):
    proposal = propose(line, quinn)
    automation.approve(proposal, by=quill, evaluation=evaluation(line), now=NOON)
    before = line.epoch_id
    line.refresh_from_db()
    change = LevelChange.objects.get()
    assert (line.level, line.epoch_id) == ("assist", before)
    assert (change.from_level, change.to_level, change.changed_by) == ("shadow", "assist", quill)
    assert change.proposal.evidence_hash == proposal.evaluation.evidence_hash


def test_nobody_approves_a_proposal_of_their_own(line, quinn):
    proposal = propose(line, quinn)
    with pytest.raises(automation.SelfApproval):
        automation.approve(proposal, by=quinn, evaluation=evaluation(line), now=NOON)
    line.refresh_from_db()
    assert line.level == "shadow"


def test_the_database_itself_refuses_one_person_signing_twice(line, quinn):
    proposal = propose(line, quinn)
    with pytest.raises(IntegrityError), transaction.atomic():
        LevelProposal.objects.filter(pk=proposal.pk).update(approver=quinn, approved_at=NOON, status="approved")


def test_the_database_refuses_an_approval_without_two_signatures(line, quinn):
    proposal = propose(line, quinn)
    with pytest.raises(IntegrityError), transaction.atomic():
        LevelProposal.objects.filter(pk=proposal.pk).update(status="approved")


@pytest.mark.parametrize("behind", ["nothing", "one signature", "another step", "another line"])
def test_the_database_refuses_a_step_up_that_two_people_did_not_sign(line, quinn, quill, behind):
    signed = {
        "nothing": lambda: None,
        "one signature": lambda: propose(line, quinn),
        "another step": lambda: rise(line, quinn, quill),
        "another line": lambda: rise(make_line("other", level=line.level), quinn, quill),
    }[behind]()
    to_level = Level.PARTIAL if behind == "another step" else Level.ASSIST
    with pytest.raises(IntegrityError), transaction.atomic():
        LevelChange.objects.create(
            line=line,
            from_level=list(Level)[to_level.rung - 1].value,
            to_level=to_level.value,
            cause="?",
            proposal=signed,
            changed_at=NOON,
        )


def rise(line: Line, first: User, second: User) -> LevelProposal:
    signed = propose(line, first)
    return automation.approve(signed, by=second, evaluation=evaluation(line), now=NOON)


def test_a_proposal_of_the_system_needs_two_leads_too(line, quinn, quill):
    proposal = automation.open_by_system(line, evaluation(line), now=NOON)
    first = automation.approve(proposal, by=quinn, evaluation=evaluation(line), now=NOON)
    assert (first.status, first.proposer) == ("open", quinn)
    with pytest.raises(automation.SelfApproval):
        automation.approve(proposal, by=quinn, evaluation=evaluation(line), now=NOON)
    automation.approve(proposal, by=quill, evaluation=evaluation(line), now=NOON)
    line.refresh_from_db()
    assert line.level == "assist"


def test_proposing_signs_the_proposal_that_the_system_opened(line, quinn):
    opened = automation.open_by_system(line, evaluation(line), now=NOON)
    assert propose(line, quinn).pk == opened.pk
    opened.refresh_from_db()
    assert opened.proposer == quinn


def test_the_system_opens_one_proposal_not_two(line):
    assert automation.open_by_system(line, evaluation(line), now=NOON) is not None
    assert automation.open_by_system(line, evaluation(line), now=NOON) is None


@pytest.mark.parametrize("to_level", [Level.HUMAN, Level.SHADOW, Level.PARTIAL, Level.FULL])
def test_no_rung_is_skipped(line, quinn, to_level):
    with pytest.raises(automation.LevelOrder):
        propose(line, quinn, to_level=to_level)


def test_a_shut_gate_takes_no_proposal(line, quinn):
    with pytest.raises(automation.GateShut):
        propose(line, quinn, evaluation=evaluation(line, Evidence()))


@pytest.mark.parametrize(
    ("later", "shut", "why"),
    [
        (timedelta(hours=24), False, "The evidence is more than 24 hours old."),
        (timedelta(hours=1), True, "The gate is shut now."),
    ],
)
def test_stale_evidence_is_not_signed(line, quinn, quill, later, shut, why):
    proposal = propose(line, quinn)
    now_seen = evaluation(line, Evidence() if shut else GOOD, at=NOON + later)
    with pytest.raises(automation.EvidenceStale, match=why):
        automation.approve(proposal, by=quill, evaluation=now_seen, now=NOON + later)


def leave(person: User, way: str) -> None:
    """Take the person's role away, or the account."""
    if way == "role":
        person.memberships.update(revoked_at=NOON)
    else:
        User.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("way", ["role", "account"])
def test_the_signature_of_a_lead_who_is_none_any_more_counts_no_longer(line, quinn, quill, way):
    proposal = propose(line, quinn)
    leave(quinn, way)
    with pytest.raises(automation.EvidenceStale, match="quinn"):
        automation.approve(proposal, by=quill, evaluation=evaluation(line), now=NOON)
    line.refresh_from_db()
    assert line.level == "shadow"


def change(line: Line, what: str) -> None:
    """Let something happen to the line after its gate was read."""
    if what == "level":
        Line.objects.filter(pk=line.pk).update(level="human")
    elif what == "epoch":
        registry.serve(line, make_model_version(), by=None, cause="switch", now=NOON)
    else:
        automation.place_hold(line, kind=what, reason="the camera shows one image", now=NOON)


@pytest.mark.parametrize("what", ["level", "epoch", Hold.CAMERA])
def test_what_changed_since_the_gate_was_read_opens_no_proposal(line, quinn, what):
    seen = evaluation(line)
    change(line, what)
    assert automation.open_by_system(line, seen, now=NOON) is None
    with pytest.raises((automation.GateShut, automation.LevelOrder)):
        propose(line, quinn, evaluation=seen)


def test_a_hold_placed_since_the_gate_was_read_lets_nobody_approve(line, quinn, quill):
    proposal, seen = propose(line, quinn), evaluation(line)
    change(line, Hold.CAMERA)
    with pytest.raises(automation.GateShut):
        automation.approve(proposal, by=quill, evaluation=seen, now=NOON)


def test_another_model_voids_the_open_proposal(line, quinn, quill):
    proposal = propose(line, quinn)
    change(line, "epoch")
    proposal.refresh_from_db()
    assert (proposal.status, proposal.status_reason) == ("void", "The line entered another epoch.")
    with pytest.raises(automation.ProposalClosed):
        automation.approve(proposal, by=quill, evaluation=evaluation(line), now=NOON)


def test_an_approved_proposal_is_not_approved_again(line, quinn, quill):
    proposal = propose(line, quinn)
    automation.approve(proposal, by=quill, evaluation=evaluation(line), now=NOON)
    with pytest.raises(automation.ProposalClosed):
        automation.approve(proposal, by=make_user("admin", role=Role.QA_LEAD), evaluation=evaluation(line), now=NOON)


def test_lowering_takes_one_person_voids_the_proposal_and_starts_a_new_epoch(line, quinn):
    proposal, before = propose(line, quinn), line.epoch
    automation.lower(line, to_level=Level.HUMAN, by=quinn, reason="lamp replaced", now=NOON)
    line.refresh_from_db()
    proposal.refresh_from_db()
    assert (line.level, proposal.status) == ("human", "void")
    assert line.epoch_id != before.pk


def test_lowering_never_raises(line, quinn):
    for level in (Level.SHADOW, Level.ASSIST):
        with pytest.raises(automation.LevelOrder):
            automation.lower(line, to_level=level, by=quinn, reason="slip", now=NOON)


def test_stop_holds_the_line_and_keeps_level_and_epoch(line, quinn):
    automation.stop(line, by=quinn, reason="glass dust", now=NOON)
    before = line.epoch_id
    line.refresh_from_db()
    assert (line.level, line.epoch_id) == ("shadow", before)
    assert Hold.objects.in_force().get().kind == "stop"
    with pytest.raises(automation.AlreadyStopped):
        automation.stop(line, by=quinn, reason="again", now=NOON)


def test_two_leads_resume_a_stopped_line_at_its_level(line, quinn, quill):
    automation.stop(line, by=quinn, reason="glass dust", now=NOON)
    proposal = automation.resume(line, by=quinn, reason="cleaned", evaluation=evaluation(line), now=NOON)
    with pytest.raises(automation.SelfApproval):
        automation.approve(proposal, by=quinn, evaluation=evaluation(line), now=NOON)
    assert Hold.objects.in_force().exists()
    automation.approve(proposal, by=quill, evaluation=evaluation(line), now=NOON)
    assert not Hold.objects.in_force().exists()
    assert LevelChange.objects.count() == 0


def test_nobody_lifts_stop_alone_not_even_in_the_database(line, quinn):
    hold = automation.stop(line, by=quinn, reason="glass dust", now=NOON)
    automation.lift_hold(hold, by=quinn, now=NOON)
    assert Hold.objects.in_force().exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(lifted_at=NOON, lifted_by=quinn)


def test_a_line_that_is_not_stopped_has_nothing_to_resume(line, quinn):
    with pytest.raises(automation.NotStopped):
        automation.resume(line, by=quinn, reason="?", evaluation=evaluation(line), now=NOON)


def test_the_same_evidence_has_the_same_hash_and_other_evidence_another(line):
    assert evaluation(line).evidence_hash == evaluation(line).evidence_hash
    assert evaluation(line).evidence_hash != evaluation(line, Evidence()).evidence_hash


@pytest.mark.parametrize("model", [LevelChange, GateEvaluation])
@pytest.mark.parametrize("deed", ["update", "delete"])
def test_history_is_neither_edited_nor_deleted(line, quinn, quill, model, deed):
    automation.approve(propose(line, quinn), by=quill, evaluation=evaluation(line), now=NOON)
    rows = model.objects.all()
    assert rows.exists()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.update(line=line) if deed == "update" else rows._raw_delete(rows.db)
