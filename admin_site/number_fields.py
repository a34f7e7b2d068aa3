"""Form fields for amounts, shares and other numbers, as people of the reader's locale type them."""

import re
from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol
from flask_babel import get_locale, gettext
from wtforms import fields

from foundation import money

MAX_INT = 2**31 - 1


def _plain_number(text: str) -> Decimal:
    """What a person of the reader's locale typed as a number; ValueError when it is none."""
    locale = get_locale()
    point, group = get_decimal_symbol(locale), get_group_symbol(locale)
    for sign in (money.currency(), get_currency_symbol(money.currency(), locale)):
        text = text.replace(sign, "")
    cleaned = re.sub(r"[\s\u00a0\u202f'\u2019]", "", text)
    if not re.fullmatch(r"[+-]?[\d.,]{1,20}", cleaned):
        raise ValueError(text)
    last = max(cleaned.rfind("."), cleaned.rfind(","))
    if {".", ","} <= set(cleaned):  # both: the last one is the decimal sign
        point, group = cleaned[last], "," if cleaned[last] == "." else "."
    elif last >= 0 and cleaned[last] != point and not _is_grouped(cleaned, group):
        point, group = cleaned[last], ""  # "12.50" typed where people write 12,50
    cleaned = (cleaned.replace(group, "") if group in {".", ","} else cleaned).replace(point, ".")
    try:
        return Decimal(cleaned)
    except InvalidOperation as problem:
        raise ValueError(text) from problem


def _is_grouped(text: str, group: str) -> bool:
    return bool(re.fullmatch(rf"[+-]?\d{{1,3}}({re.escape(group)}\d{{3}})+", text))


def shown_number(value: Decimal) -> str:
    """A number for an input, with the locale's decimal sign and no grouping."""
    return f"{value:f}".replace(".", get_decimal_symbol(get_locale()))


class NumberField(fields.StringField):
    """A decimal number, typed as the reader's language writes it."""

    #: how many decimals it may have; None asks the currency
    decimals: int | None = 2

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return shown_number(self.data) if isinstance(self.data, Decimal) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.data = None
        if not valuelist[0].strip():
            return
        places = money.exponent() if self.decimals is None else self.decimals
        try:
            number = _plain_number(valuelist[0])
        except ValueError as problem:
            example = shown_number(Decimal("12.50").quantize(Decimal(1).scaleb(-places)))
            raise ValueError(gettext("Enter a number, for example %(example)s.", example=example)) from problem
        if number != number.quantize(Decimal(1).scaleb(-places)):
            raise ValueError(gettext("Enter a number with at most %(n)s decimals.", n=places))
        self.data = number


class MoneyField(NumberField):
    """An amount in the business's currency."""

    decimals = None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = money.parse(f"{self.data:f}")


class ShareField(NumberField):
    """A percentage; stored with two decimals, so shown without those that are zero."""

    def _value(self) -> str:
        if self.raw_data or not isinstance(self.data, Decimal):
            return super()._value()
        whole = self.data == self.data.to_integral_value()
        return shown_number(self.data.quantize(Decimal(1)) if whole else self.data.normalize())


class FineShareField(ShareField):
    """A percentage with three decimals, as some taxes have."""

    decimals = 3
