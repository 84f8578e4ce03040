from django.urls import path

from monitoring import alarm_views, channel_views, drift_views, metric_views, monitor_views, views

urlpatterns = [
    path("lines/<slug:slug>/drift/", drift_views.drift_page, name="drift"),
    path("lines/<slug:slug>/drift/reference/", drift_views.new_reference, name="drift-reference"),
    path("api/v1/lines/<slug:slug>/drift/", drift_views.drift_api, name="api-drift"),
    path("fleet/", monitor_views.fleet, name="fleet"),
    path("lines/<slug:slug>/monitor/", monitor_views.monitor, name="monitor"),
    path("lines/<slug:slug>/metrics/", metric_views.metrics_page, name="metrics"),
    path("lines/<slug:slug>/metrics/<slug:metric>/", metric_views.metric_page, name="metric"),
    path("lines/<slug:slug>/thresholds/<slug:rule>/", metric_views.threshold, name="alarm-threshold"),
    path("lines/<slug:slug>/images/", metric_views.line_images, name="line-images"),
    path("lines/<slug:slug>/images/<uuid:pk>/", metric_views.line_image, name="line-image"),
    path("alarms/", alarm_views.alarm_list, name="alarms"),
    path("alarms/channels/", channel_views.channels, name="channels"),
    path("alarms/channels/add/", channel_views.add, name="channel-add"),
    path("alarms/channels/<int:pk>/<slug:deed>/", channel_views.channel_deed, name="channel-deed"),
    path("alarms/notices/<int:pk>/revive/", channel_views.revive, name="notice-revive"),
    path("alarms/runbook/", alarm_views.runbook, name="alarm-runbook"),
    path("alarms/<int:pk>/", alarm_views.alarm_page, name="alarm"),
    path("alarms/<int:pk>/<slug:deed>/", alarm_views.alarm_deed, name="alarm-deed"),
    path("api/v1/alarms/", alarm_views.alarms_api, name="api-alarms"),
    path("api/v1/alarms/<int:pk>/acknowledge/", alarm_views.acknowledge_api, name="api-alarm-acknowledge"),
    path("api/v1/alarms/<int:pk>/shelve/", alarm_views.shelve_api, name="api-alarm-shelve"),
    path("api/v1/alarms/<int:pk>/unshelve/", alarm_views.unshelve_api, name="api-alarm-unshelve"),
    path("api/v1/lines/<slug:slug>/metrics/", metric_views.metrics_api, name="api-metrics"),
    path("api/v1/lines/<slug:slug>/stages/", metric_views.stages_api, name="api-stages"),
    path("metrics", views.metrics, name="prometheus"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
