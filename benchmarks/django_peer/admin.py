"""The lists, with what makes Django's admin quick: related rows in the same query, no second count, states as choices."""

from typing import Any

from django.contrib import admin
from django.core.cache import cache
from django.core.paginator import Paginator
from django.utils.functional import cached_property

from benchmarks.django_peer.models import Client, Invoice, Pet, Visit

PER_PAGE = 20
COUNTED_FOR = 30


class _CountsNowAndThen(Paginator):
    """How many rows there are is counted once in half a minute, as ours does; Django has no such thing of its own."""

    @cached_property
    def count(self) -> int:
        name = f"count-{hash(str(self.object_list.query))}"
        known: Any = cache.get(name)
        if known is None:
            known = self.object_list.count()
            cache.set(name, known, COUNTED_FOR)
        return int(known)


class _List(admin.ModelAdmin):
    list_per_page = PER_PAGE
    show_full_result_count = False
    ordering = ("-id",)


class Clients(_List):
    """With the usual sitter in the same query."""

    list_display = ("__str__", "account_number", "status", "primary_sitter", "phone", "portal_enabled")
    list_filter = ("status", "portal_enabled")
    list_select_related = ("primary_sitter",)
    search_fields = ("first_name", "last_name", "email")


class Pets(_List):
    """With client and vet in the same query."""

    list_display = ("name", "client", "species", "breed", "vet", "status")
    list_filter = ("status", "species")
    list_select_related = ("client", "vet")
    search_fields = ("name",)


class Visits(_List):
    """With client, service and sitter in the same query."""

    list_display = ("on_date", "start_time", "client", "service_item", "sitter", "state", "price")
    list_filter = ("state", "on_date")
    list_select_related = ("client", "service_item", "sitter")
    search_fields = ("client__first_name", "client__last_name")


class Invoices(_List):
    """With the client in the same query."""

    list_display = ("number", "client", "state", "issued_on", "due_on", "total")
    list_filter = ("state", "due_on")
    list_select_related = ("client",)
    search_fields = ("number", "client__first_name", "client__last_name")


#: the same lists, which count their rows only now and then
keeps_counts = admin.AdminSite("keeps_counts")
for model, view in ((Client, Clients), (Pet, Pets), (Visit, Visits), (Invoice, Invoices)):
    admin.site.register(model, view)
    keeps_counts.register(model, type(f"Kept{view.__name__}", (view,), {"paginator": _CountsNowAndThen}))
