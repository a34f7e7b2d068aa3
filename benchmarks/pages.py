"""What is measured, and the figures to reach. Addresses come from the app's own url map: what is missing there is said."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Flask

from benchmarks import filling
from benchmarks.filling import Tier
from models import Realm


@dataclass(frozen=True)
class Page:
    """One page with its figures to reach. `endpoint` with its arguments gives the path."""

    name: str
    realm: Realm
    endpoint: str
    arguments: dict[str, object]
    query: dict[str, object]
    most_queries: int
    #: at least this share of the requests/s of /hello
    least_share: float
    most_kb: int | None = None
    #: the stock page that it is compared with, and how many times as fast it must be (SQLite, PostgreSQL)
    stock: str = ""
    stock_ratio: tuple[float, float] = (0, 0)
    #: p99 at one connection at most three times p50
    even: bool = False
    #: at least this share of the requests/s of another page
    least_of: tuple[str, float] | None = None

    def path(self, app: Flask) -> str | None:
        """Its address, or None when the app has no such page."""
        if self.endpoint not in app.view_functions:
            return None
        with app.test_request_context("http://127.0.0.1/"):
            from flask import url_for

            path = url_for(self.endpoint, **self.arguments)
        return f"{path}?{urlencode(self.query)}" if self.query else path


def all_pages(tier: Tier, today: dt.date) -> list[Page]:
    """Every page, in the order in which they are shown."""
    day, monday = filling.peak_day(today), filling.peak_monday(today)
    last = lambda rows: {"view": "all", "page": -(-rows // 20)}  # noqa: E731 -- said three times below
    search = {"view": "all", "search": filling.LAST[5][:4]}
    office, portal = _of(Realm.STAFF), _of(Realm.CLIENT)
    return [
        office("HOME", "admin.index", q=14, share=1 / 20),
        office("clients, page 1", "clients.index_view", query={"view": "all"}, q=8, share=1 / 10, kb=30, stock="/admin/clients/", ratio=(4, 4)),
        office("clients, last page", "clients.index_view", query=last(tier.clients), q=8, share=0, least_of=("clients, page 1", 0.8)),
        office("clients, search", "clients.index_view", query=search, q=8, share=1 / 20, stock="/admin/clients/?search=Finc", ratio=(1, 1)),
        office("visits, page 1", "visits.index_view", query={"view": "all"}, q=8, share=1 / 10, kb=30, stock="/admin/visits/", ratio=(4, 4)),
        office("visits, last page", "visits.index_view", query=last(tier.visits), q=8, share=0, stock=f"/admin/visits/?page={tier.visits // 20 - 1}", ratio=(20, 10), least_of=("visits, page 1", 0.8)),
        office("visits, search", "visits.index_view", query=search, q=8, share=1 / 20, stock="/admin/visits/?search=Finc", ratio=(10, 2)),
        office("client page", "client_page.show", {"client_id": filling.READER}, q=14, share=1 / 15),
        office("client edit form", "clients.edit_view", query={"id": filling.READER}, q=14, share=1 / 15, kb=40, stock="/admin/clients/edit/?id=1", ratio=(4, 4)),
        office("job requests, 500 open", "requests.index", q=10, share=1 / 20),
        office("schedule, day of 900", "schedule.index", query={"view": "day", "on": day}, q=8, share=1 / 40),
        office("schedule, week of 3,500", "schedule.index", query={"view": "week", "on": monday}, q=8, share=1 / 120),
        office("log", "activity.index_view", q=8, share=1 / 10),
        office("sitter's day", "sitter_day.day", query={"day": day}, q=8, share=1 / 10),
        portal("portal schedule, month", "portal_schedule.month", query={"month": f"{day:%Y-%m}"}, q=8, share=1 / 10),
        portal("portal schedule, day", "portal_schedule.day", {"day": day}, q=8, share=1 / 10),
        portal("portal request form", "portal_requesting.show", q=8, share=1 / 10),
        portal("portal requests", "portal_requests.index", q=8, share=1 / 10),
    ]  # fmt: skip


def _of(realm: Realm) -> Callable[..., Page]:
    def make(
        name: str, endpoint: str, arguments: dict[str, object] | None = None, *, query: dict[str, object] | None = None, q: int,
        share: float, kb: int | None = None, stock: str = "", ratio: tuple[float, float] = (0, 0),
        least_of: tuple[str, float] | None = None,
    ) -> Page:  # fmt: skip
        return Page(
            name,
            realm,
            endpoint,
            arguments or {},
            query or {},
            q,
            share,
            kb,
            stock,
            ratio,
            realm is Realm.CLIENT,
            least_of,
        )

    return make
