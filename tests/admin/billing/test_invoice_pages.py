"""Invoices in the office: from ticked visits over the draft to the paper; void and raised again; refusals and tricks."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from admin_site.billing_drafts import sorted_lines
from foundation.db import db
from models import CreditNote, Invoice, InvoiceLine, InvoiceState, JobState, LineKind, NoteState
from tests import factories as make
from tests import money_factories as money
from tests.admin.billing.conftest import TODAY
from tests.databases import statements
from workflows import settings
from workflows.actors import COMMAND_LINE
from workflows.billing import notes, sums
from workflows.mail_facts import MailKind


def lines_of(invoice) -> list[tuple[str, Decimal]]:
    return [(x.description, x.amount) for x in sorted(invoice.lines, key=lambda x: x.position)]


@pytest.mark.covers("M2")
def test_visits_become_a_draft_and_the_draft_a_frozen_invoice_with_its_own_number(office, cast, walks, outbox):
    page = office.open(f"/admin/invoice/new?client={cast.alice.id}")
    form = office.form("/invoice/new")
    assert form.fields.getlist("visits") == [str(j.id) for j in walks[:2]], "what is done is ticked, what comes is not"
    assert str(walks[2].id) in form.options["visits"]
    assert "Nov 21" in page.text
    text = office.done(office.send(form))
    draft = office.newest()
    assert ("Not sent and not owed yet" in text, draft.state, draft.number, draft.total) == (True, InvoiceState.DRAFT, None, Decimal(40))  # fmt: skip
    text = office.do(f"/admin/invoice/{draft.id}/", "/issue", mail="1")
    invoice = office.newest()
    assert (invoice.state, invoice.total, invoice.issued_on) == (InvoiceState.OPEN, Decimal(40), TODAY)
    assert f"Invoice {invoice.number} is issued. Alice gets it by mail." in text
    assert [m.kind for m in outbox.mails(MailKind.INVOICE_SENT)] == ["invoice_sent"]
    # Frozen: neither the visit's new price nor the client's new name reaches it.
    walks[0].price, cast.alice.last_name = Decimal(99), "Renamed"
    db.session.commit()
    text = office.open(f"/admin/invoice/{invoice.id}/").text
    assert ("Alice Archer" in text.partition("<article")[2], "$40.00" in text, "$99.00" in text) == (True, True, False)
    # Never edited: neither the pages of drafts nor a second issue do anything any more.
    for action in ("lines", "terms", "visits", "dropping"):
        office.post(
            f"/admin/invoice/{invoice.id}/{action}", description="More", unit_price="5", kind="item", up_to="2026-12-31"
        )
        assert lines_of(office.newest()) == lines_of(invoice), action
    office.post(f"/admin/invoice/{invoice.id}/issue", mail="1")
    assert (office.newest().number, len(outbox.mails(MailKind.INVOICE_SENT))) == (invoice.number, 1)


@pytest.mark.covers("M2")
def test_up_to_and_including_a_day_and_one_visit_alone(office, cast, walks):
    office.open(f"/admin/invoice/new?client={cast.alice.id}&up_to={walks[0].on_date}")
    assert office.form("/invoice/new").fields.getlist("visits") == [str(walks[0].id)]
    office.open(f"/admin/invoice/new?client={cast.alice.id}&visit={walks[2].id}")
    assert office.form("/invoice/new").fields.getlist("visits") == [str(walks[2].id)]
    draft = office.draft(cast.alice, visits=[str(walks[0].id)])
    text = office.do(f"/admin/invoice/{draft.id}/", "/visits", up_to=walks[1].on_date.isoformat())
    assert "1 visit was added" in text
    assert office.newest().total == Decimal(40)
    text = office.do(f"/admin/invoice/{draft.id}/", "/visits", up_to=walks[2].on_date.isoformat())
    assert (office.newest().total, "No other visit" in text) == (Decimal(60), True)


@pytest.mark.covers("M2")
def test_void_and_raise_again_in_place_of_editing(office, cast, walks):
    invoice = office.issued(cast.alice)
    page = office.open(f"/admin/invoice/{invoice.id}/void")
    assert "becomes credit" in page.text
    answer = office.send(office.form("/void") if "/void" in office.form().action else office.form(), reason="")
    assert (answer.status_code, "Say why" in answer.text) == (422, True)
    text = office.do(f"/admin/invoice/{invoice.id}/void", "", reason="Wrong price")
    assert f"Invoice {invoice.number} is void" in text
    assert (office.newest().state, office.newest().end_reason) == (InvoiceState.VOID, "Wrong price")
    walks[0].price = Decimal(25)
    db.session.commit()
    text = office.do(f"/admin/invoice/{invoice.id}/", "/raised-again")
    again = office.newest()
    assert (again.state, again.total, again.replaces_id) == (InvoiceState.DRAFT, Decimal(45), invoice.id)
    office.do(f"/admin/invoice/{again.id}/", "/issue", mail="0")
    again = office.newest()
    assert again.sequence == invoice.sequence + 1, "without a gap, and never the same"
    text = office.open(f"/admin/invoice/{invoice.id}/").text
    assert ("Replaced by" in text, again.number in text, "Raise again" in text) == (True, True, False)
    office.post(f"/admin/invoice/{invoice.id}/raised-again")
    assert office.newest().id == again.id, "raised again once"


@pytest.mark.covers("M2")
def test_a_visit_is_invoiced_once_however_often_the_form_is_sent(office, cast, walks):
    office.open(f"/admin/invoice/new?client={cast.alice.id}")
    form = office.form("/invoice/new")
    assert [office.send(form).status_code for _ in range(2)] == [303, 303]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Invoice)) == 1
    other = office.post("/admin/invoice/new", client=cast.alice.id, visits=str(walks[0].id))
    assert (other.status_code, "on another invoice already" in other.text) == (422, True)
    none = office.post("/admin/invoice/new", client=cast.alice.id)
    assert (none.status_code, "Tick at least one visit" in none.text) == (422, True)
    foreign = office.post("/admin/invoice/new", client=cast.alice.id, visits=str(cast.bobs_job.id))
    assert foreign.status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Invoice)) == 1


def test_lines_are_added_changed_moved_and_taken_off(office, cast, walks):
    draft = office.draft(cast.alice)
    url = f"/admin/invoice/{draft.id}/"
    office.do(url, "/lines", kind="item", description="Key cutting", quantity="2", unit_price="3.50")
    assert lines_of(office.newest())[-1] == ("Key cutting", Decimal("7.00"))
    office.do(url, "/lines", kind="discount", description="Thanks", unit_price="5")
    office.do(url, "/lines", kind="discount", description="Ten per cent", percent="10")
    invoice = office.newest()
    assert lines_of(invoice)[-2:] == [("Thanks", Decimal(-5)), ("Ten per cent", Decimal("-4.70"))]
    assert invoice.total == Decimal("37.30")
    key = next(x for x in invoice.lines if x.description == "Key cutting")
    office.open(f"{url}?line={key.id}")
    office.done(office.send(office.form(f"/lines/{key.id}"), description="Two keys", quantity="1", unit_price="4"))
    assert ("Two keys", Decimal(4)) in lines_of(office.newest())
    office.done(office.post(f"{url}lines/{key.id}", do="up", version=office.newest().version))
    assert lines_of(office.newest())[1] == ("Two keys", Decimal(4))
    office.done(office.post(f"{url}lines/{key.id}", do="remove", version=office.newest().version))
    assert "Two keys" not in dict(lines_of(office.newest()))
    visit = next(x for x in office.newest().lines if x.kind is LineKind.VISIT)
    office.open(f"{url}?line={visit.id}")
    assert "unit_price" not in office.form(f"/lines/{visit.id}").fields, "a visit's price is the visit's own"
    office.done(office.send(office.form(f"/lines/{visit.id}"), description="A long walk"))
    assert ("A long walk", Decimal(20)) in lines_of(office.newest())


def test_the_draft_that_somebody_else_changed_is_looked_at_again(office, cast, walks):
    draft = office.draft(cast.alice)
    url = f"/admin/invoice/{draft.id}/"
    office.open(url)
    add, seen = office.form("/lines"), draft.version
    office.done(office.send(add, description="First", unit_price="1"))
    text = office.done(office.send(add, description="First", unit_price="1"))
    assert "already saved" in text
    assert [d for d, _a in lines_of(office.newest())].count("First") == 1
    stale = office.post(f"{url}lines", kind="item", description="Second", unit_price="1", version=seen)
    assert "Someone changed this invoice meanwhile" in office.done(stale)


@pytest.mark.parametrize(
    ("typed", "says"),
    [("NaN", "Enter a number"), ("1e3", "Enter a number"), ("-5", "Enter an amount from"), ("0.001", "at most 2 decimals"), ("1,2,3", "Enter a number"), ("99999999999", "Enter an amount")],
)  # fmt: skip
def test_amount_tricks_come_back_with_a_sentence(office, cast, walks, typed, says):
    draft = office.draft(cast.alice)
    office.open(f"/admin/invoice/{draft.id}/")
    answer = office.send(office.form("/lines"), kind="item", description="Trick", unit_price=typed)
    assert (answer.status_code, says in answer.text, f'value="{typed}"' in answer.text) == (422, True, True)
    assert office.newest().total == Decimal(40)


def test_all_that_is_wrong_with_a_line_is_said_in_one_round(office, cast, walks):
    draft = office.draft(cast.alice)
    office.open(f"/admin/invoice/{draft.id}/")
    answer = office.send(
        office.form("/lines"), kind="item", description=" ", quantity="lots", unit_price="-5", on_date="soon"
    )
    for words in ("Say what this line is for.", "Enter a number", "Enter an amount from", "Choose a day"):
        assert words in answer.text
    package = office.send(office.form("/lines"), kind="package", description="", quantity="1.5", unit_price="12.345")
    for words in (
        "Say what this line is for.",
        "Choose a package of visits.",
        "Packages are sold whole.",
        "at most 2 decimals",
    ):
        assert words in package.text
    assert (answer.status_code, package.status_code, office.newest().total) == (422, 422, Decimal(40))


@pytest.mark.covers("M3")
def test_the_due_date_follows_the_terms_the_client_and_the_hand(office, cast, walks):
    after = money.payment_terms("Monthly", days=30)
    before = money.payment_terms("Prepaid", kind="before_service", days=3)
    db.session.commit()
    cast.alice.payment_terms = after
    db.session.commit()
    ids = [str(j.id) for j in walks]
    first = office.issued(cast.alice, visits=ids[:1])
    assert first.due_on == TODAY + dt.timedelta(days=30), "days after it is sent, by the client's terms"
    office.do(f"/admin/invoice/{first.id}/void", "", reason="Other terms")
    later = make.job(cast.alice, cast.walk, on_date=TODAY + dt.timedelta(days=20), price=Decimal(20))
    db.session.commit()
    draft = office.draft(cast.alice, visits=[str(later.id)])
    office.do(f"/admin/invoice/{draft.id}/", "/terms", terms=str(before.id))
    office.do(f"/admin/invoice/{draft.id}/", "/issue", mail="0")
    assert office.newest().due_on == later.on_date - dt.timedelta(days=3), "days before the first visit"
    draft = office.draft(cast.alice, visits=ids[1:2])
    past = office.post(f"/admin/invoice/{draft.id}/terms", due_on="2026-11-01", version=draft.version)
    assert (past.status_code, "cannot lie before today" in past.text) == (422, True)
    office.do(f"/admin/invoice/{draft.id}/", "/terms", due_on="2026-12-24", note="Merry Christmas")
    text = office.do(f"/admin/invoice/{draft.id}/", "/issue", mail="0")
    assert (office.newest().due_on, "Merry Christmas" in text) == (dt.date(2026, 12, 24), True)


@pytest.mark.covers("M3")
def test_tax_is_the_clients_the_services_or_the_defaults(office, cast, walks):
    vat, low = money.tax_rate("VAT", Decimal(20), is_default=True), money.tax_rate("Low", Decimal(5))
    cast.walk.tax_rate = low
    db.session.commit()
    draft = office.draft(cast.alice)
    text = office.open(f"/admin/invoice/{draft.id}/").text
    assert (draft.tax_total, "Low, 5 %" in text) == (Decimal(2), True), "the service's"
    office.do(f"/admin/invoice/{draft.id}/", "/lines", kind="item", description="Key", unit_price="10")
    assert office.newest().tax_total == Decimal(4), "the default's for what has none"
    office.do(f"/admin/invoice/{draft.id}/", "/lines", kind="item", description="Stamp", unit_price="10", tax="none")
    assert office.newest().tax_total == Decimal(4), "none by hand"
    office.do(f"/admin/invoice/{draft.id}/dropping", "")
    cast.alice.tax_rate = vat
    db.session.commit()
    draft = office.draft(cast.alice)
    assert draft.tax_total == Decimal(8), "the client's own counts first"
    office.do(f"/admin/invoice/{draft.id}/dropping", "")
    cast.alice.is_tax_exempt = True
    db.session.commit()
    assert office.issued(cast.alice).tax_total == Decimal(0), "and exempt is exempt"


def test_write_off_and_back_need_the_permission(office, manager, cast, walks, monkeypatch):
    invoice = office.issued(cast.alice)
    url = f"/admin/invoice/{invoice.id}/"
    text = office.do(f"{url}write-off", "", reason="They moved away")
    assert ("written off" in text, office.newest().state) == (True, InvoiceState.WRITTEN_OFF)
    office.do(url, "/write-off-undone")
    assert (office.newest().state, office.newest().written_off) == (InvoiceState.OPEN, Decimal(0))
    from models import StaffRole
    from workflows import permissions

    less = permissions.ROLE_PERMISSIONS[StaffRole.MANAGER] - {permissions.Permission.REFUND}
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, StaffRole.MANAGER, less)
    assert "/write-off" not in manager.open(url).text
    assert manager.browser.get(f"{url}write-off").status_code == 403
    assert manager.post(f"{url}write-off", reason="x").status_code == 403
    assert office.newest().state is InvoiceState.OPEN


def test_send_again_sends_once_a_press(office, cast, walks, outbox):
    invoice = office.issued(cast.alice)
    office.open(f"/admin/invoice/{invoice.id}/")
    form = office.form("/sending")
    for _ in range(2):
        office.send(form)
    assert len(outbox.mails(MailKind.INVOICE_SENT)) == 1


def test_dropped_drafts_let_their_visits_go(office, cast, walks):
    draft = office.draft(cast.alice)
    assert "nothing is missing" in office.open(f"/admin/invoice/{draft.id}/dropping").text
    office.do(f"/admin/invoice/{draft.id}/dropping", "")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(InvoiceLine)) == 0
    assert office.draft(cast.alice).total == Decimal(40)


def test_deposits_and_own_lines_begin_without_visits(office, cast):
    office.open(f"/admin/invoice/new?client={cast.alice.id}")
    office.done(office.send(office.form("/invoice/new"), what="deposit"))
    draft = office.newest()
    office.do(f"/admin/invoice/{draft.id}/", "/lines", description="For August", unit_price="100")
    assert (office.newest().kind.value, office.newest().total) == ("deposit", Decimal(100))
    empty = office.draft(cast.bob, what="free")
    assert "Issue" not in office.open(f"/admin/invoice/{empty.id}/").text.replace("Issued", "")
    office.post(f"/admin/invoice/{empty.id}/issue", mail="0")
    assert office.newest().state is InvoiceState.DRAFT


@pytest.mark.parametrize("path", ["", "void", "write-off", "pdf", "dropping"])
@pytest.mark.parametrize("number", ["999999", "0", "99999999999999999999"])
def test_what_is_not_there_is_404(office, path, number):
    assert office.browser.get(f"/admin/invoice/{number}/{path}").status_code == 404


def test_lines_of_another_invoice_are_404(office, cast, walks):
    mine = office.draft(cast.alice)
    other = office.draft(cast.bob, what="free")
    office.do(f"/admin/invoice/{other.id}/", "/lines", kind="item", description="Bob's", unit_price="1")
    line = office.newest().lines[0]
    assert office.post(f"/admin/invoice/{mine.id}/lines/{line.id}", do="remove").status_code == 404


def test_the_pages_take_a_fixed_number_of_queries(office, cast):
    def count(url):
        with statements() as sent:
            office.open(url)
        return len(sent)

    def draft(n):
        jobs = [make.job(cast.alice, cast.walk, on_date=TODAY - dt.timedelta(days=k), state=JobState.COMPLETED, price=Decimal(20)) for k in range(n)]  # fmt: skip
        db.session.commit()
        return office.draft(cast.alice, visits=[str(j.id) for j in jobs])

    few, many = draft(1), draft(15)
    urls = [f"/admin/invoice/{i.id}/" for i in (few, many)]
    assert count(urls[0]) == count(urls[1])
    assert count(urls[1]) <= 16
    for invoice in (few, many):
        office.do(f"/admin/invoice/{invoice.id}/", "/issue", mail="0")
    assert count(urls[0]) == count(urls[1])
    assert count(urls[1]) <= 22


@pytest.mark.covers("M2")
def test_a_line_is_credited_by_hand_and_changed_again_before_the_note_counts(office, cast, walks):
    draft = office.draft(cast.alice)
    office.do(f"/admin/invoice/{draft.id}/", "/lines", kind="item", description="Spare key", unit_price="10")
    office.do(f"/admin/invoice/{draft.id}/", "/issue", mail="0")
    invoice = office.newest()
    visit, key = sorted_lines(invoice)[0], sorted_lines(invoice)[-1]
    assert f"/admin/credit-note/lines/{key.id}" in office.open(f"/admin/invoice/{invoice.id}/").text
    assert office.browser.get(f"/admin/credit-note/lines/{visit.id}").status_code == 404
    text = office.do(f"/admin/credit-note/lines/{key.id}", f"/lines/{key.id}", amount="4", reason="One key only")
    note = office.newest(CreditNote)
    assert ("It counts once the note is committed" in text, note.total, note.state) == (True, 6, NoteState.OPEN)
    assert ("Change it before it counts" in text, f"/admin/credit-note/lines/{key.id}" in text) == (True, True)
    page = office.open(f"/admin/credit-note/lines/{key.id}").text
    assert ("With the open note" in page, 'value="4.00"' in page) == (True, True)
    office.do(f"/admin/credit-note/lines/{key.id}", f"/lines/{key.id}", amount="7", reason="Two keys")
    assert office.newest(CreditNote).total == 3
    wrong = (
        office.send(office.form(f"/lines/{key.id}"), amount="-1", reason="")
        if office.open(f"/admin/credit-note/lines/{key.id}")
        else None
    )
    assert wrong.status_code == 422
    text = office.do(f"/admin/credit-note/lines/{key.id}", f"/lines/{key.id}", amount="10", reason="As billed")
    assert ("It costs what was billed" in text, office.newest(CreditNote).state) == (True, NoteState.DROPPED)


def test_the_totals_of_a_draft_follow_what_is_typed_and_save_nothing(office, cast, walks):
    draft = office.draft(cast.alice)
    before = lines_of(office.newest())
    office.open(f"/admin/invoice/{draft.id}/")
    typed = dict(office.form("/lines").fields, kind="item", unit_price="12.50", quantity="2", description="")
    part = office.browser.post(f"/admin/invoice/{draft.id}/totals", data=typed, headers={"HX-Request": "true"})
    assert (part.status_code, "<html" in part.text, "$65.00" in part.text, "Nothing is saved yet" in part.text) == (200, False, True, True)  # fmt: skip
    half = office.browser.post(f"/admin/invoice/{draft.id}/totals", data={**typed, "unit_price": "1x"})
    assert ("$40.00" in half.text, "Nothing is saved yet" in half.text) == (True, False)
    assert (lines_of(office.newest()), office.newest().total) == (before, 40)


@pytest.mark.covers("M4")
def test_credit_pays_what_is_open_by_a_button(office, cast, walks):
    settings.change({"billing.spend_credit": False}, actor=COMMAND_LINE)
    db.session.commit()
    invoice = office.issued(cast.alice)
    notes.grant_credit(cast.alice, Decimal(15), actor=cast.as_olivia, reason="Sorry")
    db.session.commit()
    text = office.do(f"/admin/client/{cast.alice.id}/?tab=account", f"/client-account/{cast.alice.id}/credit")
    assert "The credit pays what was open." in text
    assert sums.outstanding(office.newest()) == 25
    assert f"/client-account/{cast.alice.id}/credit" not in text
    again = office.done(office.post(f"/admin/client-account/{cast.alice.id}/credit"))
    assert ("no open invoice that it could pay" in again, invoice.id == office.newest().id) == (True, True)
