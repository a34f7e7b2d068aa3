"""The billing run in the office: the list with its checks, the order, what failed, the charges, the file."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
import sqlalchemy as sa

from application import tasks
from foundation.db import db
from models import BulkKind, BulkRun, BulkState, Invoice, InvoiceState, Job, JobState
from tests import factories as make
from tests import money_factories as money_make
from tests.databases import statements
from tests.sheets import bare, sheet_rows
from workflows.actors import staff_actor
from workflows.billing import methods
from workflows.mail_facts import MailKind

D = Decimal
RUN = "/admin/billing-run/"
MON, THU = dt.date(2026, 11, 23), dt.date(2026, 11, 26)


@pytest.fixture
def visits(cast):
    """Alice: Monday and Thursday, 20 each; Bob: Monday, 20."""
    # What the cast has of its own did not take place.
    db.session.execute(sa.update(Job).values(state=JobState.VOIDED))
    made = [
        make.job(cast.alice, cast.walk, on_date=MON, price=D(20)),
        make.job(cast.alice, cast.walk, on_date=THU, price=D(20)),
        make.job(cast.bob, cast.walk, on_date=MON, price=D(20)),
    ]
    db.session.commit()
    return made


def worked(app):
    tasks.orders.bulk_orders(app)
    db.session.expire_all()


def states():
    return [
        (i.client.first_name, i.state, i.total) for i in db.session.scalars(sa.select(Invoice).order_by(Invoice.id))
    ]


@pytest.mark.covers("M2")
def test_run_raises_invoices_up_to_and_including_today(app, office, cast, visits, outbox):
    page = office.get(RUN)
    assert "2 clients, 2 visits, $40.00" in page.main
    assert all(name in page.main for name in ("Alice Archer", "Bob Baker"))
    done = page.press("Raise invoices")
    assert "Raise invoices for 2 clients" in done.main
    worked(app)
    assert states() == [("Alice", InvoiceState.OPEN, D(20)), ("Bob", InvoiceState.OPEN, D(20))]
    assert len(outbox.mails(MailKind.INVOICE_SENT)) == 2
    followed = office.get(done.path)
    assert "Done: 2 of 2 clients" in followed.main
    assert "2 invoices raised." in followed.main
    assert "Raise invoices for 2 clients" in office.get(f"{RUN}runs").main


@pytest.mark.covers("M2")
def test_preview_is_filtered_and_shows_what_to_look_at(office, cast, visits):
    terms = money_make.payment_terms("Monthly")
    cast.bob.payment_terms, cast.bob.email = terms, None
    db.session.commit()
    page = office.get(f"{RUN}?up_to=2026-11-30&terms={terms.id}")
    assert "Bob Baker No mail address" in page.main
    assert "Alice Archer" not in page.main
    assert "1 client, 1 visit, $20.00" in office.get(f"{RUN}?up_to=2026-11-30&first=2026-11-24&paying=other").main
    assert "Nothing to invoice" in office.get(f"{RUN}?up_to=2026-11-01").main
    assert "3 visits, $60.00" in office.get(f"{RUN}?up_to=").main


def test_only_ticked_clients_and_only_drafts(app, office, cast, visits, outbox):
    office.get(RUN).press("Raise invoices", client=[cast.bob.id], only_drafts="y")
    worked(app)
    assert states() == [("Bob", InvoiceState.DRAFT, D(20))]
    assert len(outbox.mails(MailKind.INVOICE_SENT)) == 0


@pytest.mark.covers("M2")
def test_automatic_payment_is_taken_and_a_declined_one_is_listed_to_retry(app, office, cast, visits):
    for client in (cast.alice, cast.bob):
        methods.add(
            client, nonce="fake-valid-visa-nonce", allow_automatic=True, make_default=True,
            actor=staff_actor(cast.olivia), gateway=app.extensions["gateway"],
        )  # fmt: skip
    visits[2].price = D(2001)
    db.session.commit()
    done = office.get(RUN).press("Raise invoices")
    worked(app)
    assert states() == [("Alice", InvoiceState.PAID, D(20)), ("Bob", InvoiceState.OPEN, D(2001))]
    assert "2 payments: Done, 1 not done" in office.get(done.path).main
    charge = db.session.scalars(sa.select(BulkRun).where(BulkRun.kind == BulkKind.CHARGE)).one()
    page = office.get(f"{RUN}{charge.public_id}/")
    assert "1 payment taken. 1 could not be done." in page.main
    assert "Bob Baker, " in page.main
    again = page.press("Try these again")
    assert "Take 1 payment" in again.main
    assert db.session.scalar(sa.select(sa.func.count()).where(BulkRun.kind == BulkKind.CHARGE)) == 2


@pytest.mark.parametrize(
    ("asked", "words"), [({}, "Look at these invoices"), ({"only_drafts": "y"}, "Look at these drafts")]
)
def test_a_finished_run_leads_to_what_it_raised(app, office, cast, visits, asked, words):
    other = money_make.invoice(cast.bob, number="INV-4000", sequence=4000)
    db.session.commit()
    done = office.get(RUN).press("Raise invoices", client=[cast.alice.id], **asked)
    assert words not in done.main
    worked(app)
    run = db.session.scalars(sa.select(BulkRun)).one()
    followed = office.get(done.path)
    assert words in followed.main
    address = f"/admin/invoices/?view=all&flt_run={run.id}"
    assert address in followed.html.replace("&amp;", "&")
    (raised,) = db.session.scalars(sa.select(Invoice).where(Invoice.run_id == run.id))
    listed = office.get(address)
    assert (f"/admin/invoice/{raised.id}/" in listed.html, f"/admin/invoice/{other.id}/" in listed.html) == (
        True,
        False,
    )
    assert "Billing run: " in listed.main
    assert "not there any more" in office.get("/admin/invoices/?view=all&flt_run=99999").main


def test_a_run_that_raised_nothing_leads_to_no_invoices(office, cast):
    for kind, n_done in ((BulkKind.INVOICE, 0), (BulkKind.CHARGE, 1), (BulkKind.STATEMENT, 1)):
        run = make.bulk_run(kind, state=BulkState.DONE, n_total=1, n_done=n_done, wish={"ids": []})
        db.session.commit()
        assert "Look at these" not in office.get(f"{RUN}{run.public_id}/").main


def test_nobody_ticked_is_said_and_keeps_the_list(office, visits):
    page = office.get(RUN).press("Raise invoices", client=[])
    assert page.status == 422
    assert "Tick at least one client." in page.html
    assert "Alice Archer" in page.main


def test_sent_twice_is_one_run(office, visits):
    page = office.get(RUN)
    page.press("Raise invoices")
    page.press("Raise invoices")
    assert db.session.scalar(sa.select(sa.func.count(BulkRun.id))) == 1


@pytest.mark.parametrize(
    "query", ["up_to=nonsense", "terms=x", "paying=%00", "group=99999999999999999999", "first=0001-01-01"]
)
def test_addresses_that_make_no_sense_are_answered_with_a_sentence(office, visits, query):
    page = office.get(f"{RUN}?{query}", status=422)
    assert "Raise invoices" not in page.main
    office.get(f"{RUN}AAAAAAAAAAAA/", status=404)


def test_page_costs_the_same_however_many_clients(office, cast, visits):
    with statements() as few:
        office.get(RUN)
    for n in range(15):
        make.job(make.client("More", f"No {n}"), cast.walk, on_date=MON)
    db.session.commit()
    with statements() as many:
        assert "17 clients" in office.get(RUN).main
    assert len(many) == len(few) <= 14


def test_file_has_a_row_a_client(office, visits):
    answer = office.get(RUN).press("Save as file")
    rows = list(csv.reader(io.StringIO(answer.html.lstrip("\ufeff"))))
    assert [row[1] for row in rows] == ["Client", "Alice Archer", "Bob Baker"]
    assert rows[1][2:4] == ["1", "20.00"]
    book = office.browser.post(f"{RUN}file", data={"as": "xlsx", "csrf_token": office.token()})
    assert 'name="as" value="xlsx"' in office.get(RUN).html
    assert sheet_rows(book.data) == bare(rows)


def test_failed_charges_cost_one_query_however_many(office, cast):
    invoices = [money_make.invoice(cast.alice) for _ in range(12)]
    failed = [{"job_id": i.id, "why": "The payment did not go through.", "values": {"label": str(i)}} for i in invoices]
    few, many = (make.bulk_run(BulkKind.CHARGE, failures=failed[:n], n_total=n, wish={"ids": []}) for n in (1, 12))
    db.session.commit()
    office.get(f"{RUN}{few.public_id}/")
    sent = []
    for run in (few, many):
        db.session.expire_all()
        with statements() as queries:
            page = office.get(f"{RUN}{run.public_id}/")
        sent.append(len(queries))
        assert page.html.count(f"/admin/client/{cast.alice.id}/") >= len(run.failures)
    assert sent[0] == sent[1]
