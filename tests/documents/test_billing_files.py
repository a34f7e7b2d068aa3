"""One PDF for portal, office, mails and worker: the kept one, or drawn now and kept; drawn anew when it shows other things."""

import dataclasses
import hashlib
import io
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask
from pypdf import PdfReader

from application import tasks
from documents import billing
from foundation import clock, storage
from foundation.db import db, mark_request
from mailer import papers as mail_papers
from models import Invoice, InvoiceState, NoteState, OutboxMail, PaperFile
from tests import money_factories, sample_papers
from ui_kit import paper_files
from workflows import settings
from workflows.actors import COMMAND_LINE
from workflows.billing import paper_makers
from workflows.billing.paper_store import About, AboutKind
from workflows.mail_facts import FACTS, MailKind

pytestmark = [pytest.mark.covers("M2"), pytest.mark.covers("P5")]


@pytest.fixture
def says():
    """What the papers of invoices say besides their number."""
    return {}


@pytest.fixture
def invoice(db_session, monkeypatch, says):
    monkeypatch.setitem(
        paper_makers.ROWS,
        AboutKind.INVOICE,
        (Invoice, lambda row: sample_papers.invoice(number=row.number, logo=None, **says)),
    )
    made = money_factories.invoice(state=InvoiceState.OPEN)
    db_session.commit()
    return made


@pytest.fixture
def about(invoice):
    return About(AboutKind.INVOICE, invoice.id)


@pytest.fixture
def drawn(monkeypatch):
    """How often something was really drawn."""
    times = []
    real = billing.draw_paper

    def draw(paper, *, locale):
        times.append(paper.number)
        return real(paper, locale=locale)

    monkeypatch.setattr(billing, "draw_paper", draw)
    return times


def rows():
    return list(db.session.scalars(sa.select(PaperFile).order_by(PaperFile.id)))


def get(app: Flask, about, **headers):
    """The answer to a GET as a view gives it."""
    with app.test_request_context("/x", headers=headers):
        mark_request(reads_only=True)
        try:
            answer = paper_files.paper(about)
            data = answer.get_data() if answer is not None else None
            db.session.commit()
        finally:
            mark_request(reads_only=False)
    return answer, data


def test_first_asker_has_it_drawn_and_kept_and_the_next_gets_the_same_bytes(app, about, drawn):
    first, data = get(app, about)
    assert data.startswith(b"%PDF-")
    assert [r.size for r in rows()] == [len(data)]
    again, same = get(app, about)
    assert same == data
    assert len(drawn) == 1
    assert first.headers["ETag"] == again.headers["ETag"]


def test_answer_is_a_private_attachment_that_nothing_runs_in(app, about, invoice):
    answer, _data = get(app, about)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="Invoice {invoice.number}.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_browser_that_has_it_is_told_so_and_nothing_is_read(app, about, drawn, monkeypatch):
    first, _data = get(app, about)
    monkeypatch.setattr(storage.here().__class__, "read", lambda *_args: pytest.fail("was read"))
    again, data = get(app, about, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert len(drawn) == 1


def test_thing_that_is_gone_has_no_paper(app, about):
    assert get(app, dataclasses.replace(about, id=about.id + 1)) == (None, None)


def test_other_words_give_another_file_and_the_one_before_goes(app, about, says, drawn):
    first, before = get(app, about)
    says["notes"] = "Something else."
    second, after = get(app, about)
    assert before != after
    assert first.headers["ETag"] != second.headers["ETag"]
    assert len(rows()) == 1
    assert len(drawn) == 2


@pytest.mark.parametrize("what", ["locale", "logo", "design"])
def test_language_logo_and_design_count_too(app, about, what, drawn, monkeypatch):
    before = get(app, about)[0].headers["ETag"]
    if what == "design":
        monkeypatch.setattr(billing, "version", lambda: "other")
    else:
        key = storage.here().put(sample_papers.logo(), folder="logos", suffix="webp")
        change = {"locale": {"business.locale": "de_DE"}, "logo": {"business.logo": key}}[what]
        settings.change(change, actor=COMMAND_LINE)
        db.session.commit()
    answer, data = get(app, about)
    assert answer.headers["ETag"] != before
    assert len(drawn) == 2
    pictures = list(PdfReader(io.BytesIO(data)).pages[0].images)
    assert len(pictures) == 1 + (what == "logo"), "the code of the pay link, and the logo"


def test_bytes_that_were_lost_are_drawn_again(app, about, drawn):
    _answer, data = get(app, about)
    storage.here().delete(rows()[0].storage_key)
    assert get(app, about)[1] == data
    assert len(drawn) == 2
    assert get(app, about)[1] == data
    assert len(drawn) == 2


def test_store_that_is_away_keeps_nobody_from_their_paper(app, about, monkeypatch, caplog):
    def away(*_args, **_more):
        raise storage.StoreAwayError("away")

    monkeypatch.setattr(storage.here().__class__, "put", away)
    assert get(app, about)[1].startswith(b"%PDF-")
    assert rows() == []
    assert "could not be kept" in caplog.text


def test_link_leads_to_the_portal_while_it_takes_payments(app, invoice):
    link = f"https://x.example/portal/pay/{invoice.public_id}"
    for is_on, pays, wanted in ((True, True, link), (False, True, ""), (True, False, "")):
        settings.change({"portal.pay": is_on}, actor=COMMAND_LINE)
        invoice.client.pays_online = pays
        db.session.flush()
        made = paper_makers.make(About(AboutKind.INVOICE, invoice.id), site="https://x.example/")
        assert made.pay_link == wanted
    db.session.rollback()


def words_of(app, about):
    pages = PdfReader(io.BytesIO(get(app, about)[1])).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_rows_of_the_database_become_papers(app, db_session, cast):
    """No stand-in: an invoice with a line, a payment and a credit note, each with its own paper."""
    invoice = money_factories.invoice(cast.alice, total=Decimal(40))
    money_factories.invoice_line(invoice, description="Dog walk", amount=Decimal(40))
    payment = money_factories.payment(cast.alice, amount=Decimal(25), reference="Cheque 104")
    money_factories.allocation(payment, invoice, amount=Decimal(25))
    note = money_factories.credit_note(
        invoice, state=NoteState.COMMITTED, number="CN-1", sequence=1, committed_on=clock.today(), reason="Called off"
    )
    money_factories.credit_note_line(note, description="One walk less")
    refund = money_factories.refund(payment, number="RF-1", sequence=1)
    db_session.commit()
    db_session.expire_all()
    found = {
        kind: words_of(app, About(kind, row.id))
        for kind, row in (
            (AboutKind.INVOICE, invoice), (AboutKind.NOTE, note), (AboutKind.PAYMENT, payment), (AboutKind.REFUND, refund),
        )
    }  # fmt: skip
    assert all("Alice Archer" in words and "Account" in words for words in found.values())
    assert f"Invoice number {invoice.number}" in found[AboutKind.INVOICE]
    assert "Part paid" in found[AboutKind.INVOICE]
    assert "Dog walk $40.00" in found[AboutKind.INVOICE]
    assert "One walk less" in found[AboutKind.INVOICE], "its note stands below it"
    assert "Credited $10.00" in found[AboutKind.NOTE]
    assert "Called off" in found[AboutKind.NOTE]
    assert "Reference Cheque 104" in found[AboutKind.PAYMENT]
    assert "Refunded $10.00" in found[AboutKind.REFUND]


def test_invoice_that_was_given_up_is_not_called_paid(app, db_session):
    invoice = money_factories.invoice(state=InvoiceState.WRITTEN_OFF, written_off=Decimal(40), ended_at=clock.now())
    db_session.commit()
    words = words_of(app, About(AboutKind.INVOICE, invoice.id))
    assert "This invoice is closed. You have nothing to pay on it." in words
    assert "Paid in full" not in words


# ------------------------------------------------------------------------------------------------------ the worker


def test_worker_draws_what_is_new_and_the_asker_gets_its_bytes(app, about, drawn):
    assert tasks.money.draw_papers(app) == 1
    assert tasks.money.draw_papers(app) == 0
    kept = rows()[0]
    assert get(app, about)[1] == storage.here().read(kept.storage_key)
    assert len(drawn) == 1


def test_worker_draws_again_what_was_paid(app, about, invoice, says, clock_at, drawn):
    tasks.money.draw_papers(app)
    clock_at("2026-11-23 10:10")
    payment = money_factories.payment(invoice.client)
    money_factories.allocation(payment, invoice)
    db.session.commit()
    clock_at("2026-11-23 10:11")
    says["outstanding"] = "0.00"
    assert tasks.money.draw_papers(app) == 2
    clock_at("2026-11-23 10:12")
    assert tasks.money.draw_papers(app) == 0
    assert {(r.invoice_id, r.payment_id) for r in rows()} == {(invoice.id, None), (None, payment.id)}


def test_worker_goes_on_after_one_that_cannot_be_drawn(app, invoice, monkeypatch, caplog):
    other = money_factories.invoice(state=InvoiceState.OPEN)
    db.session.commit()
    real = billing.draw_paper

    def draw(paper, *, locale):
        if paper.number == other.number:
            raise RuntimeError("no")
        return real(paper, locale=locale)

    monkeypatch.setattr(billing, "draw_paper", draw)
    assert tasks.money.draw_papers(app) == 1
    assert f"the paper of invoice:{other.id} could not be drawn" in caplog.text
    assert [r.invoice_id for r in rows()] == [invoice.id]


def test_worker_and_asker_at_once_keep_one(app, about, together):
    def ask():
        return hashlib.sha256(get(app, about)[1]).hexdigest()

    def work():
        tasks.money.draw_papers(app)

    found = together(ask, work, ask)
    assert found[0] == found[2]
    assert len(rows()) == 1


def test_commit_of_an_invoice_wakes_the_worker(app, monkeypatch):
    woken = []
    monkeypatch.setitem(app.extensions, "papers_nudge", lambda: woken.append("papers"))
    money_factories.invoice(state=InvoiceState.OPEN)
    assert woken == []
    db.session.commit()
    assert woken == ["papers"]
    money_factories.invoice(state=InvoiceState.OPEN)
    db.session.rollback()
    db.session.commit()
    assert woken == ["papers"]


# ------------------------------------------------------------------------------------------------------------ mails


def mail(kind, client_id=None, **facts):
    return OutboxMail(kind=kind, facts=facts, to_address="a@example.com", message_id="m", client_id=client_id)


@pytest.mark.parametrize(
    ("kind", "facts", "about"),
    [
        ("invoice_sent", {"invoice_id": 7}, "invoice:7"),
        ("credit_note_sent", {"note_id": 8}, "note:8"),
        ("payment_receipt", {"payment_id": 9}, "payment:9"),
        ("refund_made", {"refund_id": 10}, "refund:10"),
        ("statement_sent", {"first_on": "2026-11-01", "last_on": "2026-11-30"}, "statement:5:2026-11-01:2026-11-30"),
        ("invoice_sent", {}, "None"),
        ("job_scheduled", {"invoice_id": 7}, "None"),
    ],
)
def test_mails_know_their_paper(kind, facts, about):
    assert str(mail_papers.paper_of(mail(kind, client_id=5, **facts))) == about


def test_mail_takes_the_kept_pdf_along(app, about, drawn):
    _answer, data = get(app, about)
    pdf = mail_papers.pdf_of(mail("invoice_sent", invoice_id=about.id))
    assert pdf.data == data
    assert len(drawn) == 1


def test_mail_has_it_drawn_and_kept_when_nobody_was_there_before(app, about):
    pdf = mail_papers.pdf_of(mail("invoice_sent", invoice_id=about.id))
    assert [r.content_hash for r in rows()] == [pdf.content_hash]
    assert get(app, about)[1] == pdf.data


def test_statement_goes_along_with_its_mail(app, db_session, cast):
    money_factories.invoice(cast.alice)
    db_session.commit()
    letter = mail("statement_sent", client_id=cast.alice.id, first_on="2026-11-01", last_on="2026-11-30")
    pdf = mail_papers.pdf_of(letter)
    assert pdf.name == "Statement 2026-11-01 2026-11-30.pdf"
    assert "Balance brought forward" in " ".join(PdfReader(io.BytesIO(pdf.data)).pages[0].extract_text().split())


def test_facts_of_the_mails_name_their_things():
    """Renaming one of these fields would send mails without their PDF."""
    for kind, (_about, name) in mail_papers.PAPERS.items():
        assert name in {f.name for f in dataclasses.fields(FACTS[MailKind(kind)])}
    assert {"first_on", "last_on"} <= {f.name for f in dataclasses.fields(FACTS[MailKind(mail_papers.STATEMENT)])}


def test_mail_about_something_that_is_gone_goes_without(app, about):
    assert mail_papers.pdf_of(mail("invoice_sent", invoice_id=about.id + 1)) is None


# ---------------------------------------------------------------------------------------------------- both faces


def test_client_and_office_get_the_very_same_file(db_session, cast, http, sign_in_as_client, sign_in_as_staff, drawn):
    invoice = money_factories.invoice(cast.alice)
    money_factories.invoice_line(invoice)
    db_session.commit()
    client, office = sign_in_as_client(http(), cast.alice), sign_in_as_staff(http(), cast.olivia)
    first = client.get(f"/portal/invoices/{invoice.public_id}/pdf")
    second = office.get(f"/admin/invoice/{invoice.id}/pdf")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.data == second.data
    assert first.data.startswith(b"%PDF-")
    assert first.headers["ETag"] == second.headers["ETag"]
    assert len(drawn) == 1
