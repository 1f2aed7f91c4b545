from django.contrib import admin
from django.urls import include, path

from config.views import health, health_release, health_retry, healthz, readyz

handler400 = "core.views.bad_request"
handler403 = "core.views.permission_denied"
handler404 = "core.views.page_not_found"
handler500 = "core.views.server_error"

urlpatterns = [
    path("healthz/", healthz, name="healthz"),
    path("readyz/", readyz, name="readyz"),
    path("health/", health, name="health"),
    path("health/release/", health_release, name="health_release"),
    path("health/steps/<int:pk>/retry/", health_retry, name="health_retry"),
    path("", include("handoff.urls")),
    path("", include("accounts.urls")),
    path("inbox/", include("notify.urls")),
    path("review/", include("review.urls")),
    path("admin/", admin.site.urls),
]
