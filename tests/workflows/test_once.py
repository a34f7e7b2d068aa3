"""One intent, one effect: a form's key is used up by its first arrival."""

import datetime as dt

import pytest

from models import FormKey
from tests import factories as make
from tests.databases import count
from workflows import once
from workflows.errors import Conflict


def test_claim_of_a_fresh_key_is_noted(db_session):
    key = once.new_key()
    once.claim(key)
    db_session.commit()
    assert db_session.get(FormKey, key).used_at == dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)


def test_claim_of_a_used_key_is_refused_and_spoils_nothing_else(db_session):
    once.claim("k" * 24)
    make.vet("Kept")
    with pytest.raises(Conflict) as refused:
        once.claim("k" * 24)
    db_session.commit()
    assert (refused.value.code, count(FormKey)) == ("sent_twice", 1)


@pytest.mark.parametrize("key", [None, "", "short", "k" * 65, "has spaces in it, so no key"])
def test_claim_without_a_proper_key_is_let_through(db_session, key):
    once.claim(key)
    once.claim(key)
    assert count(FormKey) == 0


def test_claim_that_is_rolled_back_leaves_the_key_unused(db_session):
    once.claim("k" * 24)
    db_session.rollback()
    once.claim("k" * 24)


def test_claim_by_eight_at_the_same_moment_lets_exactly_one_through(app, together):
    results = together(*[lambda: once.claim("k" * 24)] * 8)
    assert (results.count(None), sum(isinstance(r, Conflict) for r in results)) == (1, 7)


def test_forget_old_drops_keys_of_more_than_a_week_ago(db_session, clock_at):
    once.claim("a" * 24)
    clock_at("2026-11-30 10:00")
    once.claim("b" * 24)
    assert once.forget_old() == 0
    clock_at("2026-11-30 10:01")
    assert once.forget_old() == 1
    assert db_session.query(FormKey.key).all() == [("b" * 24,)]
