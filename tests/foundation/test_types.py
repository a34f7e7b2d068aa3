"""Column types on both databases: moments stay UTC, money stays exact, enums stay among themselves."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from foundation.money import BadAmountError
from foundation.types import new_public_id
from models import Client, ServiceItem, Staff
from tests import factories as make


def test_moment_comes_back_as_utc_whatever_zone_it_had(db_session):
    berlin = dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))
    basket = make.job_request(changed_at=berlin)
    db_session.commit()
    db_session.expire_all()
    assert basket.changed_at == dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC)
    assert (basket.changed_at.tzinfo, basket.submitted_at) == (dt.UTC, None)


def test_naive_moment_is_refused(db_session):
    with pytest.raises(sa.exc.StatementError, match="naive datetime"):
        make.job_request(changed_at=dt.datetime(2026, 11, 23, 10))


def test_money_comes_back_to_the_cent(db_session):
    item = make.service_item(price=Decimal("0.10"))
    db_session.commit()
    db_session.expire_all()
    stored = db_session.scalar(sa.text("SELECT price FROM service_item"))
    assert (item.price, str(item.price), stored) == (Decimal("0.10"), "0.10", 10)


@pytest.mark.parametrize("column", ["price", "extra_pet_price", "pay_amount"])
def test_money_with_a_third_decimal_is_refused(db_session, column):
    with pytest.raises(sa.exc.StatementError) as refused:
        make.service_item(**{column: Decimal("1.005")})
    assert isinstance(refused.value.orig, BadAmountError)


def test_money_that_is_a_float_is_refused(db_session):
    with pytest.raises(sa.exc.StatementError, match="never a float"):
        make.service_item(price=0.1)


def test_ten_times_ten_cents_sum_to_one(db_session):
    for _ in range(10):
        make.service_item(price=Decimal("0.10"))
    assert db_session.scalar(sa.select(sa.func.sum(ServiceItem.price))) == Decimal("1.00")


def test_money_is_compared_as_money(db_session):
    make.service_item("Cheap", price=Decimal("19.99"))
    make.service_item("Dear", price=Decimal("20.00"))
    dear = sa.select(ServiceItem.name).where(ServiceItem.price >= Decimal(20))
    assert db_session.scalars(dear).all() == ["Dear"]
    assert db_session.scalars(sa.select(ServiceItem.name).where(ServiceItem.price == 0)).all() == []


def test_empty_money_stays_empty(db_session):
    job = make.job()
    db_session.expire_all()
    assert job.prior_price is None


def test_enum_value_that_is_none_of_the_enum_s_is_refused_by_the_database(db_session):
    make.staff()
    with pytest.raises(sa.exc.IntegrityError):
        db_session.execute(sa.text("UPDATE staff SET role = 'boss'"))
    db_session.rollback()


def test_enum_value_is_refused_before_it_reaches_the_database(db_session):
    with pytest.raises(sa.exc.StatementError):
        make.staff(role="boss")


def test_share_of_pay_comes_back_exact(db_session):
    item = make.service_item(pay_percent=Decimal("33.33"))
    db_session.commit()
    db_session.expire_all()
    assert item.pay_percent == Decimal("33.33")


def test_public_ids_are_short_random_and_fit_for_urls():
    ids = {new_public_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(i) == 12 and i.replace("-", "").replace("_", "").isalnum() for i in ids)


def test_names_of_people_read_as_names(db_session):
    assert [str(make.staff("Sam", "")), str(make.client("Alice", "Archer"))] == ["Sam", "Alice Archer"]
    assert Client(account_number="4417209318").account_number_grouped == "4417 209 318"
    assert Staff(first_name="Sita", last_name="Singh").login is None
