"""Money in the office, in a real browser: a refund of one half; and every page looked at in both sizes and colours."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import JobState, PaymentKind, Refund
from tests import factories as make
from tests import money_factories as money
from workflows import settings
from workflows.billing import drafting, invoicing, methods, modes, paying, recording, sums
from workflows.billing.drafting import FreeLine

VISA = "fake-valid-visa-nonce"


@pytest.fixture
def till(live):
    """Alice's invoices: paid by card, open and overdue, void, a draft; a kept card."""
    db.session.rollback()
    mark_request(reads_only=False)
    cast, gateway = live.cast, live.app.extensions["gateway"]
    modes.use(gateway.mode())
    vat = money.tax_rate("VAT", Decimal(20), is_default=True)
    money.payment_terms("Monthly", days=30)
    money.visit_package("Ten walks", service_item=cast.walk)
    today = clock.today()

    def walk(days):
        return make.job(
            cast.alice, cast.walk, sitter=cast.sam, on_date=today + dt.timedelta(days=days), pets=[cast.biscuit],
            state=JobState.COMPLETED if days < 0 else JobState.SCHEDULED, price=Decimal(20), start_time=dt.time(12),
            price_lines=[{"of": "price", "code": "base", "text": "%(service)s", "values": {"service": "Dog walk"}, "amount": "20"}],
        )  # fmt: skip

    def issued(*days):
        draft = drafting.draft_for(cast.alice, jobs=[walk(d) for d in days], actor=cast.as_olivia)
        return invoicing.issue(draft, mail=False, actor=cast.as_olivia)

    paid, owing, void = issued(-9, -8), issued(-5, -4, -3), issued(-2)
    invoicing.void(void, reason="Wrong day", actor=cast.as_olivia)
    draft = drafting.draft_for(cast.alice, jobs=[walk(-1)], actor=cast.as_olivia)
    drafting.add_line(
        draft,
        FreeLine(description="Two keys cut", quantity=Decimal(2), unit_price=Decimal("3.50")),
        actor=cast.as_olivia,
    )
    walk(2)
    db.session.commit()
    card = methods.add(cast.alice, nonce=VISA, actor=cast.as_alice, gateway=gateway)
    db.session.commit()
    attempt = paying.pay(
        cast.alice,
        submit_key="k" * 24,
        targets=[(paid, Decimal(48))],
        method=card,
        actor=cast.as_olivia,
        gateway=gateway,
    )
    cash = recording.record_payment(
        cast.alice, kind=PaymentKind.CASH, amount=Decimal(12), received_on=today, allocate={owing.id: Decimal(10)}, mail=False,
        actor=cast.as_olivia,
    )  # fmt: skip
    finding = money.gateway_finding(facts={"amount": "12.00", "currency": "USD"})
    money.gateway_event(state="unmatched", kind="transaction_settled", remark="No such payment")
    money.dispute(attempt.payment, reply_by=today + dt.timedelta(days=9), reason="fraud")
    note = money.credit_note(owing)
    money.credit_note_line(note)
    db.session.commit()
    gateway.demo().settle(attempt.payment.gateway_transaction_id)
    mark_request(reads_only=True)
    return {
        "paid": paid, "owing": owing, "void": void, "draft": draft, "card": attempt.payment, "cash": cash,
        "finding": finding, "note": note, "vat": vat, "line": draft.lines[1].id,
    }  # fmt: skip


def pages_of(cast, till):
    """Every page about these."""
    alice = cast.alice.id
    draft, owing, card = till["draft"].id, till["owing"].id, till["card"].id
    return [
        f"/admin/invoice/new?client={alice}", "/admin/invoice/new", f"/admin/invoice/{draft}/",
        f"/admin/invoice/{draft}/?line={till['line']}", f"/admin/invoice/{draft}/dropping", f"/admin/invoice/{owing}/",
        f"/admin/invoice/{till['paid'].id}/", f"/admin/invoice/{till['void'].id}/", f"/admin/invoice/{owing}/void",
        f"/admin/invoice/{owing}/write-off", f"/admin/payment/new?client={alice}", f"/admin/payment/charge?client={alice}",
        f"/admin/payment/{card}/", f"/admin/payment/{till['cash'].id}/", f"/admin/payment/{card}/allocation",
        f"/admin/payment/{till['cash'].id}/void", f"/admin/payment/{till['cash'].id}/refund", f"/admin/payment/{card}/refund",
        f"/admin/credit-note/{till['note'].id}/", f"/admin/credit-note/{till['note'].id}/dropping",
        f"/admin/credit-note/grant?client={alice}", f"/admin/client/{alice}/?tab=account", f"/admin/client/{alice}/",
        "/admin/attention/", f"/admin/attention/findings/{till['finding'].id}/booking?client={alice}",
        "/admin/invoices/?view=all", "/admin/credit-notes/", "/admin/payments/", "/admin/refunds/", "/admin/client-packages/",
        "/admin/visit-packages/", "/admin/visit-packages/new/", "/admin/tax-rates/", "/admin/tax-rates/new/",
        "/admin/payment-terms/", "/admin/payment-terms/new/", "/admin/payment-attempts/", "/admin/gateway-events/",
        f"/admin/visit/{till['paid'].lines[0].job_id}/", "/admin/",
    ]  # fmt: skip


@pytest.mark.parametrize("part", range(3))
def test_every_page_of_money_is_accessible_and_fits(live, visitor, till, part):
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    for n, path in list(enumerate(pages_of(live.cast, till)))[part::3]:
        page = olivia.go(path)
        expect(page.get_by_role("heading", level=1).first).not_to_have_text(re.compile("not found|went wrong"))
        olivia.look_in_every_way(f"{n:02}-{re.sub('[^a-z]+', '-', path)}")


@pytest.mark.covers("M4")
def test_the_office_refunds_half_of_a_payment(live, visitor, till):
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/payments/")
    db.session.rollback()
    mark_request(reads_only=False)
    for dispute in db.session.query(money.Dispute):
        db.session.delete(dispute)
    db.session.commit()
    mark_request(reads_only=True)
    page.get_by_role("link", name=till["card"].number).click()
    page.get_by_role("link", name="Refund", exact=True).click()
    amount = page.get_by_label("Amount")
    expect(amount).to_have_value("48.00")
    amount.fill("24")
    page.get_by_label("Why", exact=True).fill("One of two walks fell through")
    olivia.look()
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.get_by_text("$24.00 went back.")).to_be_visible()
    expect(page.get_by_text("One of two walks fell through").first).to_be_visible()
    live.look_again()
    refund = db.session.query(Refund).one()
    assert (refund.amount, refund.state.value, bool(refund.gateway_transaction_id)) == (Decimal(24), "succeeded", True)
    sale = live.app.extensions["gateway"].find(till["card"].gateway_transaction_id)
    assert len(sale.refund_ids) == 1
    assert sums.invoice_sums([till["paid"].id])[till["paid"].id].outstanding == Decimal(24)
    page.get_by_role("link", name=f"Invoice {till['paid'].number}").first.click()
    expect(page.get_by_text("Still owed")).to_be_visible()
    olivia.look()


@pytest.mark.covers("M2")
def test_a_billing_run_asks_before_it_issues(live, visitor, till):
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/billing-run/?up_to=")
    expect(page.get_by_role("heading", name="What the run does")).to_be_visible()
    page.get_by_role("button", name="Raise invoices").click()
    dialog = page.get_by_role("dialog", name="Raise invoices for the ticked clients?")
    expect(dialog.get_by_text("2 rows are ticked.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    olivia.look()
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Raise invoices")).to_be_focused()
    page.get_by_role("button", name="Raise invoices").click()
    dialog.get_by_role("button", name="Raise invoices").click()
    expect(page.get_by_role("heading", name="Raise invoices for 2 clients")).to_be_visible()


def test_a_setting_goes_back_to_its_default_only_after_a_question(live, visitor, till):
    settings.change({"business.phone": "212 555 0100"}, actor=live.cast.as_olivia)
    db.session.commit()
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/settings/business")
    page.get_by_role("button", name="Back to the default: Phone").click()
    dialog = page.get_by_role(
        "dialog", name="Back to the default? What you typed on this page and did not save is lost."
    )
    olivia.look()
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_label("Phone", exact=True)).to_have_value("212 555 0100")
    page.get_by_role("button", name="Back to the default: Phone").click()
    dialog.get_by_role("button", name="Back to the default").click()
    expect(page.get_by_text("Phone is back at its default.")).to_be_visible()
    expect(page.get_by_label("Phone", exact=True)).to_have_value("")
