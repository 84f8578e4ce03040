"""Pages that stand only where something has happened: the checks of `make ui` on those a fresh demo has no link to."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.urls import reverse

from inspection.rules.words import Role
from monitoring import drift
from monitoring.models import DriftMark, EmbeddingTest
from review.models import Training
from tests.browser.test_accessibility import violations
from tests.browser.test_training import label_parts, train
from tests.builders import NOON, PASSWORD, make_line, make_user
from tests.monitoring.test_drift import DARK, HEALTHY, REFERENCE, lights, show
from tests.monitoring.test_drift_signals import DAY
from tests.review.candidate_scene import make_shown_candidate
from tests.review.deciding import make_deciding_line
from tools.ui_checks import CHECKS, ONCE

pytestmark = pytest.mark.django_db(transaction=True)

# The first look is asked everything, the others what words and colours change.
LOOKS = [("light", "en"), ("dark", "ko"), ("light", "ko"), ("dark", "en")]


@pytest.fixture
def quinn(transactional_db):
    return make_user("quinn", role=Role.QA_LEAD)


def faults(visit, person, addresses):
    """Return what every check finds on each page, in each look."""
    return [
        (address, theme, language, name, fault)
        for theme, language in LOOKS
        for address in addresses
        for name, fault in faults_in(visit, person, address, theme, language)
    ]


def faults_in(visit, person, address, theme, language):
    person.preferences, person.language = {"theme": theme}, language
    person.save(update_fields=["preferences", "language"])
    page = visit(address, person, theme=theme, width=1366, height=768, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.lang") == language
    asked = CHECKS.items() if (theme, language) == LOOKS[0] else [one for one in CHECKS.items() if one[0] not in ONCE]
    found = [(name, fault) for name, check in asked for fault in check(page)]
    page.close()
    return found


def test_a_training_its_snapshot_and_its_errors(visit, quinn, settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    line = make_line(truth_share=0.0)
    label_parts(line)
    page = visit(f"/lines/{line.slug}/data/", quinn, width=1366, height=768)
    train(page)
    page.close()
    job = Training.objects.get().pk
    pages = [
        reverse(name, args=[line.slug, n])
        for name, n in (("training-snapshot", 1), ("training-job", job), ("training-errors", job))
    ]
    assert faults(visit, quinn, pages) == []


def test_a_candidate_before_the_gate(visit, quinn):
    rollout = make_shown_candidate()
    address = reverse("candidate", args=[rollout.line.slug, rollout.candidate.pk])
    assert faults(visit, quinn, [address]) == []


def test_pictures_of_a_drift(visit, quinn):
    line = make_deciding_line()
    show(line, lights(REFERENCE, HEALTHY), score=0.1, picture=0.0)
    drift.check(line, now=NOON)
    show(line, lights(500, DARK, seed=3), score=0.1, picture=2.0)
    drift.check(line, now=NOON + DAY)
    shown = (("drift-embedding", EmbeddingTest.objects.get()), ("drift-mark", DriftMark.objects.first()))
    assert faults(visit, quinn, [reverse(name, args=[line.slug, one.pk]) for name, one in shown]) == []


@pytest.mark.parametrize(("theme", "language"), [("light", "en-US"), ("dark", "ko-KR")])
def test_what_is_not_there_and_what_nobody_may_see(visit, quinn, theme, language):
    for address in ("/no/such/page/", "/lines/no-such-line/agreement/"):
        assert violations(visit(address, quinn, theme=theme, language=language)) == []


@pytest.mark.parametrize(("theme", "language"), [("light", "en-US"), ("dark", "ko-KR")])
def test_the_second_factor_from_the_sign_in_to_taking_it_off(visit, transactional_db, theme, language):
    ana, secret = make_user("ana", preferences={"theme": theme}, language=language[:2]), generate_totp_secret()
    TOTP.activate(ana, secret)
    RecoveryCodes.activate(ana)
    page = visit("/accounts/login/", theme=theme, language=language)
    page.fill("[name=login]", "ana")
    page.fill("[name=password]", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url("**/2fa/authenticate/")
    assert violations(page) == []
    page.fill("[name=code]", "000000")
    page.click("main button.primary")
    page.wait_for_selector("[aria-invalid=true]")
    assert violations(page) == []
    assert [*CHECKS["errors"](page), *CHECKS["paste"](page)] == []
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/accounts/" not in url)
    for name in ("mfa_index", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_deactivate_totp"):
        page.goto("/".join([*page.url.split("/")[:3], reverse(name).removeprefix("/")]))
        if "/reauthenticate/" in page.url:
            assert violations(page) == []
            page.fill("[name=password]", PASSWORD)
            page.click("main button.primary")
        page.wait_for_url(lambda url, name=name: url.endswith(reverse(name)))
        assert (name, violations(page)) == (name, [])
