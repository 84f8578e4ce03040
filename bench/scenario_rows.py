"""What the kept runs of each scenario come to, one row a promise: what was found, its limit, and how they compare.

Pure: from the reports under bench/results alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, median, stdev
from typing import Any

from bench.guarantees_canary import median_delay
from stats.proportions import clopper_pearson

Report = dict[str, Any]
Runs = Sequence[Report]

PARTIAL_WITHIN = 40_000
NOTICE_WITHIN, ALARM_WITHIN = 100, 1_500
RUN_LENGTH_WITHIN = 0.25
STANDARD_ERRORS = 2.0
NAIVE_OFF = 2.0
STARVED_SHIFTS = 2
# Of the serving model of `bad-candidate`, and the canary's first share.
OVERTURNS, FIRST_SHARE = 0.05, 0.05
ALPHAS = {"shadow": 0.05, "assist": 0.05, "partial": 0.01}
CLIMBED = ("assist", "partial", "full")
_RUNGS = ("human", "shadow", "assist", "partial", "full")


@dataclass(frozen=True)
class Row:
    """One promise of a scenario. `ratio` is what was found as a share of the limit, None where that says nothing."""

    scenario: str
    runs: int
    what: str
    found: str
    limit: str
    holds: bool
    ratio: float | None = None

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        facts = f"{self.scenario:<22}{self.runs:>4}  {self.what:<46}{self.found:<34}{self.limit:<32}"
        return f"{facts}{ratio:>6}  {verdict}"


def rows(name: str, runs: Runs) -> list[Row]:
    """Return the rows of one kept set, named as its file is; nothing for one without runs or without a promise."""
    kind = next((kind for kind in sorted(_ROWS, key=len, reverse=True) if name.startswith(kind)), None)
    return _ROWS[kind](name, runs) if kind is not None and runs else []


# The ladder -----------------------------------------------------------------------------------------------------


def _climb(name: str, runs: Runs) -> list[Row]:
    return [_rung(name, runs, rung) for rung in CLIMBED]


def _rung(name: str, runs: Runs, rung: str) -> Row:
    moves = [move for move in (_first_up(run, rung) for run in runs) if move is not None]
    within = PARTIAL_WITHIN if rung == "partial" else None
    forecast = _forecast(runs[0], rung)
    limit = f"forecast {forecast}" + (f", at most {within}" if within else "")
    if not moves:
        return Row(name, len(runs), f"parts to {rung}", "never", limit, holds=within is None)
    found = f"{median(move['item'] for move in moves):.0f}, {median(move['readings'] for move in moves):.0f} readings"
    latest = max(move["item"] for move in moves)
    holds = within is None or (len(moves) == len(runs) and latest <= within)
    what = f"parts to {rung} ({len(moves)} of {len(runs)} runs)"
    return Row(name, len(runs), what, found, limit, holds, latest / within if within else None)


def _forecast(run: Report, rung: str) -> int | None:
    """Return after how many parts the plan page saw the line on a rung: rung after rung, each with its own wait."""
    below = CLIMBED[: CLIMBED.index(rung) + 1]
    waits = [(run.get("forecast") or {}).get(one, {}).get("parts") for one in below]
    return None if None in waits else sum(waits)


def _first_up(run: Report, rung: str) -> Report | None:
    return next((move for move in run["timeline"] if move["to"] == rung and _is_up(move)), None)


def _is_up(move: Report) -> bool:
    return _RUNGS.index(move["to"]) > _RUNGS.index(move["from"])


def _stay(name: str, runs: Runs) -> list[Row]:
    """Promotion of a model exactly at the limits is an error; it may happen as often as the gate's alpha says."""
    wrong = sum(any(_is_up(move) for move in run["timeline"]) for run in runs)
    low, high = clopper_pearson(wrong, len(runs))
    allowed = ALPHAS[runs[0]["from_level"]]
    found = f"{wrong} of {len(runs)} [{low:.3f}, {high:.3f}]"
    ratio = wrong / len(runs) / allowed
    return [Row(name, len(runs), "wrong promotions", found, f"at most {allowed:.0%}", low <= allowed, ratio)]


def _never_up(name: str, runs: Runs) -> list[Row]:
    promoted = sum(any(_is_up(move) for move in run["timeline"]) for run in runs)
    certified = sum(run.get("certified", 0) > 0 for run in runs)
    found = f"{promoted} promoted, {certified} certified"
    return [Row(name, len(runs), "promoted or certified", found, "0", promoted == certified == 0)]


# What brings a line down ----------------------------------------------------------------------------------------


def _dark(name: str, runs: Runs) -> list[Row]:
    told = [run["figures"] for run in runs]
    on_real_images = name.removeprefix("dark").strip("-") not in ("", "drawn")
    before, after = (sum(one[f"auto_{when}_hold"] for one in told) for when in ("before", "after"))
    rows = [
        Row(name, len(runs), "dark images decided before the hold", str(before), "told" if on_real_images else "0",
            on_real_images or before == 0),
        Row(name, len(runs), "dark images decided after the hold", str(after), "0", after == 0),
        _within(name, runs, "notice", NOTICE_WITHIN),
        _within(name, runs, "alarm", ALARM_WITHIN),
        _acted(name, runs),
    ]  # fmt: skip
    return rows + _shares(name, told)


def _within(name: str, runs: Runs, what: str, limit: int) -> Row:
    came = [_images_until(run, what) for run in runs]
    latest = max((one for one in came if one is not None), default=None)
    found = "never" if latest is None else f"{latest} at the latest"
    holds = None not in came and latest is not None and latest <= limit
    ratio = None if latest is None else latest / limit
    return Row(name, len(runs), f"dark images until the {what}", found, f"at most {limit}", holds, ratio)


def _images_until(run: Report, what: str) -> int | None:
    at = run["first_after_event"][what]
    return None if at is None else at - run["event_item"] + 1


def _acted(name: str, runs: Runs) -> Row:
    """The alarm freezes promotions and tightens the audit; where it goes on, the line comes down."""
    frozen = sum(run["figures"]["promotions_frozen"] for run in runs)
    tightened, down = (
        sum(run["first_after_event"][what] is not None for run in runs) for what in ("tightened", "demotion")
    )
    found = f"{frozen}, {tightened}, {down}"
    holds = frozen == tightened == down == len(runs)
    return Row(name, len(runs), "runs frozen, audit tightened, brought down", found, "every run", holds)


def _shares(name: str, told: Sequence[Report]) -> list[Row]:
    """Return what each measure stops of the dark images, and what all of them do together."""
    stopped = [one for one in told if "stopped_by" in one]
    measures = dict.fromkeys(measure for one in stopped for measure in one["stopped_by"])
    shares = {measure: mean(one["stopped_by"].get(measure, 0.0) for one in stopped) for measure in measures}
    if stopped:
        shares["any"] = mean(one["stopped_by_any"] for one in stopped)
    return [
        Row(name, len(told), f"dark images stopped by {measure}", f"{share:.1%}", "told", holds=True)
        for measure, share in shares.items()
    ]


def _concept(name: str, runs: Runs) -> list[Row]:
    told = [run["figures"] for run in runs if run["figures"].get("audits_to_demotion") is not None]
    by_chart = sum("escape chart" in one["demoted_by"] for one in told)
    if not told:
        return [Row(name, len(runs), "audits to demotion", "never", "", holds=False)]
    audits = [one["audits_to_demotion"] for one in told]
    # A line's chart is designed for what its bands pass, so each run has an exact mean of its own.
    exact = mean(one["exact_run_length"] for one in told)
    error = stdev(audits) / sqrt(len(audits)) if len(audits) > 1 else float("inf")
    ratio = mean(audits) / exact
    what = f"mean audits to demotion ({by_chart} of {len(runs)} by the chart)"
    found, limit = f"{mean(audits):.1f} (se {error:.1f})", f"{exact:.1f} +- {RUN_LENGTH_WITHIN:.0%}"
    return [Row(name, len(runs), what, found, limit, abs(ratio - 1) <= RUN_LENGTH_WITHIN, ratio)]


def _dead(name: str, runs: Runs) -> list[Row]:
    shifts = [_shifts(run["figures"]) for run in runs]
    slowest = max(shifts)
    found = f"{slowest:.2f} shifts at the latest" if slowest < float("inf") else "not every run"
    missed = median(run["figures"]["missed"] for run in runs)
    what = f"shifts until down (median {missed:.0f} parts missed)"
    return [Row(name, len(runs), what, found, "1 shift", slowest <= 1, slowest)]


def _shifts(told: Report) -> float:
    hours = told["hours_to_demotion"]
    return float("inf") if hours is None else hours / told["shift_hours"]


def _starved(name: str, runs: Runs) -> list[Row]:
    moves = [[(move["from"], move["to"]) for move in run["timeline"]] for run in runs]
    shifts = [run["figures"]["starved_shifts"] for run in runs]
    one_down = sum(one == [("partial", "assist")] for one in moves)
    found = f"{one_down} one level down, after {min(shifts)} to {max(shifts)}"
    holds = one_down == len(runs) and set(shifts) == {STARVED_SHIFTS}
    return [Row(name, len(runs), "starved shifts until down", found, f"{STARVED_SHIFTS} shifts, one level", holds)]


# What is said of the model --------------------------------------------------------------------------------------


def _noisy(name: str, runs: Runs) -> list[Row]:
    told = [run["figures"] for run in runs if run["figures"]["two_phase"] is not None]
    if not told:
        return [Row(name, len(runs), "two-phase estimate", "undefined", "", holds=False)]
    bias = mean(one["two_phase"] - one["true_escape"] for one in told)
    error = sqrt(sum(one["se"] ** 2 for one in told)) / len(told)
    off = mean(one["naive"] for one in told) / mean(one["true_escape"] for one in told)
    within, ratio = f"at most {STANDARD_ERRORS * error:.4f}", abs(bias) / (STANDARD_ERRORS * error)
    found, apart = f"{bias:+.4f} (se {error:.4f})", f"off by more than {NAIVE_OFF:g}x"
    naive = Row(name, len(runs), "single readings", f"{off:.2f}x the truth", apart, off > NAIVE_OFF, off / NAIVE_OFF)
    return [Row(name, len(runs), "two-phase estimate minus truth", found, within, ratio <= 1, ratio), naive]


# Candidates -----------------------------------------------------------------------------------------------------


def _candidate(outcome: str) -> Callable[[str, Runs], list[Row]]:
    def said(name: str, runs: Runs) -> list[Row]:
        ended = sum(run["rollout"]["outcome"] == outcome for run in runs)
        items = median(run["rollout"]["canary_items"] for run in runs)
        found = f"{ended} of {len(runs)}, median {items:.0f} parts"
        return [Row(name, len(runs), outcome.replace("_", " "), found, "every run", ended == len(runs))]

    return said


def _taken_back(name: str, runs: Runs) -> list[Row]:
    """Beside the outcome, the median beside that of the rule alone: ten runs tell half from double, no more."""
    items = median(run["rollout"]["canary_items"] for run in runs)
    exact = median_delay(OVERTURNS, FIRST_SHARE, runs[0]["factor"])
    ratio, found = items / exact, f"{items:.0f} parts, {exact:.0f} by the rule alone"
    beside = Row(name, len(runs), "parts until rolled back", found, "half to double", 1 / 2 <= ratio <= 2, ratio / 2)
    return [*_candidate("rolled_back")(name, runs), beside]


_ROWS: dict[str, Callable[[str, Runs], list[Row]]] = {
    "climb": _climb,
    "stay": _stay,
    "always-pass": _never_up,
    "dark": _dark,
    "concept": _concept,
    "dead-model": _dead,
    "starved-audit": _starved,
    "noisy-inspectors": _noisy,
    "bad-candidate": _taken_back,
    "good-candidate": _candidate("promoted"),
}
