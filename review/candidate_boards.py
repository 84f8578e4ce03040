"""What the pages and the API show of a candidate's own certificate: where it stands, and what it still waits for."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from inspection import certificates
from inspection.models import Bands, Line, Rollout
from review import band_boards, bands, candidate_bands, retro
from review.band_models import Certification
from review.candidate_bands import Need
from review.forecasts import Forecast, forecast
from review.retro_models import RetroTrial

NEEDS: dict[str, Promise] = {
    "parts": gettext_lazy("Ruled parts of the truth draw that certify"),
    "known": gettext_lazy("Known defects for the closed list"),
    "bank": gettext_lazy("Bank images that it has seen"),
    "live": gettext_lazy("Parts that it has seen on this line"),
    "shifts": gettext_lazy("Shifts in which they came"),
    "agreement": gettext_lazy("People's first calls do not contradict it"),
    "challenges": gettext_lazy("No challenge part was passed by it"),
    "unlearned": gettext_lazy("It was trained on nothing that judges it"),
}
YES_OR_NO = ("agreement", "challenges", "unlearned")
IN_FORCE, SIGNED_ONCE, LAPSED, NONE = "in_force", "signed_once", "lapsed", "none"


@dataclass(frozen=True, kw_only=True)
class NeedRow:
    """One thing that the next attempt waits for, in words."""

    need: Need
    word: str

    @property
    def is_counted(self) -> bool:
        return self.need.code not in YES_OR_NO


@dataclass(frozen=True, kw_only=True)
class Board:
    """The certificate of an open rollout's candidate as it stands now. `serves` once it has been switched to."""

    rollout: Rollout
    state: str
    bands: Bands | None
    made: Certification | None
    sentence: str
    forecast: Forecast | None
    needs: list[NeedRow]
    attempt: int
    delta: float
    trial: RetroTrial | None
    serves: bool

    @property
    def missing(self) -> list[NeedRow]:
        return [row for row in self.needs if not row.need.is_met]


def of(rollout: Rollout | None, *, now: datetime) -> Board | None:
    """Return the board of an open rollout; None where none is open, or its candidate has no version to follow."""
    if rollout is None or not rollout.is_open or rollout.incumbent_id is None:
        return None
    line = _line(rollout)
    serves = line.present_epoch.model_version_id == rollout.candidate_id
    standing = certificates.standing(line, rollout.candidate_id)
    attempts = rollout.certifications.select_related("bands", "made_by").order_by("-pk")
    made = (attempts.filter(bands=standing) if standing else attempts).first()
    limits = candidate_bands.at_attempt(line)
    shares = made.outcome["shares"] if made and made.bands_id else None
    needs = [] if serves else candidate_bands.needs(rollout, limits=limits)
    return Board(
        rollout=rollout,
        state=_state(line, made, standing),
        bands=standing,
        made=made,
        sentence=band_boards.sentence(made) if made else "",
        forecast=forecast(line, shares, now=now) if shares else None,
        needs=[NeedRow(need=need, word=str(NEEDS[need.code])) for need in needs],
        attempt=candidate_bands.attempts(line) + 1,
        delta=limits.delta,
        trial=retro.trial_of(line, rollout.candidate),
        serves=serves,
    )


def of_line(line: Line, *, now: datetime) -> Board | None:
    """Return the board of the line's open rollout."""
    return of(line.rollouts.select_related("line", "candidate", "incumbent").order_by("-pk").first(), now=now)


def as_plain(rollout: Rollout, *, now: datetime) -> dict[str, Any] | None:
    """Return the certificate as the API tells it: what a refused attempt missed is not in it."""
    board = of(rollout, now=now)
    if board is None:
        return None
    return {
        "state": board.state,
        "bands": {"t_lo": board.bands.t_lo, "t_hi": board.bands.t_hi} if board.bands else None,
        "newest": _newest(board.made) if board.made else None,
        "next_attempt": board.attempt,
        "delta": board.delta,
        "needs": [{**asdict(row.need), "met": row.need.is_met} for row in board.needs],
    }


def _newest(made: Certification) -> dict[str, Any]:
    is_certified = made.bands_id is not None
    return {
        "n": made.n,
        "certified": is_certified,
        "shares": made.outcome["shares"] if is_certified else None,
        "inputs_hash": made.inputs_hash,
        "made_by": made.made_by.username if made.made_by else None,
        "made_at": made.made_at,
    }


def _state(line: Line, made: Certification | None, standing: Bands | None) -> str:
    if standing is not None:
        return IN_FORCE
    if made is None or made.bands is None:
        return NONE
    return SIGNED_ONCE if bands.would_stand(line, made.bands) else LAPSED


def _line(rollout: Rollout) -> Line:
    lines = Line.objects.select_related(
        "product", "epoch__model_version", "bands", "deployment__candidate", "deployment__bands"
    )
    return lines.get(pk=rollout.line_id)
