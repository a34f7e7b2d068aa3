"""Django over the same tables, as somebody who knows it would set it up: its admin's lists, and a client's month as a page.

Nobody logs in and nothing is counted in full, so that it does less than ours, not more. gunicorn serves it as it does ours.
"""

import datetime as dt
import os
from collections import defaultdict
from typing import Any

import django
import sqlalchemy as sa
from django.conf import settings

PER_PAGE = 20


def _database() -> dict[str, Any]:
    url = sa.make_url(os.environ["DATABASE_URL"])
    if url.get_backend_name() == "sqlite":
        pragmas = "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456;"
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.database, "OPTIONS": {"init_command": pragmas}}
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": url.database, "USER": url.username,
        "PASSWORD": url.password or "", "HOST": url.host or "", "PORT": str(url.port or ""),
    }  # fmt: skip


settings.configure(
    DEBUG=False,
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {**_database(), "CONN_MAX_AGE": None}},
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
        "django.contrib.sessions", "django.contrib.staticfiles", "benchmarks",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        f"{__name__}.somebody_is_here",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MESSAGE_STORAGE="django.contrib.messages.storage.cookie.CookieStorage",
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [("django.template.loaders.cached.Loader", ["django.template.loaders.app_directories.Loader"])],
        },
    }],
    STATIC_URL="/static/",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)  # fmt: skip
django.setup()

# Django's parts may be imported only once it is set up.
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.paginator import Paginator  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import Context, Engine  # noqa: E402
from django.urls import path  # noqa: E402


def somebody_is_here(get_response: Any) -> Any:  # noqa: ANN401 -- Django's middleware
    """An owner without a session: nothing is asked about who it is."""
    owner = User(username="owner", is_active=True, is_staff=True, is_superuser=True)

    def answer(request: HttpRequest) -> HttpResponse:
        request.user = owner
        found: HttpResponse = get_response(request)
        return found

    return answer


class _Named(models.Model):
    first_name = models.CharField(max_length=120)
    last_name = models.CharField(max_length=120)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Staff(_Named):
    """Of the team, as far as lists name them."""

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "staff"


class Client(_Named):
    """What the list of clients shows."""

    account_number = models.CharField(max_length=10)
    email = models.CharField(max_length=255)
    phone = models.CharField(max_length=40)
    status = models.CharField(max_length=32)
    portal_enabled = models.BooleanField()
    primary_sitter = models.ForeignKey(Staff, models.DO_NOTHING, null=True)

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "client"


class Vet(models.Model):
    """A pet's vet by name."""

    name = models.CharField(max_length=120)

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "vet"

    def __str__(self) -> str:
        return self.name


class Pet(models.Model):
    """What the list of pets shows."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    name = models.CharField(max_length=120)
    species = models.CharField(max_length=32)
    breed = models.CharField(max_length=120)
    status = models.CharField(max_length=32)
    vet = models.ForeignKey(Vet, models.DO_NOTHING, null=True)

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "pet"


class Service(models.Model):
    """A service by name."""

    name = models.CharField(max_length=120)

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "service_item"

    def __str__(self) -> str:
        return self.name


class Block(models.Model):
    """A time block."""

    name = models.CharField(max_length=120)
    starts_at = models.TimeField()
    ends_at = models.TimeField()

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "time_block"


class Visit(models.Model):
    """What the list of visits and a client's month show."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    service_item = models.ForeignKey(Service, models.DO_NOTHING)
    on_date = models.DateField()
    ends_on = models.DateField()
    start_time = models.TimeField(null=True)
    end_time = models.TimeField(null=True)
    time_block = models.ForeignKey(Block, models.DO_NOTHING, null=True)
    sitter = models.ForeignKey(Staff, models.DO_NOTHING, null=True)
    state = models.CharField(max_length=32)
    price = models.BigIntegerField()
    pets = models.ManyToManyField(Pet, through="VisitPet")

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "job"


class VisitPet(models.Model):
    """Which pets a visit is for."""

    pk = models.CompositePrimaryKey("job_id", "pet_id")
    job = models.ForeignKey(Visit, models.DO_NOTHING)
    pet = models.ForeignKey(Pet, models.DO_NOTHING)

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "job_pet"


class Line(models.Model):
    """A requested visit."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    service_item = models.ForeignKey(Service, models.DO_NOTHING)
    on_date = models.DateField()
    start_time = models.TimeField(null=True)
    time_block = models.ForeignKey(Block, models.DO_NOTHING, null=True)
    state = models.CharField(max_length=32)

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "job_request_line"


class Setting(models.Model):
    """What the business has set; read anew for each page, as several processes must."""

    key = models.CharField(max_length=80, primary_key=True)
    value = models.TextField()

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "setting"


class Invoice(models.Model):
    """What the list of invoices shows."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    number = models.CharField(max_length=40)
    state = models.CharField(max_length=32)
    issued_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    total = models.BigIntegerField(null=True)

    class Meta:
        app_label, managed, db_table = "benchmarks", False, "invoice"


# ----------------------------------------------------------------------------------------------------------- admin


class _KnowsHowMany(Paginator):
    """The number of rows is counted once in a process's life, which no real installation could do."""

    _counted: dict[str, int] = {}

    @property
    def count(self) -> int:
        name = str(self.object_list.query)
        if name not in self._counted:
            self._counted[name] = super().count
        return self._counted[name]


class _List(admin.ModelAdmin):
    list_per_page = PER_PAGE
    show_full_result_count = False
    paginator = _KnowsHowMany
    ordering = ("-id",)


class Clients(_List):
    """With the usual sitter in the same query."""

    list_display = ("__str__", "account_number", "status", "primary_sitter", "phone", "portal_enabled")
    list_select_related = ("primary_sitter",)
    search_fields = ("first_name", "last_name", "email")


class Pets(_List):
    """With client and vet in the same query."""

    list_display = ("name", "client", "species", "breed", "vet", "status")
    list_select_related = ("client", "vet")
    search_fields = ("name",)


class Visits(_List):
    """With client, service and sitter in the same query."""

    list_display = ("on_date", "start_time", "client", "service_item", "sitter", "state", "price")
    list_select_related = ("client", "service_item", "sitter")
    search_fields = ("client__first_name", "client__last_name")


class Invoices(_List):
    """With the client in the same query."""

    list_display = ("number", "client", "state", "issued_on", "due_on", "total")
    list_select_related = ("client",)
    search_fields = ("number", "client__first_name", "client__last_name")


site = admin.AdminSite(name="admin")
for kind, as_list in ((Client, Clients), (Pet, Pets), (Visit, Visits), (Invoice, Invoices)):
    site.register(kind, as_list)


# ------------------------------------------------------------------------------------------------------ the month

_PAGE = Engine().from_string("""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Schedule</title></head><body>
<header><a href="/">{{ client }}</a><nav><a href="/account">Account</a><a href="/schedule">Schedule</a><a href="/requests">My requests</a></nav>{{ business }}</header>
<main>{% if waiting %}<p>{{ waiting }} requested visits are waiting</p>{% endif %}<h1>{{ first|date:"F Y" }}</h1><table><tr>{% for name in names %}<th>{{ name }}</th>{% endfor %}</tr>
{% for week in weeks %}<tr>{% for day in week %}<td><a href="/schedule/{{ day.on|date:'Y-m-d' }}">{{ day.on.day }}</a>
{% for v in day.visits %}<span class="pill pill--{{ v.state }}"><b>{% if v.start_time %}{{ v.start_time|time:"g:i a" }}{% else %}{{ v.time_block__name }}{% endif %}</b> {{ v.service_item__name }}</span>{% endfor %}</td>{% endfor %}</tr>{% endfor %}</table>
<h2>Coming visits</h2>{% for v in coming %}<article class="card"><h3>{{ v.on_date|date:"l, F j" }}</h3><p>{% if v.start_time %}{{ v.start_time|time:"g:i a" }} to {{ v.end_time|time:"g:i a" }}{% else %}{{ v.time_block.name }}{% endif %}</p>
<h4>{{ v.service_item.name }}</h4><p>{% for pet in v.pets.all %}<span>{{ pet.name }}</span>{% endfor %} with {{ v.sitter.first_name }}</p><p>{{ v.price }}</p><a href="/visits/{{ v.id }}/change">Make changes</a><a href="/visits/{{ v.id }}/cancel">Cancel</a></article>{% endfor %}</main></body></html>""")


def month(request: HttpRequest) -> HttpResponse:
    """The month of `?month=2026-11` of client `?client=1`, what waits on `?today=2026-11-27`, and the next six visits: six queries."""
    known = dict(Setting.objects.values_list("key", "value"))
    first = dt.date.fromisoformat(f"{request.GET['month']}-01")
    begin = first - dt.timedelta(days=(first.weekday() + 1) % 7)
    days = [begin + dt.timedelta(days=n) for n in range(42)]
    client = Client.objects.only("first_name", "last_name").get(id=request.GET["client"])
    own = Visit.objects.filter(client=client).exclude(state="voided")
    on: dict[dt.date, list[Any]] = defaultdict(list)
    shown = own.filter(on_date__lte=days[-1], ends_on__gte=begin, on_date__gte=begin - dt.timedelta(days=60))
    columns = ("state", "on_date", "start_time", "time_block__name", "service_item__name")
    for visit in shown.order_by("on_date", "start_time").values(*columns):
        on[visit["on_date"]].append(visit)
    lines = Line.objects.filter(client=client, state__in=["submitted", "declined", "cancelled"])
    waiting = 0
    for line in lines.order_by("on_date").values(*columns):
        on[line["on_date"]].append({**line, "state": "req"})
        waiting += line["state"] == "submitted"
    coming = own.filter(on_date__gte=request.GET["today"], state="scheduled").order_by("on_date", "start_time", "id")[
        :6
    ]
    facts = {
        "client": client, "first": first, "business": known.get("business.name", ""), "waiting": waiting, "names": ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
        "weeks": [[{"on": d, "visits": on.get(d, [])} for d in days[n : n + 7]] for n in range(0, 42, 7)],
        "coming": coming.select_related("service_item", "sitter", "time_block").prefetch_related("pets"),
    }  # fmt: skip
    return HttpResponse(_PAGE.render(Context(facts)))


def healthz(_request: HttpRequest) -> HttpResponse:
    """For whoever waits for the server."""
    return HttpResponse("ok")


urlpatterns = [path("admin/", site.urls), path("month", month), path("healthz", healthz)]
app = get_wsgi_application()
