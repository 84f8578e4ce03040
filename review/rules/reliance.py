"""How far people follow a model that is wrong, and how far they keep away from one that is right."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.rules.words import Call, Label
from stats.proportions import Difference, clopper_pearson, mcnemar_exact, newcombe


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One gold item with a planted call: the truth, the call, what the person said first and last.

    `is_shown` says that the person saw the call; without it both answers are the same.
    """

    truth: Call
    call: Call
    first: Label
    last: Label
    is_control: bool
    is_shown: bool

    @property
    def is_wrong(self) -> bool:
        return self.call != self.truth


@dataclass(frozen=True)
class Share:
    """k of n with its exact 95 % interval."""

    k: int
    n: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Reliance:
    """Over-reliance: right calls given up to a wrong prediction. Self-reliance: right predictions not taken.

    Omission and commission set the last calls beside those of the control: where the model is wrong, how much more
    often a defect passes, or a good part is called a defect. None while an arm is empty. `harmful` and `helpful` count
    switches after a call was shown.
    """

    over: Share
    self_reliance: Share
    omission: Difference | None
    commission: Difference | None
    arms: tuple[int, int]
    harmful: int
    helpful: int
    p: float


def reliance(seen: Sequence[Seen]) -> Reliance:
    """Return what planted calls tell. "Cannot judge" at either end tells nothing and is left out."""
    judged = [one for one in seen if Label.CANNOT_JUDGE not in (one.first, one.last)]
    shown = [one for one in judged if one.is_shown]
    misled = [one for one in shown if one.is_wrong and _right(one, one.first)]
    helped = [one for one in shown if not one.is_wrong and not _right(one, one.first)]
    harmful = sum(_right(one, one.first) and not _right(one, one.last) for one in shown)
    helpful = sum(not _right(one, one.first) and _right(one, one.last) for one in shown)
    wrong = [one for one in judged if one.is_wrong]
    return Reliance(
        over=_share(sum(not _right(one, one.last) for one in misled), len(misled)),
        self_reliance=_share(sum(not _right(one, one.last) for one in helped), len(helped)),
        omission=_difference([one for one in wrong if one.truth == Call.DEFECT]),
        commission=_difference([one for one in wrong if one.truth == Call.PASS]),
        arms=(sum(not one.is_control for one in wrong), sum(one.is_control for one in wrong)),
        harmful=harmful,
        helpful=helpful,
        p=mcnemar_exact(harmful, helpful),
    )


def given_up(seen: Sequence[Seen]) -> tuple[int, int]:
    """Return (right calls given up, right calls) of defects after a planted pass was shown: what the gate asks."""
    found = [
        one
        for one in seen
        if one.is_shown and one.truth == Call.DEFECT and one.call == Call.PASS and one.first == Label.DEFECT
    ]
    return sum(one.last == Label.PASS for one in found), len(found)


def omission(seen: Sequence[Seen]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return of the defects with a planted pass (passed at last, all), those people were told and the control's."""
    judged = [one for one in seen if Label.CANNOT_JUDGE not in (one.first, one.last)]
    return _arms([one for one in judged if one.is_wrong and one.truth == Call.DEFECT])


def _right(one: Seen, said: Label) -> bool:
    return said.value == one.truth.value


def _share(k: int, n: int) -> Share:
    return Share(k, n, *clopper_pearson(k, n))


def _difference(wrong: Sequence[Seen]) -> Difference | None:
    """Set last calls that are wrong beside those of the control arm."""
    told, control = _arms(wrong)
    return newcombe(*told, *control) if told[1] and control[1] else None


def _arms(wrong: Sequence[Seen]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return (last calls that are wrong, all) of those people were told, and of the control."""
    told, control = ([one for one in wrong if one.is_control == arm] for arm in (False, True))
    return (_misses(told), len(told)), (_misses(control), len(control))


def _misses(arm: Sequence[Seen]) -> int:
    return sum(not _right(one, one.last) for one in arm)
