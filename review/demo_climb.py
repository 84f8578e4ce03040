"""How `phone-back` earned its rung: a bank, three stretches of evidence, a certificate, and two leads at each gate.

Every step is the product's own deed, at the moment it belongs to. A gate that stays shut fails the loading.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from inspection import health, registry, waivers
from inspection.models import Line, Lot, Part, Run, Station, User
from inspection.rules.gates import HARM
from inspection.rules.words import Label, Level
from review import bands, bank, demo_challenges, demo_past, filling, lots, signing
from review.demo_past import Stretch
from review.demo_pictures import Pool, kept, serial, shot_of
from review.demo_scenes import Scene
from review.filling import Past
from vision import drawn

# Each a defect of its own; a closed list of 59 without a miss proves the limit for all of them together.
BANK = {"scratch": 18, "chip": 15, "crack": 15, "stain": 12}
BANK_VISIBILITY = (0.75, 1.0)
# Together so many that a certificate fits below the call threshold whichever parts their hash sets aside for tuning.
SHADOW = {"pp": 640, "dp": 6, "dd": 34}
ASSIST = {"pp": 680, "dp": 5, "dd": 35}
WITH_BANDS = {"pp": 235, "dp": 2, "dd": 13}
# While evidence for the certificate is collected every part is ruled on.
CAMPAIGN_SHARE = 1.0
WAIVED_FOR = timedelta(days=90)
# Between the last part of the past and the moment of loading.
LEFT_BEFORE = timedelta(minutes=70)


def fill_bank(line: Line, station: Station, people: Mapping[str, User], *, now: datetime) -> None:
    """Bring known defects over the line before it has a model, and confirm each under the microscope."""
    rng = random.Random(f"{line.slug}/bank")
    shown = [code for code, count in BANK.items() for _ in range(count)]
    moments = [now + timedelta(minutes=n) for n in range(len(shown))]
    pasts = list(_known_defects(line, shown, moments, people, rng))
    filling.write_past(line, pasts, station=station)
    for past, code in zip(pasts, shown, strict=True):
        defect = bank.add(
            line,
            serial=past.serial,
            view=line.main_view,
            defect_class=code,
            mark="1",
            found_by="teardown",
            by=people["quill"],
            now=moments[-1],
        )
        bank.confirm(defect, method="microscope", by=people["quill"], now=moments[-1])


def climb(line: Line, station: Station, scene: Scene, pool: Pool, people: Mapping[str, User], *, now: datetime) -> None:
    """Take the line from `human` to `partial`, each rung on the evidence that it had by then."""
    shadow_end, assist_end, end = now - timedelta(days=6), now - timedelta(days=1), now - LEFT_BEFORE
    health.note(line, items=200, missing=0, p95_ms=pool.p95_ms, now=line.created_at)
    with _campaign(line):
        _sign_up(line, people, now=line.created_at)
        _live(line, station, scene, pool, people, Stretch(SHADOW, line.created_at + timedelta(hours=4), shadow_end))
        _sign_up(line, people, now=shadow_end + timedelta(minutes=30))
        _live(line, station, scene, pool, people, Stretch(ASSIST, shadow_end + timedelta(hours=1), assist_end))
    # Signed at the line's own draw: what the bands promise is what a usual shift will see.
    _certify(line, people, now=assist_end + timedelta(minutes=30))
    with _campaign(line):
        _live(line, station, scene, pool, people, Stretch(WITH_BANDS, assist_end + timedelta(hours=1), end))
    gather_lots(line, since=assist_end, by=people["quill"], now=end)
    demo_challenges.send(line, station, people, now=end + timedelta(minutes=2))
    _waive(line, people, now=end + timedelta(minutes=4))
    _sign_up(line, people, now=end + timedelta(minutes=5))


@contextmanager
def _campaign(line: Line) -> Iterator[None]:
    """Draw parts for the truth as a campaign does, and as the line does again after it."""
    usual = line.truth_share
    _draw(line, CAMPAIGN_SHARE)
    yield
    _draw(line, usual)


def _draw(line: Line, share: float) -> None:
    line.truth_share = share
    line.save(update_fields=["truth_share"])


def gather_lots(line: Line, *, since: datetime, by: User, now: datetime) -> None:
    """Gather the parts since a moment into two lots: the older one has left by signature, the newer one waits."""
    runs = Run.objects.filter(line=line, opened_at__gte=since).order_by("opened_at", "pk")
    parts = list(runs.values_list("part", flat=True))
    half = len(parts) // 2
    for code, members in (("B-0701", parts[:half]), ("B-0702", parts[half:])):
        Part.objects.filter(pk__in=members).update(lot=Lot.objects.create(line=line, code=code, created_at=now))
    lots.release(Lot.objects.get(line=line, code="B-0701"), by=by, now=now)


def _known_defects(
    line: Line, shown: list[str], moments: list[datetime], people: Mapping[str, User], rng: random.Random
) -> Iterator[Past]:
    for run, code in zip(filling.runs_at(line, moments), shown, strict=True):
        picture = drawn.draw(
            rng.randrange(2**31), product="back", defect=code, visibility=rng.uniform(*BANK_VISIBILITY)
        )
        yield Past(
            run=run,
            shot=shot_of(kept(picture, line)),
            serial=serial(rng),
            reader=people["ana"],
            second_reader=people["andre"],
            adjudicator=people["quinn"],
            second_adjudicator=people["quill"],
            label=Label.DEFECT,
            defect_class=code,
            truth=Label.DEFECT,
            truth_class=code,
        )


def _live(line: Line, station: Station, scene: Scene, pool: Pool, people: Mapping[str, User], stretch: Stretch) -> None:
    filling.write_past(line, demo_past.parts(line, scene, stretch, pool, people), station=station)


def _sign_up(line: Line, people: Mapping[str, User], *, now: datetime) -> None:
    """Let two leads sign the next rung on the gate as it stands. Raises GateShut where it is not open."""
    to_level = Level(line.level).above
    if to_level is None:
        raise ValueError(f"{line} is at {line.level}, the highest level.")
    proposal = signing.propose(line, to_level=to_level, by=people["quinn"], reason="the evidence allows it", now=now)
    signing.approve(proposal, by=people["quill"], now=now + timedelta(minutes=5))
    line.refresh_from_db()


def _certify(line: Line, people: Mapping[str, User], *, now: datetime) -> None:
    """Score the bank, certify bands and put them in force."""
    while bank.score(line, registry.present(line), now=now):
        continue
    certified = bands.certify(line, by=people["quinn"], now=now)
    if certified.bands is None:
        raise RuntimeError(f"No bands for {line}: {certified.reason}.")
    bands.put_in_force(line, certified.bands, by=people["quill"], now=now)
    line.refresh_from_db()


def _waive(line: Line, people: Mapping[str, User], *, now: datetime) -> None:
    """Waive what a demo cannot have: 299 known cracks, and months of people with a model beside them."""
    for subject, reason in (("crack", "15 known cracks so far, all found"), (HARM, "measured from now on")):
        until = (now + WAIVED_FOR).date()
        asked = waivers.ask(line, subject=subject, until=until, reason=reason, by=people["quinn"], now=now)
        waivers.sign(asked, by=people["quill"], now=now)
