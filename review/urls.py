"""Pages of review."""

from django.urls import path

from review import band_views, bank_views, containment_views, lead_views, receipt_views, views

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
    path("lines/<slug:slug>/bands/", band_views.bands_page, name="bands"),
    path("lines/<slug:slug>/bands/<slug:deed>/", band_views.deed, name="bands-deed"),
    path("lines/<slug:slug>/containment/", containment_views.containment_page, name="containment"),
    path("lines/<slug:slug>/containment/open/", containment_views.open_containment, name="containment-open"),
    path("lines/<slug:slug>/containment/<int:pk>.csv", containment_views.rows, name="containment-rows"),
    path("lines/<slug:slug>/containment/parts/<int:pk>/", containment_views.close_part, name="contained-part"),
    path("lines/<slug:slug>/containment/<slug:deed>/", containment_views.deed, name="containment-deed"),
    path("lines/<slug:slug>/lots/<int:pk>/release/", containment_views.release_lot, name="lot-release"),
    path("lines/<slug:slug>/receipts/", receipt_views.receipt_list, name="receipts"),
    path("lines/<slug:slug>/receipts/<int:n>/", receipt_views.receipt_page, name="receipt"),
    path("lines/<slug:slug>/receipts/<int:n>/code.svg", receipt_views.receipt_code, name="receipt-code"),
    path("holds/", lead_views.holds, name="holds"),
]
