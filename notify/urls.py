from django.urls import path

from notify import views

app_name = "notify"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.read, name="read"),
    path("settings/", views.settings, name="settings"),
    path("settings/slack/", views.slack, name="slack"),
    path("settings/slack/remove/", views.slack_remove, name="slack_remove"),
    path("settings/test/", views.test, name="test"),
]
