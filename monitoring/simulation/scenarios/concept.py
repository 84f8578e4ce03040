"""A kind of defect appears that the model has never seen: it passes them all, and audits must notice."""

from random import Random

from monitoring.simulation.factory import Factory, Habits, Skill
from monitoring.simulation.parts import Made
from monitoring.simulation.scenarios.deciding import Deciding, Figures, fall_of
from monitoring.simulation.world import World
from review.audit_models import AuditFinding, WatchChart
from review.rules.auditing import Kind
from review.rules.charts import ESCAPE
from stats.cusum import arl

PIT = "pit"
ESCAPED_FRACTION = 0.02
AUDITOR_MISS = 0.08
_FACTORY = Factory(
    classes={"scratch": 0.8, "stain": 0.2, PIT: 0.0},
    skill=Skill(blind_to=frozenset({PIT})),
    inspectors=Habits(miss=AUDITOR_MISS),
    # Whoever else might find a defect would make the auditors better than stated.
    truth_share=0.0,
    overlap_share=0.0,
    bank=40,
    history=250,
    parts_per_tick=48,
)


class Concept(Deciding):
    """Of the parts that the model passes 2 % are defective from the first part on; auditors miss 8 % of them.

    The chart hears defects at (1 - miss) x 2 %, so its exact run length at that rate is what the mean must come to.
    """

    name = "concept"
    # Cut short, the slowest falls would be missing from the mean: most runs end with a fall long before.
    default_items = 20_000
    event_at = 0

    def factory(self) -> Factory:
        return _FACTORY

    def make(self, world: World, made: Made) -> Made:
        chance = Random(f"{made.serial}/pit").random()
        return made if made.is_defect or chance >= ESCAPED_FRACTION else world.maker.with_defect(made, PIT)

    def figures(self, world: World) -> Figures:
        """Return the audits until the fall beside the exact mean run length at the stated rates."""
        chart = WatchChart.objects.filter(name=ESCAPE, watch__line=world.line).order_by("pk").first()
        if chart is None:
            return {}
        fall = fall_of(world)
        audits = AuditFinding.objects.filter(watch=chart.watch_id, kind=Kind.AUTO_PASS.value)
        return {
            "audits_to_demotion": audits.filter(found_at__lte=fall.changed_at).count() if fall else None,
            "demoted_by": fall.cause if fall else None,
            "exact_run_length": arl((1 - AUDITOR_MISS) * ESCAPED_FRACTION, chart.p0, chart.p1, chart.act),
            "auditor_miss": AUDITOR_MISS,
            "escaped_fraction": ESCAPED_FRACTION,
        }
