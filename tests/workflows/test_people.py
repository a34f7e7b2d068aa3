"""Clients, contacts, pets, vets and staff: their records, and whom a change signs out."""

import datetime as dt
import re

import pytest

from models import (
    Activity,
    Client,
    ClientContact,
    ClientLogin,
    ClientStatus,
    Pet,
    PetStatus,
    SignIn,
    Species,
    Staff,
    StaffLogin,
    StaffRole,
    TimeOff,
    Vet,
)
from tests import factories as make
from tests.databases import count
from workflows import api_tokens, calendar_feeds, passkeys, people, settings
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.errors import Invalid, NotAllowed
from workflows.mail_facts import MailKind


def verbs(db_session):
    return [v for (v,) in db_session.query(Activity.verb).order_by(Activity.id)]


def is_live(db_session, sign_in):
    db_session.refresh(sign_in)
    return sign_in.ended_at is None


# ------------------------------------------------------------------------------------------------ addresses, numbers


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        (" Alice@Example.COM ", "alice@example.com"),
        ("ä@example.com", "ä@example.com"),
    ],
)
def test_clean_email_keeps_lower_case(typed, kept):
    assert people.clean_email(typed) == kept


@pytest.mark.parametrize(
    "typed", ["alice", "alice@", "@example.com", "a b@example.com", "a@b@example.com", "alice@localhost\n"]
)
def test_clean_email_refuses_half_an_address(typed):
    with pytest.raises(Invalid) as refused:
        people.clean_email(typed, field="address")
    assert (refused.value.code, refused.value.field) == ("bad_email", "address")


@pytest.mark.parametrize(
    ("typed", "region", "kept"),
    [
        (None, "US", None), (" ", "US", None), ("(212) 555-0123", "US", "+12125550123"),
        ("07700 900123", "GB", "+447700900123"), ("+44 7700 900123", "US", "+447700900123"), ("55512", "US", "55512"),
    ],
)  # fmt: skip
def test_clean_phone_keeps_the_international_form_where_it_can(typed, region, kept):
    assert people.clean_phone(typed, region=region) == kept


@pytest.mark.parametrize("typed", ["call my neighbour", "12", "5551", "+1 2", "1 2 - 3 (4)"])
def test_clean_phone_refuses_what_holds_no_number_or_too_short_a_one(typed):
    with pytest.raises(Invalid) as refused:
        people.clean_phone(typed, field="mobile")
    assert (refused.value.code, refused.value.field) == ("bad_phone", "mobile")


@pytest.mark.parametrize("region", ["US", "GB", "DE", "XX"])
def test_clean_phone_says_a_number_that_it_would_take(region):
    with pytest.raises(Invalid) as refused:
        people.clean_phone("call me", region=region)
    example = refused.value.values["number"]
    assert refused.value.say() == f"Enter a full number, for example {example}."
    assert people.clean_phone(example, region=region)


@pytest.mark.parametrize(
    ("stored", "region", "shown"),
    [
        (None, "US", ""), ("+12125550123", "US", "(212) 555-0123"), ("+12125550123", "GB", "+1 212-555-0123"),
        ("+447700900123", "GB", "07700 900123"), ("ask", "US", "ask"),
    ],
)  # fmt: skip
def test_show_phone_writes_it_as_the_region_does(stored, region, shown):
    assert people.show_phone(stored, region=region) == shown


def test_region_follows_the_language_and_format_setting(db_session):
    assert people.region() == "US"
    settings.change({"business.locale": "en_GB"}, actor=COMMAND_LINE)
    assert people.region() == "GB"


# ---------------------------------------------------------------------------------------------------------- clients


@pytest.mark.covers("P9")
def test_new_account_number_has_ten_digits_and_is_nobody_else_s(cast):
    numbers = {people.new_account_number() for _ in range(50)}
    assert len(numbers) == 50
    assert all(re.fullmatch(r"[1-9]\d{9}", number) for number in numbers)


def test_new_account_number_is_drawn_again_when_it_is_taken(cast, monkeypatch):
    draws = iter([int(cast.alice.account_number) - 1_000_000_000, 5])
    monkeypatch.setattr(people.secrets, "randbelow", lambda _limit: next(draws))
    assert people.new_account_number() == "1000000005"


def test_add_client_gives_an_account_number_and_cleans_what_was_typed(cast, db_session):
    carla = people.add_client(
        {"first_name": " Carla\0 ", "last_name": "Clark", "email": "Carla@Example.com", "phone": "212 555 0123",
         "primary_sitter": cast.sita},
        actor=cast.as_max,
    )  # fmt: skip
    assert (carla.first_name, carla.email, carla.phone, carla.primary_sitter) == (
        "Carla", "carla@example.com", "+12125550123", cast.sita,
    )  # fmt: skip
    assert (len(carla.account_number), carla.status, carla.portal_enabled) == (10, ClientStatus.ACTIVE, True)
    assert verbs(db_session) == ["client.added"]


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"first_name": " "}, "required", "first_name"),
        ({}, "required", "first_name"),
        ({"first_name": "Carla", "email": "nowhere"}, "bad_email", "email"),
        ({"first_name": "Carla", "phone": "none"}, "bad_phone", "phone"),
    ],
)
def test_add_client_refuses_bad_values(cast, values, code, field):
    with pytest.raises(Invalid) as refused:
        people.add_client(values, actor=cast.as_max)
    assert (refused.value.code, refused.value.field, count(Client)) == (code, field, 2)


def test_add_client_refuses_a_primary_sitter_who_is_none(cast):
    cast.sita.is_active = False
    for who in (cast.max, cast.sita):
        with pytest.raises(Invalid) as refused:
            people.add_client({"first_name": "Carla", "primary_sitter": who}, actor=cast.as_max)
        assert (refused.value.code, refused.value.field) == ("not_a_sitter", "primary_sitter")


def test_change_client_logs_old_and_new(cast, db_session):
    changed = people.change_client(cast.alice, {"city": "Albany", "primary_sitter": cast.sita}, actor=cast.as_max)
    assert changed == {"city": ["", "Albany"], "primary_sitter": ["Sam Stone", "Sita Singh"]}
    assert verbs(db_session) == ["client.changed"]


def test_change_client_keeps_a_primary_sitter_who_has_left_and_refuses_to_choose_one(cast):
    cast.sam.is_active = cast.sita.is_active = False
    assert people.change_client(cast.alice, {"primary_sitter": cast.sam, "city": "Albany"}, actor=cast.as_max)
    with pytest.raises(Invalid):
        people.change_client(cast.alice, {"primary_sitter": cast.sita}, actor=cast.as_max)


@pytest.mark.parametrize(
    "values", [{"portal_enabled": False}, {"status": ClientStatus.ARCHIVED}], ids=["closed", "archived"]
)
def test_change_client_that_closes_the_portal_signs_the_household_out_and_nobody_else(cast, db_session, values):
    own = [make.sign_in(make.client_login(cast.alice, email=e)) for e in ("a@example.com", "b@example.com")]
    bobs = make.sign_in(make.client_login(cast.bob))
    olivias = make.sign_in(make.staff_login(cast.olivia))
    view = make.sign_in(
        make.client_login(cast.alice, email="c@example.com"), viewed_client=cast.alice, viewing_staff=cast.olivia, opened_by=olivias,
    )  # fmt: skip
    people.change_client(cast.alice, values, actor=cast.as_max)
    assert [is_live(db_session, s) for s in (*own, view, bobs, olivias)] == [False, False, False, True, True]


def test_change_client_of_an_open_portal_signs_nobody_out(cast, db_session):
    sign_in = make.sign_in(make.client_login(cast.alice))
    people.change_client(cast.alice, {"status": ClientStatus.INACTIVE}, actor=cast.as_max)
    assert is_live(db_session, sign_in)


def test_remove_client_who_has_nothing_yet(cast, db_session):
    carla = make.client()
    make.client_login(carla, email="c@example.com")
    people.remove_client(carla, actor=cast.as_max)
    db_session.commit()
    assert (count(Client), verbs(db_session)) == (2, ["client.removed"])


@pytest.mark.parametrize("has", ["pet", "basket", "job"])
def test_remove_client_who_has_something_is_refused(cast, db_session, has):
    carla = make.client()
    {"pet": make.pet, "basket": make.job_request, "job": make.job}[has](carla)
    with pytest.raises(Invalid) as refused:
        people.remove_client(carla, actor=cast.as_max)
    db_session.commit()
    assert (refused.value.code, count(Client), count(Activity)) == ("still_used", 3, 0)


# --------------------------------------------------------------------------------------------------------- contacts


def test_save_contact_adds_and_changes_in_the_client_s_log(cast, db_session):
    contact = people.save_contact(
        ClientContact(),
        {"client": cast.alice, "name": "Kim", "email": "KIM@example.com", "receives_copies": True},
        actor=cast.as_max,
    )
    people.save_contact(contact, {"phone": "212 555 0123"}, actor=cast.as_max)
    assert (contact.email, contact.phone, contact.client, str(contact)) == (
        "kim@example.com",
        "+12125550123",
        cast.alice,
        "Kim",
    )
    db_session.flush()
    assert [(a.verb, a.client_id) for a in db_session.query(Activity)] == [
        ("client_contact.added", cast.alice.id), ("client_contact.changed", cast.alice.id),
    ]  # fmt: skip


def test_save_contact_for_copies_needs_an_address(cast):
    with pytest.raises(Invalid) as refused:
        people.save_contact(
            ClientContact(), {"client": cast.alice, "name": "Kim", "receives_copies": True}, actor=cast.as_max
        )
    assert (refused.value.code, refused.value.field) == ("copies_need_email", "email")


def test_save_contact_changes_one_field_and_looks_at_the_others_as_they_are(cast):
    kim = make.client_contact(cast.alice, email="kim@example.com")
    people.save_contact(kim, {"receives_copies": True}, actor=cast.as_max)
    assert kim.receives_copies
    with pytest.raises(Invalid):
        people.save_contact(kim, {"email": ""}, actor=cast.as_max)


def test_save_contact_without_a_name_is_refused(cast):
    with pytest.raises(Invalid) as refused:
        people.save_contact(ClientContact(), {"client": cast.alice, "name": ""}, actor=cast.as_max)
    assert refused.value.field == "name"


def test_remove_contact_is_logged_in_the_client_s_log(cast, db_session):
    people.remove_contact(make.client_contact(cast.alice), actor=cast.as_max)
    db_session.flush()
    assert [(a.verb, a.client_id) for a in db_session.query(Activity)] == [("client_contact.removed", cast.alice.id)]


# ------------------------------------------------------------------------------------------------------ pets and vets


def test_add_pet_is_logged_in_the_client_s_log(cast, db_session):
    pet = people.add_pet(
        {"client": cast.alice, "name": " Gonzo\0", "species": Species.BIRD, "born_on": dt.date(2020, 5, 1)},
        actor=cast.as_max,
    )
    db_session.flush()
    assert (pet.name, [(a.verb, a.client_id) for a in db_session.query(Activity)]) == (
        "Gonzo", [("pet.added", cast.alice.id)],
    )  # fmt: skip


@pytest.mark.parametrize("born_on", [dt.date(2026, 11, 24), dt.date(1890, 1, 1)])
def test_add_pet_refuses_an_impossible_birthday(cast, born_on):
    with pytest.raises(Invalid) as refused:
        people.add_pet({"client": cast.alice, "name": "Gonzo", "born_on": born_on}, actor=cast.as_max)
    assert (refused.value.code, refused.value.field) == ("bad_birthday", "born_on")


def test_add_pet_born_today_without_a_name_is_refused_for_the_name(cast):
    with pytest.raises(Invalid) as refused:
        people.add_pet({"client": cast.alice, "name": "", "born_on": dt.date(2026, 11, 23)}, actor=cast.as_max)
    assert refused.value.field == "name"


def test_change_pet_keeps_its_client(cast):
    changed = people.change_pet(cast.mochi, {"client": cast.bob, "breed": "Siamese"}, actor=cast.as_max)
    assert (changed, cast.mochi.client) == ({"breed": ["", "Siamese"]}, cast.alice)


def test_change_pet_strips_what_no_database_can_hold(cast):
    people.change_pet(cast.mochi, {"notes": " shy\0 "}, actor=cast.as_max)
    assert cast.mochi.notes == "shy"


def test_set_pet_status_is_logged(cast, db_session):
    people.set_pet_status(cast.mochi, PetStatus.DECEASED, actor=cast.as_max)
    assert (cast.mochi.status, verbs(db_session)) == (PetStatus.DECEASED, ["pet.changed"])


def test_remove_pet_that_never_had_a_visit(cast):
    people.remove_pet(cast.mochi, actor=cast.as_max)
    assert count(Pet, Pet.name == "Mochi") == 0


def test_remove_pet_that_is_in_a_request_is_refused(cast):
    with pytest.raises(Invalid):
        people.remove_pet(cast.bella, actor=cast.as_max)


def test_save_vet_adds_and_changes(cast, db_session):
    vet = people.save_vet(Vet(), {"name": "High Street Vets", "email": "Desk@Vets.example"}, actor=cast.as_max)
    people.save_vet(vet, {"phone": "212 555 0123"}, actor=cast.as_max)
    assert (vet.email, vet.phone, str(vet), verbs(db_session)) == (
        "desk@vets.example", "+12125550123", "High Street Vets", ["vet.added", "vet.changed"],
    )  # fmt: skip
    with pytest.raises(Invalid):
        people.save_vet(Vet(), {"name": " "}, actor=cast.as_max)


def test_remove_vet_to_whom_no_pet_goes(cast, db_session):
    people.remove_vet(make.vet(), actor=cast.as_max)
    assert (count(Vet), verbs(db_session)) == (0, ["vet.removed"])


def test_remove_vet_of_a_pet_is_refused(cast, db_session):
    cast.mochi.vet = vet = make.vet()
    with pytest.raises(Invalid) as refused:
        people.remove_vet(vet, actor=cast.as_max)
    assert (refused.value.code, cast.mochi.vet, verbs(db_session)) == ("still_used", vet, [])


# ------------------------------------------------------------------------------------------------------------- staff


def test_add_staff_is_the_owner_s_business(cast, db_session):
    values = {"first_name": "Toni", "email": "Toni@example.com", "role": StaffRole.SITTER}
    with pytest.raises(NotAllowed):
        people.add_staff(values, actor=cast.as_max)
    toni = people.add_staff(values, actor=cast.as_olivia)
    assert (toni.email, toni.login, verbs(db_session)) == ("toni@example.com", None, ["staff.added"])


@pytest.mark.parametrize(
    "values", [{"is_active": False}, {"role": StaffRole.MANAGER}], ids=["deactivated", "other role"]
)
def test_change_staff_ends_their_sign_ins_and_views_and_nobody_else_s(cast, db_session, values):
    sams = make.sign_in(make.staff_login(cast.sam))
    alices = make.sign_in(make.client_login(cast.alice))
    view = make.sign_in(make.client_login(cast.bob), viewed_client=cast.bob, viewing_staff=cast.sam, opened_by=sams)
    sitas = make.sign_in(make.staff_login(cast.sita))
    people.change_staff(cast.sam, values, actor=cast.as_olivia)
    assert [is_live(db_session, s) for s in (sams, view, alices, sitas)] == [False, False, True, True]


def test_who_left_and_comes_back_has_no_token_passkey_calendar_nor_link_of_before(cast, db_session, outbox):
    settings.change({"api.on": True}, actor=COMMAND_LINE)
    sams, serial = staff_actor(cast.sam), make.staff_login(cast.sam).link_serial
    made = api_tokens.make(name="Watch", scopes=["visits:read"], days=None, actor=sams)
    address = calendar_feeds.sign("k" * 40, calendar_feeds.turn_on(cast.sam, actor=sams))
    make.passkey(cast.sam.login)
    sitas = make.passkey(make.staff_login(cast.sita))
    for is_active in (False, True):
        people.change_staff(cast.sam, {"is_active": is_active}, actor=cast.as_olivia)
        assert (api_tokens.find(made.secret), calendar_feeds.read("k" * 40, address)) == (None, None)
    assert cast.sam.login.link_serial > serial
    assert passkeys.list_of(cast.sam.login) == []
    assert passkeys.list_of(cast.sita.login) == [sitas]
    assert verbs(db_session)[-5:] == [
        "staff.changed", "api_token.revoked", "access.passkey_removed", "calendar_feed.off", "staff.changed",
    ]  # fmt: skip
    assert outbox.mails(MailKind.SECURITY_NEWS, to=cast.sam.email) == [], "they have left"
    fresh = calendar_feeds.turn_on(cast.sam, actor=sams)
    assert calendar_feeds.read("k" * 40, address) is None
    assert calendar_feeds.read("k" * 40, calendar_feeds.sign("k" * 40, fresh)) is fresh


def test_change_staff_who_has_no_log_in_signs_no_client_out(cast, db_session):
    alices = make.sign_in(make.client_login(cast.alice))
    people.change_staff(cast.sam, {"is_active": False}, actor=cast.as_olivia)
    assert is_live(db_session, alices)


def test_change_staff_of_something_else_signs_nobody_out(cast, db_session):
    sams = make.sign_in(make.staff_login(cast.sam))
    assert people.change_staff(cast.sam, {"phone": "212 555 0123"}, actor=cast.as_olivia) == {
        "phone": [None, "+12125550123"]
    }
    assert is_live(db_session, sams)


@pytest.mark.parametrize(
    "values", [{"is_active": False}, {"role": StaffRole.MANAGER}], ids=["deactivated", "other role"]
)
def test_change_staff_keeps_the_last_owner(cast, values):
    with pytest.raises(Invalid) as refused:
        people.change_staff(cast.olivia, values, actor=cast.as_olivia)
    assert (refused.value.code, refused.value.field, cast.olivia.role) == ("last_owner", "role", StaffRole.OWNER)


def test_change_staff_lets_an_owner_go_when_another_can_log_in(cast):
    make.staff_login(make.owner(email="oona@example.com"))
    people.change_staff(cast.olivia, {"role": StaffRole.MANAGER}, actor=cast.as_olivia)
    assert cast.olivia.role is StaffRole.MANAGER


@pytest.mark.parametrize("other", ["inactive", "without log-in", "without password", "log-in closed"])
def test_change_staff_keeps_the_last_owner_who_can_log_in(cast, other):
    oona = make.owner(email="oona@example.com", is_active=other != "inactive")
    if other != "without log-in":
        login = make.staff_login(oona, is_active=other != "log-in closed")
        login.password_hash = None if other == "without password" else login.password_hash
    with pytest.raises(Invalid):
        people.change_staff(cast.olivia, {"is_active": False}, actor=cast.as_olivia)


def test_change_staff_by_two_owners_against_each_other_at_the_same_moment_leaves_one(cast, together, db_session):
    oona = make.owner(email="oona@example.com")
    for who in (cast.olivia, oona):
        make.staff_login(who)
    ids = (cast.olivia.id, oona.id)

    def demote(by, whom):
        def do():
            return people.change_staff(
                db_session.get(Staff, whom), {"role": StaffRole.SITTER}, actor=staff_actor(db_session.get(Staff, by))
            )

        return do

    results = together(demote(ids[0], ids[1]), demote(ids[1], ids[0]))
    assert count(Staff, Staff.role == StaffRole.OWNER) == 1
    assert sum(isinstance(r, Invalid | NotAllowed) for r in results) == 1


def test_remove_staff_who_never_had_a_visit(cast, db_session):
    toni = make.staff()
    make.sign_in(make.staff_login(toni))
    make.time_off(toni)
    people.change_client(cast.alice, {"primary_sitter": toni}, actor=cast.as_max)
    people.remove_staff(toni, actor=cast.as_olivia)
    db_session.commit()
    db_session.expire_all()
    assert (count(StaffLogin), count(TimeOff), count(SignIn)) == (0, 0, 0)
    assert cast.alice.primary_sitter is None


def test_remove_staff_without_log_in(cast):
    people.remove_staff(make.staff("Toni"), actor=cast.as_olivia)
    assert count(Staff, Staff.first_name == "Toni") == 0


def test_remove_staff_who_has_visits_is_refused_and_they_stay_signed_in(cast, db_session):
    sitas = make.sign_in(make.staff_login(cast.sita))
    with pytest.raises(Invalid) as refused:
        people.remove_staff(cast.sita, actor=cast.as_olivia)
    db_session.commit()
    assert (refused.value.code, count(StaffLogin), is_live(db_session, sitas)) == ("still_used", 1, True)


def test_remove_staff_keeps_the_last_owner(cast):
    with pytest.raises(Invalid) as refused:
        people.remove_staff(cast.olivia, actor=cast.as_olivia)
    assert refused.value.code == "last_owner"


def test_remove_staff_lets_an_owner_go_when_another_can_log_in(cast):
    make.staff_login(cast.olivia)
    oona = make.owner(email="oona@example.com")
    people.remove_staff(oona, actor=cast.as_olivia)
    assert count(Staff, Staff.role == StaffRole.OWNER) == 1


def test_remove_staff_by_themselves_is_refused(cast):
    make.staff_login(make.owner(email="oona@example.com"))
    with pytest.raises(Invalid) as refused:
        people.remove_staff(cast.olivia, actor=cast.as_olivia)
    assert refused.value.code == "own_account"


#: clients may change the contacts of their own household; these are another one's
VERBS = {
    "add_client": lambda c, who: people.add_client({"first_name": "X"}, actor=who),
    "change_client": lambda c, who: people.change_client(c.alice, {"city": "X"}, actor=who),
    "remove_client": lambda c, who: people.remove_client(c.alice, actor=who),
    "save_contact": lambda c, who: people.save_contact(ClientContact(), {"client": c.bob, "name": "X"}, actor=who),
    "remove_contact": lambda c, who: people.remove_contact(make.client_contact(c.bob), actor=who),
    "add_pet": lambda c, who: people.add_pet({"client": c.alice, "name": "X"}, actor=who),
    "change_pet": lambda c, who: people.change_pet(c.mochi, {"name": "X"}, actor=who),
    "set_pet_status": lambda c, who: people.set_pet_status(c.mochi, PetStatus.INACTIVE, actor=who),
    "remove_pet": lambda c, who: people.remove_pet(c.mochi, actor=who),
    "save_vet": lambda c, who: people.save_vet(Vet(), {"name": "X"}, actor=who),
    "remove_vet": lambda c, who: people.remove_vet(make.vet(), actor=who),
    "add_staff": lambda c, who: people.add_staff({"first_name": "X"}, actor=who),
    "change_staff": lambda c, who: people.change_staff(c.sam, {"phone": ""}, actor=who),
    "remove_staff": lambda c, who: people.remove_staff(c.sam, actor=who),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_records_of_people_are_closed_to_sitters_and_clients(cast, db_session, verb):
    for who in (cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            VERBS[verb](cast, who)
    assert (verbs(db_session), count(ClientLogin)) == ([], 0)
