"""The office's pages about pay: look, run, read, save, undo, mark as paid, extras, a visit's own pay."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, PayLine, PayRun, PayRunState, StaffRole
from tests import factories as make
from tests.databases import count, statements
from tests.sheets import bare, sheet_rows
from tests.workflows.pay.earned import SUNDAY, TODAY, done, run, statement_of, would_get
from workflows.mail_facts import MailKind
from workflows.pay import extras

D = Decimal
pytestmark = pytest.mark.covers("V5")


def rows_of(answer):
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))


def test_the_office_looks_runs_reads_saves_and_pays(cast, office, outbox):
    cast.alice.last_name = "=SUM(A1)"
    done(cast.alice, cast.sam, item=cast.walk, pay=12)
    done(cast.alice, cast.sita, pay=7)
    make.job(cast.alice, sitter=cast.sam, on_date=SUNDAY)
    make.job(cast.alice, on_date=SUNDAY)
    db.session.commit()
    page = office.open("/admin/pay/").text
    for words in ("Sam Stone", "1 visit not completed", "$12.00", "$19.00", "1 visit of these days has no sitter"):
        assert words in page
    summary = rows_of(office.post("/admin/pay/file"))
    assert summary[1][:9] == ["Sam Stone", "2026-11-23", "1", "1", "1", "0", "0", "2", "1"]
    assert "Dog walk, Alice =SUM(A1)" in office.open(f"/admin/pay/sitter/{cast.sam.id}").text
    # Sita waits.
    office.open("/admin/pay/")
    form = office.form("/admin/pay/")
    kept = [value for value in form.fields.getlist("sitter") if value.startswith(f"{cast.sam.id}:")]
    said = office.done(office.send(form, sitter=kept))
    assert "Pay run 1 is made: 1 statement." in said
    assert outbox.facts(MailKind.PAY_STATEMENT).total == "12.00"
    made = db.session.scalar(sa.select(PayRun))
    detail = rows_of(office.post(f"/admin/pay/runs/{made.public_id}/file/detail"))
    assert detail[1] == ["1", "Sam Stone", "2026-11-22", "Visit", "Dog walk, Alice =SUM(A1)", "12.00"]
    total = rows_of(office.post(f"/admin/pay/runs/{made.public_id}/file/summary"))
    assert total[1] == ["1", "Sam Stone", "2026-11-23", "1", "12.00", "0.00", "0.00", "0.00", "0.00", "12.00", ""]
    book = office.post(f"/admin/pay/runs/{made.public_id}/file/detail", **{"as": "xlsx"})
    assert book.headers["Content-Disposition"] == 'attachment; filename="pay-run-1-detail.xlsx"'
    assert sheet_rows(book.data) == bare(detail)
    statement = made.statements[0]
    here = f"/admin/pay-statement/{statement.public_id}/"
    assert "Not completed" in office.open(here).text
    pdf = office.browser.get(f"{here}pdf")
    assert pdf.data.startswith(b"%PDF")
    assert "Pay%20statement%201" in pdf.headers["Content-Disposition"] or "Pay statement 1" in pdf.headers["Content-Disposition"]  # fmt: skip
    assert office.browser.get(f"{here}pdf", headers={"If-None-Match": pdf.headers["ETag"]}).status_code == 304
    assert "Marked as paid" in office.do(f"/admin/pay/runs/{made.public_id}/", "/paid", paid_on="2026-11-22")
    assert statement.paid_on == SUNDAY
    assert "not marked as paid any more" in office.do(here, "/unpaid")
    assert "Pay run 1" in office.open("/admin/pay/runs").text
    assert len(db.session.scalars(sa.select(Activity).where(Activity.verb == "list.exported")).all()) == 4


def test_what_changed_since_the_page_was_shown_is_said_and_nothing_is_paid(cast, office):
    walk = done(cast.alice, cast.sam, pay=12)
    db.session.commit()
    office.open("/admin/pay/")
    form = office.form("/admin/pay/")
    walk.sitter_pay = D(15)
    db.session.commit()
    answer = office.send(form)
    assert answer.status_code == 409
    assert "The pay changed meanwhile (Sam 12.00 → 15.00)" in answer.text
    assert count(PayRun) == 0


def test_a_run_is_undone_with_a_reason(cast, office):
    done(cast.alice, cast.sam)
    made = run(cast.as_olivia)
    db.session.commit()
    there = f"/admin/pay/runs/{made.public_id}/undoing"
    office.open(there)
    assert "Say why the run is undone" in office.send(office.form("/undoing")).text
    assert "Pay run 1 is undone" in office.do(there, "/undoing", reason="Wrong day")
    assert made.state is PayRunState.UNDONE
    assert would_get(cast.sam) == D(10)
    assert "undone already" in office.done(office.browser.get(there))


def test_extras_are_entered_changed_and_removed_while_they_wait(cast, office):
    db.session.commit()
    said = office.do("/admin/pay-extra/new", "/new", sitter=str(cast.sam.id), text="Advance", amount="-50")
    assert "The next pay run has this line for Sam" in said
    assert "Advance" in said
    line = db.session.scalar(sa.select(PayLine))
    assert line.amount == D(-50)
    office.open("/admin/pay-extra/new")
    assert office.send(office.form("/new"), sitter=str(cast.sam.id)).status_code == 422
    here = f"/admin/pay-extra/{line.public_id}/"
    office.do(here, here, text="Bonus", amount="20", on_date="2026-11-22")
    assert (line.text, line.amount, line.on_date) == ("Bonus", D(20), SUNDAY)
    assert "Line removed" in office.do(here, "/removal")
    assert count(PayLine) == 0


def test_a_visits_page_says_where_it_was_paid_and_its_pay_can_be_changed(cast, office):
    visit = done(cast.alice, cast.sam, item=cast.walk, pay=12)
    db.session.commit()
    here = f"/admin/visit/{visit.id}/"
    assert "It stands on no pay run yet" in office.open(here).text
    first = run(cast.as_olivia)
    db.session.commit()
    assert f"/admin/pay-statement/{statement_of(first, cast.sam).public_id}/" in office.open(here).text
    said = office.do(f"/admin/pay-extra/visit/{visit.id}", f"/visit/{visit.id}", pay="15", reason="Two dogs")
    assert "What the visit pays is changed" in said
    assert "changed what a visit pays" in said
    assert would_get(cast.sam) == D(3)


def test_who_may_not_run_pay_finds_no_way_to_it(cast, manager):
    visit = done(cast.alice, cast.sam)
    made = run(cast.as_olivia)
    make.role_permission(StaffRole.MANAGER, "office:pay:run")
    db.session.commit()
    assert "Sitters&#39; pay" not in manager.open("/admin/").text
    assert "Pay run" not in manager.open(f"/admin/visit/{visit.id}/").text
    statement = made.statements[0].public_id
    for path in (
        "pay/",
        f"pay/runs/{made.public_id}/",
        f"pay-statement/{statement}/pdf",
        "pay-lines/",
        "pay-extra/new",
    ):
        assert manager.browser.get(f"/admin/{path}").status_code == 403


def test_pages_of_pay_are_light_and_ask_as_much_for_many_as_for_few(cast, office):
    def asked(url):
        db.session.commit()
        db.session.expire_all()
        with statements() as sent:
            answer = office.browser.get(url)
        assert answer.status_code == 200
        assert len(answer.data) < 30_000, (url, len(answer.data))
        return len(sent)

    done(cast.alice, cast.sam, checked_in_at=dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC))
    first = run(cast.as_olivia)
    done(cast.alice, cast.sam)
    extras.add(cast.sam, on_date=TODAY, text="Bus", amount=D(2), actor=cast.as_olivia)
    there = [
        "/admin/pay/", "/admin/pay/runs", f"/admin/pay/runs/{first.public_id}/", f"/admin/pay/sitter/{cast.sam.id}",
        f"/admin/pay-statement/{statement_of(first, cast.sam).public_id}/", "/admin/pay-lines/",
    ]  # fmt: skip
    few = {url: asked(url) for url in there}
    for n in range(60):
        sitter = make.staff(f"Sitter {n}")
        done(cast.alice, sitter)
        done(cast.alice, cast.sam)
        make.job(cast.alice, sitter=sitter, on_date=SUNDAY)
        make.pay_line(cast.sam, statement=first.statements[0], text="A long line of pay about something")
        make.pay_statement(first, sitter)
    assert {url: asked(url) for url in there} == few
    assert max(few.values()) <= 16, few
