"""Draws by hash, and what may be concluded from weighted audits."""

from hashlib import sha256
from math import log, nextafter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.sampling import bucket, chosen, horvitz_thompson, ipw_log_wealth


@given(st.text(min_size=1).filter(lambda text: text.isprintable()), st.sampled_from(["audit-3", "canary-7"]))
def test_a_draw_is_the_head_of_a_hash(item, salt):
    head = int(sha256(f"{salt}:{item}".encode()).hexdigest()[:16], 16)
    assert bucket(item, salt) == pytest.approx(head / 2**64, abs=1e-15)
    assert 0 <= bucket(item, salt) < 1
    assert chosen(item, salt, 1) is True
    assert chosen(item, salt, 0) is False
    assert chosen(item, salt, bucket(item, salt)) is False


def test_the_largest_hash_is_still_below_one(monkeypatch):
    class Largest:
        def digest(self):
            return b"\xff" * 32

    monkeypatch.setattr("stats.sampling.sha256", lambda _: Largest())
    assert bucket("item", "salt") == nextafter(1, 0)  # the largest number below 1
    assert chosen("item", "salt", 1)


def test_shares_of_a_draw_are_those_asked_for_and_salts_are_independent():
    draws = np.array([[bucket(f"item-{i:06d}", salt) for salt in ("canary-7", "audit-3")] for i in range(20_000)])
    assert (draws[:, 0] < 0.05).mean() == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 20_000) ** 0.5)
    assert abs(np.corrcoef(draws.T)[0, 1]) < 4 / 20_000**0.5


def test_weighted_audits_are_unbiased_and_their_error_is_honest():
    rng = np.random.default_rng(14)
    y = (rng.random(400) < 0.2).astype(int)
    pi = np.where(rng.random(400) < 0.5, 0.2, 0.8)
    found = np.array([horvitz_thompson(y, rng.random(400) < pi, pi, 400) for _ in range(600)])
    ht, ht_se, hajek, hajek_se = found.T
    assert ht.mean() == pytest.approx(y.mean(), abs=3 * ht.std() / 600**0.5)
    assert hajek.mean() == pytest.approx(y.mean(), abs=0.005)
    assert (ht_se.mean(), hajek_se.mean()) == pytest.approx((ht.std(), hajek.std()), rel=0.1)


def test_a_full_audit_has_no_error():
    assert horvitz_thompson([0, 1, 1], [1, 1, 1], [1, 1, 1], 3) == pytest.approx((2 / 3, 0, 2 / 3, 0))


@pytest.mark.parametrize("side", ["gt", "lt"])
def test_wealth_is_the_mean_of_twenty_bets(side):
    z, r0, z_max = [0.0, 2.0, 0.5, 0.0], 0.2, 2.0
    bets = np.geomspace(0.001, 0.5, 20) / r0 if side == "gt" else -np.geomspace(0.01, 0.99, 20) / (z_max - r0)
    expected = [
        log(np.mean([np.prod([1 + bet * (value - r0) for value in z[: n + 1]]) for bet in bets])) for n in range(4)
    ]
    assert ipw_log_wealth(z, r0, z_max, side) == pytest.approx(expected, rel=1e-12)


def test_wealth_survives_far_out():
    assert ipw_log_wealth([20.0] * 3_000, 0.005, 20, "gt")[-1] > 10_000
