"""S3, S6: two records of one client (pet, vet) become one, with everything that names them; the books stay right."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from models import (
    Activity,
    AttemptState,
    Client,
    ClientLogin,
    ClientSitter,
    ClientStatus,
    Comment,
    FieldArea,
    FieldValue,
    JobRequest,
    PaymentKind,
    PetStatus,
    SearchEntry,
    StaffRole,
    StoredMethod,
)
from tests import factories as make
from tests import issued, money_factories
from tests.databases import statements
from workflows import access, erasing, merged, people, privacy, roles
from workflows.billing import books, recording, sums
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.merging import duplicates, kinds, references
from workflows.merging.kinds import BOTH, GOES, KINDS, STAYS
from workflows.merging.merge import look, merge
from workflows.permissions import Permission
from workflows.sign_ins import NOWHERE

pytestmark = pytest.mark.covers("S3", "S6")


def money(client, actor):
    """An open invoice, one that is paid in part, and credit that pays nothing yet."""
    paid, _open = issued.invoice(client, 40), issued.invoice(client, 25)
    for amount, pays in ((15, {paid.id: Decimal(15)}), (30, {})):
        recording.record_payment(
            client, kind=PaymentKind.CASH, amount=Decimal(amount), received_on=clock.today(), allocate=pays, actor=actor
        )


def join(stays, goes, actor, choices=(), kind="client"):
    db.session.flush()
    return merge(kind, stays.id, goes.id, dict(choices), versions=(stays.version, goes.version), actor=actor)


def name_everywhere(goes):
    """A row of every table that names a client names this one; what would be under way is over. The rows, by table."""
    wanted = {"agreement", *(c.table.name for c in references.columns_to("client"))}
    rows = {k.__tablename__: factory() for k, factory in make.FACTORIES.items() if k.__tablename__ in wanted}
    for column in references.columns_to("client"):
        row = rows.get(column.table.name)
        if row is not None:
            keys = [c == getattr(row, c.name) for c in column.table.primary_key.columns]
            db.session.execute(sa.update(column.table).where(*keys).values({column.name: goes.id}))
    agreement_client = Base.metadata.tables["agreement_client"]
    db.session.execute(sa.insert(agreement_client).values(agreement_id=rows["agreement"].id, client_id=goes.id))
    db.session.execute(sa.update(Base.metadata.tables["payment_attempt"]).values(state="declined"))
    db.session.execute(sa.update(Base.metadata.tables["refund"]).values(state="succeeded"))
    db.session.execute(sa.update(Base.metadata.tables["bulk_run"]).values(state="done"))
    return rows


def test_every_reference_to_a_client_pet_or_vet_moves_and_every_second_row_has_a_rule(cast):
    """The tables themselves are asked, so a table of tomorrow is moved, or this test names it."""
    for name in KINDS:
        for column in references.columns_to(name):
            assert bool(references.uniques(column)) == ((column.table.name, column.name) in references.TWINS), column
    olivia, goes = cast.as_olivia, make.client("Anna", "Double")
    name_everywhere(goes)
    db.session.expire_all()
    filled = {c.table.name for c in references.columns_to("client") if db.session.scalar(sa.select(sa.func.count()).where(c == goes.id))}  # fmt: skip
    assert filled == {c.table.name for c in references.columns_to("client")}
    join(cast.alice, goes, olivia)
    left = {str(c): n for c in references.columns_to("client") if (n := db.session.scalar(sa.select(sa.func.count()).where(c == goes.id)))}  # fmt: skip
    assert left == {}


def test_what_is_chosen_counts_field_by_field_and_both_histories_tell_of_it(cast):
    alice, olivia = cast.alice, cast.as_olivia
    alice.city, alice.notes, alice.phone = "Oldtown", "Likes mornings.", None
    goes = make.client(
        "Ally", "Archer", email="ally@example.com", phone="+14135550199", city="Newtown", notes="Gate code 12."
    )
    plain, secret = make.custom_field(label="Wifi"), make.custom_field(label="Alarm", is_secret=True)
    for field, mine, theirs in ((plain, "old wifi", "new wifi"),):
        make.field_value(field, alice, text=mine)
        make.field_value(field, goes, text=theirs)
    make.field_value(secret, goes, text=None, sealed="sealed")
    compared = kinds.compare(KINDS["client"], alice, goes)
    suggested = {line.key: line.suggested for line in compared.lines if line.differs}
    assert (suggested["phone"], suggested["city"], suggested["notes"]) == (GOES, STAYS, BOTH)
    assert "sealed" not in str([(line.stays, line.goes) for line in compared.lines])
    choices = {
        "phone": GOES,
        "city": GOES,
        "notes": BOTH,
        "first_name": STAYS,
        f"field-{plain.public_id}": GOES,
        f"field-{secret.public_id}": GOES,
    }
    assert join(alice, goes, olivia, choices) is alice
    assert (str(alice), alice.phone, alice.city, alice.notes) == (
        "Alice Archer",
        "+14135550199",
        "Newtown",
        "Likes mornings.\n\nGate code 12.",
    )
    assert (goes.status, goes.portal_enabled, merged.leads_to("client", goes.id)) == (
        ClientStatus.ARCHIVED,
        False,
        alice.id,
    )
    values = {
        v.field_id: v.text or v.sealed
        for v in db.session.scalars(sa.select(FieldValue).where(FieldValue.client_id == alice.id))
    }
    assert values == {plain.id: "new wifi", secret.id: "sealed"}
    lines = {line.verb: line for line in db.session.scalars(sa.select(Activity).where(Activity.verb.like("merged.%")))}
    assert (lines["merged.in"].subject_id, lines["merged.away"].subject_id, lines["merged.away"].client_id) == (
        alice.id,
        goes.id,
        alice.id,
    )
    assert lines["merged.in"].facts["changes"]["Wifi"] == ["old wifi", "new wifi"]
    changed = db.session.scalars(
        sa.select(Activity).where(Activity.verb == "client.changed", Activity.subject_id == alice.id)
    ).all()[-1]
    assert changed.facts["changes"]["city"] == ["Oldtown", "Newtown"]
    # Nobody brings the old record back, nor finds it beside the one that stays.
    with pytest.raises(WrongState, match="merged with another record"):
        people.change_client(goes, {"status": ClientStatus.ACTIVE}, actor=olivia)
    assert (
        db.session.scalars(
            sa.select(SearchEntry.id).where(SearchEntry.kind == "client", SearchEntry.record_id == goes.id)
        ).all()
        == []
    )


def test_log_ins_baskets_prices_sitters_and_cards_are_joined(cast):
    alice, olivia = cast.alice, cast.as_olivia
    goes = make.client("Alice", "Archer", email="alice@work.example")
    other = make.client_login(goes, email="alice@work.example", password="the other password")
    kept_id = make.client_login(alice).id
    twin = make.client_login(goes, email=alice.email, password="never used")
    acceptance = make.agreement_acceptance(client=goes, client_login_id=twin.id)
    mine = make.client_price(alice, cast.walk, price=10)
    make.client_price(goes, cast.walk, price=12)
    make.client_sitter(alice, cast.sita, is_blocked=False)
    make.client_sitter(goes, cast.sita, is_blocked=True)
    basket, second = make.basket(alice, cast.walk), make.basket(goes, cast.walk)
    n_lines = len(basket.lines)  # the same visit lies in both
    assert len(second.lines) == n_lines
    card, theirs = (money_factories.stored_method(c, is_default=True) for c in (alice, goes))
    number = goes.account_number
    twin_id = twin.id
    join(alice, goes, olivia)
    logins = {x.email: x for x in db.session.scalars(sa.select(ClientLogin).where(ClientLogin.client_id == alice.id))}
    assert (logins["alice@work.example"].id, logins["alice@example.com"].id) == (other.id, kept_id)
    assert db.session.scalar(sa.select(ClientLogin.id).where(ClientLogin.id == twin_id)) is None
    assert acceptance.client_login_id == kept_id
    opened = access.log_in(access.Realm.CLIENT, "alice@work.example", "the other password", browser=NOWHERE)
    assert opened is not None
    assert opened.sign_in.client_login.client is alice
    assert {x.client_id for x in access.candidates(access.Realm.CLIENT, number)} == {alice.id}
    prices = db.session.execute(sa.text("SELECT id FROM client_price WHERE client_id = :c"), {"c": alice.id}).all()
    assert [p.id for p in prices] == [mine.id]
    assert db.session.get(ClientSitter, (alice.id, cast.sita.id)).is_blocked
    baskets = db.session.scalars(
        sa.select(JobRequest).where(JobRequest.client_id == alice.id, JobRequest.submitted_at.is_(None))
    ).all()
    assert [len(b.lines) for b in baskets] == [n_lines]
    defaults = db.session.scalars(
        sa.select(StoredMethod).where(StoredMethod.client_id == alice.id, StoredMethod.is_default)
    ).all()
    assert ([m.id for m in defaults], theirs.client_id) == ([card.id], alice.id)


def test_the_books_stay_right_and_issued_papers_change_their_account_alone(cast):
    """Both have paid, owe and hold credit; afterwards one account has the sum, and every posting still adds up."""
    alice, goes = cast.alice, make.client("Ally", "Archer")
    for client in (alice, goes):
        money(client, cast.as_olivia)
    db.session.flush()
    before = [sums.client_money(c.id) for c in (alice, goes)]
    assert before[1].owed
    assert before[1].credit
    assert books.check() == []
    join(alice, goes, cast.as_olivia)
    after = sums.client_money(alice.id)
    assert (after.owed, after.credit) == (before[0].owed + before[1].owed, before[0].credit + before[1].credit)
    assert sums.client_money(goes.id).owed == 0
    assert books.check() == []


def test_what_stands_against_it_is_refused_with_a_sentence(cast):
    alice, olivia = cast.alice, cast.as_olivia
    goes, third = make.client("Ally", "Archer"), make.client("Ann", "Archer")
    with pytest.raises(NotAllowed):
        join(alice, goes, cast.as_sam)
    with pytest.raises(Invalid, match="one and the same"):
        join(alice, alice, olivia)
    attempt = money_factories.payment_attempt(goes, state=AttemptState.UNKNOWN)
    with pytest.raises(WrongState, match="still under way"):
        join(alice, goes, olivia)
    attempt.state = AttemptState.NOT_CHARGED
    run = make.bulk_run(kind="statement", wish={"ids": [goes.id]})
    with pytest.raises(WrongState, match="order about one of them"):
        join(alice, goes, olivia)
    db.session.delete(run)
    db.session.flush()
    with pytest.raises(Conflict, match="changed one of these"):
        merge("client", alice.id, goes.id, {}, versions=(alice.version, goes.version - 1), actor=olivia)
    join(third, goes, olivia)
    with pytest.raises(WrongState, match="merged with another record already"):
        join(alice, goes, olivia)
    # Chains stay short: what led to the one that goes leads on.
    join(alice, third, olivia)
    assert (merged.leads_to("client", goes.id), merged.leads_to("client", third.id)) == (alice.id, alice.id)
    assert merged.ids_in("client", alice.id) == [goes.id, third.id]
    # Who waited for the household that is gone is refused, so that nothing joins the old record.
    from workflows.locks import lock_client

    with pytest.raises(WrongState, match="merged with another one meanwhile"):
        lock_client(goes.id)


def test_pets_of_one_client_and_vets_are_merged_too(cast):
    alice, olivia = cast.alice, cast.as_olivia
    stays, goes = make.pet(alice, "Rex", notes=""), make.pet(alice, "Rex", notes="Afraid of lorries.")
    both, one = make.job(alice, cast.walk, pets=[stays, goes]), make.job(alice, cast.walk, pets=[goes])
    photos = [make.stored_file(client=alice, pet=p, purpose="pet_photo") for p in (stays, goes)]
    field = make.custom_field(make.field_section(make.field_page(FieldArea.PET)))
    make.field_value(field, pet=goes, text="blue lead")
    make.FACTORIES[Comment](goes, body="Same dog?")
    stranger = make.pet(make.client("Bob", "Other"), "Rex")
    with pytest.raises(Invalid, match="different clients"):
        join(stays, stranger, olivia, kind="pet")
    join(stays, goes, olivia, {"notes": GOES}, kind="pet")
    db.session.expire_all()
    assert (both.pets, one.pets, stays.notes, goes.status) == (
        [stays],
        [stays],
        "Afraid of lorries.",
        PetStatus.INACTIVE,
    )
    assert [(p.removed_at, p.purpose.value) for p in photos] == [(None, "pet_photo"), (None, "upload")]
    assert db.session.scalars(sa.select(FieldValue.text).where(FieldValue.pet_id == stays.id)).all() == ["blue lead"]
    assert db.session.scalars(sa.select(Comment.subject_id).where(Comment.subject_type == "pet")).all() == [stays.id]
    with pytest.raises(WrongState):
        people.set_pet_status(goes, PetStatus.ACTIVE, actor=olivia)
    old, new = make.vet("High Street Vets"), make.vet("High St Vets")
    stays.vet = new
    join(old, new, olivia, kind="vet")
    assert (stays.vet, new.is_active) == (old, False)


def test_likely_duplicates_are_found_by_the_database_page_by_page(cast):
    dot = make.client("Dora", "Dot", email="dora@example.com", phone="+14135550100", postcode="01060")
    again = make.client("DORA", "dot", email=None, phone="+14135550100", postcode="0 1060")
    make.client("Dora", "Dot", email="else@example.com", phone=None, postcode="99999")
    found, more = duplicates.likely("client")
    pair = next(p for p in found if p.second is again)
    assert (pair.first, pair.reasons, more) == (dot, ("Same phone", "Same name and postcode"), False)
    for n in range(60):
        make.client(f"Twin{n}", "Again", email=f"twin{n // 2}@example.com")
    with statements() as asked:
        first, more = duplicates.likely("client")
    second, _more = duplicates.likely("client", page=2)
    assert (len(first), more, len(asked)) == (25, True, 2)
    assert not {p.second.id for p in first} & {p.second.id for p in second}
    join(dot, again, cast.as_olivia)
    assert duplicates.likely("client", of=dot.id) == ([], False)
    twins = make.pet(cast.alice, "Biscuit "), duplicates.likely("pet")[0]
    assert [(p.first, p.second) for p in twins[1]] == [(cast.biscuit, twins[0])]


def test_a_manager_without_finance_permission_is_told_nothing_of_the_books(cast):
    goes = make.client("Ally", "Archer")
    money(goes, cast.as_olivia)
    moves = look(KINDS["client"], cast.alice, goes, actor=cast.as_olivia).moves
    assert {"invoice", "payment"} <= set(moves)
    roles.change(
        {StaffRole.MANAGER: {Permission.OFFICE, Permission.CLIENTS}, StaffRole.SITTER: set()}, actor=cast.as_olivia
    )
    moves = look(KINDS["client"], cast.alice, goes, actor=cast.as_max).moves
    assert not set(moves) & set(privacy.BOOKS)


def test_erasing_the_client_who_stays_erases_the_record_that_was_merged(cast):
    stays, goes = (
        make.client("Wanda", "Whole"),
        make.client("Xylophia", "Quxing", email="xyl@example.org", notes="Grumblegate"),
    )
    join(stays, goes, cast.as_olivia)
    assert "Erase that one" in erasing.why_not(goes).say()
    with pytest.raises(WrongState, match="merged with another one"):
        erasing.erase(goes, typed=goes.account_number, actor=cast.as_olivia)
    erasing.erase(stays, typed=stays.account_number, actor=cast.as_olivia)
    names = db.session.execute(
        sa.select(Client.first_name, Client.notes, Client.email).where(Client.id.in_([stays.id, goes.id]))
    ).all()
    assert [tuple(n) for n in names] == [("Erased", "", None)] * 2
    said = " ".join(str(f) for f in db.session.scalars(sa.select(Activity.facts)))
    assert "Xylophia" not in said
    assert "Grumblegate" not in said
