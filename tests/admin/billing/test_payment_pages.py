"""Payments in the office: recorded, allocated by hand and by itself, moved, voided, charged to a kept card, given back."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import money as currency
from foundation.db import db
from models import (
    AttemptState,
    Invoice,
    InvoiceState,
    Payment,
    PaymentAttempt,
    PaymentKind,
    PaymentState,
    Refund,
    RefundState,
    RefundWay,
    StaffRole,
)
from tests import factories as make
from tests.admin.billing.conftest import TODAY, Till
from tests.databases import statements
from workflows import permissions, settings
from workflows.actors import staff_actor
from workflows.billing import attempts, books, methods, recording, sums
from workflows.mail_facts import MailKind
from workflows.permissions import Permission

VISA, DECLINED = "fake-valid-visa-nonce", "fake-processor-declined-visa-nonce"


def outstanding(invoice) -> Decimal:
    return sums.invoice_sums([invoice.id])[invoice.id].outstanding


def n(kind) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind))


@pytest.fixture
def two(office, cast, walks):
    """Two open invoices of Alice, 20.00 and 40.00."""
    first = office.issued(cast.alice, visits=[str(walks[0].id)])
    second = office.issued(cast.alice, visits=[str(walks[1].id), str(walks[2].id)])
    return db.session.get(Invoice, first.id), second


@pytest.fixture
def gateway(app):
    """The demo gateway that the app talks to."""
    return app.extensions["gateway"]


@pytest.fixture
def card(app, cast, gateway):
    """Alice's kept Visa."""
    kept = methods.add(cast.alice, nonce=VISA, actor=cast.as_alice, gateway=gateway)
    db.session.commit()
    return kept


# ----------------------------------------------------------------------------------------------------- recording


@pytest.mark.covers("M4")
@pytest.mark.parametrize("kind", ["cash", "cheque", "transfer", "other"])
def test_money_by_hand_pays_the_oldest_invoices_and_the_rest_is_credit(office, cast, two, outbox, kind):
    office.open(f"/admin/payment/new?client={cast.alice.id}")
    form = office.form("/payment/new")
    assert form.fields["amount"] == "60.00", "what is owed in all"
    text = office.done(office.send(form, kind=kind, amount="70", reference="104", received_on="2026-11-20"))
    paid = office.newest(Payment)
    assert (paid.kind.value, paid.amount, str(paid.received_on), paid.reference) == (
        kind,
        Decimal(70),
        "2026-11-20",
        "104",
    )
    assert recording.paid_by(paid) == {two[0].id: Decimal(20), two[1].id: Decimal(40)}
    assert (sums.unallocated(paid), "$10.00 of it is credit" in text) == (Decimal(10), True)
    assert [db.session.get(Invoice, i.id).state for i in two] == [InvoiceState.PAID] * 2
    assert len(outbox.mails(MailKind.PAYMENT_RECEIPT)) == 1
    assert books.check() == []


@pytest.mark.covers("M4")
def test_all_that_is_wrong_with_a_payment_is_said_at_once(office, cast, two):
    office.open(f"/admin/payment/new?client={cast.alice.id}")
    answer = office.send(
        office.form("/payment/new"), amount="", tip="-1", received_on="2027-01-01", reference="x" * 121
    )
    assert answer.status_code == 422
    assert [answer.text.count(f'id="{name}-error"') for name in ("amount", "tip", "received_on", "reference")] == [
        1
    ] * 4


@pytest.mark.covers("M4")
def test_allocation_by_hand_and_moved_afterwards(office, cast, two):
    office.open(f"/admin/payment/new?client={cast.alice.id}&invoice={two[1].id}")
    form = office.form("/payment/new")
    assert (form.fields["by_hand"], form.fields[f"pay-{two[1].id}-amount"], form.fields[f"pay-{two[0].id}-amount"]) == ("y", "40.00", "")  # fmt: skip
    office.done(office.send(form, amount="30", **{f"pay-{two[1].id}-amount": "25"}))
    paid = office.newest(Payment)
    assert (recording.paid_by(paid), sums.unallocated(paid)) == ({two[1].id: Decimal(25)}, Decimal(5))
    page = office.open(f"/admin/payment/{paid.id}/allocation")
    assert "$30.00 can be allocated" in page.text
    both = {f"pay-{two[0].id}-amount": "20", f"pay-{two[1].id}-amount": "11"}
    answer = office.send(office.form(), **both)
    assert (answer.status_code, "more than there is to allocate" in answer.text, 'value="11"' in answer.text) == (
        422,
        True,
        True,
    )
    text = office.do(f"/admin/payment/{paid.id}/allocation", "", **{**both, f"pay-{two[1].id}-amount": ""})
    assert (recording.paid_by(paid), "$10.00 is left as credit" in text) == ({two[0].id: Decimal(20)}, True)
    assert [outstanding(i) for i in two] == [Decimal(0), Decimal(40)]
    assert books.check() == []


@pytest.mark.covers("M4")
def test_more_than_is_owed_and_another_clients_invoice_are_refused(office, cast, two):
    url = f"/admin/payment/new?client={cast.alice.id}"
    office.open(url)
    answer = office.send(office.form("/payment/new"), amount="100", by_hand="y", **{f"pay-{two[0].id}-amount": "21"})
    assert (answer.status_code, n(Payment)) == (422, 0)
    bobs = office.issued(cast.bob, visits=[str(cast.bobs_job.id)])
    office.open(url)
    office.done(office.send(office.form("/payment/new"), amount="5", by_hand="y", **{f"pay-{bobs.id}-amount": "5"}))
    assert (recording.paid_by(office.newest(Payment)), outstanding(bobs)) == ({}, Decimal(20)), (
        "a field that was not there"
    )


@pytest.mark.covers("M4")
def test_sent_twice_it_is_recorded_once(office, cast, two):
    office.open(f"/admin/payment/new?client={cast.alice.id}")
    form = office.form("/payment/new")
    office.done(office.send(form, amount="20"))
    assert "already saved" in office.done(office.send(form, amount="20"))
    assert n(Payment) == 1


@pytest.mark.parametrize(
    ("locale", "code", "typed", "stored"),
    [
        ("en_US", "USD", "12,5", "12.50"), ("de_DE", "EUR", "12,5", "12.50"), ("de_DE", "EUR", "1.250,00", "1250.00"),
        ("en_US", "USD", "1,250.00", "1250.00"), ("fr_FR", "EUR", "1\u202f250,5", "1250.50"),
        ("en_US", "USD", "NaN", None), ("en_US", "USD", "1e3", None), ("en_US", "USD", "-5", None), ("en_US", "USD", "0.001", None),
        ("en_US", "USD", "0", None), ("de_DE", "EUR", "0,001", None),
        ("en_US", "USD", "Infinity", None), ("en_US", "USD", "", None), ("en_US", "USD", "99999999999999999999", None),
    ],
)  # fmt: skip
def test_amounts_are_read_as_the_language_writes_them_and_tricks_come_back(office, cast, locale, code, typed, stored):
    settings.change({"business.locale": locale, "business.currency": code}, actor=cast.as_olivia)
    db.session.commit()
    office.open(f"/admin/payment/new?client={cast.alice.id}")
    answer = office.send(office.form("/payment/new"), amount=typed)
    if stored is None:
        assert (answer.status_code, n(Payment), "ui-error" in answer.text) == (422, 0, True)
    else:
        office.done(answer)
        assert office.newest(Payment).amount == Decimal(stored)
    currency.use_currency("USD")


@pytest.mark.parametrize(("typed", "stored"), [("1250", "1250"), ("1,250", "1250"), ("12.5", None), ("0.5", None)])
def test_a_currency_without_cents(app, http, sign_in_as_staff, typed, stored):
    owner, client = make.owner(email="oona@example.com"), make.client("Aiko", "Sato")
    settings.change({"business.currency": "JPY"}, actor=staff_actor(owner))
    db.session.commit()
    till = Till(sign_in_as_staff(http(), owner))
    till.open(f"/admin/payment/new?client={client.id}")
    answer = till.send(till.form("/payment/new"), amount=typed)
    assert (answer.status_code, n(Payment)) == ((303, 1) if stored else (422, 0))
    if stored:
        assert till.newest(Payment).amount == Decimal(stored)
    currency.use_currency("USD")


@pytest.mark.covers("M4")
def test_a_payment_recorded_in_error_is_voided_once_with_its_reason(office, cast, two):
    paid = office.paid(cast.alice, "60")
    url = f"/admin/payment/{paid.id}/void"
    office.open(url)
    assert "Say why" in office.send(office.form(), reason="").text
    text = office.do(url, "", reason="Counted twice")
    assert (db.session.get(Payment, paid.id).state, "Counted twice" in text) == (PaymentState.VOIDED, True)
    assert [outstanding(i) for i in two] == [Decimal(20), Decimal(40)]
    office.done(office.post(url, reason="Again"))
    assert db.session.get(Payment, paid.id).end_reason == "Counted twice"
    assert books.check() == []


# ------------------------------------------------------------------------------------------------------ charging


@pytest.mark.covers("M4")
def test_the_office_charges_a_kept_card_for_the_client_once(office, cast, two, card):
    page = office.open(f"/admin/payment/charge?client={cast.alice.id}&invoice={two[0].id}")
    form = office.form("/charge")
    assert ("···· 1881" in page.text, "4111" in page.text) == (True, False), "brand and last four figures only"
    assert (form.fields[f"pay-{two[0].id}-amount"], form.fields[f"pay-{two[1].id}-amount"]) == ("20.00", "")
    office.open(f"/admin/payment/charge?client={cast.alice.id}&invoice={two[0].id}")
    form = office.form("/charge")
    text = office.done(office.send(form))
    paid = office.newest(Payment)
    assert ("Paid: $20.00" in text, paid.kind, paid.shown_as) == (True, PaymentKind.CARD, "Visa ···· 1881")
    assert paid.attempt.staff_id == cast.olivia.id
    again = office.send(form)
    assert (again.status_code, again.headers["Location"], n(Payment)) == (303, f"/admin/payment/{paid.id}/", 1)
    assert outstanding(two[0]) == Decimal(0)
    office.open(f"/admin/payment/charge?client={cast.alice.id}")
    answer = office.send(office.form("/charge"), **{f"pay-{two[1].id}-amount": "40.01"})
    assert (answer.status_code, n(PaymentAttempt)) == (422, 1), "more than is outstanding never leaves the house"


@pytest.mark.covers("M4")
def test_an_invoice_that_is_being_paid_is_neither_charged_nor_voided(office, cast, two, card, gateway):
    attempts.begin(
        cast.alice, attempts.Charge(submit_key="k" * 20, targets=[(two[0], Decimal(20))], method=card),
        actor=cast.as_olivia, gateway=gateway,
    )  # fmt: skip
    db.session.commit()
    assert office.newest(PaymentAttempt).state is AttemptState.SENDING
    assert "Being confirmed" in office.open(f"/admin/payment/new?client={cast.alice.id}").text
    office.open(f"/admin/payment/charge?client={cast.alice.id}")
    assert f"pay-{two[0].id}-amount" not in office.form("/charge").fields
    assert "is being confirmed" in office.do(f"/admin/invoice/{two[0].id}/void", "", reason="Now")
    assert db.session.get(Invoice, two[0].id).state is InvoiceState.OPEN


def test_without_a_card_the_page_says_so(office, cast, two):
    assert "No card is kept" in office.open(f"/admin/payment/charge?client={cast.alice.id}").text


# ------------------------------------------------------------------------------------------------------- refunds


@pytest.mark.covers("M4")
def test_cash_goes_back_in_part_then_whole_and_never_more(office, cast, two):
    paid = office.paid(cast.alice, "60")
    url = f"/admin/payment/{paid.id}/refund"
    office.open(url)
    form = office.form()
    assert form.fields["amount"] == "60.00"
    text = office.done(office.send(form, amount="15", reason="One walk fell through"))
    given = office.newest(Refund)
    assert (given.amount, given.way, given.state) == (Decimal(15), RefundWay.RECORDED, RefundState.SUCCEEDED)
    assert ("$15.00 went back" in text, "One walk fell through" in text) == (True, True)
    assert outstanding(two[1]) == Decimal(15), "the newest invoice that it paid is owed again"
    office.url = url
    assert office.send(form, amount="15", reason="Again").status_code == 303
    assert n(Refund) == 1, "the same form is the same refund"
    office.open(url)
    answer = office.send(office.form(), amount="45.01", reason="Too much")
    assert (answer.status_code, "At most" in answer.text, n(Refund)) == (422, True, 1)
    office.do(url, "", amount="45", reason="The rest")
    assert "refund" not in [
        f for f in office.open(f"/admin/payment/{paid.id}/").text.split('"') if f.endswith("/refund")
    ]
    assert books.check() == []


@pytest.mark.covers("M4")
def test_a_card_gets_its_money_back_through_the_gateway_or_by_hand(office, cast, two, card, gateway):
    office.do(f"/admin/payment/charge?client={cast.alice.id}&invoice={two[1].id}", "/charge")
    paid = office.newest(Payment)
    gateway.demo().settle(paid.gateway_transaction_id)
    office.do(f"/admin/payment/{paid.id}/refund", "", amount="20", reason="Half")
    given = office.newest(Refund)
    assert (given.way, given.state, bool(given.gateway_transaction_id)) == (
        RefundWay.REFUND,
        RefundState.SUCCEEDED,
        True,
    )
    office.do(f"/admin/payment/{paid.id}/refund", "", amount="20", reason="The other half", by_hand="y", how="cash")
    given = office.newest(Refund)
    assert (given.way, given.kind) == (RefundWay.RECORDED, PaymentKind.CASH)
    assert outstanding(two[1]) == Decimal(40)
    assert books.check() == []


@pytest.mark.parametrize("typed", ["NaN", "1e3", "-5", "0.001", "0", ""])
def test_amount_tricks_give_nothing_back(office, cast, typed):
    paid = office.paid(cast.alice, "10")
    office.open(f"/admin/payment/{paid.id}/refund")
    answer = office.send(office.form(), amount=typed, reason="Trick")
    assert (answer.status_code, n(Refund)) == (422, 0)


def test_who_may_not_refund_sees_no_button_and_gets_no_further(office, manager, cast, monkeypatch):
    paid = office.paid(cast.alice, "10")
    less = permissions.ROLE_PERMISSIONS[StaffRole.MANAGER] - {Permission.REFUND}
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, StaffRole.MANAGER, less)
    assert "/refund" not in manager.open(f"/admin/payment/{paid.id}/").text.partition("<main")[2]
    assert manager.browser.get(f"/admin/payment/{paid.id}/refund").status_code == 403
    assert manager.post(f"/admin/payment/{paid.id}/refund", amount="10", reason="x").status_code == 403
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, StaffRole.MANAGER, less - {Permission.BILLING})
    for url in (
        f"/admin/payment/{paid.id}/",
        "/admin/payments/",
        "/admin/payment/new",
        f"/admin/client/{cast.alice.id}/?tab=account",
    ):
        assert manager.browser.get(url).status_code == 403, url
    assert "Balance" not in manager.open(f"/admin/client/{cast.alice.id}/").text


@pytest.mark.parametrize("path", ["", "allocation", "void", "refund", "receipt", "refunds/1/receipt"])
def test_what_is_not_there_is_404(office, path):
    for number in ("999999", "0", "99999999999999999999"):
        assert office.browser.get(f"/admin/payment/{number}/{path}").status_code == 404
    assert office.browser.get("/admin/payment/new?client=999999").status_code == 404
    assert office.browser.get("/admin/payment/charge?client=999999").status_code == 404


def test_receipts_come_as_pdf(office, cast):
    paid = office.paid(cast.alice, "10")
    answer = office.browser.get(f"/admin/payment/{paid.id}/receipt")
    assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")


def test_the_pages_take_a_fixed_number_of_queries(office, cast):
    def invoices(many):
        for _ in range(many):
            job = make.job(cast.alice, cast.walk, on_date=TODAY, price=Decimal(5))
            db.session.commit()
            office.issued(cast.alice, visits=[str(job.id)])

    def count(*urls):
        found = []
        for url in urls:
            with statements() as sent:
                office.open(url)
            found.append(len(sent))
        return found

    invoices(1)
    paid = office.paid(cast.alice, "5")
    urls = [
        f"/admin/payment/new?client={cast.alice.id}",
        f"/admin/payment/{paid.id}/",
        f"/admin/payment/{paid.id}/allocation",
    ]
    few = count(*urls)
    invoices(4)
    office.do(urls[2], "")
    assert count(*urls) == few
    assert max(few) <= 22
