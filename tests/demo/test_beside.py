"""Made-up people beside a real business: added, tried out, refused what is real, and gone without a trace of a real record."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from mailer import deliver
from models import (
    Client,
    ClientContact,
    DemoRecord,
    Job,
    JobRequest,
    JobState,
    MailState,
    OutboxMail,
    PaymentKind,
    Pet,
    ServiceItem,
    Staff,
)
from tests import factories as make
from tests.admin.office.walk import Office
from tests.databases import count
from workflows import counters, demo_beside, demo_removal, jobs, people
from workflows.billing import drafting, recording, visit_lines
from workflows.errors import NotAllowed, WrongState
from workflows.pay import previews
from workflows.wanted import Wanted

pytestmark = pytest.mark.covers("S7")
#: what tells of it afterwards, and what is made anew with each removal
TOLD = {"activity", "search_entry", "form_key", "sign_in", "login_attempt", "outbox_mail", "calendar_feed", "counter"}


def rows():
    """Every row of every table but those that only tell."""
    tables = (t for t in Base.metadata.sorted_tables if t.name not in TOLD)
    return {t.name: sorted(map(repr, db.session.execute(sa.select(t)))) for t in tables}


def made_up():
    return db.session.scalars(sa.select(Client).where(Client.last_name == "Demo").order_by(Client.id)).all()


def test_it_comes_and_goes_and_real_records_stay_word_for_word(cast):
    counters.next_value("invoice")
    db.session.commit()
    before, numbers = rows(), [counters.last_value(x) for x in ("invoice", "job_request", "receipt", "pay_run")]
    n_mails = count(OutboxMail)
    n_visits = demo_beside.add(actor=cast.as_olivia)
    db.session.commit()
    assert [str(c) for c in made_up()] == ["Hannah Demo", "Leo Demo", "Mia Demo"]
    assert n_visits == count(Job, Job.client_id.in_([c.id for c in made_up()])) > 10
    assert count(OutboxMail) == n_mails
    with pytest.raises(WrongState):
        demo_beside.add(actor=cast.as_olivia)
    seen = demo_removal.look()
    assert (seen.n_clients, seen.n_visits, seen.n_kept) == (3, n_visits, 0)
    demo_removal.remove(actor=cast.as_olivia)
    db.session.commit()
    db.session.expire_all()
    assert rows() == before
    assert numbers == [counters.last_value(x) for x in ("invoice", "job_request", "receipt", "pay_run")]
    assert demo_beside.add(actor=cast.as_olivia) == n_visits, "it can come again"
    for refused in (cast.as_max, cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            demo_removal.remove(actor=refused)
        with pytest.raises(NotAllowed):
            demo_beside.add(actor=refused)


def test_what_was_tried_out_goes_with_it_and_what_real_records_need_stays(cast):
    demo_beside.add(actor=cast.as_olivia)
    db.session.commit()
    hannah, dana = made_up()[0], db.session.scalar(sa.select(Staff).where(Staff.first_name == "Dana"))
    before = count(Job, Job.client_id == cast.alice.id)
    people.add_pet({"client": hannah, "name": "Otto", "species": hannah.pets[0].species}, actor=cast.as_olivia)
    people.save_contact(ClientContact(client=hannah), {"name": "Somebody"}, actor=cast.as_olivia)
    make.sent_request(hannah, cast.walk, number=99)
    mine = make.job(hannah, cast.walk, sitter=cast.sam)  # a real service and a real sitter
    own = make.job(cast.alice, cast.walk, sitter=dana)  # a real visit by the made-up sitter
    own_id, mine_id = own.id, mine.id
    db.session.commit()
    seen = demo_removal.remove(actor=cast.as_olivia)
    db.session.commit()
    db.session.expire_all()
    assert seen.kept == ["staff: Dana Demo"]
    assert made_up() == []
    assert (db.session.get(Job, mine_id), count(Pet, Pet.name == "Otto"), count(ClientContact, ClientContact.name == "Somebody")) == (None, 0, 0)  # fmt: skip
    assert count(JobRequest, JobRequest.number == 99) == 0
    assert db.session.get(Job, own_id).sitter_id == dana.id
    assert count(Job, Job.client_id == cast.alice.id) == before + 1
    assert {m.table_name for m in db.session.scalars(sa.select(DemoRecord))} == {"staff"}


def test_no_number_of_the_books_and_no_pay_run_is_for_made_up_people(cast):
    demo_beside.add(actor=cast.as_olivia)
    db.session.commit()
    hannah, dana = made_up()[0], db.session.scalar(sa.select(Staff).where(Staff.first_name == "Dana"))
    item = db.session.scalar(sa.select(ServiceItem).where(ServiceItem.name == "Demo visit"))
    new = make.job(hannah, item, sitter=cast.sam, state=JobState.COMPLETED, price=Decimal(20), on_date=clock.today(), sitter_pay=Decimal(9))  # fmt: skip
    make.job(hannah, item, sitter=dana, state=JobState.COMPLETED, on_date=clock.today(), sitter_pay=Decimal(9))
    db.session.commit()
    assert visit_lines.waiting(hannah.id) == []
    today = clock.today()
    for do in (
        lambda: drafting.draft_for(hannah, jobs=[new], actor=cast.as_olivia),
        lambda: drafting.draft_for(hannah, jobs=[], actor=cast.as_olivia),
        lambda: recording.record_payment(
            hannah, kind=PaymentKind.CASH, amount=Decimal(5), received_on=today, actor=cast.as_olivia
        ),
    ):
        with pytest.raises(WrongState) as no:
            do()
        assert no.value.code == "made_up"
        db.session.rollback()
    assert counters.last_value("receipt") == 0
    assert not [s for s in previews.preview(today).sitters if s.lines]
    assert drafting.draft_for(cast.alice, jobs=[], actor=cast.as_olivia).client_id == cast.alice.id


def test_no_mail_leaves_for_them_and_it_can_be_read(app, cast, clock_at, monkeypatch):
    demo_beside.add(actor=cast.as_olivia)
    db.session.commit()
    hannah = made_up()[0]
    job = db.session.scalar(sa.select(Job).where(Job.client_id == hannah.id).order_by(Job.on_date.desc()))
    day = job.on_date + dt.timedelta(days=1)
    jobs.book(hannah, jobs_wanted(job, day), sitter=None, actor=cast.as_olivia)
    jobs.book(cast.alice, jobs_wanted(job, day, cast), sitter=None, actor=cast.as_olivia)
    db.session.commit()
    sent = []
    monkeypatch.setattr(
        deliver.FolderDelivery, "deliver", lambda _self, message, _mail: sent.extend(message.recipients)
    )
    deliver.drain(app)
    db.session.rollback()
    assert cast.alice.email in sent
    assert [a for a in sent if "demo" in a] == []
    kept = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.client_id == hannah.id)).all()
    assert [m.state for m in kept] == [MailState.CANCELLED]
    assert kept[0].subject
    assert "Demo visit" in kept[0].body_text
    # Whoever writes an own address there gets the mail: it is somebody's.
    people.change_client(hannah, {"email": "owner@maplelane.co"}, actor=cast.as_olivia)
    jobs.book(hannah, jobs_wanted(job, day + dt.timedelta(days=1)), sitter=None, actor=cast.as_olivia)
    db.session.commit()
    deliver.drain(app)
    assert "owner@maplelane.co" in sent


def jobs_wanted(job, day, cast=None):
    item = cast.walk if cast else job.service_item
    return Wanted(item, [day], start_time=dt.time(16), pets=[cast.biscuit] if cast else job.pets)


def test_the_owner_adds_and_removes_it_in_the_browser(cast, http, sign_in_as_staff):
    office = Office(sign_in_as_staff(http(), cast.olivia))
    page = office.get("/admin/demo-data/")
    assert "There are no demo invoices" in page.main
    said = page.press("Add demo data")
    assert "Three made-up clients" in said.text
    page.press("Add demo data")  # the old page once more
    assert len(made_up()) == 3
    gone = office.get("/admin/demo-data/").press("Remove demo data")
    assert "records of the demo are removed" in gone.text
    assert made_up() == []
    manager = Office(sign_in_as_staff(http(), cast.max))
    manager.get("/admin/demo-data/", 403)
    assert manager.post("/admin/demo-data/add").status == 403


def test_a_real_row_that_got_the_number_of_a_deleted_made_up_one_stays(cast):
    demo_beside.add(actor=cast.as_olivia)
    db.session.commit()
    friend = db.session.scalar(sa.select(ClientContact).order_by(ClientContact.id.desc()))
    freed = friend.id
    db.session.delete(friend)
    db.session.commit()
    mine = ClientContact(id=freed, client=cast.alice, name="Aunt Agnes")
    db.session.add(mine)
    db.session.commit()
    demo_removal.remove(actor=cast.as_olivia)
    db.session.commit()
    db.session.expire_all()
    assert db.session.get(ClientContact, freed).name == "Aunt Agnes"
    assert made_up() == []
