"""Admin pages that need evidence: the line with its level, its gate in words and the buttons of the ladder.

Every button goes through the same deeds, permissions and re-authentication as the product's own pages.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection import automation, epochs, line_settings, permissions, scopes
from inspection.admin import ReadOnly
from inspection.models import DefectClass, Freeze, Line, Receipt
from inspection.rules.line_settings import KEPT
from inspection.rules.words import Level, Role
from review import bank_doors, evidence, ladder_doors, sentences
from review.audit_models import AuditFinding, AuditLot, MissResult, WatchChart
from review.bank_models import BankDefect
from review.challenge_models import ChallengePart, ChallengeRound
from review.containment_models import ContainedRun, Containment
from review.gold_models import GoldRule
from review.models import Adjudication, Decision, Truth


class LineForm(forms.ModelForm):
    """The settings of a line. A change of what is kept says why, and loosens nothing on a line above `human`."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.instance.pk is None:
            return given
        # After this the instance bears what was typed.
        named = {name: value for name, value in given.items() if name in KEPT}
        self.settings = {name: value for name, value in named.items() if value != getattr(self.instance, name)}
        for name in line_settings.loosened(self.instance, self.settings):
            self.add_error(
                name, _("This loosens a running line. Lower it to human first; two leads sign the way back.")
            )
        if self.settings and not given.get("reason"):
            self.add_error("reason", _("Give a reason in a few words."))
        return given


class DefectClassInline(admin.StackedInline):
    model = DefectClass
    extra = 0
    fields = ("key", "code", "name", "name_ko", "risk_class", "retired_at")
    readonly_fields = ("retired_at",)

    def has_view_permission(self, request: HttpRequest, obj: Line | None = None) -> bool:
        return permissions.may_administer(request.user, obj)

    has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Line | None = None) -> bool:
        return False


@admin.register(Line)
class LineAdmin(admin.ModelAdmin):
    """Administrators edit the scope; leads see their lines and sign. The level moves by its buttons alone."""

    form = LineForm
    change_form_template = "admin/inspection/line/change_form.html"
    list_display = ("slug", "name", "level", "is_active", "is_demo")
    inlines = (DefectClassInline,)
    readonly_fields = ("level", "epoch", "bands", "assist_style", "is_demo", "created_at")
    fieldsets = (
        (None, {"fields": ("slug", "name", "name_ko", "product", "is_active", "is_demo")}),
        (gettext_lazy("Ladder"), {"fields": ("level", "epoch", "bands", "assist_style")}),
        (
            gettext_lazy("Deadlines"),
            {"fields": ("takt_s", "model_deadline_s", "review_deadline_s", "fail_safe", "undo_s", "vigilance_min")},
        ),
        (
            gettext_lazy("What opens a new epoch: evidence starts at 0"),
            {"fields": ("call_threshold", "optics")},
        ),
        (
            gettext_lazy("Place"),
            {"fields": ("time_zone", "shift_pattern", "views", "reference_patch", "max_megapixels")},
        ),
        (
            gettext_lazy("Draws"),
            {
                "fields": (
                    "truth_share",
                    "overlap_share",
                    "control_share",
                    "audit_share",
                    "check_defect_share",
                    "second_look_share",
                )
            },
        ),
        (
            gettext_lazy("Targets"),
            {
                "fields": (
                    "target_escape_ppm",
                    "target_overkill_share",
                    "cost_escape",
                    "cost_overkill",
                    "cost_reading",
                    "lot_release",
                    "recertify_by",
                )
            },
        ),
        (gettext_lazy("Why settings change"), {"fields": ("reason",)}),
    )

    # Who may ------------------------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._lines(request).exists()

    def has_view_permission(self, request: HttpRequest, obj: Line | None = None) -> bool:
        return self._lines(request).exists() if obj is None else self._lines(request).filter(pk=obj.pk).exists()

    def has_change_permission(self, request: HttpRequest, obj: Line | None = None) -> bool:
        return permissions.may_administer(request.user, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return permissions.may_administer(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Line | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Line | None = None) -> tuple[str, ...]:
        # The targets of a line bind it with the signature under its scope.
        return self.readonly_fields if obj is None else (*self.readonly_fields, *scopes.ON_THE_LINE, "recertify_by")

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).filter(pk__in=self._lines(request))

    def _lines(self, request: HttpRequest):
        return permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)

    # Pages --------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list:
        deeds = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(self._door(name)), name=f"line-{name}")
            for name in ladder_doors.DEEDS
        ]
        return [*deeds, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        line = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        context = self._ladder(request, line) if line else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def save_model(self, request: HttpRequest, obj: Line, form, change: bool) -> None:
        if change:
            reason = form.cleaned_data["reason"]
            line_settings.put(obj, form.settings, by=permissions.person(request), reason=reason, now=now())
        else:
            obj.created_at = now()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form, formsets, change: bool) -> None:
        """Enter the epoch that the new configuration belongs to, once classes are saved too."""
        super().save_related(request, form, formsets, change)
        line: Line = form.instance
        if epochs.follow(line, cause=f"configuration changed by {request.user}", now=now()):
            messages.warning(request, _("This opened another epoch: its evidence counts from here."))

    def _ladder(self, request: HttpRequest, line: Line) -> dict[str, object]:
        """What the block above the form shows."""
        to_level = Level(line.level).above
        reading = evidence.read(line, to_level, now=now()) if to_level else None
        names = line.class_names()
        return {
            "line": line,
            "next_level": to_level,
            "lower_levels": [level for level in Level if level.rung < Level(line.level).rung],
            "reading": reading,
            "sentence": sentences.verdict(reading.judgement, reading.gate.to_level, names) if reading else "",
            "reasons": sentences.reasons(reading.judgement, names) if reading else [],
            "proposal": automation.open_proposal(line),
            "holds": line.holds.in_force().select_related("placed_by"),
            "may_sign": permissions.may_sign_levels(request.user, line, now=now()),
            "may_lower": permissions.may_lower(request.user, line),
        }

    def _door(self, name: str) -> Callable[[HttpRequest, int], HttpResponse]:
        def door(request: HttpRequest, pk: int) -> HttpResponse:
            line = get_object_or_404(self.get_queryset(request), pk=pk)
            if request.method == "POST":
                ladder_doors.do(name, request, line)
            return HttpResponseRedirect(reverse("admin:inspection_line_change", args=[line.pk]))

        return door


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    line_path = "task__line"
    list_display = ("recorded_at", "person", "label", "defect_class", "phase", "level", "blind")
    list_filter = ("task__line", "label", "phase")
    ordering = ("-recorded_at",)
    list_select_related = ("person",)
    show_full_result_count = False


@admin.register(Truth)
class TruthAdmin(ReadOnly):
    line_path = "item__line"
    list_display = ("created_at", "item", "n", "label", "defect_class", "source", "person")
    ordering = ("-created_at",)
    list_select_related = ("item", "person")
    show_full_result_count = False


@admin.register(Adjudication)
class AdjudicationAdmin(ReadOnly):
    list_display = ("opened_at", "line", "cause", "label", "ruled_by", "ruled_at")
    list_filter = ("line",)
    ordering = ("-opened_at",)
    list_select_related = ("line", "ruled_by")
    show_full_result_count = False


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("line", "n", "kind", "subject", "sealed_at", "hash")
    list_filter = ("line", "kind")
    ordering = ("-sealed_at", "-n")
    show_full_result_count = False


@admin.register(Freeze)
class FreezeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("line", "cause", "reason", "placed_at", "lifted_by", "lifted_at")
    ordering = ("-placed_at",)


@admin.register(WatchChart)
class WatchChartAdmin(ReadOnly, admin.ModelAdmin):
    line_path = "watch__line"
    list_display = ("watch", "name", "w", "warn", "act", "n", "bad", "opened_at", "closed_at")
    ordering = ("-opened_at", "name")


@admin.register(AuditFinding)
class AuditFindingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("found_at", "line", "run", "kind", "is_bad", "defect_class", "is_critical")
    list_filter = ("line", "kind", "is_bad")
    ordering = ("-found_at", "-pk")
    show_full_result_count = False


@admin.register(AuditLot)
class AuditLotAdmin(ReadOnly, admin.ModelAdmin):
    line_path = "watch__line"
    list_display = ("shift", "watch", "rate", "decided", "drawn", "closed", "escapes", "is_starved", "state")
    ordering = ("-closed_at", "-pk")


class Sealed(ReadOnly):
    """What measures people and models: for leads and administrators who do not inspect there themselves."""

    def _lines(self, request: HttpRequest):
        return bank_doors.lines_of(request.user) if request.user.is_authenticated else Line.objects.none()


@admin.register(BankDefect)
class BankDefectAdmin(Sealed):
    list_display = ("number", "line", "defect_class", "found_by", "added_at", "confirmed_at", "retired_at")
    list_filter = ("line", "defect_class")
    ordering = ("line", "number")


@admin.register(MissResult)
class MissResultAdmin(Sealed):
    list_display = ("shown_at", "line", "source", "is_missed")
    list_filter = ("line", "is_missed")
    ordering = ("-shown_at", "-pk")


@admin.register(ChallengePart)
class ChallengePartAdmin(Sealed):
    list_display = ("part", "line", "defect", "marked_by", "marked_at", "retired_at")
    ordering = ("line", "pk")


@admin.register(ChallengeRound)
class ChallengeRoundAdmin(Sealed):
    list_display = ("due_at", "line", "occasion", "shift", "wanted", "done_at", "lapsed_at", "alarmed_at")
    list_filter = ("line", "occasion")
    ordering = ("-due_at", "-pk")


@admin.register(GoldRule)
class GoldRuleAdmin(Sealed):
    list_display = ("set_at", "line", "is_on", "wanted_share", "set_by")
    ordering = ("-set_at", "-pk")


@admin.register(Containment)
class ContainmentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("opened_at", "line", "cause", "since", "listed_at", "closed_at")
    ordering = ("-opened_at", "-pk")


@admin.register(ContainedRun)
class ContainedRunAdmin(ReadOnly, admin.ModelAdmin):
    line_path = "containment__line"
    list_display = ("passed_at", "containment", "run", "found", "note", "closed_by", "closed_at")
    list_filter = ("found",)
    ordering = ("-passed_at", "-pk")
    show_full_result_count = False
