"""The kept PDFs: one for each version, the first of two at once, due after changes, forgotten only after commits."""

import os

import pytest
import sqlalchemy as sa

from foundation import clock, storage
from foundation.db import db
from models import InvoiceState, NoteState, PaperFile
from tests import factories, money_factories
from workflows.billing import paper_store
from workflows.billing.paper_store import About, AboutKind

pytestmark = pytest.mark.covers("M2")
A, B = "a" * 64, "b" * 64


def rows():
    return list(db.session.scalars(sa.select(PaperFile).order_by(PaperFile.id)))


def keys():
    return {k for k in storage.here().keys(before=clock.now().replace(year=2100)) if k.startswith("papers/")}


def make_old(key, days):
    path = storage.here().root / key
    moment = clock.now().timestamp() - days * 86400
    os.utime(path, (moment, moment))


@pytest.fixture(autouse=True)
def _empty_store(app):
    for key in keys():
        storage.here().delete(key)


@pytest.fixture
def invoice(db_session):
    made = money_factories.invoice(state=InvoiceState.OPEN, number="INV-1", sequence=1, issued_on=clock.today())
    db_session.commit()
    return made


@pytest.mark.parametrize("text", ["invoice:17", "note:3", "payment:4", "refund:5", "statement:6:2026-11-01:2026-11-30"])
def test_about_is_written_and_read_back(text):
    about = About.parse(text)
    assert str(about) == text
    if about.kind is AboutKind.STATEMENT:
        assert [d.isoformat() for d in about.days] == ["2026-11-01", "2026-11-30"]


@pytest.mark.parametrize("text", ["", "invoice", "invoice:x", "letter:1"])
def test_about_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        About.parse(text)


def test_keep_holds_the_bytes_under_their_fingerprint(invoice):
    file = paper_store.keep(About(AboutKind.INVOICE, invoice.id), A, b"%PDF-1")
    db.session.commit()
    assert paper_store.find(A) is file
    assert paper_store.find(B) is None
    assert (paper_store.read(file), file.size, file.invoice_id) == (b"%PDF-1", 6, invoice.id)
    assert keys() == {file.storage_key}


def test_new_version_takes_the_row_of_the_one_before_whose_bytes_stay_until_it_is_safe(invoice):
    about = About(AboutKind.INVOICE, invoice.id)
    first = paper_store.keep(about, A, b"one").storage_key
    db.session.commit()
    paper_store.keep(about, B, b"two")
    db.session.rollback()
    assert [r.content_hash for r in rows()] == [A]
    assert storage.here().read(first) == b"one", "a rolled-back change has cost nothing"
    second = paper_store.keep(about, B, b"two").storage_key
    db.session.commit()
    assert [r.content_hash for r in rows()] == [B]
    assert storage.here().read(first) == b"one"
    assert paper_store.forget_orphans() == 0, "younger than a day"
    for key in keys():
        make_old(key, 2)
    assert paper_store.forget_orphans() == 2
    assert keys() == {second}


def test_bytes_in_other_folders_are_none_of_its_business(invoice):
    other = storage.here().put(b"x", folder="files", suffix="pdf")
    make_old(other, 9)
    assert paper_store.forget_orphans() == 0
    assert storage.here().read(other) == b"x"


def test_two_at_once_keep_one(invoice, together):
    about = About(AboutKind.INVOICE, invoice.id)

    def keep():
        file = paper_store.keep(about, A, b"same")
        db.session.commit()
        return file.storage_key

    kept = together(keep, keep, keep)
    assert len(set(kept)) == 1
    assert [r.storage_key for r in rows()] == [kept[0]]
    assert keys() == {kept[0]}


def test_row_that_lost_its_bytes_gets_new_ones(invoice):
    about = About(AboutKind.INVOICE, invoice.id)
    lost = paper_store.keep(about, A, b"one")
    storage.here().delete(lost.storage_key)
    db.session.commit()
    assert paper_store.read(lost) is None
    again = paper_store.keep(about, A, b"one")
    db.session.commit()
    assert again.id == lost.id
    assert paper_store.read(again) == b"one"


def test_statements_of_other_periods_stay_a_month(db_session, clock_at):
    client = factories.client()
    clock_at("2026-10-01 10:00")
    paper_store.keep(About(AboutKind.STATEMENT, client.id, "2026-08-01", "2026-08-31"), "c" * 64, b"old")
    clock_at("2026-11-20 10:00")
    paper_store.keep(About(AboutKind.STATEMENT, client.id, "2026-09-01", "2026-09-30"), A, b"one")
    paper_store.keep(About(AboutKind.STATEMENT, client.id, "2026-10-01", "2026-10-31"), B, b"two")
    db.session.commit()
    assert [r.content_hash for r in rows()] == [A, B]


# ------------------------------------------------------------------------------------------------------------- due


def test_due_are_new_papers_without_a_pdf(db_session, invoice, clock_at):
    today = clock.today()
    money_factories.invoice(state=InvoiceState.DRAFT)
    open_note = money_factories.credit_note(invoice)
    note = money_factories.credit_note(
        invoice, state=NoteState.COMMITTED, number="CN-1", sequence=1, committed_on=today
    )
    payment = money_factories.payment(invoice.client)
    refund = money_factories.refund(payment, number="RF-1", sequence=1)
    money_factories.refund(payment)
    db_session.commit()
    assert open_note.state is NoteState.OPEN
    wanted = {f"invoice:{invoice.id}", f"note:{note.id}", f"payment:{payment.id}", f"refund:{refund.id}"}
    assert {str(a) for a in paper_store.due()} == wanted
    for n, about in enumerate(paper_store.due()):
        paper_store.keep(about, str(n) * 64, b"x")
    db_session.commit()
    assert paper_store.due() == []
    db_session.execute(sa.delete(PaperFile))
    db_session.commit()
    clock_at("2026-11-30 10:00")
    assert paper_store.due() == [], "what is old and was never drawn waits for somebody who asks"


def test_due_are_invoices_that_something_was_allocated_to_since(db_session, invoice, clock_at):
    about = About(AboutKind.INVOICE, invoice.id)
    paper_store.keep(about, A, b"x")
    other = money_factories.payment(invoice.client)
    paper_store.keep(About(AboutKind.PAYMENT, other.id), "c" * 64, b"x")
    db_session.commit()
    assert paper_store.due() == []
    clock_at("2026-11-23 11:00")
    money_factories.allocation(other, invoice)
    db_session.commit()
    clock_at("2026-11-23 11:01")
    assert paper_store.due() == [about]
    paper_store.still_right(paper_store.find(A), as_of=clock.now())
    db_session.commit()
    assert paper_store.due() == [], "it was looked at again, and nothing on it had changed"


def test_one_drawn_before_the_change_is_still_due(db_session, invoice, clock_at):
    """Its facts were read, then somebody paid, then it was kept: it does not show the payment."""
    read_at = clock.now()
    payment = money_factories.payment(invoice.client)
    paper_store.keep(About(AboutKind.PAYMENT, payment.id), "c" * 64, b"x")
    clock_at("2026-11-23 10:00:05")
    money_factories.allocation(payment, invoice)
    clock_at("2026-11-23 10:00:09")
    about = About(AboutKind.INVOICE, invoice.id)
    paper_store.keep(about, A, b"x", as_of=read_at)
    db_session.commit()
    assert paper_store.due() == [about]


@pytest.mark.parametrize("what", ["invoice", "draft", "payment", "allocation", "note", "open_note"])
def test_what_a_paper_shows_wakes_the_worker(db_session, invoice, what):
    db_session.info.pop("nudge_papers", None)
    if what == "invoice":
        invoice.state = InvoiceState.VOID
    elif what == "draft":
        money_factories.invoice(state=InvoiceState.DRAFT)
    elif what == "payment":
        money_factories.payment()
    elif what == "allocation":
        payment = money_factories.payment(invoice.client)
        db_session.info.pop("nudge_papers", None)
        money_factories.allocation(payment, invoice)
    else:
        state = {"state": NoteState.COMMITTED, "number": "CN-1", "sequence": 1} if what == "note" else {}
        money_factories.credit_note(invoice, **state)
    db_session.flush()
    assert db_session.info.pop("nudge_papers", False) is (what not in {"draft", "open_note"})
    db_session.rollback()
