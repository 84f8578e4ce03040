"""Addresses of the people's API of review."""

from django.urls import path

from review.api import adjudications, agreement, automation, bank, containment, images, receipts, review

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
    path("lines/<slug:slug>/containment/", containment.contained, name="api-containment"),
    path("containments/<int:pk>/rows.csv", containment.rows, name="api-containment-rows"),
    path("containments/<int:pk>/parts/<int:row>/", containment.close_part, name="api-contained-part"),
    path("containments/<int:pk>/requeue/", containment.requeue, name="api-containment-requeue"),
    path("containments/<int:pk>/close/", containment.close, name="api-containment-close"),
    path("lines/<slug:slug>/lots/", containment.lot_list, name="api-lots"),
    path("lots/<int:pk>/release/", containment.lot_release, name="api-lot-release"),
    path("lines/<slug:slug>/receipts/<int:n>/", receipts.receipt, name="api-receipt"),
    path("items/<uuid:pk>/lineage/", receipts.lineage, name="api-lineage"),
    path("proposals/<int:pk>/approve/", automation.approve, name="api-approve"),
]
