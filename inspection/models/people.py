"""People, what they may do where, and the tokens of their programs."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inspection.models.fields import TimeOrderedModel, word_check, word_field
from inspection.rules.words import PersonDeed, Role

PROBATION = timedelta(hours=24)


class User(AbstractUser):
    """One person. An employee has one account: e-mail and employee id are unique where given."""

    employee_id = models.CharField(_("employee id"), max_length=40, blank=True)
    language = models.CharField(max_length=5, blank=True, choices=[("en", "English"), ("ko", "한국어")])
    preferences = models.JSONField(default=dict, blank=True)
    let_in_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text=_("when an administrator last opened a way into an account that was in use"),
    )

    def is_fresh(self, now: datetime) -> bool:
        """Say whether somebody else opened a way into this account less than a day ago."""
        return self.let_in_at is not None and self.let_in_at > now - PROBATION

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment]
        verbose_name_plural = _("people")  # type: ignore[assignment]
        constraints = [
            models.UniqueConstraint(fields=["employee_id"], condition=~Q(employee_id=""), name="user_employee_once"),
            models.UniqueConstraint(fields=["email"], condition=~Q(email=""), name="user_email_once"),
        ]


class MembershipQuerySet(models.QuerySet):
    def in_force(self) -> "MembershipQuerySet":
        return self.filter(revoked_at=None, user__is_active=True)

    def on_line(self, line) -> "MembershipQuerySet":
        return self.filter(Q(line=line) | Q(line=None))


class Membership(models.Model):
    """A role of one person on one line, or on every line where `line` is empty."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    line = models.ForeignKey("inspection.Line", on_delete=models.PROTECT, null=True, blank=True, related_name="roles")
    role = word_field(Role)
    is_founding = models.BooleanField(default=False, help_text=_("made at set-up: counts without the day of waiting"))
    granted_at = models.DateTimeField()
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revoked_reason = models.CharField(max_length=300, blank=True, default="", db_default="")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            word_check("role", Role, name="membership_role_known"),
            models.UniqueConstraint(
                fields=["user", "line", "role"],
                condition=Q(revoked_at=None),
                name="membership_once_in_force",
                nulls_distinct=False,
            ),
            # Of roles that ended before it was kept, nobody knows who took them away.
            models.CheckConstraint(
                condition=Q(revoked_by=None) | Q(revoked_at__isnull=False), name="membership_taken_away_at_a_moment"
            ),
        ]

    def revoke(self, *, by: User, at: datetime, reason: str = "") -> None:
        """Take the role away for good. Whoever comes second changes nothing."""
        ended = {"revoked_at": at, "revoked_by": by, "revoked_reason": reason}
        type(self).objects.filter(pk=self.pk, revoked_at=None).update(**ended)

    def is_seasoned(self, now: datetime) -> bool:
        """Say whether the role is old enough to sign with: a founder's, or a day old."""
        return self.is_founding or self.granted_at <= now - PROBATION


class PersonChange(models.Model):
    """What was done to somebody's account, by whom and why. Written once, never edited."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="changes")
    deed = word_field(PersonDeed)
    reason = models.CharField(max_length=300, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField()

    class Meta:
        constraints = [word_check("deed", PersonDeed, name="person_change_deed_known")]
        indexes = [models.Index(fields=["user", "-done_at"], name="person_change_newest")]


class ApiToken(TimeOrderedModel):
    """A key for a person's program: shown once, kept as a hash, bound to scopes and a day of expiry."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
