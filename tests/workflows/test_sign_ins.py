"""Who is signed in: devices, when they were seen, ending one, the others, all of a person."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, Realm, SignIn
from tests import factories as make
from tests.databases import count, statements
from workflows import access, sign_ins
from workflows.errors import Invalid, NotAllowed
from workflows.sign_ins import Browser

FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36"


@pytest.fixture
def hannah(cast):
    return make.client_login(cast.alice, email="alice@example.com")


def opened(login, agent=FIREFOX):
    one = sign_ins.begin(login, Browser("192.0.2.1", agent))
    db.session.flush()
    return one


def alive(one):
    return sign_ins.find_sign_in(one.sign_in.realm, one.token) is not None


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox/Android"),
        (CHROME, "Chrome/Windows"),
        (CHROME + " Edg/129.0", "Edge/Windows"),
        (CHROME + " OPR/110", "Opera/Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1", "Safari/iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) CriOS/129 Mobile Safari/604.1", "Chrome/iPad"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/17.5 Safari/605.1.15", "Safari/macOS"),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/129.0 Safari/537.36", "Chrome/ChromeOS"),
        ("Mozilla/5.0 (Linux; Android 14; SM-S911B) SamsungBrowser/25.0 Chrome/121 Mobile Safari", "Samsung Internet/Android"),
        ("curl/8.5.0", ""),
        ("", ""),
        ("Firefox" + "x" * 100_000, "Firefox/"),
    ],
)  # fmt: skip
def test_device_of_names_browser_and_system(agent, device):
    assert sign_ins.device_of(agent) == device


def test_log_in_keeps_where_it_came_from(cast, hannah):
    found = access.log_in(Realm.CLIENT, "alice@example.com", make.PASSWORD, browser=Browser("192.0.2.1", FIREFOX))
    assert (found.sign_in.device, found.sign_in.address) == ("Firefox/Android", "192.0.2.1")


def test_a_sign_in_is_seen_once_an_hour(hannah, clock_at):
    one = opened(hannah).sign_in
    clock_at("2026-11-23 10:59")
    assert not sign_ins.is_stale(one)
    clock_at("2026-11-23 11:00")
    assert sign_ins.is_stale(one)
    sign_ins.see(one)
    assert not sign_ins.is_stale(one)
    assert one.last_seen_at.minute == 0


def test_list_of_has_the_living_of_this_log_in_the_last_used_first_with_one_query(cast, hannah, clock_at):
    bob = opened(make.client_login(cast.bob))
    first, second = opened(hannah), opened(hannah, CHROME)
    gone, waiting = opened(hannah), sign_ins.begin(hannah, awaits_factor=True)
    sign_ins.log_out(gone.sign_in)
    clock_at("2026-11-23 12:00")
    sign_ins.see(first.sign_in)
    with statements() as asked:
        found = sign_ins.list_of(hannah)
    assert ([s.id for s in found], len(asked)) == ([first.sign_in.id, second.sign_in.id], 1)
    assert not {bob.sign_in.id, waiting.sign_in.id} & {s.id for s in found}


def test_end_one_ends_that_one_and_is_logged(hannah, cast, db_session):
    here, there = opened(hannah), opened(hannah, CHROME)
    sign_ins.end_one(hannah, sign_ins.handle(there.sign_in), actor=sign_ins.person(hannah))
    db_session.expire_all()
    assert (alive(here), alive(there)) == (True, False)
    assert count(Activity, Activity.verb == "access.signed_out_elsewhere", Activity.client_id == cast.alice.id) == 1
    with pytest.raises(Invalid):
        sign_ins.end_one(hannah, sign_ins.handle(there.sign_in), actor=sign_ins.person(hannah))


def test_end_one_finds_nothing_of_others(hannah, cast, db_session):
    bobs = opened(make.client_login(cast.bob))
    with pytest.raises(Invalid) as refused:
        sign_ins.end_one(hannah, sign_ins.handle(bobs.sign_in), actor=sign_ins.person(hannah))
    assert (refused.value.code, alive(bobs)) == ("no_sign_in", True)


def test_end_others_keeps_this_one_and_everybody_else(hannah, cast, db_session):
    here, there = opened(hannah), opened(hannah, CHROME)
    partner, bobs = opened(make.client_login(cast.alice, email="kim@example.com")), opened(make.client_login(cast.bob))
    assert sign_ins.end_others(hannah, keep=here.sign_in, actor=sign_ins.person(hannah)) == 1
    db_session.expire_all()
    assert [alive(x) for x in (here, there, partner, bobs)] == [True, False, True, True]
    assert sign_ins.end_others(hannah, keep=here.sign_in, actor=sign_ins.person(hannah)) == 0
    assert count(Activity, Activity.verb == "access.signed_out_others") == 1


@pytest.mark.covers("A1")
def test_the_office_signs_a_household_out_everywhere(hannah, cast, db_session):
    both = opened(hannah), opened(make.client_login(cast.alice, email="kim@example.com"))
    bobs = opened(make.client_login(cast.bob))
    assert sign_ins.sign_out_client(cast.alice, actor=cast.as_max) == 2
    db_session.expire_all()
    assert [alive(x) for x in (*both, bobs)] == [False, False, True]
    line = db_session.scalar(sa.select(Activity).where(Activity.verb == "access.signed_out_by_office"))
    assert (line.client_id, line.staff_id) == (cast.alice.id, cast.max.id)


def test_the_owner_signs_a_staff_member_out_everywhere(cast, db_session):
    sams, maxs = opened(make.staff_login(cast.sam)), opened(make.staff_login(cast.max))
    assert sign_ins.sign_out_staff(cast.sam, actor=cast.as_olivia) == 1
    db_session.expire_all()
    assert (alive(sams), alive(maxs)) == (False, True)


def test_signing_others_out_needs_the_permission(cast):
    with pytest.raises(NotAllowed):
        sign_ins.sign_out_client(cast.alice, actor=cast.as_sam)
    with pytest.raises(NotAllowed):
        sign_ins.sign_out_staff(cast.sam, actor=cast.as_max)
    assert count(SignIn) == 0
