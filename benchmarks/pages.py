"""What is measured, and the figures to reach. Addresses come from the app's own url map: what is missing there is said."""

import datetime as dt
from dataclasses import dataclass, field
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask, url_for

from benchmarks import filling
from benchmarks.people import CLIENT, OWNER, SITTER, staff_id_of
from benchmarks.tiers import Tier
from foundation.db import db
from models import Invoice, Job, JobState

PAGE_SIZE = 20


@dataclass(frozen=True)
class Page:
    """One page with its figures to reach. `endpoint` with its arguments gives the path."""

    name: str
    who: str
    endpoint: str
    arguments: dict[str, object] = field(default_factory=dict)
    #: at most so many statements, and at least this share of the requests/s of /hello
    queries: int = 8
    share: float = 0
    #: not larger, uncompressed
    kb: int | None = None
    #: the stock page that it is compared with, and how many times as fast it must be on SQLite and PostgreSQL
    stock: str = ""
    ratios: tuple[float, float] = (0, 0)
    #: the page of Django that it is compared with, and how many times as fast it must be on SQLite and PostgreSQL
    django: str = ""
    django_ratios: tuple[float, float] = (0, 0)
    #: at least 0.8 of the requests/s of this page
    like: str = ""

    @property
    def is_portal(self) -> bool:
        """Clients' pages: p99 at most three times p50 at one connection, 80 KB on a first visit."""
        return self.who == CLIENT

    def path(self, app: Flask) -> str | None:
        """Its address, or None when the app has no such page."""
        if self.endpoint not in app.view_functions:
            return None
        with app.test_request_context("http://127.0.0.1/"):
            return url_for(self.endpoint, **self.arguments)  # type: ignore[arg-type]


def all_pages(tier: Tier, today: dt.date) -> list[Page]:
    """Every page, in the order in which they are shown; the database says which visit is opened, so an app is needed."""
    return [*_office(tier, today), *_reports(today), *_desk(today), *_sitter(today), *_portal(today)]


def _office(tier: Tier, today: dt.date) -> list[Page]:
    name = filling.LAST[5][:4]
    day, monday = filling.peak_day(today), filling.peak_monday(today)
    n_invoices = db.session.scalar(sa.select(sa.func.count(Invoice.id))) or 0
    return [
        Page("HOME", OWNER, "admin.index", queries=14, share=1 / 20),
        Page("HOME, its live part", OWNER, "admin.live", queries=14, share=1 / 20),
        *_list("clients", tier.clients, name, ratios=(0, 0)),
        *_list("pets", tier.pets, "Luna", ratios=(0, 0)),
        *_list("visits", tier.visits, name, ratios=(20, 10)),
        *_list("invoices", n_invoices, name, ratios=(20, 10)),
        Page("search of everything", OWNER, "global_search.show", {"q": name}, share=1 / 20),
        Page("search of everything, a piece", OWNER, "global_search.quick", {"q": name}, share=1 / 20, kb=8),
        Page("client page", OWNER, "client_page.show", {"client_id": filling.READER}, queries=14, share=1 / 15),
        Page("client account, 1,000 invoices", OWNER, "client_page.show", {"client_id": filling.READER, "tab": "account"}, queries=14, share=1 / 15),
        Page("client edit form", OWNER, "clients.edit_view", {"id": filling.READER}, queries=14, share=1 / 15, kb=40),
        Page("request queue, 500 open", OWNER, "requests.index", queries=10, share=1 / 20),
        Page("change inbox, 500 open", OWNER, "changes.tab", {"tab": "cancellations"}, queries=10, share=1 / 40),
        Page("schedule, day of 900", OWNER, "schedule.index", {"view": "day", "on": day}, share=1 / 40),
        Page("schedule, week of 3,500", OWNER, "schedule.index", {"view": "week", "on": monday}, share=1 / 120),
        Page("schedule, month of 15,000", OWNER, "schedule.index", {"view": "month", "on": day}, share=1 / 40, kb=200),
        Page("board of today, its frame", OWNER, "board.index", share=1 / 20),
        Page("board of today, 900 visits", OWNER, "board.visits", {"start": today, "end": today + dt.timedelta(days=1)}, share=1 / 40),
    ]  # fmt: skip


def _reports(today: dt.date) -> list[Page]:
    """The index, and those that read the most rows. What they add up is not read faster than the database reads it."""
    first, last = today - dt.timedelta(days=365), today - dt.timedelta(days=1)
    year = {"period": "own", "first": first, "last": last, "compare": "previous"}
    return [
        Page("reports", OWNER, "reports.index", share=1 / 20),
        *(
            Page(f"report: {name}", OWNER, "reports.show", {"report": name, **arguments}, queries=14, kb=60)
            for name, arguments in {
                "revenue": {**year, "by": "service"},
                "visits": {**year, "by": "sitter"},
                "busiest": year,
                "cancellations": year,
                "invoiced": year,
                "received": year,
                "uninvoiced": year,
                "unpaid": {},
                "balances": {},
                "staff-pay": year,
                "growth": year,
            }.items()
        ),
    ]


def _desk(today: dt.date) -> list[Page]:
    """Pages of the office about Latchkey itself: few rows, so they cost what their frame costs."""
    return [
        Page("saved views of a list", OWNER, "saved_views.index", {"list": "visits"}, share=1 / 15),
        Page(
            "a list's view to be saved", OWNER, "saved_views.new", {"list": "visits", "flt_from": today}, share=1 / 15
        ),
        *(
            Page(f"settings, {page}", OWNER, "settings.page", {"page": page}, share=1 / 15, kb=80)
            for page in ("business", "portal", "billing")
        ),
        Page("settings, search", OWNER, "settings.search", {"q": "tax"}, share=1 / 15),
    ]


def _sitter(today: dt.date) -> list[Page]:
    day = filling.peak_day(today)
    visit = db.session.scalar(
        sa.select(Job.public_id)
        .where(Job.sitter_id == staff_id_of(SITTER), Job.on_date == day, Job.state == JobState.SCHEDULED)
        .order_by(Job.id)
        .limit(1)
    )
    return [
        Page("sitter's day", SITTER, "sitter_day.day", {"from": day}, share=1 / 10),
        Page("sitter's visit", SITTER, "sitter_visit.show", {"visit_id": visit}, queries=16, share=1 / 15),
    ]


def _list(name: str, n_rows: int, text: str, *, ratios: tuple[float, float]) -> list[Page]:
    """Page 1, the last page and a search of a list. `ratios`: of the last page; smaller tables have none to reach."""
    last, endpoint, stock = -(-n_rows // PAGE_SIZE), f"{name}.index_view", f"/admin/{name}/"
    django = f"/admin/django_peer/{name.removesuffix('s')}/"
    search = {"search": text}
    return [
        Page(f"{name}, page 1", OWNER, endpoint, {"view": "all"}, share=1 / 10, kb=30, stock=stock, ratios=(4, 4), django=django, django_ratios=(3.5, 6)),
        Page(f"{name}, last page", OWNER, endpoint, {"view": "all", "page": last}, stock=f"{stock}?page={last - 1}", ratios=ratios, like=f"{name}, page 1"),
        Page(f"{name}, search", OWNER, endpoint, {"view": "all", **search}, share=1 / 20, stock=f"{stock}?{urlencode(search)}", ratios=(10, 2) if any(ratios) else (0, 0)),
    ]  # fmt: skip


def _portal(today: dt.date) -> list[Page]:
    day = filling.peak_day(today)
    django = f"/month?client={filling.READER}&month={day:%Y-%m}&today={today}"
    return [
        Page(
            "portal schedule, month",
            CLIENT,
            "portal_schedule.month",
            {"month": f"{day:%Y-%m}"},
            share=1 / 10,
            django=django,
            django_ratios=(3, 3),
        ),
        Page("portal schedule, day", CLIENT, "portal_schedule.day", {"day": day}, share=1 / 10),
        Page("portal request form", CLIENT, "portal_requesting.show", share=1 / 10),
        Page("portal requests", CLIENT, "portal_requests.index", share=1 / 10),
        Page("portal account", CLIENT, "portal_account.show", share=1 / 10),
        Page("portal invoices", CLIENT, "portal_invoices.index", share=1 / 10),
    ]
