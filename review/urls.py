"""Pages of review."""

from django.urls import path

from review import bank_views, lead_views, plan_views, scope_views, views

urlpatterns = [
    path("", views.queue_choice, name="queue-choice"),
    path("lines/<slug:slug>/review/", views.review, name="review"),
    path("lines/<slug:slug>/adjudications/", views.adjudications, name="adjudications"),
    path("lines/<slug:slug>/adjudications/<uuid:pk>/", views.adjudication, name="adjudication"),
    path("lines/<slug:slug>/agreement/", lead_views.agreement_page, name="agreement"),
    path("lines/<slug:slug>/automation/", lead_views.automation_page, name="automation"),
    path("lines/<slug:slug>/automation/<slug:deed>/", lead_views.ladder_deed, name="ladder-deed"),
    path("lines/<slug:slug>/bank/", bank_views.bank_page, name="bank"),
    path("lines/<slug:slug>/bank/add/", bank_views.add, name="bank-add"),
    path("lines/<slug:slug>/bank/<int:number>/<slug:deed>/", bank_views.deed, name="bank-deed"),
    path("lines/new/", scope_views.new_line, name="line-new"),
    path("lines/<slug:slug>/scope/", scope_views.scope, name="scope"),
    path("lines/<slug:slug>/scope/changes/", scope_views.add_change, name="scope-change"),
    path("lines/<slug:slug>/scope/changes/<int:pk>/", scope_views.withdraw_change, name="scope-change-withdraw"),
    path("lines/<slug:slug>/scope/classes/", scope_views.classes, name="scope-classes"),
    path("lines/<slug:slug>/scope/classes/<slug:code>/", scope_views.retire_class, name="scope-class-retire"),
    path("lines/<slug:slug>/scope/targets/", scope_views.targets, name="scope-targets"),
    path("lines/<slug:slug>/scope/today/", scope_views.today, name="scope-today"),
    path("lines/<slug:slug>/scope/baselines/", scope_views.add_baseline, name="scope-baseline"),
    path("lines/<slug:slug>/plan/", plan_views.plan, name="plan"),
    path("lines/<slug:slug>/plan/sign/", plan_views.sign, name="plan-sign"),
    path("lines/<slug:slug>/plan/preload/", plan_views.preload, name="risk-preload"),
    path("lines/<slug:slug>/plan/add/", plan_views.add_risk, name="risk-add"),
    path("lines/<slug:slug>/plan/metrics/<slug:metric>/", plan_views.prune, name="metric-prune"),
    path("lines/<slug:slug>/plan/failures/<slug:code>/", plan_views.risk, name="risk"),
    path("lines/<slug:slug>/plan/failures/<slug:code>/accept/", plan_views.accept, name="risk-accept"),
    path("holds/", lead_views.holds, name="holds"),
]
