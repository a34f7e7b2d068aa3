"""A client's account in the office: balance and history, statement and file, notes, credit; tips and deposits; the books."""

import csv
import io
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Account,
    Activity,
    CreditNote,
    Invoice,
    InvoiceState,
    NoteKind,
    NoteState,
    Payment,
    StaffRole,
    TipShare,
)
from tests import factories as make
from tests import money_factories as money
from tests.admin.billing.conftest import Till
from tests.databases import statements
from tests.sheets import bare, sheet_rows
from workflows import permissions
from workflows.billing import books, ledger, sums
from workflows.permissions import Permission


def table_of(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def rows_of(text) -> list[str]:
    return [
        row
        for row in text.partition('id="history"')[2].partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")
        if row.strip()
    ]


def account(client) -> str:
    return f"/admin/client/{client.id}/?tab=account"


@pytest.mark.covers("M6", "S2")
def test_the_history_has_every_step_with_the_balance_after_it(office, cast, walks):
    invoice = office.issued(cast.alice)
    office.paid(cast.alice, "50")
    paid = office.newest(Payment)
    office.do(f"/admin/payment/{paid.id}/refund", "", amount="10", reason="Too much")
    text = office.open(account(cast.alice)).text
    rows = rows_of(text)
    assert [("Refund" in rows[0], "Payment" in rows[1], "Invoice" in rows[2])] == [(True, True, True)]
    assert [[cell in row for cell in cells] for row, cells in zip(rows, (("$10.00", "$0.00"), ("-$50.00", "-$10.00"), ("$40.00",)), strict=True)] == [[True, True], [True, True], [True]]  # fmt: skip
    assert f"/admin/invoice/{invoice.id}/" in rows[2]
    assert f"/admin/payment/{paid.id}/" in rows[1]
    snapshot = text.partition('class="ui-snap"')[2].partition("</section>")[0]
    assert ("Balance" in snapshot, "$0.00" in snapshot, invoice.number in snapshot) == (True, True, True)
    header, *lines = table_of(office.post(f"/admin/client-account/{cast.alice.id}/history.csv"))
    assert header == ["Day", "What", "Number", "Amount", "Balance"]
    assert [line[3:] for line in lines] == [["40.00", "40.00"], ["-50.00", "-10.00"], ["10.00", "0.00"]]
    assert db.session.scalars(sa.select(Activity).order_by(Activity.id.desc())).first().verb == "list.exported"
    book = office.post(f"/admin/client-account/{cast.alice.id}/history.csv", **{"as": "xlsx"})
    assert book.headers["Content-Disposition"].endswith('-2026-11-23.xlsx"')
    assert sheet_rows(book.data) == bare([header, *lines])
    assert office.browser.get(f"/admin/client-account/{cast.alice.id}/history.csv").status_code == 405


@pytest.mark.covers("M6")
def test_the_statement_comes_as_pdf_and_wrong_days_with_a_sentence(office, cast, walks):
    office.issued(cast.alice)
    url = f"/admin/client-account/{cast.alice.id}/statement"
    answer = office.browser.get(f"{url}?first=2026-11-01&last=2026-11-23")
    assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")
    for query in ("", "?first=2026-11-23&last=2026-11-01", "?first=x&last=y"):
        assert "first and the last day" in office.done(office.browser.get(url + query))
    assert (
        office.browser.get("/admin/client-account/999999/statement?first=2026-11-01&last=2026-11-23").status_code == 404
    )


@pytest.mark.covers("M6")
def test_tips_stand_apart_and_go_to_the_sitters_of_the_visits(office, cast, walks):
    office.issued(cast.alice)
    paid = office.paid(cast.alice, "40", tip="6")
    assert (paid.amount, paid.tip_amount) == (Decimal(40), Decimal(6))
    shares = db.session.scalars(sa.select(TipShare)).all()
    assert [(s.staff_id, s.amount) for s in shares] == [(cast.sam.id, Decimal(6))]
    assert "The tip goes to" in office.open(f"/admin/payment/{paid.id}/").text
    assert (ledger.account_balance(Account.TIPS_PAYABLE), books.check()) == (Decimal(-6), [])


@pytest.mark.covers("M6")
def test_a_paid_deposit_is_held_and_pays_the_next_invoice(office, cast, walks):
    office.open(f"/admin/invoice/new?client={cast.alice.id}")
    office.done(office.send(office.form("/invoice/new"), what="deposit"))
    deposit = office.newest()
    office.do(f"/admin/invoice/{deposit.id}/", "/lines", description="For August", unit_price="100")
    office.do(f"/admin/invoice/{deposit.id}/", "/issue", mail="0")
    office.paid(cast.alice, "100")
    assert db.session.get(Invoice, deposit.id).state is InvoiceState.PAID
    assert sums.client_money(cast.alice.id).deposits == Decimal(100)
    assert "Deposits" in office.open(account(cast.alice)).text
    invoice = office.issued(cast.alice)
    note = db.session.scalar(sa.select(CreditNote).where(CreditNote.kind == NoteKind.DEPOSIT))
    left = sums.unallocated(note)
    assert (sums.outstanding(invoice), left) in {(Decimal(0), Decimal(60)), (Decimal(40), Decimal(100))}
    assert books.check() == []


@pytest.mark.covers("M6")
def test_the_ledger_balances_after_everything_that_the_pages_do(office, cast, walks):
    first = office.issued(cast.alice, visits=[str(walks[0].id)])
    second = office.issued(cast.alice, visits=[str(walks[1].id)])
    paid = office.paid(cast.alice, "30", tip="2")
    office.do(
        f"/admin/payment/{paid.id}/allocation", "", **{f"pay-{first.id}-amount": "5", f"pay-{second.id}-amount": "20"}
    )
    office.do(f"/admin/payment/{paid.id}/refund", "", amount="7", reason="Part")
    office.do(f"/admin/invoice/{second.id}/void", "", reason="Wrong")
    office.do(f"/admin/invoice/{first.id}/write-off", "", reason="Gone")
    office.do(f"/admin/invoice/{first.id}/", "/write-off-undone")
    office.do(f"/admin/credit-note/grant?client={cast.alice.id}", "/grant", amount="3", reason="Sorry")
    office.do(f"/admin/invoice/{second.id}/", "/raised-again")
    office.do(f"/admin/invoice/{office.newest().id}/", "/issue", mail="0")
    again = office.paid(cast.alice, "1")
    office.do(f"/admin/payment/{again.id}/void", "", reason="Not true")
    assert books.check() == []
    assert sum((ledger.account_balance(a) for a in Account), Decimal(0)) == 0


# --------------------------------------------------------------------------------------------------------- notes


@pytest.fixture
def note(office, cast, walks):
    """Alice's paid invoice over 40.00, of which the first walk was cancelled afterwards: its note waits."""
    invoice = office.issued(cast.alice, visits=[str(walks[2].id), str(walks[1].id)])
    office.paid(cast.alice, "40")
    office.open(f"/admin/visit/{walks[2].id}/cancellation")
    answer = office.send(office.form("/cancellation"))
    assert answer.status_code == 302, answer.text[:500]
    found = office.newest(CreditNote)
    assert (found.invoice_id, found.state, found.total) == (invoice.id, NoteState.OPEN, Decimal(20))
    return found


@pytest.mark.covers("M2", "X9")
def test_a_cancelled_visit_that_was_invoiced_leaves_a_note_that_is_committed_by_hand(office, cast, walks, note, outbox):
    assert "1 note waits to be committed" in office.open("/admin/").text
    text = office.open(f"/admin/visit/{walks[2].id}/").text
    assert (f"/admin/credit-note/{note.id}/" in text, f"/admin/invoice/{note.invoice_id}/" in text) == (True, True)
    assert f"/admin/credit-note/{note.id}/" in office.open(account(cast.alice)).text
    assert f"/admin/credit-note/{note.id}/" in office.open("/admin/credit-notes/").text
    text = office.do(f"/admin/credit-note/{note.id}/", "/commitment", mail="0")
    committed = office.newest(CreditNote)
    assert (committed.state, f"Note {committed.number} counts" in text) == (NoteState.COMMITTED, True)
    assert sums.client_money(cast.alice.id).credit == Decimal(20), "what was paid already is free for the next invoice"
    office.done(office.post(f"/admin/credit-note/{note.id}/commitment", mail="0"))
    assert (office.newest(CreditNote).number, sums.client_money(cast.alice.id).credit) == (
        committed.number,
        Decimal(20),
    )
    assert "waits to be committed" not in office.open("/admin/").text
    assert books.check() == []


@pytest.mark.covers("M2")
def test_a_dropped_note_never_counts(office, cast, note):
    page = office.open(f"/admin/credit-note/{note.id}/dropping")
    assert "stays as it is" in page.text
    office.do(f"/admin/credit-note/{note.id}/dropping", "", reason="We keep the fee")
    assert (office.newest(CreditNote).state, sums.client_money(cast.alice.id).credit) == (NoteState.DROPPED, Decimal(0))
    text = office.done(office.post(f"/admin/credit-note/{note.id}/commitment", mail="0"))
    assert ("changed meanwhile" in text, office.newest(CreditNote).state) == (True, NoteState.DROPPED)


def test_credit_is_granted_once_by_those_who_may(office, manager, cast, monkeypatch):
    office.open(f"/admin/credit-note/grant?client={cast.alice.id}")
    form = office.form("/grant")
    for typed in ("NaN", "-5", "0", "0.001"):
        assert office.send(form, amount=typed, reason="x").status_code == 422
        office.url = f"/admin/credit-note/grant?client={cast.alice.id}"
    office.done(office.send(form, amount="12,5", reason="A sorry"))
    office.done(office.send(form, amount="12,5", reason="A sorry"))
    assert sums.client_money(cast.alice.id).credit == Decimal("12.50")
    less = permissions.ROLE_PERMISSIONS[StaffRole.MANAGER] - {Permission.REFUND}
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, StaffRole.MANAGER, less)
    assert "Grant credit" not in manager.open(account(cast.alice)).text
    assert manager.browser.get(f"/admin/credit-note/grant?client={cast.alice.id}").status_code == 403


# ----------------------------------------------------------------------------------------------------------- home


@pytest.mark.covers("S1")
def test_home_says_what_is_owed_by_age_to_those_who_may_know(
    office, http, sign_in_as_staff, cast, walks, clock_at, monkeypatch
):
    office.issued(cast.alice, visits=[str(walks[0].id)])
    clock_at("2027-01-20 10:00")
    office, manager = (Till(sign_in_as_staff(http(), who)) for who in (cast.olivia, cast.max))
    office.issued(cast.alice, visits=[str(walks[1].id)])
    text = office.open("/admin/").text.partition('id="owed"')[2].partition("</section>")[0]
    assert ("$40.00" in text, "Not due yet" in text, "31 to 60 days late" in text) == (True, True, True)
    less = permissions.ROLE_PERMISSIONS[StaffRole.MANAGER] - {Permission.FINANCES}
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, StaffRole.MANAGER, less)
    assert "Money owed" not in manager.open("/admin/").text


def test_home_and_account_take_a_fixed_number_of_queries(office, cast, walks):
    def count(url):
        with statements() as sent:
            office.open(url)
        return len(sent)

    for job in walks[:1]:
        money.credit_note(office.issued(cast.alice, visits=[str(job.id)]))
    office.paid(cast.alice, "5")
    money.stored_method(cast.alice)
    db.session.commit()
    few = [count(u) for u in ("/admin/", account(cast.alice))]
    for _ in range(4):
        job = make.job(cast.alice, cast.walk, price=Decimal(9))
        db.session.commit()
        invoice = office.issued(cast.alice, visits=[str(job.id)])
        office.paid(cast.alice, "3")
        money.credit_note(invoice)
        money.stored_method(cast.alice)
    db.session.commit()
    many = [count(u) for u in ("/admin/", account(cast.alice))]
    assert many == few
    assert (few[0] <= 14, few[1] <= 12) == (True, True), few


def test_the_account_says_only_brand_and_last_figures_of_a_card(office, cast):
    money.stored_method(cast.alice, token="secret-token")
    db.session.commit()
    text = office.open(account(cast.alice)).text
    assert ("···· 1881" in text, "secret-token" in text) == (True, False)
