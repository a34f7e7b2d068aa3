"""The form with which a client pays: which invoices, how much of each, a tip, and by what; read, checked, added up."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from babel.numbers import format_decimal
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from client_portal.owing import Owed
from client_portal.words import amount as amount_words
from foundation import money
from models import MethodKind, StoredMethod
from workflows import once

TIP_PERCENTS = (10, 15, 20)
MAX_TIP_NOTE = 200
_NONCE = re.compile(r"[A-Za-z0-9_-]{1,200}")
ZERO = Decimal(0)


@dataclass
class PayForm:
    """What stands in the form, and what is wrong with it."""

    owed: list[Owed]
    #: public id -> as it was typed
    amounts: dict[str, str]
    #: "", "10", "15", "20" or "other"
    tip: str = ""
    tip_typed: str = ""
    tip_note: str = ""
    #: public id of a kept card or account, "card" or "bank" for a new one
    method: str = ""
    nonce: str = ""
    bank_nonce: str = ""
    store: bool = False
    automatic: bool = False
    #: bank account: the mandate was ticked
    agreed: bool = False
    #: the amount that stood on the button
    shown: str = ""
    key: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> MethodKind:
        """Of a new card or account."""
        return MethodKind.BANK if self.method == "bank" else MethodKind.CARD

    @property
    def is_new(self) -> bool:
        return self.method in {"card", "bank"}

    def targets(self) -> list[tuple[Owed, Decimal]]:
        """What each invoice gets, without those that get nothing; what cannot be read is among the problems."""
        found = []
        for owed in self.owed:
            paid = self._amount_of(owed)
            if paid:
                found.append((owed, paid))
        return found

    def _amount_of(self, owed: Owed) -> Decimal:
        place, typed = f"amount-{owed.key}", self.amounts.get(owed.key, "").strip()
        if not typed:
            return ZERO
        try:
            paid = money.parse(typed)
        except money.BadAmountError:
            self.problems[place] = _("Enter an amount such as %(example)s.", example=typed_amount(owed.outstanding))
            return ZERO
        if paid < ZERO:
            self.problems[place] = _("Enter an amount above zero.")
            return ZERO
        if paid > owed.outstanding:
            self.problems[place] = _(
                "That is more than what is left to pay, %(amount)s.", amount=amount_words(owed.outstanding)
            )
        return paid

    def paid(self) -> Decimal:
        """For the invoices together."""
        return sum((amount for _owed, amount in self.targets()), ZERO)

    def tip_amount(self) -> Decimal:
        """The tip, by percentage of what is paid or as typed."""
        if self.tip in {str(p) for p in TIP_PERCENTS}:
            return money.round_half_up(self.paid() * int(self.tip) / 100)
        if self.tip != "other" or not self.tip_typed.strip():
            return ZERO
        try:
            tip = money.parse(self.tip_typed)
        except money.BadAmountError:
            self.problems["tip_typed"] = _("Enter an amount such as %(example)s.", example=typed_amount(Decimal(5)))
            return ZERO
        if tip < ZERO:
            self.problems["tip_typed"] = _("Enter an amount above zero.")
            return ZERO
        return tip

    def total(self) -> Decimal:
        """What the card is charged."""
        return self.paid() + self.tip_amount()


def typed_amount(amount: Decimal) -> str:
    """The amount as people type it here: `12.50`, `12,50`, `1250` for yen."""
    decimals = money.exponent()
    return str(format_decimal(amount, format=f"0.{'0' * decimals}" if decimals else "0", locale=get_locale()))


def blank(owed: Sequence[Owed], methods: Iterable[StoredMethod], *, new: str = "card") -> PayForm:
    """The form as it is first shown: all of each invoice, by the default card; without one by a new card, or `bank`."""
    usable = list(methods)
    chosen = next((m for m in usable if m.is_default), usable[0] if usable else None)
    form = PayForm(
        [o for o in owed if not o.is_locked],
        {o.key: typed_amount(o.outstanding) for o in owed},
        method=chosen.public_id if chosen else new,
        key=once.new_key(),
    )
    form.shown = typed_amount(form.total())
    return form


def read(values: MultiDict[str, str], owed: Sequence[Owed]) -> PayForm:
    """The form as it was sent. Invoices that are no longer open are left out: the sum then differs from the button's."""
    return PayForm(
        list(owed),
        {o.key: values.get(f"amount-{o.key}", typed_amount(o.outstanding)) for o in owed},
        tip=values.get("tip", ""),
        tip_typed=values.get("tip_typed", ""),
        tip_note=values.get("tip_note", "").strip(),
        method=values.get("method", ""),
        nonce=values.get("nonce", ""),
        bank_nonce=values.get("bank_nonce", ""),
        store=values.get("store") == "yes",
        automatic=values.get("automatic") == "yes",
        agreed=values.get("agreed") == "yes",
        shown=values.get("shown", ""),
        key=values.get("form_key", ""),
    )


def check(form: PayForm, usable: Mapping[str, StoredMethod], *, may_card: bool, may_bank: bool) -> None:
    """Fill in the problems. The total must be what the button said: nobody is charged another amount than they read."""
    total = form.total()
    if not form.problems and form.paid() <= ZERO:
        form.problems["amount"] = _("Say how much you want to pay.")
    if len(form.tip_note) > MAX_TIP_NOTE:
        form.problems["tip_note"] = _("Use at most %(most)s characters.", most=MAX_TIP_NOTE)
    _check_method(form, usable, may_card=may_card, may_bank=may_bank)
    if not form.problems and form.shown != typed_amount(total):
        form.problems["total"] = _(
            "This comes to %(amount)s. Nothing was taken yet: look at it once more, then pay.",
            amount=amount_words(total),
        )


def _check_method(form: PayForm, usable: Mapping[str, StoredMethod], *, may_card: bool, may_bank: bool) -> None:
    if not form.is_new:
        if form.method not in usable:
            form.problems["method"] = _("Choose how you want to pay.")
        return
    is_bank = form.kind is MethodKind.BANK
    if not (may_bank if is_bank else may_card):
        form.problems["method"] = _("Choose how you want to pay.")
    elif not nonce_of(form):
        form.problems["method"] = _("Fill in the bank account.") if is_bank else _("Fill in the card.")
    elif is_bank and not form.agreed:
        form.problems["agreed"] = _("Tick this, so that we may debit the account.")


def nonce_of(form: PayForm) -> str:
    """What stands for the new card or account; empty when there is none, or nothing that could be one."""
    given = form.bank_nonce if form.kind is MethodKind.BANK else form.nonce
    return given if is_nonce(given) else ""


def is_nonce(text: str) -> bool:
    """Could this be the gateway's stand-in for a card? Never a number that somebody typed."""
    return bool(_NONCE.fullmatch(text)) and not text.isdigit()
