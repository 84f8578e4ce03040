"""A simulated line before its first part: people, a signed scope, a defect bank, a model, and the rung it begins on."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inspection import epochs, registry, risks, scopes
from inspection.models import (
    Bands,
    GateLimits,
    Item,
    Line,
    Measures,
    Membership,
    ModelVersion,
    Salt,
    Station,
    User,
)
from inspection.rules.words import Decider, Level, Pace, RiskClass, Role
from monitoring.simulation.factory import Factory
from monitoring.simulation.parts import Made
from review import bank, filling
from review.bands import embedding_of
from review.rules import certifying
from review.rules.certifying import KnownDefect
from vision.envelope import WORDS

if TYPE_CHECKING:
    from monitoring.simulation.world import World

SLUG = "simulated"
INSPECTORS = ("ana", "andre", "aria")
LEADS = ("quinn", "quill")
DEADLINE_S = 4 * 3600.0
AT_ONCE = 20
RISKS = {"scratch": RiskClass.MAJOR, "stain": RiskClass.COSMETIC, "crack": RiskClass.CRITICAL}
_NAMES_KO = {"scratch": "긁힘", "stain": "얼룩", "crack": "균열"}
_CAUSE = "set up with the simulation, as if two leads had signed"


def people(*, now: datetime) -> tuple[list[User], list[User]]:
    """Return the inspectors and the two leads, founders all."""
    inspectors = [_person(name, Role.INSPECTOR, now=now) for name in INSPECTORS]
    return inspectors, [_person(name, Role.QA_LEAD, now=now) for name in LEADS]


def _person(name: str, role: Role, *, now: datetime) -> User:
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, role=role.value, is_founding=True, granted_at=now)
    return user


# Scope ----------------------------------------------------------------------------------------------------------


def line_of(factory: Factory, *, by: User, seed: int, now: datetime) -> Line:
    """Found the line, go through the five steps of its scope, and sign it."""
    place = {
        "name": "Simulated line",
        "name_ko": "모의 라인",
        "takt_s": 86_400 / factory.parts_per_day,
        "time_zone": "UTC",
    }
    line = scopes.found(slug=SLUG, sku="SIM-1", facts={**place, **_description(factory)}, by=by, now=now)
    for key, code in enumerate(factory.classes, start=1):
        scopes.keep_class(line, code=code, facts=_limits(code, key), by=by, now=now)
    scopes.aim(line, facts=_targets(factory), by=by, now=now)
    scopes.say_who_decides(line, decider=Decider.PEOPLE, system_name="", by=by, now=now)
    scopes.measure(line, facts=_baseline(now), by=by, now=now)
    for watch in risks.standing(line):
        if watch.is_amber:
            risks.accept(watch.failure_mode, reason="nothing of it happens in a simulation", by=by, now=now)
    GateLimits.objects.create(
        line=line, to_level=Level.ASSIST.value, limits={"route": "bank"}, created_at=now, created_by=by
    )
    scopes.sign(line, by=by, now=now)
    # The newest salt draws: this one follows the seed.
    Salt.objects.create(line=line, secret=f"{seed:016x}", created_at=now + timedelta(seconds=1))
    _set_up(line, factory)
    return line


def _set_up(line: Line, factory: Factory) -> None:
    line.shift_pattern = [dict(shift) for shift in factory.shift_pattern]
    line.truth_share, line.overlap_share = factory.truth_share, factory.overlap_share
    line.control_share, line.review_deadline_s = factory.control_share, DEADLINE_S
    line.save(update_fields=["shift_pattern", "truth_share", "overlap_share", "control_share", "review_deadline_s"])


def _description(factory: Factory) -> dict[str, object]:
    return {
        "definition": "What the simulation calls a defect.",
        "parts_per_day": factory.parts_per_day,
        "defect_rate_low": factory.defect_rate,
        "defect_rate_high": factory.defect_rate,
        "pace": Pace.CONSUMER.value,
        "recertify_by": None,
    }


def _limits(code: str, key: int) -> dict[str, object]:
    return {
        "name": code,
        "name_ko": _NAMES_KO.get(code, code),
        "risk_class": RISKS.get(code, RiskClass.MAJOR).value,
        "key": key,
        "still_good": "not seen at 40 cm",
        "already_bad": "seen at 40 cm",
        "kept_as": f"LS-{code}",
    }


def _targets(factory: Factory) -> dict[str, object]:
    money = dict.fromkeys(("cost_escape", "cost_overkill", "cost_reading"))
    return {
        "target_escape_ppm": factory.target_escape_ppm,
        "target_overkill_share": 0.03,
        "currency": "EUR",
        "lot_release": False,
        **money,
    }


def _baseline(now: datetime) -> dict[str, object]:
    return {
        "judge": Decider.PEOPLE.value,
        "defects": 75,
        "missed": 6,
        "good": 75,
        "rejected": 1,
        "method": "as the simulation was told",
        "measured_on": now.date(),
    }


def station_of(line: Line, *, now: datetime) -> Station:
    return Station.objects.create(line=line, name=f"{line.slug}-1", created_at=now)


# Bank and model -------------------------------------------------------------------------------------------------


def fill_bank(world: "World") -> None:
    """Send known defects through the line, let people read them, and keep them sealed in the bank."""
    known = range(-1_000_000, -1_000_000 + world.factory.bank)
    for first in known[::AT_ONCE]:
        made = [world.maker.make_defect(n, now=world.now) for n in known[first - known[0] :][:AT_ONCE]]
        for one, item in zip(made, world.bring_in(made), strict=True):
            _keep(one, item, world)
        world.advance(timedelta(seconds=2) * len(made))
    world.settle()


def _keep(made: Made, item: Item, world: "World") -> None:
    defect = bank.add(
        world.line,
        serial=made.serial,
        view=item.view,
        defect_class=made.defect_class,
        mark="1",
        found_by="collected before the start",
        by=world.leads.first,
        now=world.now,
    )
    bank.confirm(defect, method="microscope", by=world.leads.second, now=world.now)


def serve(world: "World") -> ModelVersion:
    """Put the model on the line that the eyes look with."""
    version = world.eyes.model(world.factory, now=world.now)
    registry.serve(world.line, version, by=world.leads.first, cause="set-up", now=world.now)
    world.line = world.fresh_line()
    return version


# Rungs ----------------------------------------------------------------------------------------------------------


def stand(world: "World", level: Level) -> None:
    """Put the line on a rung, with a history that says how it came there."""
    line = world.fresh_line()
    rungs = list(Level)[Level(line.level).rung + 1 : level.rung + 1]
    leads = (world.leads.first, world.leads.second)
    filling.stand(line, [(rung, world.now) for rung in rungs], leads=leads, cause=_CAUSE)
    world.line = world.fresh_line()


def put_bands(world: "World") -> Bands:
    """Put bands on the line as if certified: up to the call threshold, with the bank as their closed list.

    Their envelope is that of the images before, as far as the model embeds them their distance included.
    """
    line = world.fresh_line()
    version = registry.present(line)
    known = [KnownDefect(one.group, _hardest(one), one.defect_class) for one in bank.known(line, version)]
    measured = list(Measures.objects.filter(item__line=line).values(*WORDS))
    looked_at = Measures.objects.filter(item__line=line).values_list("item", flat=True)
    bands = Bands.objects.create(
        line=line,
        epoch=line.present_epoch,
        model_version=version,
        calibrator_hash=epochs.calibrator_hash(version),
        t_lo=line.call_threshold,
        t_hi=None,
        certificates={
            "basis": _CAUSE,
            "closed_list": certifying.closed_list(known, line.call_threshold),
            "embedding": embedding_of(list(looked_at)),
        },
        envelope=certifying.envelope(measured),
        created_at=world.now,
    )
    line.bands = bands
    line.save(update_fields=["bands"])
    return bands


def _hardest(known: bank.Known) -> float:
    return min(1.0 if probability is None else probability for probability in known.probabilities)
