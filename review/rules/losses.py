"""What certified bands let through, told as loss: unseen among defective parts, defective among passed parts.

Escape rate and escaped fraction are two figures and never one. Both limits are those of the certificate's own tests:
one-sided and exact. Source: Tollgate's statistics, sections 1.1 and 3.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from review.rules.certifying import DEFAULTS
from stats.proportions import cp_upper


@dataclass(frozen=True, kw_only=True)
class Loss:
    """How many of `seen` parts were lost, and what that says of `per` parts: about how many, and at most."""

    lost: int
    seen: int
    per: int
    delta: float

    @property
    def about(self) -> float:
        return self.per * self.lost / self.seen

    @property
    def at_most(self) -> int:
        return ceil(self.per * cp_upper(self.lost, self.seen, self.delta))


def escape_rate(certificate: Mapping[str, Any]) -> Loss | None:
    """Return how many of 1,000 defective parts the bands pass, by the closed list; None where no defect was listed."""
    counted = certificate.get("closed_list", {}).values()
    lost = sum(passed for _kept, passed in counted)
    return _loss(certificate, lost, sum(kept for kept, _passed in counted) + lost, per=1_000)


def escaped_fraction(certificate: Mapping[str, Any], t_lo: float | None) -> Loss | None:
    """Return how many of 1,000,000 passed parts are defective, by the parts that certified; None without such parts.

    A row of the trace is [threshold, parts passed there, defects among them, ...]; the band ends at one of them.
    """
    ends = (row for row in certificate.get("pass_trace", ()) if row[0] == t_lo)
    _t, seen, lost = next(ends, (t_lo, 0, 0))[:3]
    return _loss(certificate, int(lost), int(seen), per=1_000_000)


def _loss(certificate: Mapping[str, Any], lost: int, seen: int, *, per: int) -> Loss | None:
    # Bands that came with the set-up of a line name no limits: theirs are told as surely as any other's by default.
    delta = certificate.get("limits", {}).get("delta", DEFAULTS.delta)
    return Loss(lost=lost, seen=seen, per=per, delta=delta) if seen else None
