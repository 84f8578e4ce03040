"""Admin pages of rows that inspection owns: stations, classes, people; evidence to read only.

Line pages with their gate and its buttons need evidence, so they stand in `review.admin`.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from inspection import stations
from inspection.models import (
    DefectClass,
    Disposition,
    GateEvaluation,
    Hold,
    LevelChange,
    LevelProposal,
    Membership,
    ModelVersion,
    Product,
    Station,
    StationKey,
    User,
)
from inspection.permissions import lines_for, may_administer, may_enter_admin, person, roles_of
from inspection.rules.words import Role, StationDeed


class AdministratorsOnly:
    """Rows that belong to no line: administrators of every line keep them. Nothing is deleted, evidence needs it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_administer(request.user)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return may_administer(request.user)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return may_administer(request.user)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return may_administer(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class OfTheirLines(admin.ModelAdmin):
    """Rows of a line, kept by its administrators. Nothing is deleted: evidence refers to it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return Role.ADMINISTRATOR in roles_of(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request) if obj is None else may_administer(request.user, obj.line)

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).filter(line__in=self._lines(request))

    def formfield_for_foreignkey(self, db_field, request: HttpRequest, **named: Any):
        mine = {"queryset": self._lines(request)} if db_field.name == "line" else {}
        return super().formfield_for_foreignkey(db_field, request, **{**named, **mine})

    def _lines(self, request: HttpRequest):
        return lines_for(request.user, Role.ADMINISTRATOR)


class ReadOnly(admin.ModelAdmin):
    """Evidence: leads read their lines', administrators everything, nobody edits."""

    actions = None
    line_path = "line"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_enter_admin(request.user)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return may_enter_admin(request.user)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest):
        # Asked row by row, a long table is read in its own order and no further than one page.
        mine = self._lines(request).filter(pk=OuterRef(self.line_path))
        return super().get_queryset(request).filter(Exists(mine))

    def _lines(self, request: HttpRequest):
        return lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)


class RolesInline(AdministratorsOnly, admin.StackedInline):
    """The roles that a person has or had, to look at: they are given and taken away on the page of people."""

    model = Membership
    fk_name = "user"
    extra = 0
    fields = ("line", "role", "is_founding", "granted_at", "granted_by", "reason", "revoked_at", "revoked_by")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(AdministratorsOnly, admin.ModelAdmin):
    """Who somebody is. Ways into an account, address and password among them, are on the page of people and leave a
    trace there: whoever could change them here could sign as somebody else.
    """

    list_display = ("username", "employee_id", "email", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username", "first_name", "last_name", "email")
    fields = ("username", "first_name", "last_name", "email", "employee_id", "language", "is_active")
    readonly_fields = ("username", "email", "is_active")
    inlines = (RolesInline,)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Product)
class ProductAdmin(AdministratorsOnly, admin.ModelAdmin):
    list_display = ("sku", "name", "name_ko")


@admin.register(DefectClass)
class DefectClassAdmin(ReadOnly):
    """To look at. A class is changed on the scope of its line, or on the line itself: that opens another epoch."""

    list_display = ("code", "line", "name", "name_ko", "risk_class", "key", "retired_at")
    list_filter = ("line", "risk_class")


@admin.register(Station)
class StationAdmin(OfTheirLines):
    """A station and its keys. A secret is on the page that issues it and nowhere after."""

    change_form_template = "admin/inspection/station/change_form.html"
    list_display = ("name", "line", "is_active", "last_seen_at", "clock_skew_s", "spooled")
    list_filter = ("line", "is_active")
    readonly_fields = (
        "offline_minutes",
        "last_seen_at",
        "clock_skew_s",
        "spooled",
        "last_cursor",
        "camera",
        "software",
        "created_at",
    )
    fields = ("line", "name", "is_active", "rate_per_s", "burst", *readonly_fields)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        deeds = [
            path("<int:pk>/issue-key/", view(self.issue_key), name="station-issue-key"),
            path("<int:pk>/withdraw-key/<int:key>/", view(self.withdraw_key), name="station-withdraw-key"),
        ]
        return [*deeds, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Station, form, change: bool) -> None:
        if not change:
            obj.created_at = now()
        super().save_model(request, obj, form, change)
        if not change:
            stations.note(obj, StationDeed.ADDED, by=person(request), now=now())

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        # A station is disabled on its line's page, where its keys go with it and the audit log says by whom.
        return ("is_active", *self.readonly_fields)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        keys = StationKey.objects.filter(station__pk=object_id, revoked_at=None).order_by("created_at")
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "keys": keys})

    def issue_key(self, request: HttpRequest, pk: int) -> HttpResponse:
        station = self._station(request, pk)
        try:
            issued = stations.issue_key(station, by=person(request), now=now())
        except stations.TwoKeysLive:
            messages.error(request, _("Two keys are live; withdraw one first."))
            return redirect("admin:inspection_station_change", pk)
        except stations.Disabled:
            messages.error(request, _("This station is disabled; enable it first."))
            return redirect("admin:inspection_station_change", pk)
        context = {**self.admin_site.each_context(request), "title": station.name, "station": station, "issued": issued}
        return render(request, "admin/inspection/station/key_issued.html", context)

    def withdraw_key(self, request: HttpRequest, pk: int, key: int) -> HttpResponse:
        station = self._station(request, pk)
        key_row = get_object_or_404(StationKey, pk=key, station=station)
        stations.withdraw_key(key_row, by=person(request), now=now())
        messages.success(request, _("Withdrawn: the next request with this key is refused."))
        return redirect("admin:inspection_station_change", pk)

    def _station(self, request: HttpRequest, pk: int) -> Station:
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=pk)


@admin.register(ModelVersion)
class ModelVersionAdmin(AdministratorsOnly, admin.ModelAdmin):
    list_display = ("__str__", "architecture", "created_at")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(LevelChange)
class LevelChangeAdmin(ReadOnly):
    list_display = ("changed_at", "line", "from_level", "to_level", "cause", "changed_by")
    list_filter = ("line",)
    ordering = ("-changed_at",)


@admin.register(LevelProposal)
class LevelProposalAdmin(ReadOnly):
    list_display = ("opened_at", "line", "from_level", "to_level", "status", "proposer", "approver", "status_reason")
    list_filter = ("line", "status")
    ordering = ("-opened_at",)


@admin.register(GateEvaluation)
class GateEvaluationAdmin(ReadOnly):
    list_display = ("evaluated_at", "line", "to_level", "status", "evidence_hash")
    list_filter = ("line", "status")
    ordering = ("-evaluated_at",)


@admin.register(Hold)
class HoldAdmin(ReadOnly):
    list_display = ("placed_at", "line", "kind", "reason", "placed_by", "lifted_at", "lifted_by")
    list_filter = ("line", "kind")
    ordering = ("-placed_at",)


@admin.register(Disposition)
class DispositionAdmin(ReadOnly):
    list_display = ("sequence", "line", "run", "verdict", "decided_by", "level", "settled_at")
    list_filter = ("line", "verdict", "decided_by")
    ordering = ("-settled_at",)
    list_select_related = ("line", "run")
    show_full_result_count = False
