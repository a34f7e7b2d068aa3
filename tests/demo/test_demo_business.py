"""The demo business: complete, safe to ask for twice, and unknown to the product."""

import ast
import datetime as dt
import importlib
import inspect
import re
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine

from application import demo
from application.demo import story
from foundation import clock
from foundation.db import Base, db
from mailer.render import render
from models import (
    Activity,
    ChangeKind,
    ChangeRequest,
    ChangeState,
    Client,
    ClientLogin,
    ClientPrice,
    Counter,
    FieldValue,
    Initiator,
    Invoice,
    InvoiceState,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    MailState,
    Notification,
    NotificationKind,
    OutboxMail,
    Payment,
    Pet,
    PriceTarget,
    PublicHoliday,
    Realm,
    Repeat,
    RequestMessage,
    ServiceItem,
    Staff,
    TimeOff,
    TimeType,
)
from tests import databases
from tests import factories as make
from tests.databases import count
from workflows import (
    access,
    change_requests,
    conflicts,
    first_run,
    job_requests,
    people,
    plans,
    price_books,
    pricing,
    repeat_outlook,
    repeat_runs,
    settings,
    stretches,
)
from workflows.actors import COMMAND_LINE
from workflows.billing import books, sums
from workflows.sign_ins import Browser

#: the moment of every test, see tests/conftest.py
NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("America/New_York"))
ROOT = Path(__file__).resolve().parents[2]
SMALL = demo.Size(clients=90, active_clients=60, pets=170, more_sitters=10, days_back=60)
STAFF = ("olivia@example.com", "max@example.com", "sam@example.com", "sita@example.com")
CLIENTS = ("hannah@example.com", "leo@example.com")


def rows() -> dict[str, int]:
    """Table -> number of rows."""
    return {
        t.name: db.session.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in Base.metadata.sorted_tables
    }


@pytest.fixture(scope="session")
def maple_lane(tmp_path_factory):
    """The whole business in small, filled once for the tests that only look at it."""
    folder = tmp_path_factory.mktemp("maple_lane")
    app = databases.make_app(f"sqlite:///{folder / 'latchkey.db'}", folder)
    with time_machine.travel(NOW, tick=False):
        assert demo.fill(app, cast_only=False, size=SMALL) is True
    return app


@pytest.fixture
def business(maple_lane):
    databases.take_the_process(maple_lane)
    with maple_lane.app_context():
        settings.forget()
        settings.read()
        yield
        db.session.rollback()


def test_everybody_of_the_cast_can_log_in(business):
    for realm, names in ((Realm.STAFF, STAFF), (Realm.CLIENT, CLIENTS)):
        for name in names:
            assert access.log_in(realm, name, "walkies-at-noon", browser=Browser("127.0.0.1")) is not None, name
            assert access.log_in(realm, name, "walkies-at-night", browser=Browser("127.0.0.1")) is None, name


def test_cast_is_small_enough_to_be_there_in_seconds_and_comes_once(app, capsys):
    assert demo.fill(app, cast_only=True) is True
    assert sum(rows().values()) < 4000
    assert sorted(str(s) for s in db.session.scalars(sa.select(Staff))) == [
        "Max Brandt", "Olivia Hart", "Sam Reyes", "Sita Nair",
    ]  # fmt: skip
    pets = {str(c): [p.name for p in c.pets] for c in db.session.scalars(sa.select(Client))}
    assert pets == {"Hannah Okafor": ["Biscuit", "Mochi", "Pepper"], "Leo Feld": ["Rufus"]}
    hannah = db.session.scalar(sa.select(Client).where(Client.first_name == "Hannah"))
    assert str(hannah.primary_sitter) == "Sam Reyes"
    assert count(JobRequestLine, JobRequestLine.state == LineState.SUBMITTED) > 0
    assert count(Job, Job.on_date > clock.today()) > 0

    # A second call changes nothing.
    before = rows()
    db.session.rollback()
    assert demo.fill(app, cast_only=False) is False
    assert rows() == before
    assert "already" in capsys.readouterr().out


@pytest.mark.parametrize("resident", [make.staff, make.client])
def test_business_of_somebody_else_is_left_alone(app, resident):
    resident()
    db.session.commit()
    before = rows()
    db.session.rollback()
    assert demo.fill(app, cast_only=False) is False
    assert rows() == before


def test_fault_in_the_middle_leaves_an_empty_database(app, monkeypatch):
    def stumble(*_anything):
        raise RuntimeError("stumbled")

    monkeypatch.setattr(story, "tell", stumble)
    with pytest.raises(RuntimeError, match="stumbled"):
        demo.fill(app, cast_only=True)
    assert set(rows().values()) == {0}


def test_login_text_names_the_cast_and_where_they_log_in(app):
    demo.fill(app, cast_only=True)
    text = demo.logins_text()
    assert "walkies-at-noon" in text
    for name, path in zip((*STAFF, *CLIENTS), ("/admin/",) * 2 + ("/staff/",) * 2 + ("/portal/",) * 2, strict=True):
        assert re.search(rf"{path}\s+{name}", text)

    # Whose password was changed is left out.
    login = db.session.scalar(sa.select(ClientLogin).where(ClientLogin.email == "leo@example.com"))
    login.password_hash = access.hash_password("something else")
    db.session.flush()
    assert "leo@example.com" not in demo.logins_text()
    assert "hannah@example.com" in demo.logins_text()


def test_login_text_of_another_business_names_nobody(app):
    make.staff_login(make.owner(email="boss@example.com"))
    assert demo.logins_text() == "Log in with your own account at http://127.0.0.1:8000/admin/"


def test_login_text_of_nobody_says_how_to_make_the_first_account(app, monkeypatch):
    monkeypatch.setitem(app.config, "DATA_DIR", "/srv/my pets")
    monkeypatch.setitem(app.config, "PUBLIC_URL", "http://127.0.0.1:8123")
    command = "DATA_DIR='/srv/my pets' PUBLIC_URL=http://127.0.0.1:8123 .venv/bin/flask owner create"
    code = first_run.code(app.config["SECRET_KEY"])
    welcome = f"Nobody lives here yet. Begin at http://127.0.0.1:8123/office/welcome/{code}\nor with: "
    assert demo.logins_text() == welcome + command
    monkeypatch.setitem(app.config, "DATA_DIR", str(Path("var").resolve()))
    monkeypatch.setitem(app.config, "PUBLIC_URL", "http://127.0.0.1:8000")
    assert demo.logins_text() == welcome.replace("8123", "8000") + ".venv/bin/flask owner create"


def test_whole_business_tells_its_story(business):
    assert (count(Client), count(Pet), count(Staff)) == (90, 170, 14)
    assert {i.time_type for i in db.session.scalars(sa.select(ServiceItem))} == set(TimeType)
    assert count(ServiceItem, ServiceItem.is_internal) == 1
    years = {h.on_date.year for h in db.session.scalars(sa.select(PublicHoliday))}
    assert years == {clock.today().year, clock.today().year + 1}
    assert count(TimeOff) > 10
    assert job_requests.n_clients_waiting() == 12
    assert count(JobRequest, JobRequest.submitted_at.is_(None)) == 2
    lines = dict(
        db.session.execute(sa.select(JobRequestLine.state, sa.func.count()).group_by(JobRequestLine.state)).all()
    )
    assert set(lines) == set(LineState) - {LineState.DELETED}
    assert count(JobRequestLine, JobRequestLine.auto_submitted, JobRequestLine.state == LineState.SUBMITTED) > 0
    assert count(Notification, Notification.kind == NotificationKind.REQUEST_AUTO_SUBMITTED) == 1
    told = list(db.session.scalars(sa.select(Notification.created_at).order_by(Notification.id)))
    assert len(told) > 10
    assert told == sorted(told)
    assert count(RequestMessage) == 1
    states = dict(db.session.execute(sa.select(Job.state, sa.func.count()).group_by(Job.state)).all())
    assert states[JobState.COMPLETED] > 300
    assert states[JobState.SCHEDULED] > 50
    assert states[JobState.CANCELLED] > 10
    assert count(Job, Job.on_date > clock.today(), Job.sitter_id.is_(None)) > 0
    assert count(OutboxMail) == count(OutboxMail, OutboxMail.state == MailState.QUEUED) > 20
    assert count(Activity, Activity.verb == "job_request.declined") == 2


def test_details_are_filled_in_secrets_sealed_and_one_was_changed_lately(business):
    assert count(FieldValue, FieldValue.client_id.is_not(None)) > 30
    assert count(FieldValue, FieldValue.pet_id.is_not(None)) > 50
    assert count(FieldValue, FieldValue.staff_id.is_not(None)) == 6
    assert count(FieldValue, FieldValue.sealed.is_not(None)) == 4
    assert "7304" not in str(db.session.scalars(sa.select(Activity.facts)).all())
    assert count(Notification, Notification.kind == NotificationKind.DATA_CHANGED) == 1


def test_waiting_requests_meet_a_leave_and_an_overlap(business):
    waiting = db.session.scalars(sa.select(JobRequestLine).where(JobRequestLine.state == LineState.SUBMITTED)).all()
    kinds = {clash.kind for clashes in job_requests.line_conflicts(waiting).values() for clash in clashes}
    assert kinds == {conflicts.ClashKind.OVERLAP, conflicts.ClashKind.TIME_OFF}


def test_no_sitter_is_in_two_places(business):
    planned = db.session.scalars(
        sa.select(Job).where(
            Job.on_date > clock.today() - dt.timedelta(days=30),
            Job.state.in_(stretches.BUSY_STATES),
            Job.sitter_id.is_not(None),
        )
    ).all()
    assert conflicts.find(plans.plan_of_job(j) for j in planned) == {}


def test_figures_of_visits_are_consistent(business):
    for job in db.session.scalars(sa.select(Job)):
        off = job.state in {JobState.CANCELLED, JobState.VOIDED}
        assert [x is not None for x in (job.prior_price, job.prior_sitter_pay, job.cancelled_by)] == [off] * 3
        whole = (job.prior_price, job.prior_sitter_pay) if off else (job.price, job.sitter_pay)
        for of, figure in zip(PriceTarget, whole, strict=True):
            assert sum(x.amount for x in pricing.kept_lines(job.price_lines, of)) == figure
        if off:
            assert 0 <= job.price <= job.prior_price
            assert job.sitter_pay <= job.prior_sitter_pay
            assert job.cancelled_at is not None
            assert job.cancelled_at <= clock.now()
        else:
            assert job.price >= job.sitter_pay > 0
        assert job.pets
        assert all(p.client_id == job.client_id for p in job.pets)
        assert job.created_at <= clock.now()


def test_prices_are_those_of_the_engine_for_this_client_and_day(business):
    jobs = db.session.scalars(
        sa.select(Job).where(Job.state == JobState.SCHEDULED, Job.on_date > clock.today()).order_by(Job.id).limit(400)
    ).all()
    book = price_books.load_book({j.client for j in jobs}, clock.today(), max(j.on_date for j in jobs))
    figures = [pricing.quote_job(j, book=book) for j in jobs]
    assert [(j.price, j.sitter_pay) for j in jobs] == [(f.price, f.sitter_pay) for f in figures]
    # As many rules as can be seen at work in one small year: each shows what the price list can do.
    seen = {x["text"] % x["values"] for lines in db.session.scalars(sa.select(Job.price_lines)) for x in lines}
    for name in ("Weekend walk", "After hours", "Public holiday, 50%", "Thank you for fostering, -10%", "Holiday pay"):
        assert name in seen
    agreed = db.session.execute(sa.select(Client.first_name, ClientPrice.price).join_from(Client, ClientPrice)).all()
    assert sorted(agreed) == [("Hannah", Decimal(19)), ("Leo", Decimal(34))]


def test_late_cancellations_cost_what_the_policy_says(business):
    charged = db.session.scalars(sa.select(Job).where(Job.state == JobState.CANCELLED, Job.price > 0)).all()
    assert charged
    assert {job.cancelled_by for job in charged} == {Initiator.CLIENT}
    lines = db.session.scalars(
        sa.select(Activity).where(Activity.verb == "job.cancelled", Activity.facts["rule"].as_string() != "")
    ).all()
    assert {x.facts["rule"] for x in lines} >= {"Within 24 hours", "Overnights and stays, within a week"}


def test_repeating_visits_are_made_ahead_and_a_run_finds_nothing_to_make(business):
    series = db.session.scalars(sa.select(Repeat)).all()
    assert len(series) >= 5
    assert count(Job, Job.repeat_id.is_not(None), Job.state == JobState.COMPLETED) > 50
    last = db.session.scalar(sa.select(sa.func.max(Job.on_date)).where(Job.repeat_id.is_not(None)))
    assert last > clock.today() + dt.timedelta(days=50)
    run = repeat_outlook.preview(series, repeat_runs.horizon(), first=clock.today() + dt.timedelta(days=1))
    assert (run.n_made, run.n_conflicts) == (0, 0)
    paused = db.session.scalars(sa.select(Repeat).where(Repeat.pauses.any())).one()
    assert count(Job, Job.repeat_id == paused.id, Job.state == JobState.CANCELLED, Job.repeat_off) > 0


def test_changes_and_cancellations_wait_in_the_inbox(business):
    requests = db.session.scalars(sa.select(ChangeRequest)).all()
    waiting = [r for r in requests if r.is_open]
    assert {r.kind for r in waiting} == {ChangeKind.CHANGE, ChangeKind.CANCEL, ChangeKind.PAUSE}
    assert change_requests.n_open() == len(waiting) >= 6
    items = [i for r in requests for i in r.items]
    assert {i.state for i in items} == {
        ChangeState.PENDING, ChangeState.APPROVED, ChangeState.DENIED, ChangeState.WITHDRAWN,
    }  # fmt: skip
    assert max(len(r.items) for r in waiting) >= 3
    assert any(i.fee for i in items if i.state is ChangeState.PENDING)
    assert {str(r.client) for r in waiting} >= {"Hannah Okafor", "Leo Feld"}


def test_request_numbers_have_no_gaps_and_follow_the_time(business):
    sent = db.session.execute(
        sa.select(JobRequest.number, JobRequest.submitted_at)
        .where(JobRequest.number.is_not(None))
        .order_by(JobRequest.number)
    ).all()
    assert [number for number, _at in sent] == list(range(1, len(sent) + 1))
    assert [at for _number, at in sent] == sorted(at for _number, at in sent)
    assert db.session.get(Counter, "job_request").value == len(sent)


def test_every_mail_of_the_story_can_be_read(business):
    for mail in db.session.scalars(sa.select(OutboxMail)):
        assert render(mail).subject


def test_life_goes_on_after_the_move(app):
    # The whole business moves into SQLite in the tests below.
    demo.fill(app, cast_only=db.engine.dialect.name == "sqlite", size=SMALL)
    client = people.add_client({"first_name": "Nora"}, actor=COMMAND_LINE)
    pet = people.add_pet({"client": client, "name": "Bo"}, actor=COMMAND_LINE)
    line = make.line(make.job_request(client), db.session.scalars(sa.select(ServiceItem)).first(), pets=[pet])
    job = make.job(client, line.service_item, pets=[pet])
    db.session.commit()
    assert all(x.id for x in (client, pet, line, job))


def test_same_day_makes_the_same_business(maple_lane, sqlite_app):
    def picture(app):
        with app.app_context():
            people_ = db.session.execute(
                sa.select(Client.first_name, Client.last_name, Client.phone, Client.created_at)
            ).all()
            visits = db.session.execute(
                sa.select(Job.client_id, Job.on_date, Job.start_time, Job.sitter_id, Job.state)
            ).all()
            return people_, visits

    databases.empty(sqlite_app)
    demo.fill(sqlite_app, cast_only=False, size=SMALL)
    assert picture(maple_lane) == picture(sqlite_app)


@pytest.mark.parametrize("moment", ["2026-12-20 23:30", "2027-03-14 00:05", "2028-02-29 12:00"])
def test_any_day_will_do(sqlite_app, clock_at, moment):
    databases.empty(sqlite_app)
    clock_at(moment)
    assert demo.fill(sqlite_app, cast_only=False, size=SMALL) is True
    with sqlite_app.app_context():
        assert job_requests.n_clients_waiting() == 12


def test_whatever_a_clash_could_stop_is_done_all_the_same():
    """On which days the made-up year is in the story's way nobody can try out: nothing in it may stop at a clash."""
    stoppable = []
    for path in sorted(Path(demo.__file__).parent.glob("*.py")):
        module = importlib.import_module(f"application.demo.{path.stem}")
        for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
            match call.func:
                case ast.Attribute(value=ast.Name(id=within), attr=name):
                    does = getattr(getattr(module, within, None), name, None)
                case ast.Name(id=name):
                    does = getattr(module, name, None)
                case _:
                    continue
            if inspect.isfunction(does) and does.__module__.startswith("workflows."):
                takes = inspect.signature(does).parameters
                if "accept" in takes:
                    stoppable.append((f"{path.name}: {name}", any(k.arg == "accept" for k in call.keywords)))
    assert {name for name, _ in stoppable} >= {"story.py: book", "story.py: change", "story.py: schedule"}
    assert [name for name, is_insisted in stoppable if not is_insisted] == []


def test_parts_of_the_crowd_are_for_different_clients(business):
    asking = db.session.scalars(
        sa.select(JobRequest.client_id).where(
            sa.or_(
                JobRequest.submitted_at.is_(None), JobRequest.submitted_at > clock.now() - dt.timedelta(days=8, hours=1)
            )
        )
    ).all()
    known = set(db.session.scalars(sa.select(ClientLogin.client_id).where(ClientLogin.email.in_(CLIENTS))))
    crowd = [c for c in asking if c not in known]
    assert len(crowd) == len(set(crowd))


# ------------------------------------------------------------------------------- the product knows nothing of a demo

PRODUCT = (
    "admin_site",
    "application",
    "client_portal",
    "foundation",
    "mailer",
    "settings_ui",
    "sign_in",
    "sitter_portal",
    "ui_kit",
    "workflows",
)
NAMES = re.compile(
    r"olivia hart|max brandt|sam reyes|sita nair|hannah okafor|leo feld|(olivia|max|sam|sita|hannah|leo)@example"
    r"|walkies-at-noon|maple lane pet care",
    re.IGNORECASE,
)
FLAG = re.compile(r"(is_|as_|for_)?demo(_mode|_flag|_business|_data|_only)?", re.IGNORECASE)
#: who starts the demo, or brings it in beside real records, must say its name
STARTERS = {"application/cli.py", "application/serve.py", "workflows/demo_beside.py"}
#: the payment gateway has a mode of that name, which has nothing to do with the demo business
ABOUT_MONEY = re.compile(r"billing|gateway|money|pay|methods|account")


def _product_modules():
    files = [
        ROOT / "models.py",
        ROOT / "wsgi.py",
        *(p for room in PRODUCT for p in sorted((ROOT / room).rglob("*.py"))),
    ]
    return [p for p in files if "application/demo" not in p.as_posix()]


def _texts_for_people(tree):
    """Strings inside gettext calls: they are shown, nothing is decided by them."""
    return {
        id(part)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"N_", "_", "_l", "gettext", "ngettext"}
        for part in ast.walk(call)
    }


def _strings_and_names(tree):
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    left_out = docstrings | _texts_for_people(tree)
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        for field in ("id", "attr", "arg", "name", "module"):
            if isinstance(getattr(node, field, None), str):
                yield getattr(node, field)


def test_no_product_code_knows_the_cast_or_a_demo_flag():
    found = []
    for path in _product_modules():
        name = path.relative_to(ROOT).as_posix()
        for text in _strings_and_names(ast.parse(path.read_text("utf-8"))):
            flagged = name not in STARTERS and (
                (FLAG.fullmatch(text) and not ABOUT_MONEY.search(name)) or text.startswith("application.demo")
            )
            if NAMES.search(text) or flagged:
                found.append(f"{name}: {text[:80]}")
    assert found == []


def test_no_template_knows_the_cast():
    templates = [
        p for room in (*PRODUCT, "mail_templates") for p in (ROOT / room).rglob("*") if p.suffix in {".html", ".txt"}
    ]
    assert templates
    assert [str(p) for p in templates if NAMES.search(p.read_text("utf-8"))] == []


def test_the_books_of_the_year_agree_and_something_is_still_owed(business):
    assert books.check() == []
    assert count(Invoice, Invoice.state == InvoiceState.PAID) > count(Invoice, Invoice.state == InvoiceState.OPEN) > 10
    assert count(Invoice, Invoice.state == InvoiceState.DRAFT) > 0
    assert count(Payment) > 0
    owed = sums.open_by_age()[0]
    assert owed[0] > 0
    assert owed[30] > 0
