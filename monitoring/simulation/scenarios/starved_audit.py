"""Nobody reads any more: audits are drawn, and none is closed."""

from monitoring.simulation.factory import Factory
from monitoring.simulation.scenarios.deciding import Deciding, Figures, fall_of, hours_to_fall
from monitoring.simulation.world import World
from review.audit_models import AuditLot


class StarvedAudit(Deciding):
    """From the event on the queue is left alone. After two shifts the line must come down one rung."""

    name = "starved-audit"
    default_items = 500
    event_at = 100

    def factory(self) -> Factory:
        return Factory(parts_per_day=300, bank=40, history=250)

    def before(self, world: World) -> None:
        if self.has_begun(world):
            world.inspectors.users = []

    def figures(self, world: World) -> Figures:
        """Return how many shifts in a row were starved when the line fell, and how long that took."""
        fall = fall_of(world)
        lots = AuditLot.objects.filter(watch__line=world.line).order_by("pk")
        starved = list(lots.filter(closed_at__lte=fall.changed_at).values_list("is_starved", flat=True)) if fall else []
        return {
            "hours_to_demotion": hours_to_fall(world, self.event_at),
            "starved_shifts": sum(starved),
            "demoted_by": fall.cause if fall else None,
        }
