"""Rows of alarms: where each stands, how it came there, and the thresholds that people set."""

from collections.abc import Sequence

from django.db import models
from django.db.models import Case, Count, F, Q, When, Window
from django.db.models.expressions import OrderBy
from django.db.models.functions import RowNumber

from inspection.models import Line, User
from inspection.models.fields import word_check, word_field
from inspection.rules.words import Priority
from monitoring.rules.alarm_rules import BY_CODE, CATALOGUE, Rule
from monitoring.rules.alarms import Event, Standing, State

# Empty is as it ships.
PRIORITIES = ["", *(priority.value for priority in Priority)]
UNSEEN = [State.UNACKNOWLEDGED.value, State.RETURNED.value]
_BY_PRIORITY = [When(set_priority=priority.value, then=place) for place, priority in enumerate(Priority)] + [
    When(rule__in=[rule.code for rule in CATALOGUE if rule.priority == priority], then=place)
    for place, priority in enumerate(Priority)
]
_OLDEST_FIRST = (F("raised_at").asc(nulls_last=True), F("pk").asc())
_LOUDEST_FIRST = (
    Case(When(state=State.SHELVED.value, then=1), default=0).asc(),
    Case(*_BY_PRIORITY, default=len(_BY_PRIORITY)).asc(),
    Case(When(state__in=UNSEEN, then=0), default=1).asc(),
    *_OLDEST_FIRST,
)


class AlarmQuerySet(models.QuerySet):
    def active(self) -> "AlarmQuerySet":
        """Those that ask somebody for something, or would if they were not put aside."""
        return self.exclude(state__in=[State.NORMAL.value, State.OUT_OF_SERVICE.value])

    def unseen(self) -> "AlarmQuerySet":
        """Those that came and that nobody acknowledged, whether they still stand or have gone."""
        return self.filter(state__in=UNSEEN)

    def unexplained(self) -> "AlarmQuerySet":
        """The active ones that no other alarm explains."""
        return self.active().exclude(state=State.SUPPRESSED.value)

    def by_loudness(self) -> "AlarmQuerySet":
        """The loudest first, of one priority those that wait for eyes, then the oldest; the shelved last."""
        return self.order_by(*_LOUDEST_FIRST)

    def first_of_each_line(self) -> "AlarmQuerySet":
        """The loudest of each line, with how many stand there (`alike`)."""
        return self._first_of_each("line", _LOUDEST_FIRST)

    def first_of_each_rule(self) -> "AlarmQuerySet":
        """The loudest of each kind, with how many stand (`alike`), in the same order."""
        return self._first_of_each("rule", _LOUDEST_FIRST).by_loudness()

    def of_kind(self, rule: str) -> "AlarmQuerySet":
        """The active ones of one kind, and those that one of them explains."""
        return self.active().filter(Q(rule=rule) | Q(state=State.SUPPRESSED.value, suppressed_by__rule=rule))

    def of_priority(self, priority: Priority) -> "AlarmQuerySet":
        """Those that are so loud, as shipped or as people set it."""
        shipped = [rule.code for rule in CATALOGUE if rule.priority == priority]
        return self.filter(Q(set_priority=priority.value) | Q(set_priority="", rule__in=shipped))

    def count_by_line(self) -> list[tuple[str | None, int]]:
        """How many there are of each line that has any, by its slug; None stands for the machines."""
        counted = self.order_by().values("line__slug").annotate(count=Count("pk"))
        return list(counted.values_list("line__slug", "count"))

    def _first_of_each(self, name: str, order: Sequence[OrderBy]) -> "AlarmQuerySet":
        alike = Window(Count("pk"), partition_by=[F(name)])
        place = Window(RowNumber(), partition_by=[F(name)], order_by=order)
        return self.annotate(alike=alike, place=place).filter(place=1)


class Alarm(models.Model):
    """One alarm of a line, or of the installation without one. AlarmChange rows say how it came where it stands."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, null=True, related_name="alarms")
    rule = models.CharField(max_length=40)
    set_priority = models.CharField(max_length=2, blank=True, help_text="as people set it; empty as it ships")
    state = word_field(State, default=State.NORMAL.value)
    is_on = models.BooleanField(default=False)
    crossing_since = models.DateTimeField(null=True)
    raised_at = models.DateTimeField(null=True)
    value = models.FloatField(null=True)
    worst = models.FloatField(null=True)
    shelved_until = models.DateTimeField(null=True)
    is_one_shot = models.BooleanField(default=False)
    shelf_reason = models.CharField(max_length=300, blank=True)
    handled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    suppressed_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="beneath")
    told_at = models.DateTimeField(null=True, help_text="when people were told of it, or that it flaps")
    is_end_untold = models.BooleanField(default=False, help_text="people were told that it came, not yet that it went")

    objects = AlarmQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line", "rule"], condition=Q(line__isnull=False), name="alarm_once_per_line"
            ),
            models.UniqueConstraint(fields=["rule"], condition=Q(line=None), name="alarm_once_of_all"),
            models.CheckConstraint(
                condition=~Q(state="shelved") | Q(shelved_until__isnull=False), name="alarm_shelved_has_an_end"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["normal", "returned", "shelved", "out_of_service"]) | Q(is_on=True),
                name="alarm_active_is_on",
            ),
            word_check("state", State, name="alarm_state_known"),
            models.CheckConstraint(condition=Q(set_priority__in=PRIORITIES), name="alarm_priority_known"),
        ]
        indexes = [models.Index(fields=["state"], condition=~Q(state="normal"), name="alarm_not_normal")]

    def __str__(self) -> str:
        return f"{self.line or '*'}/{self.rule}"

    @property
    def standing(self) -> Standing:
        return Standing(
            state=State(self.state),
            is_on=self.is_on,
            crossing_since=self.crossing_since,
            shelved_until=self.shelved_until,
            is_one_shot=self.is_one_shot,
        )

    @property
    def priority(self) -> Priority:
        return Priority(self.set_priority) if self.set_priority else BY_CODE[self.rule].priority

    def be_as_loud_as(self, rule: Rule) -> bool:
        """Take over how loud people set its rule; the caller saves. Say whether that changed anything."""
        before = self.set_priority
        self.set_priority = "" if rule.priority == BY_CODE[rule.code].priority else rule.priority.value
        return self.set_priority != before

    def stand(self, standing: Standing) -> None:
        """Take over where it stands; the caller saves."""
        self.state, self.is_on = standing.state.value, standing.is_on
        self.crossing_since, self.shelved_until = standing.crossing_since, standing.shelved_until
        self.is_one_shot = standing.is_one_shot


class AlarmChange(models.Model):
    """One thing that happened to an alarm. Written once, never edited."""

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="changes")
    event = word_field(Event)
    state = word_field(State)
    value = models.FloatField(null=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    deed = models.CharField(max_length=200, blank=True, help_text="what it did to the line by itself")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [word_check("event", Event, name="alarm_change_event_known")]
        indexes = [
            models.Index(fields=["-changed_at"], name="alarm_change_newest_first"),
            models.Index(fields=["event", "changed_at"], name="alarm_change_by_event"),
        ]


class AlarmThreshold(models.Model):
    """How the rule of one alarm is set from a moment on, on a line or on all, by whom and why. The highest `n` stands.

    What is empty is as it ships; a row that `is_shipped` takes back what stood before.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, null=True, related_name="alarm_thresholds")
    rule = models.CharField(max_length=40)
    n = models.PositiveIntegerField()
    raise_at = models.FloatField()
    clear_at = models.FloatField()
    on_delay_s = models.FloatField(null=True)
    priority = models.CharField(max_length=2, blank=True)
    is_on = models.BooleanField(default=True)
    is_shipped = models.BooleanField(default=False)
    reason = models.CharField(max_length=300)
    review_on = models.DateField(null=True)
    replay = models.JSONField(
        help_text="how often it would have come over the days before, with the old limits and the new"
    )
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "rule", "n"], name="alarm_threshold_version_once"),
            models.UniqueConstraint(fields=["rule", "n"], condition=Q(line=None), name="alarm_threshold_once_of_all"),
            models.CheckConstraint(
                condition=Q(is_shipped=True) | Q(review_on__isnull=False), name="alarm_threshold_is_reviewed"
            ),
            models.CheckConstraint(condition=Q(priority__in=PRIORITIES), name="alarm_threshold_priority_known"),
        ]
