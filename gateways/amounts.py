"""Amounts on their way to the gateway and back: one function each way, by the currency's own number of decimals."""

from decimal import Decimal, InvalidOperation

from foundation import money


def to_wire(amount: Decimal, currency: str) -> str:
    """`12.5` in USD is "12.50", in KWD "12.500"; 1200 JPY is "1200". BadAmountError for what the currency cannot say."""
    if not isinstance(amount, Decimal) or not amount.is_finite() or amount <= 0:
        raise money.BadAmountError(f"{amount!r} is no amount to charge or give back")
    decimals = money.exponent(currency)
    text = f"{amount:.{decimals}f}"
    if Decimal(text) != amount:
        raise money.BadAmountError(f"{amount} has a digit too many for {currency}")
    return text


def from_wire(text: object, currency: str) -> Decimal:
    """What the gateway calls an amount, with the currency's number of decimals; BadAmountError for anything else."""
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        raise money.BadAmountError(f"{text!r} is no amount") from None
    if not amount.is_finite():
        raise money.BadAmountError(f"{text!r} is no amount")
    exact = amount.quantize(Decimal(1).scaleb(-money.exponent(currency)))
    if exact != amount:
        raise money.BadAmountError(f"{text} has a digit too many for {currency}")
    return exact
