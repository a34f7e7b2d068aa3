"""What the office types about money: lines of a draft, its terms, payments, allocations, refunds, reasons.

Amounts are read as the reader's language writes them; what is none, or has a digit too many, comes back with a sentence.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from admin_site.fields import DayField, OfficeForm, Pick, option
from admin_site.number_fields import FineShareField, MoneyField, NumberField
from admin_site.reading import read_id
from admin_site.words import word
from foundation import clock, money
from models import (
    InvoiceKind,
    InvoiceLine,
    LineKind,
    PaymentKind,
    PaymentTerms,
    ServiceItem,
    StoredMethod,
    TaxRate,
    VisitPackage,
)
from workflows import once
from workflows.billing.free_lines import FreeLine
from workflows.billing.recording import BY_HAND, check_received
from workflows.errors import Refusals

_FILL = _l("Fill this in.")
_LINE = Length(max=255, message=_l("At most %(max)d characters."))
NO_TAX = "none"
ZERO = Decimal(0)


class QuantityField(NumberField):
    """How many, with at most three decimals."""

    decimals = 3

    def _value(self) -> str:
        if self.raw_data or not isinstance(self.data, Decimal):
            return super()._value()
        return f"{self.data.normalize():f}"


class KeyedForm(OfficeForm):
    """A form that changes something once, however often it is sent."""

    form_key = HiddenField()

    def __init__(self, formdata: Any, **values: Any) -> None:
        super().__init__(formdata, **values)
        if formdata is None:
            self.form_key.data = once.new_key()


class ReasonForm(KeyedForm):
    """Why it is done."""

    reason = StringField(_l("Why"), [InputRequired(_l("Say why, in a few words.")), _LINE])
    version = HiddenField()

    @property
    def seen(self) -> int | None:
        """The version that was on the page."""
        return read_id(self.version.data)


class CostForm(KeyedForm):
    """What something on an issued invoice costs after all, and why."""

    amount = MoneyField(_l("It costs"), [InputRequired(_FILL)])
    reason = StringField(_l("Why"), [InputRequired(_l("Say why, in a few words.")), _LINE])


# --------------------------------------------------------------------------------------------------------- drafts

#: what may be added by hand, for each kind of invoice
LINE_KINDS = {
    InvoiceKind.STANDARD: (LineKind.ITEM, LineKind.FEE, LineKind.DISCOUNT, LineKind.PACKAGE),
    InvoiceKind.DEPOSIT: (LineKind.DEPOSIT,),
}


class LineForm(KeyedForm):
    """A line that is no visit; of a visit's line only the words."""

    kind = Pick(_l("Kind"))
    description = StringField(_l("What for"), [_LINE])
    detail = StringField(_l("Details"), [_LINE])
    on_date = DayField(_l("Day"), [Optional()])
    quantity = QuantityField(_l("Quantity"), default=Decimal(1))
    unit_price = MoneyField(_l("Price each"))
    percent = FineShareField(_l("Or a share of the other lines"))
    package = Pick(_l("Package"))
    service = Pick(_l("Service"))
    tax = Pick(_l("Tax"))
    version = HiddenField()

    def __init__(
        self,
        formdata: Any,
        *,
        invoice_kind: InvoiceKind,
        packages: Sequence[VisitPackage],
        services: Sequence[ServiceItem],
        rates: Sequence[TaxRate],
        **values: Any,
    ) -> None:
        super().__init__(formdata, **values)
        self.packages, self.services, self.rates = packages, services, rates
        self.kind.choices = [option(kind.value, word(kind)) for kind in LINE_KINDS[invoice_kind]]
        self.package.choices = [option("", gettext("None")), *(option(p.id, p.name) for p in packages)]
        self.service.choices = [option("", gettext("None")), *(option(s.id, s.name) for s in services)]
        self.tax.choices = [
            option("", gettext("As client and service say")), option(NO_TAX, gettext("No tax")),
            *(option(r.id, f"{r.name}, {r.percent.normalize():f} %") for r in rates),
        ]  # fmt: skip
        for field in (self.package, self.service, self.tax):
            field.data = field.data or ""
        self.kind.data = self.kind.data or self.kind.choices[0].value

    @property
    def seen(self) -> int | None:
        """The version that was on the page."""
        return read_id(self.version.data)

    def wanted(self) -> FreeLine:
        """The line as the workflow takes it; a package's price is its own unless another is typed."""
        package = _chosen(self.packages, self.package.data)
        price = self.unit_price.data
        if price is None and package is not None:
            price = package.price
        return FreeLine(
            kind=LineKind(self.kind.data), description=self.description.data or "", detail=self.detail.data or "",
            on_date=self.on_date.data, quantity=self.quantity.data if self.quantity.data is not None else Decimal(1),
            unit_price=ZERO if price is None else price, percent=self.percent.data, package=package,
            service_item=_chosen(self.services, self.service.data), tax_rate=_chosen(self.rates, self.tax.data),
            no_tax=self.tax.data == NO_TAX,
        )  # fmt: skip

    @staticmethod
    def values_of(line: InvoiceLine) -> dict[str, Any]:
        """What a form for this line begins with."""
        is_discount = line.kind is LineKind.DISCOUNT
        return {
            "kind": line.kind.value, "description": line.description, "detail": line.detail, "on_date": line.on_date,
            "quantity": line.quantity, "percent": line.percent,
            "unit_price": None if line.percent is not None else abs(line.unit_price) if is_discount else line.unit_price,
            "package": str(line.visit_package_id or ""), "service": str(line.service_item_id or ""),
            "tax": str(line.tax_rate_id) if line.tax_rate_id else NO_TAX,
        }  # fmt: skip


def _chosen(records: Sequence[Any], value: Any) -> Any:
    """The record of this number among those that were offered."""
    return next((record for record in records if str(record.id) == value), None)


class TermsForm(KeyedForm):
    """When a draft will be due, and what the client reads on it."""

    terms = Pick(_l("Payment terms"))
    due_on = DayField(_l("Due date by hand"), [Optional()])
    note = TextAreaField(_l("Note on the invoice"), [Length(max=2000, message=_l("At most %(max)d characters."))])
    version = HiddenField()

    def __init__(self, formdata: Any, *, all_terms: Sequence[PaymentTerms], **values: Any) -> None:
        super().__init__(formdata, **values)
        self.all_terms = all_terms
        self.terms.choices = [option("", gettext("The client's")), *(option(t.id, t.name) for t in all_terms)]
        self.terms.data = self.terms.data or ""

    @property
    def seen(self) -> int | None:
        """The version that was on the page."""
        return read_id(self.version.data)

    @property
    def chosen(self) -> PaymentTerms | None:
        """The terms, None for the client's."""
        found: PaymentTerms | None = _chosen(self.all_terms, self.terms.data)
        return found


# -------------------------------------------------------------------------------------------------------- payments


class PaymentForm(KeyedForm):
    """Money that came in by hand."""

    kind = Pick(_l("How it came"))
    amount = MoneyField(_l("Amount"), [InputRequired(_FILL)])
    tip = MoneyField(_l("Tip on top"))
    received_on = DayField(_l("Received on"), [InputRequired(_FILL)])
    reference = StringField(_l("Reference"), [Length(max=120, message=_l("At most %(max)d characters."))])
    description = StringField(_l("Description"), [_LINE])
    by_hand = BooleanField(_l("Say myself which invoices it pays"))
    mail = BooleanField(_l("Mail the client a receipt"), default=True)

    def __init__(self, formdata: Any, **values: Any) -> None:
        super().__init__(formdata, **{"received_on": clock.today(), "kind": PaymentKind.CASH.value, **values})
        self.kind.choices = [option(kind.value, word(kind)) for kind in BY_HAND]

    def check(self, refusals: Refusals) -> None:
        """The amounts and the day."""
        with refusals:
            check_received(self.amount.data, self.tip.data, self.received_on.data)


class ChargeForm(KeyedForm):
    """Charging a kept card or bank account for open invoices."""

    method = Pick(_l("Card or bank account"))

    def __init__(self, formdata: Any, *, methods: Sequence[StoredMethod], **values: Any) -> None:
        super().__init__(formdata, **values)
        self.methods = methods
        self.method.choices = [option(m.id, str(m)) for m in methods]
        self.method.data = self.method.data or next((str(m.id) for m in methods if m.is_default), "")

    @property
    def chosen(self) -> StoredMethod | None:
        """The method."""
        found: StoredMethod | None = _chosen(self.methods, self.method.data)
        return found


class RefundForm(KeyedForm):
    """Money that goes back."""

    amount = MoneyField(_l("Amount"), [InputRequired(_FILL)])
    reason = StringField(_l("Why"), [InputRequired(_l("Say why, in a few words.")), _LINE])
    by_hand = BooleanField(_l("I give it back myself; only record it here"))
    how = Pick(_l("How it goes back"))
    refunded_on = DayField(_l("Given back on"), [Optional()])

    def __init__(self, formdata: Any, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.how.choices = [option(kind.value, word(kind)) for kind in BY_HAND]
        self.how.data = self.how.data or PaymentKind.TRANSFER.value

    def check(self, refusals: Refusals) -> None:
        """The amount."""
        with refusals:
            check_received(self.amount.data, None, None)


class CreditForm(KeyedForm):
    """Credit that is given away."""

    amount = MoneyField(_l("Amount"), [InputRequired(_FILL)])
    reason = StringField(_l("Why"), [InputRequired(_l("Say why, in a few words.")), _LINE])

    def check(self, refusals: Refusals) -> None:
        """The amount."""
        with refusals:
            check_received(self.amount.data, None, None)


class AmountsForm:
    """One amount for each of some invoices, typed into `pay-<id>`; reads shape only."""

    def __init__(self, formdata: Any, ids: Sequence[int], values: dict[int, Decimal] | None = None) -> None:
        self.ids, self.errors = list(ids), {}  # type: ignore[var-annotated]
        self.typed: dict[int, str] = {}
        self.amounts: dict[int, Decimal] = {}
        for invoice_id in self.ids:
            self._read(invoice_id, formdata, (values or {}).get(invoice_id))

    def _read(self, invoice_id: int, formdata: Any, value: Decimal | None) -> None:
        form = _OneAmount(formdata, prefix=f"pay-{invoice_id}-", amount=value)
        self.typed[invoice_id] = form.amount._value()  # noqa: SLF001 -- the text as the field writes it
        if formdata is not None and not form.validate():
            self.errors[invoice_id] = " ".join(str(e) for e in form.amount.errors)
        elif form.amount.data:
            self.amounts[invoice_id] = form.amount.data

    @property
    def total(self) -> Decimal:
        """All of them together."""
        return sum(self.amounts.values(), money.from_minor(0))


class _OneAmount(OfficeForm):
    amount = MoneyField()

    def __init__(self, formdata: Any, *, prefix: str, **values: Any) -> None:
        super().__init__(formdata, prefix=prefix, **values)
