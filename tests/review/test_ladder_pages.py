"""The ladder over its doors: API, page and admin do the same deeds under the same rights."""

import json
import re
from dataclasses import replace

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from django.urls import reverse

from inspection import automation, epochs
from inspection.models import DefectClass, Hold, LevelChange, LevelProposal, Line, Membership
from inspection.rules.gates import Condition, Judgement
from inspection.rules.ladder import GATES, Evidence, Gate, Target, judge
from inspection.rules.words import Level, Role
from review import evidence, gates
from tests.builders import NOON, PASSWORD, make_line, make_model_version, make_user
from tests.inspection.test_ladder import GOOD
from tests.review.scene import make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    line = make_line(level="shadow")
    epochs.enter(line, make_model_version(), cause="set-up", now=NOON)
    return line


@pytest.fixture
def open_gate(line, monkeypatch):
    """A line whose evidence is good: the counts are given, everything after them is real."""
    healthy = replace(GOOD, health=(200, 0, 10.0, 2000.0))
    monkeypatch.setattr("review.evidence.Asked.gather", lambda *args, **kwargs: healthy)
    return line


def lead(name: str):
    return make_user(name, role=Role.QA_LEAD)


def post(client, name, *args, **body):
    return client.post(reverse(name, args=args), json.dumps(body), content_type="application/json")


def signature(line) -> dict[str, object]:
    """Return what the page of a line sends when the proposal that stands now is signed."""
    return {"proposal": automation.open_proposal(line).pk, "password": PASSWORD}


def test_two_leads_raise_a_line_through_the_api(client, open_gate):
    client.force_login(lead("quinn"))
    made = post(client, "api-propose", open_gate.slug, to_level="assist", reason="steady")
    assert made.status_code == 201
    client.force_login(lead("quill"))
    signed = post(client, "api-approve", made.json()["id"], password=PASSWORD)
    open_gate.refresh_from_db()
    assert (signed.status_code, signed.json()["status"], open_gate.level) == (200, "approved", "assist")


def test_nobody_approves_their_own_proposal(client, open_gate):
    client.force_login(lead("quinn"))
    made = post(client, "api-propose", open_gate.slug, to_level="assist", reason="steady")
    refused = post(client, "api-approve", made.json()["id"], password=PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (403, "self-approval")


def test_one_person_with_two_roles_is_one_signature(client, open_gate):
    both = lead("quinn")
    facts = {"user": both, "is_founding": True, "granted_at": NOON}
    Membership.objects.create(**facts, role=Role.ADMINISTRATOR.value)
    Membership.objects.create(**facts, role=Role.QA_LEAD.value, line=open_gate)
    client.force_login(both)
    made = post(client, "api-propose", open_gate.slug, to_level="assist", reason="steady")
    refused = post(client, "api-approve", made.json()["id"], password=PASSWORD)
    open_gate.refresh_from_db()
    assert (refused.status_code, refused.json()["code"], open_gate.level) == (403, "self-approval", "shadow")


def test_a_wrong_password_signs_nothing(client, open_gate):
    client.force_login(lead("quinn"))
    made = post(client, "api-propose", open_gate.slug, to_level="assist", reason="steady")
    client.force_login(lead("quill"))
    refused = post(client, "api-approve", made.json()["id"], password="not-the-password")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-confirmed")
    assert LevelProposal.objects.get().status == "open"


def test_guessed_codes_are_throttled_as_guessed_passwords_are(client, open_gate):
    quill = lead("quill")
    secret = generate_totp_secret()
    TOTP.activate(quill, secret)
    client.force_login(lead("quinn"))
    made = post(client, "api-propose", open_gate.slug, to_level="assist", reason="steady").json()["id"]
    client.force_login(quill)
    right = [f"{hotp_value(secret, counter):06}" for counter in yield_hotp_counters_from_time()]
    guesses = [code for code in ("000001", "000002", "000003", "000004", "000005", "000006") if code not in right]
    answers = [post(client, "api-approve", made, code=guess).status_code for guess in guesses[:5]]
    assert (answers[0], answers[-1]) == (403, 429)
    assert post(client, "api-approve", made, code=right[-1]).status_code == 429
    assert LevelProposal.objects.get().status == "open"


@pytest.mark.parametrize(
    ("to_level", "status", "code"), [("partial", 422, "level-order"), ("human", 422, "level-order")]
)
def test_no_rung_is_skipped_through_the_api(client, open_gate, to_level, status, code):
    client.force_login(lead("quinn"))
    refused = post(client, "api-propose", open_gate.slug, to_level=to_level, reason="steady")
    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_a_shut_gate_says_every_reason(client, line):
    client.force_login(lead("quinn"))
    refused = post(client, "api-propose", line.slug, to_level="assist", reason="steady")
    assert (refused.status_code, refused.json()["code"]) == (409, "gate-shut")
    assert any("0 blind parts, 200 needed." in reason for reason in refused.json()["reasons"])


def test_a_shut_gate_names_kinds_of_defects_as_the_line_does(client, line):
    DefectClass.objects.filter(line=line, code="crack").update(name="broken corner", name_ko="모서리 깨짐")
    Line.objects.filter(pk=line.pk).update(level="assist")
    client.force_login(lead("quinn"))
    refused = post(client, "api-propose", line.slug, to_level="partial", reason="steady")
    reasons = " ".join(refused.json()["reasons"])
    assert "broken corner" in reasons
    assert "crack" not in reasons


@pytest.mark.parametrize(
    ("role", "on_line", "status"),
    [(Role.INSPECTOR, True, 403), (Role.ADMINISTRATOR, True, 403), (None, True, 404)],
)
def test_only_leads_propose(client, open_gate, role, on_line, status):
    client.force_login(make_user("oscar", role=role))
    assert post(client, "api-propose", open_gate.slug, to_level="assist", reason="x").status_code == status
    assert not LevelProposal.objects.exists()


def test_an_administrator_stops_and_lowers_but_does_not_sign(client, open_gate):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    assert post(client, "api-stop", open_gate.slug, reason="dust").status_code == 200
    assert post(client, "api-lower", open_gate.slug, to_level="human", reason="dust").status_code == 200
    assert post(client, "api-resume", open_gate.slug, reason="clean").status_code == 403


def test_stop_twice_is_refused_and_resume_takes_two(client, open_gate):
    client.force_login(lead("quinn"))
    post(client, "api-stop", open_gate.slug, reason="dust")
    assert post(client, "api-stop", open_gate.slug, reason="dust").json()["code"] == "already-stopped"
    made = post(client, "api-resume", open_gate.slug, reason="clean")
    assert made.status_code == 201
    client.force_login(lead("quill"))
    assert post(client, "api-approve", made.json()["id"], password=PASSWORD).status_code == 200
    assert not Hold.objects.in_force().exists()


def test_an_unknown_field_is_refused(client, open_gate):
    client.force_login(lead("quinn"))
    refused = post(client, "api-propose", open_gate.slug, to_level="assist", reason="x", level="full")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-field")


def test_the_automation_of_a_line_shows_its_gate(client, line):
    client.force_login(lead("quinn"))
    shown = client.get(reverse("api-automation", args=[line.slug])).json()
    assert (shown["level"], shown["next_level"], shown["gate"]["status"]) == ("shadow", "assist", "insufficient_data")
    assert {check["stream"] for check in shown["gate"]["checks"]} == {"agreement", "detection"}
    assert set(shown["gate"]["checks"][0]) >= {"successes", "failures", "p0", "alpha", "log_e", "lower_bound", "passed"}


@pytest.mark.parametrize("page", ["automation", "agreement"])
def test_pages_for_leads_are_hidden_from_inspectors(client, line, page):
    client.force_login(make_user("ana"))
    assert client.get(reverse(page, args=[line.slug])).status_code == 404


@pytest.mark.parametrize(("page", "statements"), [("automation", 45), ("agreement", 55)])
def test_pages_for_leads_open_with_a_stated_number_of_statements(
    client, line, page, statements, django_assert_max_num_queries
):
    client.force_login(lead("quinn"))
    with django_assert_max_num_queries(statements):
        assert client.get(reverse(page, args=[line.slug])).status_code == 200


def test_what_is_missing_stands_before_what_is_met_which_is_folded(client, line):
    client.force_login(lead("quinn"))
    html = client.get(reverse("automation", args=[line.slug])).content.decode()
    shown, _, folded = html.split('id="evidence-title"')[1].partition("<summary")
    asked = {"Agreement above 95 %", "Blind parts", "Days"}
    assert all(check in shown.replace("\xa0", " ") and check not in folded.split("</details>")[0] for check in asked)
    assert "more checks, all met" in folded
    assert ">Holds<" in folded.split("</details>")[0]
    assert ">Holds<" not in shown


def test_the_page_signs_like_the_api(client, open_gate):
    client.force_login(lead("quinn"))
    given = {"to_level": "assist", "reason": "steady", "password": PASSWORD}
    client.post(reverse("ladder-deed", args=[open_gate.slug, "propose"]), given)
    page = client.get(reverse("automation", args=[open_gate.slug])).content.decode()
    assert "not you: another lead" in page
    client.force_login(lead("quill"))
    waiting = make_task(open_gate)
    client.post(reverse("ladder-deed", args=[open_gate.slug, "approve"]), signature(open_gate))
    open_gate.refresh_from_db()
    waiting.refresh_from_db()
    assert (open_gate.level, waiting.level) == ("assist", "assist")


def told(html: str, check: str) -> str:
    """Return what the table of the frozen evidence says of one check, as words."""
    table = html.split('aria-labelledby="frozen-title"')[1].split("</table>")[0]
    rows = table.replace("\xa0", " ").split("<tr>")
    return " ".join(re.sub("<[^>]+>", " ", next(row for row in rows if f"<td>{check}</td>" in row)).split())


@pytest.fixture
def proposed(client, open_gate):
    """A line with a proposal that Quinn has signed; Quill looks at it."""
    client.force_login(lead("quinn"))
    post(client, "api-propose", open_gate.slug, to_level="assist", reason="steady")
    client.force_login(lead("quill"))
    return open_gate


def now_counted(monkeypatch, **changes) -> None:
    monkeypatch.setattr("review.evidence.Asked.gather", lambda *args, **kwargs: replace(GOOD, **changes))


def test_the_second_lead_reads_the_frozen_rows_beside_what_is_counted_now(client, proposed, monkeypatch):
    now_counted(monkeypatch, streams={"agreement": (1006, 19), "detection": (60, 3)}, parts=1025)
    html = client.get(reverse("automation", args=[proposed.slug])).content.decode()
    assert told(html, "Blind parts") == "Blind parts 1,000 · 200 needed · met 1,025 · 200 needed · met changed"
    agreement = told(html, "Agreement above 95 %")
    assert "986 of 1,000" in agreement
    assert "1,006 of 1,025" in agreement
    assert told(html, "Inspectors").endswith("as it was")
    assert "2 of 12 rows changed since." in html


def beside_the_password(html: str) -> str:
    """Return what stands in the proposal's card up to the password, as words."""
    card = html.split('aria-labelledby="proposal-title"')[1].partition('id="sign-password"')[0]
    return " ".join(re.sub("<[^>]+>", " ", card.replace("\xa0", " ")).split())


def test_what_changed_and_what_a_signature_does_stand_beside_the_password(client, open_gate, proposed, monkeypatch):
    now_counted(monkeypatch, streams={"agreement": (1006, 19), "detection": (60, 3)}, parts=1025)
    html = client.get(reverse("automation", args=[proposed.slug])).content.decode()
    card = beside_the_password(html)
    assert "Blind parts 1,000 · 200 needed · met → 1,025 · 200 needed · met" in card
    assert "Inspectors" not in card
    assert "Read the 12 rows that are signed" in card
    assert "Yours is the second signature: the line is at assist from the next item on." in card
    assert "Sign: shadow to assist" in html


def test_who_signs_first_reads_that_nothing_moves_yet(client, open_gate):
    gates.read_next(open_gate, now=NOON)
    client.force_login(lead("quinn"))
    html = client.get(reverse("automation", args=[open_gate.slug])).content.decode()
    assert "You sign first: nothing moves before another lead has signed too." in beside_the_password(html)


def test_who_wants_to_resume_reads_before_that_the_gate_is_asked_again(client, open_gate):
    client.force_login(lead("quinn"))
    for level, is_said in (("assist", True), ("human", False)):
        Line.objects.filter(pk=open_gate.pk).update(level=level)
        post(client, "api-stop", open_gate.slug, reason="dust")
        html = client.get(reverse("automation", args=[open_gate.slug])).content.decode()
        assert "Propose to resume" in html
        assert (f"The gate into {level} is read anew." in html) == is_said


def test_who_signs_the_way_back_reads_that_it_lifts_stop(client, open_gate):
    Line.objects.filter(pk=open_gate.pk).update(level="assist")
    client.force_login(lead("quinn"))
    post(client, "api-stop", open_gate.slug, reason="dust")
    post(client, "api-resume", open_gate.slug, reason="clean")
    client.force_login(lead("quill"))
    html = client.get(reverse("automation", args=[open_gate.slug])).content.decode()
    assert "it lifts STOP, and the line is at assist again" in beside_the_password(html)
    assert "Sign: resume at assist" in html


def test_a_frozen_row_that_is_not_met_any_more_says_so(client, proposed, monkeypatch):
    now_counted(monkeypatch, holds=1, days_since_lowering=0.5)
    html = client.get(reverse("automation", args=[proposed.slug])).content.decode()
    assert "Holds not met any more" in beside_the_password(html)
    assert told(html, "Holds").endswith("not met any more")
    assert told(html, "Days of rest after a lowering").startswith("Days of rest after a lowering not asked 0.5")


def test_untouched_evidence_says_that_no_row_changed(client, proposed):
    html = client.get(reverse("automation", args=[proposed.slug])).content.decode()
    assert "No row changed since." in html
    assert proposed.proposals.get().evidence_hash[:4] in html.split('id="frozen-title"')[1]


def test_the_page_says_from_when_on_the_gate_could_open(client, open_gate, monkeypatch):
    client.force_login(lead("quinn"))
    address = reverse("automation", args=[open_gate.slug])
    assert "at the pace of" not in client.get(address).text
    now_counted(monkeypatch, parts=100, days=5)
    monkeypatch.setattr("review.lead_views.now", lambda: NOON)
    assert "Not before 2026-11-28 at the pace of these 5 days, if nothing more fails." in client.get(address).text


def test_where_the_rate_is_too_low_the_page_names_no_day_and_says_why(client, open_gate, monkeypatch):
    client.force_login(lead("quinn"))
    now_counted(monkeypatch, streams={"agreement": (180, 20), "detection": (60, 3)}, parts=200)
    html = client.get(reverse("automation", args=[open_gate.slug])).text
    assert "Not before" not in html
    said = "Agreement above 95 %: at the rate seen so far, 180 of 200 (90 %), this gate never opens."
    assert said.replace(" %", "\u00a0%") in html


def test_frozen_evidence_keeps_what_a_later_gate_does_not_ask_any_more(client, proposed, monkeypatch):
    kept = Judgement.from_plain(proposed.proposals.get().evaluation.judgement)
    asked = Condition(name="moon_phase", counted=1, needed=1, passed=True)
    monkeypatch.setattr(
        "inspection.rules.gates.Judgement.from_plain",
        lambda _plain: replace(kept, conditions=(*kept.conditions, asked)),
    )
    html = client.get(reverse("automation", args=[proposed.slug])).content.decode()
    assert told(html, "moon phase").endswith("not asked changed")


def test_the_frozen_rows_speak_korean(client, proposed):
    address = reverse("automation", args=[proposed.slug])
    html = client.get(address, headers={"Accept-Language": "ko"}).content.decode()
    assert "서명 대상: 동결된 증거" in html
    assert "이후 바뀐 항목이 없습니다." in html


def test_the_way_back_after_stop_shows_the_frozen_gate_of_the_present_level(client, open_gate):
    Line.objects.filter(pk=open_gate.pk).update(level="assist")
    client.force_login(lead("quinn"))
    post(client, "api-stop", open_gate.slug, reason="dust")
    post(client, "api-resume", open_gate.slug, reason="clean")
    html = client.get(reverse("automation", args=[open_gate.slug])).content.decode()
    assert told(html, "Agreement above 95 %").endswith("as it was")
    assert "No row changed since." in html


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Signed. STOP is lifted; the line is at shadow as before."),
        ("ko", "서명했습니다. STOP이 해제되었습니다. 라인은 이전과 같이 그림자 모드입니다."),
    ],
)
def test_the_second_signature_after_stop_says_that_nothing_moved(client, open_gate, language, said):
    spoken = {"headers": {"Accept-Language": language}}
    client.force_login(lead("quinn"))
    post(client, "api-stop", open_gate.slug, reason="dust")
    client.post(reverse("ladder-deed", args=[open_gate.slug, "resume"]), {"reason": "clean", "password": PASSWORD})
    client.force_login(lead("quill"))
    address = reverse("ladder-deed", args=[open_gate.slug, "approve"])
    html = client.post(address, signature(open_gate), follow=True, **spoken).content.decode()
    assert said in html
    assert not Hold.objects.in_force().exists()


def test_the_second_signature_of_a_raise_says_that_the_line_moved(client, proposed):
    address = reverse("ladder-deed", args=[proposed.slug, "approve"])
    assert "Signed. The line moved." in client.post(address, signature(proposed), follow=True).content.decode()


def test_what_a_lead_must_do_first_is_named_and_linked(client, line, monkeypatch):
    Line.objects.filter(pk=line.pk).update(level="assist")
    now_counted(monkeypatch, streams={})
    client.force_login(lead("quinn"))
    html = client.get(reverse("automation", args=[line.slug])).content.decode()
    bands, calendar = (reverse(page, args=[line.slug]) for page in ("bands", "challenges"))
    assert f'<a href="{bands}">Certify bands</a>' in html
    assert f'<a href="{bands}">Bands certified</a>' in html
    assert f'<a href="{calendar}">Calendar of challenge parts</a>' in html
    assert client.get(bands).status_code == client.get(calendar).status_code == 200


def test_the_admin_signs_like_the_page_and_has_no_level_field(client, open_gate):
    client.force_login(lead("quinn"))
    address = reverse("admin:inspection_line_change", args=[open_gate.pk])
    page = client.get(address).content.decode()
    assert "Every check toward assist is met." in page
    assert 'name="level"' not in page
    given = {"to_level": "assist", "reason": "steady", "password": PASSWORD}
    client.post(reverse("admin:line-propose", args=[open_gate.pk]), given)
    refused = client.post(reverse("admin:line-approve", args=[open_gate.pk]), signature(open_gate), follow=True)
    assert "another lead must sign it" in refused.content.decode()
    client.force_login(lead("quill"))
    client.post(reverse("admin:line-approve", args=[open_gate.pk]), signature(open_gate))
    open_gate.refresh_from_db()
    assert open_gate.level == "assist"


WAITS = "waits for your signature"


def test_a_step_waits_in_the_sidebar_of_each_lead_who_has_not_signed(client, open_gate):
    def shown_to(person):
        client.force_login(person)
        return WAITS in client.get(reverse("receipts", args=[open_gate.slug])).content.decode()

    quinn, quill = lead("quinn"), lead("quill")
    admin = make_user("admin", role=Role.ADMINISTRATOR)
    assert not shown_to(quinn)
    given = {"to_level": "assist", "reason": "steady", "password": PASSWORD}
    client.post(reverse("ladder-deed", args=[open_gate.slug, "propose"]), given)
    assert (shown_to(quinn), shown_to(quill), shown_to(admin)) == (False, True, False)
    client.force_login(make_user("ana"))
    assert WAITS not in client.get("/").content.decode()


def test_the_first_page_of_a_line_names_the_checks_beside_the_first(client, line):
    client.force_login(lead("quinn"))
    page = client.get(reverse("agreement", args=[line.slug]))
    assert page.context["others"] > 0
    assert f"{page.context['others']} more checks keep the gate shut" in page.content.decode()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"reason": "Camera or light"}, "Camera or light"),
        ({"reason": "", "words": "a new fixture"}, "a new fixture"),
        ({"reason": "", "words": " "}, None),
    ],
)
def test_who_lowers_a_line_picks_a_reason_or_writes_one(client, open_gate, given, kept):
    client.force_login(lead("quinn"))
    html = client.get(reverse("automation", args=[open_gate.slug])).content.decode()
    assert '<option value="Camera or light">' in html.partition('id="lower-why"')[2]
    client.post(reverse("ladder-deed", args=[open_gate.slug, "lower"]), {"to_level": "human", **given})
    open_gate.refresh_from_db()
    changed = LevelChange.objects.filter(line=open_gate).last()
    assert (open_gate.level, changed and changed.cause) == (("human", kept) if kept else ("shadow", None))


@pytest.mark.parametrize("name", ["quinn", "admin"])
def test_a_level_sent_to_the_admin_is_not_taken(client, line, name):
    role = Role.ADMINISTRATOR if name == "admin" else Role.QA_LEAD
    client.force_login(make_user(name, role=role))
    address = reverse("admin:inspection_line_change", args=[line.pk])
    page = client.get(address)
    bound = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        bound += [inline.formset.management_form, *inline.formset.forms]
    fields = {form.add_prefix(key): form[key].value() for form in bound for key in form.fields}
    kept = {key: value for key, value in fields.items() if value is not None}
    answer = client.post(address, {**kept, "level": "full", "name": "Renamed", "reason": "a better name"})
    line.refresh_from_db()
    # The rest of the form is taken from who may change it: what is left out is the level alone.
    is_admin = name == "admin"
    assert (answer.status_code, line.name == "Renamed") == ((302, True) if is_admin else (403, False))
    assert line.level == "shadow"


def test_the_admin_tells_an_administrator_that_leads_sign(client, open_gate):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    answer = client.post(
        reverse("admin:line-propose", args=[open_gate.pk]), {"reason": "x", "password": PASSWORD}, follow=True
    )
    assert "Administrators do not sign" in answer.content.decode()


def test_the_admin_is_shut_to_inspectors(client, line):
    client.force_login(make_user("ana"))
    assert client.get(reverse("admin:inspection_line_change", args=[line.pk])).status_code == 302


def test_the_system_proposes_when_the_gate_opens_and_voids_when_it_shuts(line, monkeypatch):
    monkeypatch.setattr(evidence.Asked, "gather", lambda *args, **kwargs: GOOD)
    gates.read_next(line, now=NOON)
    gates.read_next(line, now=NOON)
    proposal = LevelProposal.objects.get()
    assert (proposal.opened_by_system, proposal.status) == (True, "open")
    monkeypatch.setattr(evidence.Asked, "gather", lambda *args, **kwargs: evidence.Evidence())
    gates.read_next(line, now=NOON)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.status_reason) == ("void", "The gate is shut now.")


def test_a_frozen_evaluation_judges_the_same_again(line):
    kept = automation.record_evaluation(
        line, gate=GATES[Level.ASSIST], evidence=GOOD, judgement=judge(GATES[Level.ASSIST], GOOD), now=NOON
    )
    assert kept.judgement == json.loads(json.dumps(judge(GATES[Level.ASSIST], GOOD).as_plain()))


def test_a_refused_resume_says_which_checks_fell_short(client, line):
    Line.objects.filter(pk=line.pk).update(level="assist")
    client.force_login(lead("quinn"))
    post(client, "api-stop", line.slug, reason="dust")
    refused = post(client, "api-resume", line.slug, reason="clean")
    assert (refused.status_code, refused.json()["code"]) == (409, "gate-shut")
    assert refused.json()["reasons"]


def test_too_many_wrong_passwords_at_a_signature_are_a_problem_that_says_when(client, open_gate):
    client.force_login(lead("quinn"))
    proposal = post(client, "api-propose", open_gate.slug, to_level="assist", reason="steady").json()["id"]
    client.force_login(lead("quill"))
    for _ in range(6):
        answer = post(client, "api-approve", proposal, password="wrong")
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert int(answer["Retry-After"]) > 0


def test_a_kept_reading_of_every_gate_is_judged_the_same_from_its_row(line):
    for to_level in (Level.ASSIST, Level.PARTIAL, Level.FULL):
        kept = evidence.read(line, to_level, now=NOON).keep(now=NOON)
        kept.refresh_from_db()
        targets = tuple(Target(**target) for target in kept.gate["targets"])
        gate = Gate(**{**kept.gate, "to_level": Level(kept.gate["to_level"]), "targets": targets})
        assert json.loads(json.dumps(judge(gate, Evidence(**kept.evidence)).as_plain())) == kept.judgement


def test_all_checks_that_are_short_stand_below_their_count_the_nearest_first(client, line):
    client.force_login(lead("quinn"))
    html = client.get(reverse("automation", args=[line.slug])).content.decode()
    beyond = html.partition('class="beyond"')[2].partition("</section>")[0]
    said = int(re.search(r"(\d+) checks short", beyond)[1])
    listed = re.findall(r'<li class="(\w+)">', beyond)
    assert (len(listed), "met" in listed) == (said, False)
    needed = [int(more.replace(",", "")) for more in re.findall(r'class="need">([\d,]+) more<', beyond)]
    assert needed == sorted(needed)
    first = re.search(r'class="check">(.*?)</span>', beyond)[1]
    assert reverse("bands", args=[line.slug]) in first
