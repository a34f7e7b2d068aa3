"""Tax rates, payment terms and packages: one default each, and nothing that others need is deleted."""

from decimal import Decimal

import pytest

from models import PaymentTerms, TaxRate, VisitPackage
from tests import money_factories as money
from workflows.actors import client_actor, staff_actor
from workflows.billing import set_up
from workflows.errors import Invalid, NotAllowed


@pytest.fixture
def owner(cast):
    return staff_actor(cast.olivia)


@pytest.mark.covers("M3")
def test_a_new_default_takes_the_place_of_the_one_before(db_session, owner):
    first = set_up.save_tax_rate(TaxRate(), {"name": "VAT", "percent": Decimal(20), "is_default": True}, actor=owner)
    second = set_up.save_tax_rate(
        TaxRate(), {"name": "Low", "percent": Decimal("8.875"), "is_default": True}, actor=owner
    )
    assert (first.is_default, second.is_default) == (False, True)
    terms = [set_up.save_terms(PaymentTerms(), {"name": n, "days": 7, "is_default": True}, actor=owner) for n in "ab"]
    assert [t.is_default for t in terms] == [False, True]
    db_session.commit()


@pytest.mark.parametrize("percent", ["-1", "100.001", "NaN", "Infinity", "1.2345"])
def test_percentages_are_refused_that_no_tax_has(cast, owner, percent):
    with pytest.raises(Invalid) as refused:
        set_up.save_tax_rate(TaxRate(), {"name": "VAT", "percent": Decimal(percent)}, actor=owner)
    assert (refused.value.code, refused.value.field) == ("bad_percent", "percent")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"n_visits": 0}, "bad_visits"), ({"n_visits": 1001}, "bad_visits"), ({"price": Decimal(-1)}, "bad_amount"),
        ({"price": Decimal("0.001")}, "bad_amount"), ({"price": Decimal("NaN")}, "bad_amount"),
        ({"valid_days": 0}, "bad_days"), ({"service_item": None}, "one_scope"), ({"name": " "}, "required"),
    ],
)  # fmt: skip
def test_packages_are_refused_that_make_no_sense(cast, owner, values, code):
    good = {"name": "Ten", "n_visits": 10, "price": Decimal(90), "service_item": cast.walk, "service_group": None}
    with pytest.raises(Invalid) as refused:
        set_up.save_package(VisitPackage(), good | {"valid_days": None} | values, actor=owner)
    assert refused.value.code == code


def test_names_are_taken_whatever_their_case_and_a_default_is_active(cast, owner):
    set_up.save_tax_rate(TaxRate(), {"name": "VAT", "percent": Decimal(20)}, actor=owner)
    for values, code in (({"name": "vat"}, "name_taken"), ({"name": "X", "is_default": True, "is_active": False}, "default_inactive")):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            set_up.save_tax_rate(TaxRate(), {"percent": Decimal(1), **values}, actor=owner)
        assert refused.value.code == code


def test_what_others_need_stays(db_session, cast, owner):
    rate, terms = money.tax_rate(), money.payment_terms()
    cast.alice.tax_rate, cast.alice.payment_terms = rate, terms
    package = money.client_package(cast.alice).visit_package
    for used in (rate, terms, package):
        with pytest.raises(Invalid) as refused:
            set_up.remove(used, actor=owner)
        assert refused.value.code == "still_used"
    cast.alice.tax_rate = None
    db_session.flush()
    set_up.remove(rate, actor=owner)
    assert db_session.get(TaxRate, rate.id) is None


def test_only_those_who_may_bill(cast):
    for verb, record in ((set_up.save_tax_rate, TaxRate()), (set_up.save_terms, PaymentTerms()), (set_up.save_package, VisitPackage())):  # fmt: skip
        with pytest.raises(NotAllowed):
            verb(record, {"name": "x"}, actor=client_actor(cast.alice))
