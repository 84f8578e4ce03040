"""What one run adds to each evidence stream: one Bernoulli per part run, failed if any of its images fails.

The four cells of a tally count row x column: model (incumbent, first reader) x reference, p = pass, d = defect.
A failure without a cell has no reference yet: nobody could judge, or two people differ and no ruling came.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from inspection.rules.words import Call, Label, Policy, Stream

# The worst image speaks for the run.
_WORST_FIRST = ("pd", "dp", "dd", "pp")


class Tally(NamedTuple):
    """Successes, failures and the four cells. Differences of tallies may be negative."""

    s: int = 0
    f: int = 0
    pp: int = 0
    pd: int = 0
    dp: int = 0
    dd: int = 0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(*(mine + its for mine, its in zip(self, other, strict=True)))

    def minus(self, other: "Tally") -> "Tally":
        return Tally(*(mine - its for mine, its in zip(self, other, strict=True)))


@dataclass(frozen=True, kw_only=True)
class View:
    """What was said about one image of the run.

    `ruling` is what the part itself showed, else the standing label of its adjudications, None while there is
    neither, and `ruled_class` the class of a defect; `is_drawn_ruling` says that it was adjudicated. `policy` is what
    the bands did or would have done, None without bands. `revised` is the call after the prediction was shown.
    `is_disputed` marks an amendment, or a doubt, that waits for its ruling. `is_blind` says that the first
    call came before any prediction was shown. `is_sampled` says that the image came to people for every run alike,
    not because the model was unsure. `is_raised` says that it was ruled on only because a candidate differed, or
    somebody who knew all that was said of it doubted it.
    """

    first: Label
    second: Label | None = None
    model: Call | None = None
    incumbent: Call | None = None
    ruling: Label | None = None
    ruled_class: str = ""
    policy: Policy | None = None
    revised: Label | None = None
    is_disputed: bool = False
    is_drawn_ruling: bool = True
    is_blind: bool = True
    is_sampled: bool = True
    is_raised: bool = False

    @property
    def reference(self) -> Label | None:
        """The verdict of record: the ruling, else the first call where nobody contradicts it; None when open."""
        if self.ruling is not None:
            return None if self.ruling == Label.CANNOT_JUDGE else self.ruling
        contested = self.is_disputed or (self.second is not None and self.second != self.first)
        return None if contested or self.first == Label.CANNOT_JUDGE else self.first


def tallies(views: Sequence[View], *, drawn_truth: bool) -> dict[Stream, Tally]:
    """Return what a whole run adds to each stream it belongs to."""
    counted = {
        Stream.AGREEMENT: _agreement(views),
        Stream.DETECTION: _detection(views) if drawn_truth else None,
        Stream.SPECIFICITY: _specificity(views) if drawn_truth else None,
        Stream.POLICY_DETECTION: _policy_detection(views) if drawn_truth else None,
        Stream.POLICY_SPECIFICITY: _policy_specificity(views) if drawn_truth else None,
        Stream.PEOPLE: _people(views),
        Stream.INCUMBENT: _incumbent(views),
        Stream.CANNOT_JUDGE: _cannot_judge(views),
        Stream.OMISSION: _omission(views),
    }
    return {stream: tally for stream, tally in counted.items() if tally is not None}


def strata(views: Sequence[View]) -> dict[Stream, Tally]:
    """Return the run's images by the model's call and the first reading: all, the ruled, and the defects among these.

    Only images that came to people for every run alike. One that nobody could judge has no place in the table.
    """
    counted = [view for view in views if view.model and view.is_blind and view.is_sampled and _is_clear(view)]
    # What comes back from the field was drawn by its outcome, what a candidate differed on by its difference, what is
    # doubted by what was said of it: each would bend the estimate of its stratum.
    ruled = [view for view in counted if view.ruling is not None and view.is_drawn_ruling and not view.is_raised]
    defects = [view for view in ruled if view.ruling == Label.DEFECT]
    cells = {Stream.READ: counted, Stream.RULED: ruled, Stream.RULED_DEFECT: defects}
    return {stream: _cells(group) for stream, group in cells.items() if group}


def policy_class(views: Sequence[View]) -> str:
    """Return the class of the defect the run stands for in the policy's detection: one passed before one found."""
    shown = [view for view in views if view.ruling == Label.DEFECT]
    passed = [view for view in shown if view.policy == Policy.PASS]
    return next((view.ruled_class for view in (*passed, *shown)), "")


def _agreement(views: Sequence[View]) -> Tally | None:
    """The model equals the verdict of record; whatever is open counts as a failure until it is ruled on."""
    if not all(view.model and view.is_blind and view.is_sampled for view in views):
        return None
    if any(view.reference is None for view in views):
        return Tally(f=1)
    return _tally(_cell(view.model, view.reference) for view in views)


def _detection(views: Sequence[View]) -> Tally | None:
    """A defect by adjudicated truth, found on every image that shows it.

    While a ruling is missing, a defect that the model may have missed counts as a failure without a cell.
    """
    if not all(view.model and view.is_blind for view in views):
        return None
    return _found(views, missed=lambda view: view.model == Call.PASS)


def _specificity(views: Sequence[View]) -> Tally | None:
    """A good part by adjudicated truth, called good on every image."""
    if not _is_ruled(views) or any(view.ruling != Label.PASS for view in views):
        return None
    return _tally(_cell(view.model, Label.PASS) for view in views)


def _policy_detection(views: Sequence[View]) -> Tally | None:
    """A defect by adjudicated truth that the bands pass on no image that shows it: they reject it or ask a person."""
    if not all(view.policy for view in views):
        return None
    return _found(views, missed=lambda view: view.policy == Policy.PASS)


def _policy_specificity(views: Sequence[View]) -> Tally | None:
    """A good part by adjudicated truth that the bands reject on no image."""
    if not all(view.policy and view.ruling == Label.PASS for view in views):
        return None
    return _tally("dp" if view.policy == Policy.REJECT else "pp" for view in views)


def _omission(views: Sequence[View]) -> Tally | None:
    """A defect that the person had found and the model had not: a failure where the shown prediction made them pass it.

    Harm done by assistance, against the person's own blind call a moment before.
    """
    shown = [
        view.revised
        for view in views
        if view.is_blind and view.revised and view.model == Call.PASS and view.first == view.ruling == Label.DEFECT
    ]
    given_up = any(label == Label.PASS for label in shown)
    return Tally(s=int(not given_up), f=int(given_up)) if shown else None


def _found(views: Sequence[View], *, missed: Callable[[View], bool]) -> Tally | None:
    if any(view.ruling is None for view in views):
        return Tally(f=1) if any(missed(view) and _may_be_defect(view) for view in views) else None
    shown = [view for view in views if view.ruling == Label.DEFECT]
    return _tally("pd" if missed(view) else "dd" for view in shown) if shown else None


def _may_be_defect(view: View) -> bool:
    if view.ruling is not None:
        return view.ruling == Label.DEFECT
    return Label.DEFECT in (view.first, view.second)


def _is_ruled(views: Sequence[View]) -> bool:
    return all(view.model and view.ruling is not None and view.is_blind for view in views)


def _is_clear(view: View) -> bool:
    return Label.CANNOT_JUDGE not in (view.first, view.ruling)


def _people(views: Sequence[View]) -> Tally | None:
    """Two independent blind readers of the same images; 'cannot judge' has no side and is left out."""
    if not all(view.second and view.is_blind for view in views):
        return None
    if any(Label.CANNOT_JUDGE in (view.first, view.second) for view in views):
        return None
    return _tally(_cell(view.first, view.second) for view in views)


def _incumbent(views: Sequence[View]) -> Tally | None:
    """The older inspection system against the verdict of record."""
    if not all(view.incumbent and view.reference and view.is_sampled for view in views):
        return None
    return _tally(_cell(view.incumbent, view.reference) for view in views)


def _cannot_judge(views: Sequence[View]) -> Tally:
    """Here a success is a run on which somebody could not judge: the rate has its own chart."""
    unjudged = any(view.first == Label.CANNOT_JUDGE for view in views)
    return Tally(s=int(unjudged), f=int(not unjudged))


def _cell(row: Call | Label | None, column: Label | None) -> str:
    return "".join("d" if word == Label.DEFECT.value else "p" for word in (row, column))


def _cells(views: Sequence[View]) -> Tally:
    """Count images by row = the model's call, column = the first reading."""
    return Tally(**Counter(_cell(view.model, view.first) for view in views))


def _tally(cells: Iterable[str]) -> Tally:
    found = set(cells)
    cell = next(cell for cell in _WORST_FIRST if cell in found)
    return Tally(s=int(cell in ("pp", "dd")), f=int(cell in ("pd", "dp")), **{cell: 1})
