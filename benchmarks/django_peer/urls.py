"""Every address that the month links to, and the lists."""

from django.contrib import admin
from django.urls import path, register_converter

from benchmarks.django_peer import views
from benchmarks.django_peer.admin import keeps_counts


class _Day:
    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(_Day, "day")

NAMED = (
    "account", "requests", "invoices", "payments", "your_data", "reports", "messages", "settings", "cards", "calendar",
    "help", "log_out", "request", "cancel_several",
)  # fmt: skip
urlpatterns = [
    path("admin/", admin.site.urls),
    path("kept/", keeps_counts.urls),
    path("healthz", views.healthz),
    path("month", views.month, name="month"),
    path("schedule/<day:on>", views.nothing, name="day"),
    path("visits/<str:visit>", views.nothing, name="visit"),
    path("changes/<str:change>/withdrawal", views.nothing, name="withdraw"),
    *(path(f"{name}/", views.nothing, name=name) for name in NAMED),
]
