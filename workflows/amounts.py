"""Which amounts a price, a fee or a pay may be."""

from decimal import Decimal

from foundation import money
from workflows.errors import N_, Invalid

#: more is a slip of the finger
MOST = Decimal(1_000_000)


def check_amount(value: Decimal | None, field: str, *, least: Decimal | int = 0) -> None:
    """Refuse with Invalid, naming the field, what is no amount of the business's currency from `least` to a million."""
    if value is None or not value.is_finite() or (least == 0 and value < 0):
        raise Invalid("bad_amount", N_("Enter an amount of 0 or more."), field=field)
    if not least <= value <= MOST:
        raise Invalid("bad_amount", N_("Enter an amount of at most a million."), field=field)
    try:
        money.to_minor(value)
    except money.BadAmountError as problem:
        raise Invalid(
            "bad_amount", N_("Enter an amount with at most %(n)s decimals."), field=field, n=money.exponent()
        ) from problem
