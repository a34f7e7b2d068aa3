"""A client's month as a page of its own: what our portal's month shows, by eight queries."""

import datetime as dt
from collections import defaultdict
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from benchmarks.django_peer.models import ChangeItem, ChangeRequest, Client, Line, Setting, Visit

COMING = 6
CELL = ("state", "on_date", "start_time", "time_block__name", "service_item__name", "id")


@login_required
def month(request: HttpRequest) -> HttpResponse:
    """The month of `?month=2026-11` of client `?client=1`, what waits on `?today=2026-11-27`, and the next six visits."""
    known = dict(Setting.objects.values_list("key", "value"))
    today = dt.date.fromisoformat(request.GET["today"])
    first = dt.date.fromisoformat(f"{request.GET['month']}-01")
    begin = first - dt.timedelta(days=(first.weekday() + 1) % 7)
    days = [begin + dt.timedelta(days=n) for n in range(42)]
    client = Client.objects.only("first_name", "last_name", "account_number").get(id=request.GET["client"])
    visits = Visit.objects.filter(client=client)
    facts = {
        "icons": "/static/i.svg", "client": client, "business": known.get("business.name", ""),
        "first": first, "before": first - dt.timedelta(days=1), "after": first + dt.timedelta(days=31),
    }  # fmt: skip
    asked = _asked(client)
    changing = {item.job_id for change in asked for item in change.items.all()}
    on = _on_days(client, visits, days, changing)
    coming = (
        visits.filter(on_date__gte=today, state="scheduled")
        .order_by("on_date", "start_time", "id")
        .select_related("service_item", "sitter", "time_block")
        .prefetch_related("pets")[:COMING]
    )
    return render(
        request,
        "peer/month.html",
        {
            **facts, "asked": asked, "today": today, "coming": coming, "names": days[:7],
            "weeks": [[{"on": d, "visits": on.get(d, ())} for d in days[n : n + 7]] for n in range(0, 42, 7)],
        },
    )  # fmt: skip


def _asked(client: Client) -> list[ChangeRequest]:
    items = ChangeItem.objects.select_related("job__service_item", "job__time_block").filter(state="pending")
    found = ChangeRequest.objects.filter(client=client, is_open=True).select_related("reason").order_by("-id")
    return list(found.prefetch_related(Prefetch("items", items)))


def _on_days(client: Client, visits: Any, days: list[dt.date], changing: set[int | None]) -> dict[dt.date, list[Any]]:  # noqa: ANN401 -- a query
    on: dict[dt.date, list[Any]] = defaultdict(list)
    shown = visits.exclude(state="voided").filter(
        on_date__lte=days[-1], ends_on__gte=days[0], on_date__gte=days[0] - dt.timedelta(days=60)
    )
    for visit in shown.order_by("on_date", "start_time").values(*CELL):
        on[visit["on_date"]].append({**visit, "state": "change"} if visit["id"] in changing else visit)
    lines = Line.objects.filter(client=client, state__in=["submitted", "declined", "cancelled"])
    for line in lines.filter(on_date__range=(days[0], days[-1])).order_by("on_date").values(*CELL):
        on[line["on_date"]].append({**line, "state": "req"})
    return on


def nothing(_request: HttpRequest, **_which: str) -> HttpResponse:
    """Where a link of the month would lead."""
    return HttpResponse("nothing")


def healthz(_request: HttpRequest) -> HttpResponse:
    """For whoever waits for the server."""
    return HttpResponse("ok")
