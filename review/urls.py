from django.urls import path

from review import actions_views, records_views, views

app_name = "review"

urlpatterns = [
    path("", views.week, name="week"),
    path("records/", records_views.history, name="history"),
    path("records/<int:pk>/", records_views.record, name="record"),
    path("records/<int:pk>/notes/", records_views.notes, name="notes"),
    path("records/<int:pk>/misses/<int:position>/", records_views.miss, name="miss"),
    path("records/<int:pk>/actions/", actions_views.add, name="action_add"),
    path("records/<int:pk>/close/", records_views.close, name="close"),
    path("actions/", actions_views.actions, name="actions"),
    path("actions/<int:pk>/", actions_views.action, name="action"),
    path("actions/<int:pk>/close/", actions_views.close, name="action_close"),
    path("actions/<int:pk>/reopen/", actions_views.reopen, name="action_reopen"),
    path("how/", views.counted, name="counted"),
    path("<str:label>/", views.week, name="week"),
    path("<str:label>/meeting/", records_views.meeting, name="meeting"),
    path("<str:label>/rows/<str:key>/", views.rows, name="rows"),
    path("<str:label>/rows/<str:key>.csv", views.rows_csv, name="rows_csv"),
]
