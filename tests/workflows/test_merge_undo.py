"""S3, S6: a merge that was a mistake is undone: what it moved goes back, what happened since stays, and is said."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock, sealing
from foundation.db import Base, db
from models import (
    Activity,
    ClientLogin,
    ClientSitter,
    ClientStatus,
    FieldArea,
    FieldValue,
    FilePurpose,
    Job,
    JobRequest,
    JobRequestLine,
    MergeNote,
    Payment,
    PaymentKind,
    Pet,
    PetStatus,
    SearchEntry,
    StaffRole,
    StoredMethod,
    job_pet,
)
from tests import factories as make
from tests import issued, money_factories
from tests.databases import count, statements
from tests.workflows.test_merging import join, money, name_everywhere
from workflows import access, erasing, merged, people, privacy, resealing, roles, sign_ins
from workflows.billing import books, recording, sums
from workflows.errors import Conflict, NotAllowed, WrongState
from workflows.merging import references, undoing
from workflows.merging.kinds import GOES, STAYS
from workflows.permissions import Permission
from workflows.sign_ins import NOWHERE

pytestmark = pytest.mark.covers("S3", "S6")


def seen(goes, actor, kind="client"):
    return undoing.look(undoing.find(kind, goes.id).note, actor=actor)


def undo(goes, actor, kind="client"):
    db.session.flush()
    back = undoing.undo(kind, goes.id, mark=seen(goes, actor, kind).mark, actor=actor)
    db.session.expire_all()
    return back


def everything(*, without=("activity", "merged_record", "merge_note", "search_entry", "sign_in")):
    """Every row of every table, but for what is noted about the merge itself, and versions."""
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in without:
            rows = db.session.execute(sa.select(table)).mappings()
            left_out = {"version", "agreed_epoch", "link_serial"}
            found[table.name] = sorted(str({k: v for k, v in r.items() if k not in left_out}) for r in rows)
    return found


def test_every_row_of_every_table_that_names_a_client_is_as_it_was(cast):
    """The tables themselves are asked, as when merging: a table of tomorrow comes back too, or this test names it."""
    olivia, goes = cast.as_olivia, make.client("Anna", "Double")
    rows = name_everywhere(goes)
    db.session.execute(sa.update(MergeNote).values(into_id=cast.alice.id, record_id=999))
    db.session.expire_all()
    before = everything()
    join(cast.alice, goes, olivia)
    moved = {t for t, after in everything().items() if after != before[t]}
    assert moved >= {c.table.name for c in references.columns_to("client")} - {"activity", "merge_note", "search_entry", "sign_in"}  # fmt: skip
    undo(goes, olivia)
    after = everything()
    assert {t: after[t] for t in after if after[t] != before[t]} == {}
    note = db.session.scalar(sa.select(MergeNote).where(MergeNote.record_id == 999))
    assert note.client_id == goes.id, "a note of an earlier merge went along both ways"
    assert db.session.scalar(sa.select(Activity.client_id).where(Activity.id == rows["activity"].id)) == goes.id


def test_values_come_back_and_those_that_were_changed_since_stay(cast):
    alice, olivia = cast.alice, cast.as_olivia
    alice.city, alice.notes = "Oldtown", "Likes mornings."
    goes = make.client("Ally", "Archer", email="ally@example.com", city="Newtown", notes="Gate code 12.")
    plain, other = make.custom_field(label="Wifi"), make.custom_field(label="Alarm", is_secret=True)
    make.field_value(plain, alice, text="old wifi")
    make.field_value(plain, goes, text="new wifi")
    make.field_value(other, alice, text=None, sealed="mine")
    make.field_value(other, goes, text=None, sealed="theirs")
    choices = {"city": GOES, "email": GOES, "notes": GOES, f"field-{plain.public_id}": GOES}
    join(alice, goes, olivia, choices)
    people.change_client(alice, {"notes": "Rings twice."}, actor=olivia)
    look = seen(goes, olivia)
    assert (look.values, look.kept, look.stands_against) == (["city", "email"], ["notes"], None)
    assert undo(goes, olivia) is goes
    assert (alice.city, alice.email, alice.notes) == ("Oldtown", "alice@example.com", "Rings twice.")
    assert (goes.city, goes.status, goes.portal_enabled) == ("Newtown", ClientStatus.ACTIVE, True)
    assert merged.leads_to("client", goes.id) is None
    values = db.session.execute(sa.select(FieldValue.client_id, FieldValue.field_id, sa.func.coalesce(FieldValue.text, FieldValue.sealed)))  # fmt: skip
    assert {tuple(v) for v in values} == {
        (alice.id, plain.id, "old wifi"),
        (goes.id, plain.id, "new wifi"),
        (alice.id, other.id, "mine"),
        (goes.id, other.id, "theirs"),
    }
    lines = {x.verb: x for x in db.session.scalars(sa.select(Activity).where(Activity.verb.in_(["merged.undone", "merged.back"])))}  # fmt: skip
    assert (lines["merged.undone"].client_id, lines["merged.back"].client_id) == (alice.id, goes.id)
    found = db.session.scalars(sa.select(SearchEntry.record_id).where(SearchEntry.kind == "client"))
    assert {alice.id, goes.id} <= set(found)
    people.change_client(goes, {"city": "Elsewhere"}, actor=olivia)  # it is a record as any other


def test_log_ins_baskets_prices_sitters_and_cards_are_two_again(cast):
    alice, olivia = cast.alice, cast.as_olivia
    goes = make.client("Alice", "Archer", email="alice@work.example")
    other = make.client_login(goes, email="alice@work.example", password="the other password")
    make.client_login(alice)
    twin = make.client_login(goes, email=alice.email, password="never used")
    acceptance = make.agreement_acceptance(client=goes, client_login_id=twin.id)
    make.client_price(alice, cast.walk, price=10)
    make.client_price(goes, cast.walk, price=12)
    make.client_sitter(alice, cast.sita, is_blocked=False)
    make.client_sitter(goes, cast.sita, is_blocked=True)
    make.basket(alice, cast.walk)
    second = make.basket(goes, cast.walk)
    make.FACTORIES[JobRequestLine](request=second, on_date=make.DAY + dt.timedelta(days=9))
    for client in (alice, goes):
        money_factories.stored_method(client, is_default=True)
    db.session.flush()
    before = everything()
    twin_id, acceptance_id = twin.id, acceptance.id
    join(alice, goes, olivia)
    opened = access.log_in(access.Realm.CLIENT, "alice@work.example", "the other password", browser=NOWHERE)
    assert opened.sign_in.client_login.client is alice
    undo(goes, olivia)
    after = everything()
    changed = {t for t in after if after[t] != before[t]}
    assert changed <= {"client_login", "job_request", "login_attempt"}
    back = db.session.get(ClientLogin, twin_id)
    assert (back.client_id, back.password_hash, back.email) == (goes.id, None, alice.email)
    assert db.session.get(type(acceptance), acceptance_id).client_login_id == twin_id
    assert db.session.get(ClientLogin, other.id).client is goes
    assert not db.session.get(ClientSitter, (alice.id, cast.sita.id)).is_blocked
    assert count(StoredMethod, StoredMethod.is_default) == 2
    baskets = sa.select(JobRequest.client_id).where(JobRequest.submitted_at.is_(None), JobRequest.client_id.in_([alice.id, goes.id]))  # fmt: skip
    assert set(db.session.scalars(baskets)) == {alice.id, goes.id}
    assert sign_ins.find_sign_in(access.Realm.CLIENT, opened.token) is None, "nobody goes on in the wrong household"


def test_the_books_are_two_again_and_what_was_paid_since_goes_with_its_invoice(cast):
    alice, olivia, goes = cast.alice, cast.as_olivia, make.client("Ally", "Archer")
    for client in (alice, goes):
        money(client, olivia)
    db.session.flush()
    before = [sums.client_money(c.id) for c in (alice, goes)]
    theirs = db.session.scalars(sa.select(Payment.id).where(Payment.client_id == goes.id)).all()
    join(alice, goes, olivia)
    invoice = Base.metadata.tables["invoice"]
    later = db.session.scalar(sa.select(invoice.c.id).where(invoice.c.client_id == alice.id).order_by(invoice.c.id.desc()))  # fmt: skip
    recording.record_payment(
        alice, kind=PaymentKind.CASH, amount=Decimal(5), received_on=clock.today(), allocate={later: Decimal(5)}, actor=olivia
    )  # fmt: skip
    look = seen(goes, olivia)
    assert (look.stands_against, look.along["payment"], look.along["allocation"]) == (None, 1, 1)
    undo(goes, olivia)
    after = [sums.client_money(c.id) for c in (alice, goes)]
    assert (after[0], after[1].owed) == (before[0], before[1].owed - 5)
    assert books.check() == []
    assert count(Payment, Payment.client_id == goes.id) == len(theirs) + 1


def test_what_belongs_to_both_by_now_stands_against_it_until_it_is_taken_apart(cast):
    alice, olivia, goes = cast.alice, cast.as_olivia, make.client("Ally", "Archer")
    otto = make.pet(goes, "Otto")
    invoice = issued.invoice(alice, 40)
    issued.invoice(goes, 25)
    join(alice, goes, olivia)
    mixed = make.job(alice, cast.walk, pets=[otto, cast.biscuit])
    lone = make.job(alice, cast.walk, pets=[otto], on_date=make.DAY + dt.timedelta(days=3))
    apart = make.job(alice, cast.walk, pets=[cast.biscuit], on_date=make.DAY + dt.timedelta(days=4))
    db.session.flush()
    look = seen(goes, olivia)
    assert {("pet", "Otto"), ("pet", "Biscuit")} <= set(look.between)
    with pytest.raises(WrongState, match="belong together by now"):
        undo(goes, olivia)
    db.session.execute(sa.delete(job_pet).where(job_pet.c.job_id == mixed.id, job_pet.c.pet_id == otto.id))
    db.session.expire_all()
    look = seen(goes, olivia)
    assert (look.stands_against, dict(look.along), look.added["job"]) == (None, {"job": 1}, 2)
    undo(goes, olivia)
    owners = dict(db.session.execute(sa.select(Job.id, Job.client_id)).all())
    assert (owners[lone.id], owners[mixed.id], owners[apart.id]) == (goes.id, alice.id, alice.id)
    assert (otto.client_id, invoice.client_id) == (goes.id, alice.id)


def test_a_joint_basket_that_was_sent_stays_one_request(cast):
    alice, olivia, goes = cast.alice, cast.as_olivia, make.client("Ally", "Archer")
    make.basket(alice, cast.walk)
    make.basket(goes, cast.walk, first_on=make.DAY + dt.timedelta(days=5))
    join(alice, goes, olivia)
    assert seen(goes, olivia).stands_against is None
    request = db.session.scalar(sa.select(JobRequest).where(JobRequest.client_id == alice.id, JobRequest.submitted_at.is_(None)))  # fmt: skip
    request.submitted_at, request.number = clock.now(), 7
    db.session.flush()
    assert seen(goes, olivia).stands_against.code == "between"
    assert count(JobRequestLine, JobRequestLine.client_id == goes.id) == 0


def test_pets_and_vets_come_apart_too(cast):
    alice, olivia = cast.alice, cast.as_olivia
    stays, goes = make.pet(alice, "Rex", notes=""), make.pet(alice, "Rex", notes="Afraid of lorries.")
    both, one = make.job(alice, cast.walk, pets=[stays, goes]), make.job(alice, cast.walk, pets=[goes])
    photos = [make.stored_file(client=alice, pet=p, purpose="pet_photo") for p in (stays, goes)]
    make.field_value(make.custom_field(make.field_section(make.field_page(FieldArea.PET))), pet=goes, text="blue lead")
    db.session.flush()
    before = everything()
    join(stays, goes, olivia, {"notes": GOES}, kind="pet")
    db.session.expire_all()
    assert photos[1].purpose is FilePurpose.UPLOAD, "the other picture is not lost"
    later = make.job(alice, cast.walk, pets=[stays], on_date=make.DAY + dt.timedelta(days=8))
    undo(goes, olivia, "pet")
    assert (later.pets, set(both.pets), one.pets) == ([stays], {stays, goes}, [goes])
    db.session.execute(sa.delete(job_pet).where(job_pet.c.job_id == later.id))
    db.session.execute(sa.delete(Job).where(Job.id == later.id))
    after = everything()
    assert {t for t in after if after[t] != before[t]} <= {"job_line"}
    assert (goes.status, stays.notes) == (PetStatus.ACTIVE, "")
    old, new = make.vet("High Street Vets", phone=None), make.vet("High St Vets", phone="+14135550111")
    stays.vet = new
    join(old, new, olivia, {"phone": GOES}, kind="vet")
    undo(new, olivia, "vet")
    assert (stays.vet, new.is_active, old.phone) == (new, True, None)


def test_once_by_permission_in_time_and_in_order(cast):
    alice, olivia = cast.alice, cast.as_olivia
    second, third = make.client("Ally", "Archer"), make.client("Ann", "Archer")
    pet = make.pet(third, "Otto")
    join(second, third, olivia)
    join(alice, second, olivia)
    assert {n.goes for n in undoing.noted("client")} == {second, third}
    assert [n.goes for n in undoing.noted("client", into=alice.id)] == [second]
    with pytest.raises(WrongState, match="Undo that first"):
        undo(third, olivia)
    mark = seen(second, olivia).mark
    with pytest.raises(NotAllowed):
        undoing.undo("client", second.id, mark=mark, actor=cast.as_sam)
    make.job(alice, cast.walk)
    with pytest.raises(Conflict, match="Something changed meanwhile"):
        undoing.undo("client", second.id, mark=mark, actor=olivia)
    undo(second, olivia)
    assert (pet.client_id, merged.leads_to("client", third.id)) == (second.id, second.id)
    with pytest.raises(WrongState, match="undone already"):
        undoing.undo("client", second.id, mark=mark, actor=olivia)
    undo(third, olivia)
    assert (pet.client_id, undoing.noted("client")) == (third.id, [])
    join(alice, third, olivia)
    db.session.execute(sa.update(MergeNote).values(merged_at=clock.now() - undoing.KEEP - dt.timedelta(hours=1)))
    assert (undoing.find("client", third.id), undoing.noted("client"), undoing.forget_old()) == (None, [], 1)
    assert count(MergeNote) == 0


def test_who_may_not_see_the_books_is_told_nothing_of_them(cast):
    goes = make.client("Ally", "Archer")
    money(goes, cast.as_olivia)
    join(cast.alice, goes, cast.as_olivia)
    roles.change({StaffRole.MANAGER: {Permission.OFFICE, Permission.CLIENTS}, StaffRole.SITTER: set()}, actor=cast.as_olivia)  # fmt: skip
    look = seen(goes, cast.as_max)
    assert not {*look.back, *look.along, *look.added} & set(privacy.BOOKS)
    assert "invoice" in seen(goes, cast.as_olivia).back
    undo(goes, cast.as_max)


def test_erasing_forgets_the_note_and_what_the_other_log_says_of_an_undone_merge(cast):
    stays = make.client("Wanda", "Whole", notes="")
    goes = make.client("Xylophia", "Quxing", email="xyl@example.org", notes="Grumblegate")
    make.field_value(make.custom_field(label="Wifi"), goes, text="sesame")
    join(stays, goes, cast.as_olivia, {"email": GOES})
    undo(goes, cast.as_olivia)
    erasing.erase(goes, typed=goes.account_number, actor=cast.as_olivia)
    said = " ".join(str(f) for f in db.session.scalars(sa.select(Activity.facts)))
    assert ("Xylophia" in said, "xyl@example.org" in said) == (False, False)
    again = make.client("Zebulon", "Quxing", notes="Grumblegate")
    make.field_value(make.custom_field(label="Gate"), again, text="sesame")
    join(stays, again, cast.as_olivia, {"notes": STAYS})
    handed = {t: list(rows) for t, rows in privacy.export(stays, actor=cast.as_olivia).tables}
    assert "sealed" not in str(handed["merge_note"])
    erasing.erase(stays, typed=stays.account_number, actor=cast.as_olivia)
    assert count(MergeNote) == 0
    assert undoing.find("client", again.id) is None


def test_secrets_in_a_note_are_sealed_anew_with_the_others(cast):
    goes = make.client("Ally", "Archer")
    secret = make.custom_field(label="Alarm", is_secret=True)
    make.field_value(secret, cast.alice, text=None, sealed=sealing.seal("1234"))
    make.field_value(secret, goes, text=None, sealed=sealing.seal("5678"))
    join(cast.alice, goes, cast.as_olivia)
    before = str(db.session.scalar(sa.select(MergeNote.facts)))
    resealing.reseal_all()
    db.session.expire_all()
    assert str(db.session.scalar(sa.select(MergeNote.facts))) != before
    undo(goes, cast.as_olivia)
    sealed = db.session.scalar(sa.select(FieldValue.sealed).where(FieldValue.client_id == goes.id))
    assert sealing.unseal(sealed) == "5678"


def test_looking_asks_as_much_however_many_rows_moved(cast):
    asked = []
    for n_visits in (1, 9):
        goes = make.client("Ally", f"Archer{n_visits}")
        for n in range(n_visits):
            make.job(goes, cast.walk, on_date=make.DAY + dt.timedelta(days=n))
        join(cast.alice, goes, cast.as_olivia)
        with statements() as sent:
            look = seen(goes, cast.as_olivia)
        asked.append((len(sent), look.back["job"] - n_visits))
    assert asked[0] == asked[1]


def test_a_row_that_got_the_number_of_a_deleted_one_is_another_row(cast):
    goes = make.client("Ally", "Archer")
    otto = make.pet(goes, "Otto")
    join(cast.alice, goes, cast.as_olivia)
    number = otto.id
    db.session.delete(otto)
    db.session.flush()
    db.session.execute(sa.update(MergeNote).values(merged_at=clock.now() - dt.timedelta(minutes=5)))
    make.pet(cast.alice, "Nala", id=number)
    assert "pet" not in seen(goes, cast.as_olivia).back
    undo(goes, cast.as_olivia)
    assert db.session.get(Pet, number).client_id == cast.alice.id
