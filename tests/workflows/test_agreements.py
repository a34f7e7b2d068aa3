"""What clients accept: versions, typo fixes, who is asked, and the yes that is kept."""

import pytest
import sqlalchemy as sa

from models import Activity, AgreementAcceptance, ClientLogin, Notification, NotificationKind
from tests import factories as make
from tests.databases import statements
from workflows import agreements
from workflows.actors import client_actor, staff_as_client
from workflows.agreements import Shown, text_hash
from workflows.errors import Conflict, Invalid, NotAllowed

pytestmark = pytest.mark.covers("D7")

TERMS = "We walk your dog.\n\nYou pay us."


@pytest.fixture
def alice(cast):
    """Alice at the keyboard, with a log-in of her own."""
    login = make.client_login(cast.alice)
    return client_actor(cast.alice, login)


@pytest.fixture
def terms(cast):
    return agreements.add({"name": "Terms", "for_all": True}, TERMS, actor=cast.as_olivia)


def shown(version):
    return [Shown(version.public_id, version.text_hash)]


def names(client):
    return [(v.agreement.name, v.number) for v in agreements.outstanding(client)]


def say_yes(actor, version=None, typed="Alice Archer"):
    wanted = shown(version) if version else [s for v in agreements.outstanding(actor.client) for s in shown(v)]
    return agreements.accept(actor.client, wanted, typed, address="203.0.113.9", actor=actor)


def test_new_agreement_is_asked_of_every_client_and_logged(cast, terms, db_session):
    assert names(cast.alice) == names(cast.bob) == [("Terms", 1)]
    line = db_session.scalars(sa.select(Activity).where(Activity.verb == "agreement.published")).one()
    assert line.facts == {"name": "Terms", "number": 1}


def test_chosen_clients_only_are_asked(cast):
    agreements.add({"name": "Key", "for_all": False, "clients": [cast.bob]}, TERMS, actor=cast.as_olivia)
    assert (names(cast.alice), names(cast.bob)) == ([], [("Key", 1)])


def test_inactive_agreement_is_asked_of_nobody(cast, terms):
    agreements.change(terms, {"is_active": False}, actor=cast.as_olivia)
    assert names(cast.alice) == []


@pytest.mark.parametrize(
    ("values", "body", "field"),
    [
        ({"name": " "}, TERMS, "name"),
        ({"name": "x" * 121}, TERMS, "name"),
        ({"name": "Terms"}, " \n ", "body"),
        ({"name": "Terms"}, "x" * 100_001, "body"),
        ({"name": "Terms", "for_all": False}, TERMS, "clients"),
    ],
)
def test_add_refuses_what_nobody_could_accept(cast, values, body, field):
    with pytest.raises(Invalid) as refused:
        agreements.add(values, body, actor=cast.as_olivia)
    assert refused.value.field == field


def test_only_who_may_change_settings_writes_agreements(cast, terms):
    for work in (
        lambda: agreements.add({"name": "Terms"}, TERMS, actor=cast.as_max),
        lambda: agreements.change(terms, {"name": "T"}, actor=cast.as_max),
        lambda: agreements.revise(terms, "New", keeps_consent=False, seen=1, actor=cast.as_max),
    ):
        with pytest.raises(NotAllowed):
            work()


def test_yes_is_kept_with_name_time_address_and_hash_and_told(cast, terms, alice, db_session):
    (row,) = say_yes(alice)
    assert (row.typed_name, row.address, row.text_hash) == ("Alice Archer", "203.0.113.9", text_hash(TERMS))
    assert (row.client_login, row.accepted_at is not None, row.file_id) == (alice.client_login, True, None)
    assert names(cast.alice) == []
    assert names(cast.bob) == [("Terms", 1)]
    line = db_session.scalars(sa.select(Activity).where(Activity.verb == "agreement.accepted")).one()
    assert (line.client_id, line.facts["name"], line.facts["typed_name"]) == (cast.alice.id, "Terms", "Alice Archer")
    told = db_session.scalars(
        sa.select(Notification).where(Notification.kind == NotificationKind.AGREEMENT_ACCEPTED)
    ).one()
    assert (told.client_id, told.facts) == (cast.alice.id, {"about": ["Terms"]})


def test_yes_sent_twice_is_one(terms, alice, db_session):
    version = agreements.latest(terms)
    say_yes(alice, version)
    assert say_yes(alice, version) == []
    assert db_session.scalar(sa.select(sa.func.count(AgreementAcceptance.id))) == 1


def test_yes_needs_a_name_and_a_tick(terms, alice):
    for typed in ("", "  ", "x" * 121):
        with pytest.raises(Invalid) as refused:
            say_yes(alice, typed=typed)
        assert refused.value.field == "typed_name"
    with pytest.raises(Invalid, match="Tick"):
        agreements.accept(alice.client, [], "Alice", address="", actor=alice)


def test_nobody_accepts_for_a_client(cast, terms, alice):
    bobs = client_actor(cast.bob, make.client_login(cast.bob, email="bob@example.com"))
    for actor in (staff_as_client(cast.olivia, cast.alice), cast.as_olivia, bobs, client_actor(cast.alice)):
        with pytest.raises(NotAllowed):
            agreements.accept(cast.alice, shown(agreements.latest(terms)), "Alice", address="", actor=actor)
    assert names(cast.alice) == [("Terms", 1)]


def test_new_text_is_asked_again_and_the_old_screen_is_refused(cast, terms, alice):
    old = agreements.latest(terms)
    say_yes(alice)
    agreements.revise(terms, "You pay us more.", keeps_consent=False, seen=1, actor=cast.as_olivia)
    assert names(cast.alice) == [("Terms", 2)]
    with pytest.raises(Conflict):
        agreements.accept(
            cast.bob, shown(old), "Bob", address="",
            actor=client_actor(cast.bob, make.client_login(cast.bob, email="bob@example.com")),
        )  # fmt: skip
    say_yes(alice)
    assert names(cast.alice) == []


def test_typo_fix_does_not_ask_again_but_newcomers_accept_the_newest(cast, terms, alice):
    say_yes(alice)
    agreements.revise(terms, TERMS + " Thanks.", keeps_consent=True, seen=1, actor=cast.as_olivia)
    assert (names(cast.alice), names(cast.bob)) == ([], [("Terms", 2)])


def test_yes_to_an_older_text_does_not_count_after_a_typo_fix_of_a_new_one(cast, terms, alice):
    say_yes(alice)
    agreements.revise(terms, "Other words.", keeps_consent=False, seen=1, actor=cast.as_olivia)
    agreements.revise(terms, "Other words!", keeps_consent=True, seen=2, actor=cast.as_olivia)
    assert names(cast.alice) == [("Terms", 3)]


def test_same_text_again_makes_no_version(cast, terms):
    assert agreements.revise(terms, TERMS + "\r\n", keeps_consent=False, seen=1, actor=cast.as_olivia) is None


def test_second_of_two_owners_who_write_at_once_is_told(cast, terms):
    agreements.revise(terms, "First.", keeps_consent=False, seen=1, actor=cast.as_olivia)
    with pytest.raises(Conflict):
        agreements.revise(terms, "Second.", keeps_consent=False, seen=1, actor=cast.as_olivia)
    assert agreements.latest(terms).body == "First."


@pytest.mark.parametrize(
    "work",
    [
        lambda cast, terms: agreements.revise(terms, "New.", keeps_consent=False, seen=1, actor=cast.as_olivia),
        lambda cast, terms: agreements.change(terms, {"is_active": False}, actor=cast.as_olivia),
        lambda cast, terms: agreements.change(terms, {"for_all": False, "clients": [cast.bob]}, actor=cast.as_olivia),
        lambda cast, terms: agreements.add({"name": "Key"}, TERMS, actor=cast.as_olivia),
    ],
    ids=["new text", "inactive", "others", "another"],
)
def test_every_change_makes_the_portal_look_again(cast, terms, alice, work):
    say_yes(alice)
    assert not agreements.must_accept(alice.client_login, agreements.epoch())
    before = agreements.epoch()
    work(cast, terms)
    assert agreements.epoch() > before


def test_change_of_the_chosen_clients_alone_makes_the_portal_look_again(cast):
    key = agreements.add({"name": "Key", "for_all": False, "clients": [cast.bob]}, TERMS, actor=cast.as_olivia)
    before = agreements.epoch()
    agreements.change(key, {"clients": [cast.alice, cast.bob]}, actor=cast.as_olivia)
    assert agreements.epoch() > before


def test_who_has_nothing_left_costs_no_query(terms, alice):
    say_yes(alice)
    now = agreements.epoch()
    with statements() as sent:
        assert not agreements.must_accept(alice.client_login, now)
    assert sent == []


def test_second_log_in_of_the_household_need_not_accept_again(cast, terms, alice, db_session):
    say_yes(alice)
    other = ClientLogin(client=cast.alice, email="kim@example.com")
    db_session.add(other)
    db_session.flush()
    assert not agreements.must_accept(other, agreements.epoch())
