"""What truly fires on a line, for pages of storeys that know no alarms."""

from django import template

from inspection.models import Line
from monitoring import firing_words
from monitoring.firing_words import Fires

register = template.Library()


@register.simple_tag
def what_fires(line: Line) -> dict[str, list[Fires]]:
    """Return by metric what fires on the line, with the thresholds in force."""
    return firing_words.of(line)


@register.filter
def on_metric(fires: dict[str, list[Fires]], metric: str) -> list[Fires]:
    return fires.get(metric, [])
