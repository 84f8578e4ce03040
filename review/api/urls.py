"""Addresses of the people's API of review."""

from django.urls import path

from review.api import adjudications, agreement, automation, bank, images, plan, review

urlpatterns = [
    path("lines/", review.lines, name="api-lines"),
    path("lines/<slug:slug>/claim/", review.claim, name="api-claim"),
    path("lines/<slug:slug>/reference/<str:view>/", images.reference, name="api-reference"),
    path("tasks/<uuid:pk>/decision/", review.decide, name="api-decide"),
    path("tasks/<uuid:pk>/heartbeat/", review.heartbeat, name="api-task-heartbeat"),
    path("tasks/<uuid:pk>/release/", review.release, name="api-task-release"),
    path("tasks/<uuid:pk>/image/", images.task_image, name="api-task-image"),
    path("tasks/<uuid:pk>/heatmap/", images.heatmap, name="api-task-heatmap"),
    path("decisions/", review.mine, name="api-decisions"),
    path("decisions/<uuid:pk>/undo/", review.undo, name="api-undo"),
    path("decisions/<uuid:pk>/amend/", review.amend, name="api-amend"),
    path("adjudications/", adjudications.cases, name="api-cases"),
    path("adjudications/<uuid:pk>/", adjudications.case, name="api-case"),
    path("adjudications/<uuid:pk>/image/", images.case_image, name="api-case-image"),
    path("lines/<slug:slug>/automation/", automation.ladder, name="api-automation"),
    path("lines/<slug:slug>/automation/plan/", plan.plan, name="api-plan"),
    path("lines/<slug:slug>/automation/proposals/", automation.propose, name="api-propose"),
    path("lines/<slug:slug>/automation/lower/", automation.lower, name="api-lower"),
    path("lines/<slug:slug>/automation/stop/", automation.stop, name="api-stop"),
    path("lines/<slug:slug>/automation/resume/", automation.resume, name="api-resume"),
    path("lines/<slug:slug>/agreement/", agreement.agreement, name="api-agreement"),
    path("lines/<slug:slug>/agreement.csv", agreement.rows, name="api-agreement-rows"),
    path("lines/<slug:slug>/bank/", bank.defects, name="api-bank"),
    path("lines/<slug:slug>/bank/<int:number>/confirm/", bank.confirm, name="api-bank-confirm"),
    path("lines/<slug:slug>/bank/<int:number>/retire/", bank.retire, name="api-bank-retire"),
    path("lines/<slug:slug>/bank/<int:number>/image/", bank.image, name="api-bank-image"),
    path("proposals/<int:pk>/approve/", automation.approve, name="api-approve"),
]
