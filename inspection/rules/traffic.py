"""Which model versions must see a run, and which one of them speaks for it."""

from dataclasses import dataclass

from inspection.rules.words import Level, PredictionRole, RolloutStrategy


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What stands on a line: ids of model versions, None where there is none."""

    serving: int | None
    candidate: int | None = None
    strategy: str = ""
    share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Seer:
    """A version that must see the run, and as what."""

    version: int
    role: PredictionRole


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Everybody who sees the run, the speaker first. `speaker` is None when only people do."""

    seers: tuple[Seer, ...]
    speaker: int | None

    @property
    def live(self) -> tuple[Seer, ...]:
        """Those whose answer is waited for."""
        return tuple(seer for seer in self.seers if seer.role != PredictionRole.SHADOW)

    @property
    def silent(self) -> tuple[Seer, ...]:
        """Those who look once the line has its answer."""
        return tuple(seer for seer in self.seers if seer.role == PredictionRole.SHADOW)


def choose(deployed: Deployed, *, level: str, canary_position: float) -> Traffic:
    """Name the versions that must see a run.

    The serving version sees every run and speaks for it. The other colour, kept warm beside it, sees
    every run silently; a shadow those whose position, drawn at intake, lies below its share. A canary
    speaks for the runs below its share; the serving version looks at them afterwards, for the pair, so that no
    answer waits for two models and none is late for the other's sake.
    At `human` nobody is asked, nor at a level this release does not know.
    """
    if level not in set(Level) - {Level.HUMAN}:
        return Traffic(seers=(), speaker=None)
    serving = _seers(deployed.serving, PredictionRole.SERVING)
    if deployed.strategy == RolloutStrategy.CANARY and canary_position < deployed.share:
        candidate = _seers(deployed.candidate, PredictionRole.CANDIDATE)
        return _traffic(candidate + _seers(deployed.serving, PredictionRole.SHADOW))
    is_sampled = deployed.strategy == RolloutStrategy.SHADOW and canary_position < deployed.share
    if is_sampled or deployed.strategy == RolloutStrategy.BLUE_GREEN:
        return _traffic(serving + _seers(deployed.candidate, PredictionRole.SHADOW), speaks=bool(serving))
    return _traffic(serving)


def _seers(version: int | None, role: PredictionRole) -> tuple[Seer, ...]:
    return () if version is None else (Seer(version=version, role=role),)


def _traffic(seers: tuple[Seer, ...], *, speaks: bool = True) -> Traffic:
    once = tuple(seer for n, seer in enumerate(seers) if seer.version not in {other.version for other in seers[:n]})
    return Traffic(seers=once, speaker=once[0].version if once and speaks else None)
