"""What an amount of money may be before anything is done with it: finite, above zero, no digit too many."""

from decimal import Decimal

from foundation import money
from workflows.errors import N_, Invalid

ZERO = Decimal(0)


def check(amount: Decimal, *, field: str | None = "amount", zero: bool = False) -> Decimal:
    """The amount with the currency's own number of decimals; Invalid for anything that is none.

    Refused: what is no Decimal, not a number, below zero (or zero, unless `zero`), a digit too many, more than fits.
    """
    fine = isinstance(amount, Decimal) and amount.is_finite()
    if fine:
        try:
            money.to_minor(amount)
        except money.BadAmountError:
            fine = False
    if not fine:
        raise Invalid("bad_amount", N_("Enter an amount, for example 24.00."), field=field)
    if amount < ZERO or (amount == ZERO and not zero):
        raise Invalid("not_positive", N_("Enter an amount above zero."), field=field)
    return amount.quantize(money.quantum())
