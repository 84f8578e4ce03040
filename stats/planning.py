"""How long each rung of the ladder takes on a line, what it costs, and which need binds.

A plan rests on assumed rates and is shown with them, before collection starts.
"""

from collections.abc import Callable, Sequence
from math import ceil, floor, log
from typing import NamedTuple

from scipy.special import betainc

from stats import checks
from stats.eprocess import log_mixture, retry_alpha
from stats.search import first_reaching

_SLACK = 1e-9
_SECOND_LOOK = 1.1
_FEWEST_DEFECTS = 30
_FEWEST_PARTS = 200


class Rung(NamedTuple):
    """One step up: how many days, which need binds, and what it takes. None where it never opens."""

    rung: str
    days: int | None
    binding: str
    truth_items: int | None
    natural_defects: int | None
    bank_defects: int | None
    adjudications: int | None
    hours_per_day: float


class Line(NamedTuple):
    """What a line gives a day, and what it has already."""

    parts: float
    defect_rate: float
    drawn: float
    bank: int
    archive: int
    seeds: float


class Expected(NamedTuple):
    """The rates a line counts on."""

    agreement: float
    label_detection: float
    policy_detection: float
    full_detection: float
    specificity: float


class Need(NamedTuple):
    """What one rung asks for; None for a stream whose expected rate does not exceed its target."""

    rung: str
    readings: int | None
    truth: int | None
    natural: int
    defects: int | None
    least: int


def items_expected(rate: float, p0: float, alpha: float) -> int | None:
    """The smallest number of items that passes when their failures are as expected at this success rate.

    Failures are ceil(n (1-rate) - 1e-9), tested as a stream that may be read at any time.
    About three quarters of runs are done by then. None if the rate is not above p0, or above
    it by less than a float can carry through the counts.
    Raises ValueError for rate outside [0, 1], and p0 or alpha outside (0,1).

    >>> items_expected(0.99, 0.95, 0.05), items_expected(1, 0.95, 0.05), items_expected(0.95, 0.95, 0.05)
    (174, 88, None)
    """
    rate, p0 = checks.closed_share(rate, "rate"), checks.share(p0, "p0")
    needed = -log(checks.share(alpha, "alpha"))
    return _expected(rate, p0, lambda s, f: log_mixture(s, f, p0) >= needed)


def defects_expected(rate: float, p0: float, alpha: float) -> int | None:
    """The same for a closed list of distinct defects that is scored once (`defects_to_certify`).

    None if the rate is not above p0. Raises ValueError as `items_expected` does.

    >>> defects_expected(0.99, 0.95, 0.05), defects_expected(1, 0.95, 0.05)
    (93, 59)
    """
    rate, p0 = checks.closed_share(rate, "rate"), checks.share(p0, "p0")
    alpha = checks.share(alpha, "alpha")
    # BinomCDF(f; s+f, 1-p0) as an incomplete beta, which is defined between whole counts too.
    return _expected(rate, p0, lambda s, f: bool(betainc(s, f + 1, p0) <= alpha))


def plan(
    parts_per_day: float,
    defect_rate: float,
    truth_share: float = 0.05,
    bank: int = 0,
    archive: int = 0,
    attempt: int = 1,
    seeds_per_day: float = 36,
    agreement: float = 0.98,
    label_detection: float = 0.95,
    policy_detection: float = 0.99,
    full_detection: float = 0.995,
    specificity: float = 0.99,
    band_items: int = 3000,
    adjudicate_s: float = 20.0,
    targets: Sequence[float] = (0.95, 0.80, 0.95, 0.95, 0.97, 0.97),
) -> list[Rung]:
    """Days, cost and binding need of the rungs 'assist', 'partial' and 'full', under assumed rates.

    parts_per_day and seeds_per_day are numbers a day, defect_rate, truth_share and the
    expected rates are shares, bank counts distinct defects, archive sealed truth-draw items
    that a version is scored on at its `attempt`, adjudicate_s seconds an item. targets are
    the p0 of agreement, label detection, policy detection and specificity at partial, and the
    same two at full. hours_per_day is what adjudication and seeding take on top of reading.
    binding is 'agreement', 'truth_draw', 'natural', 'detection', 'minimum' (days, shifts) or
    'never': then a rate does not exceed its target, and days and needs are None.
    Raises ValueError for impossible counts, shares outside their range, and other than six targets.

    >>> [(row.rung, row.days, row.binding) for row in plan(5000, 0.005, bank=400)]
    [('assist', 5, 'minimum'), ('partial', 12, 'truth_draw'), ('full', 30, 'minimum')]
    """
    line = Line(
        parts=checks.positive(parts_per_day, "parts_per_day"),
        defect_rate=checks.share(defect_rate, "defect_rate"),
        drawn=parts_per_day * checks.positive_share(truth_share, "truth_share"),
        bank=checks.count(bank, "bank"),
        archive=checks.count(archive, "archive"),
        seeds=checks.positive(seeds_per_day, "seeds_per_day"),
    )
    expected = Expected(agreement, label_detection, policy_detection, full_detection, specificity)
    alphas = _alphas(line, checks.count(attempt, "attempt", least=1))
    needs = _needs(expected, _targets(targets), alphas, checks.count(band_items, "band_items"))
    adjudicated = line.drawn * _SECOND_LOOK
    seconds = adjudicated * checks.not_negative(adjudicate_s, "adjudicate_s") + (60 * line.seeds if bank else 0)
    return [_rung(line, need, adjudicated, seconds / 3600) for need in needs]


def _needs(expected: Expected, targets: list[float], alphas: list[float], band_items: int) -> list[Need]:
    read, label, policy, good, full, full_good = targets
    assist, partial, last = alphas
    proven = items_expected(expected.specificity, good, partial)
    return [
        Need(
            "assist",
            readings=items_expected(expected.agreement, read, assist),
            truth=0,
            natural=0,
            defects=items_expected(expected.label_detection, label, assist),
            least=5,
        ),
        Need(
            "partial",
            readings=0,
            truth=proven and max(band_items, proven),
            natural=10,
            defects=defects_expected(expected.policy_detection, policy, partial),
            least=5,
        ),
        Need(
            "full",
            readings=0,
            truth=items_expected(expected.specificity, full_good, last),
            natural=30,
            defects=defects_expected(expected.full_detection, full, last),
            least=30,
        ),
    ]


def _rung(line: Line, need: Need, adjudicated: float, hours: float) -> Rung:
    if need.readings is None or need.truth is None or need.defects is None:
        return Rung(need.rung, None, "never", None, None, None, None, hours)
    defects = max(_FEWEST_DEFECTS, need.defects)
    waits = {
        "agreement": max(0, need.readings - line.archive) / line.parts,
        "truth_draw": max(0, need.truth - line.archive) / line.drawn,
        "natural": max(0.0, need.natural - line.archive * line.defect_rate) / (line.drawn * line.defect_rate),
        "detection": _detection_days(line, defects, need.truth if need.rung == "partial" else 0),
    }
    least = _least_days(line, need)
    slowest = max(waits, key=lambda wait: waits[wait])
    days = _up(max(least, waits[slowest]))
    binding = slowest if waits[slowest] > least else "minimum"
    return Rung(need.rung, days, binding, need.truth, need.natural, defects, _up(days * adjudicated), hours)


def _detection_days(line: Line, defects: int, band_items: int) -> float:
    if line.bank >= defects:
        return 0.0 if line.archive else defects / line.seeds
    # Band items and band defects must be disjoint, so on the natural route both are waited for.
    return max(0.0, defects / line.defect_rate + band_items - line.archive) / line.drawn


def _least_days(line: Line, need: Need) -> float:
    confirmation = _FEWEST_PARTS / line.parts
    scored_at_once = line.archive > 0 and need.rung != "full"
    return max(1 if scored_at_once else need.least, confirmation)


def _alphas(line: Line, attempt: int) -> list[float]:
    alphas = [0.05, 0.05, 0.01]
    return [retry_alpha(alpha, attempt) for alpha in alphas] if line.archive else alphas


def _targets(targets: Sequence[float]) -> list[float]:
    shares = [checks.share(target, "A target") for target in checks.listed_values(targets, "targets")]
    if len(shares) != 6:
        raise ValueError(f"targets are {shares!r}, give six of them.")
    return shares


def _expected(rate: float, p0: float, passes: Callable[[float, float], bool]) -> int | None:
    """The smallest n with ceil(n (1-rate) - slack) failures that passes; None if the rate is not clearly above p0."""
    if rate - p0 <= _SLACK * min(p0, 1 - p0):
        return None
    if rate == 1:
        return first_reaching(lambda n: passes(n, 0))

    def last(failures: int) -> float:
        """Up to here, also between whole numbers, so many failures are expected."""
        return (failures + _SLACK) / (1 - rate)

    # More successes never hurt, so where the end of a block fails, all of it does. Ends
    # between whole numbers pass from some block on; whole ones from there or a little later.
    failures = first_reaching(lambda f: passes(last(f) - f, f))
    while not passes(floor(last(failures)) - failures, failures):
        failures += 1
    before = floor(last(failures - 1))
    return before + first_reaching(lambda more: passes(before + more - failures, failures))


def _up(value: float) -> int:
    """Rounded up, but for the last bits of a float."""
    return ceil(round(value, 6))
