"""Column types and annotated column shorthands that `models.py` is written in."""

import datetime as dt
import enum
import secrets
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

from foundation import clock, money


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC moment. Naive values are refused; SQLite, which keeps no zone, gets UTC and gives UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database; use foundation.clock")
        value = value.astimezone(clock.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=clock.UTC) if value.tzinfo is None else value.astimezone(clock.UTC)


class Money(TypeDecorator[Decimal]):
    """Decimal in Python, BIGINT minor units in the database; a digit too many raises BadAmountError."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> int | None:
        return None if value is None else money.to_minor(value)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> Decimal | None:
        return None if value is None else money.from_minor(int(value))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:  # noqa: ANN401, ARG002 -- SQLAlchemy's own signature
        return self if isinstance(value, Decimal) else self.impl_instance


def as_money(expression: Any) -> sa.TypeCoerce[Decimal]:  # noqa: ANN401 -- any SQL expression
    """Amounts that were added up in SQL as amounts again: SQLAlchemy takes `a + b` of two of them for a plain integer."""
    return sa.type_coerce(expression, Money)


def enum_column(kind: type[enum.StrEnum], *, name: str | None = None) -> sa.Enum:
    """A text column that holds the enum's values, guarded by a check constraint on both databases.

    A table with several columns of one enum gives each constraint a name of its own.
    """
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name or kind.__name__.lower(),
        validate_strings=True,
        values_callable=lambda members: [m.value for m in members],
    )


def new_public_id() -> str:
    """A short random id for URLs that clients see: 72 bits, nothing to count up from."""
    return secrets.token_urlsafe(9)


pk = Annotated[int, mapped_column(primary_key=True)]
public_id = Annotated[str, mapped_column(sa.String(16), unique=True, default=new_public_id)]
short_text = Annotated[str, mapped_column(sa.String(120))]
line_text = Annotated[str, mapped_column(sa.String(255))]
long_text = Annotated[str, mapped_column(sa.Text)]
utc = Annotated[dt.datetime, mapped_column(UTCDateTime)]
created_at = Annotated[dt.datetime, mapped_column(UTCDateTime, default=clock.now)]
amount = Annotated[Decimal, mapped_column(Money)]
