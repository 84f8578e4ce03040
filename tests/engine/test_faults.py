"""Half a minute of faults by seed under stations and inspectors: no invariant breaks. `make faults` runs many more."""

import pytest

from bench import faults

SECONDS = 30.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_no_invariant_breaks_under_faults(seed):
    outcome = faults.run_seed(seed, SECONDS)
    assert outcome.violations == [], f"Replay: python -m bench.faults --seed {seed} --seconds {SECONDS:g}"
    assert outcome.faults
    assert outcome.posts > 0
    assert outcome.decisions > 0
