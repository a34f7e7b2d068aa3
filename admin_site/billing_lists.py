"""What the lists of billing share, and what billing is set up with: tax rates, payment terms, packages of visits.

`billing_records` has the lists of what happened: invoices, notes, payments, refunds and what the gateway said.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flask import request
from flask_admin import Admin
from flask_babel import gettext, lazy_pgettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, lookups, rows, search
from admin_site.base import OfficeList
from admin_site.forms import Section
from admin_site.reading import link
from admin_site.rows import Column
from models import DueKind, PaymentTerms, TaxRate, VisitPackage
from workflows.actors import Actor
from workflows.billing import set_up
from workflows.permissions import Permission

#: the lists that stand behind one menu entry, with their words
INVOICE_TABS = (
    (_l("Invoices"), "invoices.index_view"), (lazy_pgettext("credit and debit", "Notes"), "credit_notes.index_view"),
    (_l("Clients' packages"), "client_packages.index_view"), (_l("Packages"), "visit_packages.index_view"),
    (_l("Tax rates"), "tax_rates.index_view"), (_l("Payment terms"), "payment_terms.index_view"),
)  # fmt: skip
PAYMENT_TABS = (
    (_l("Payments"), "payments.index_view"), (_l("Refunds"), "refunds.index_view"),
    (_l("Attempts"), "payment_attempts.index_view"), (_l("Gateway's messages"), "gateway_events.index_view"),
)  # fmt: skip


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(PackageList(VisitPackage, "visit_packages", "/admin/visit-packages"))
    admin.add_view(TaxRateList(TaxRate, "tax_rates", "/admin/tax-rates"))
    admin.add_view(TermsList(PaymentTerms, "payment_terms", "/admin/payment-terms"))


def tabs_of(pages: Sequence[tuple[Any, str]]) -> list[tuple[str, str | None, bool, None]]:
    """The lists as tabs, the one that is open marked."""
    return [(str(label), link(to), request.endpoint == to, None) for label, to in pages]


class BillingList(OfficeList):
    """A list of billing: closed to everybody who may not see it."""

    reading = writing = Permission.BILLING
    list_template = "admin/billing/list.html"
    pages: Sequence[tuple[Any, str]] = INVOICE_TABS
    #: a sentence above the tabs
    intro: Any = ""

    def tabs(self) -> list[tuple[str, str | None, bool, None]]:
        """The lists beside this one."""
        return tabs_of(self.pages)


class SetUpList(BillingList):
    """One of those that `set_up` saves."""

    save: Callable[..., Any]

    def add(self, values: dict[str, Any], actor: Actor) -> Any:
        return self.save(self.model(), values, actor=actor)

    def change(self, record: Any, values: dict[str, Any], actor: Actor) -> None:
        self.save(record, values, actor=actor)

    def remove(self, record: Any, actor: Actor) -> None:
        set_up.remove(record, actor=actor)

    def find(self, text: str) -> Any:
        return search.plain(self.model.name)(text)


def _state(record: Any) -> Any:
    if not record.is_active:
        return rows.chip("mute", gettext("Inactive"))
    return rows.chip("ok", gettext("Default")) if record.is_default else rows.chip("mute", gettext("Active"))


def percent_words(rate: TaxRate) -> str:
    """`8.875 %`."""
    return f"{rate.percent.normalize():f} %"


class TaxRateList(SetUpList):
    """Taxes; services and clients name theirs, else the default counts."""

    save = staticmethod(set_up.save_tax_rate)
    title, add_label = _l("Tax rates"), _l("Add tax rate")
    intro = _l("The client's own rate counts first, then the service's, then the default. Issued invoices keep theirs.")
    empty = ("cat", _l("No tax rates yet"), _l("Without one, no tax is added to invoices."))
    search_hint = _l("Name")
    default_order = (TaxRate.name, TaxRate.id)
    columns = (
        Column("name", _l("Name"), sort=(TaxRate.name,)),
        Column("percent", _l("Rate"), right=True, value=percent_words),
        Column("is_default", _l("Default"), show=_state),
        Column("is_active", _l("Active"), hidden=True),
    )
    filters = (filters.YesNo("active", TaxRate.is_active, _l("Active")),)
    sections = (Section(_l("Tax rate"), (("name", "percent"), "is_default", "is_active")),)
    field_looks = {"percent": {"after": "%", "class_": "ui-input--w8"}}
    form_args = {
        "name": {"label": _l("Name"), "description": _l("As it stands on invoices, such as VAT.")},
        "percent": {"label": _l("Rate")},
        "is_default": {
            "label": _l("Default"),
            "description": _l("For services and clients that name no other. There is one at most."),
        },
        "is_active": {"label": _l("Active"), "description": _l("Off: it cannot be chosen any more.")},
    }


def _when_due(terms: PaymentTerms) -> str:
    if terms.kind is DueKind.AFTER_SENT:
        return ngettext("%(num)d day after it is sent", "%(num)d days after it is sent", terms.days)
    return ngettext("%(num)d day before the first visit", "%(num)d days before the first visit", terms.days)


class TermsList(SetUpList):
    """When invoices are due."""

    save = staticmethod(set_up.save_terms)
    title, add_label = _l("Payment terms"), _l("Add payment terms")
    intro = _l("The client's own terms count first, then the default. A due date can be set by hand on each draft.")
    empty = ("dog", _l("No payment terms yet"), _l("Without any, an invoice is due on the day it is issued."))
    search_hint = _l("Name")
    default_order = (PaymentTerms.name, PaymentTerms.id)
    columns = (
        Column("name", _l("Name"), sort=(PaymentTerms.name,)),
        Column("due", _l("Due"), value=_when_due),
        Column("kind", _l("Counted"), hidden=True),
        Column("days", _l("Days"), hidden=True, right=True),
        Column("text", _l("Sentence on the invoice"), hidden=True),
        Column("is_default", _l("Default"), show=_state),
        Column("is_active", _l("Active"), hidden=True),
    )
    filters = (
        filters.YesNo("active", PaymentTerms.is_active, _l("Active")),
        filters.Choice("kind", PaymentTerms.kind, _l("Counted"), DueKind),
    )
    sections = (Section(_l("Payment terms"), ("name", ("days", "kind"), "text", "is_default", "is_active")),)
    field_looks = {"days": {"class_": "ui-input--w8"}}
    form_args = {
        "name": {"label": _l("Name"), "description": _l("Such as Monthly, or Prepaid.")},
        "kind": {"label": _l("Counted")},
        "days": {"label": _l("Days"), "description": _l("0 is the very day.")},
        "text": {
            "label": _l("Sentence on the invoice"),
            "description": _l("Empty: a sentence with the due date is made."),
        },
        "is_default": {"label": _l("Default"), "description": _l("For clients that have no terms of their own.")},
        "is_active": {"label": _l("Active"), "description": _l("Off: they cannot be chosen any more.")},
    }


def _of_what(package: VisitPackage) -> str:
    return str(package.service_item or package.service_group or "")


class PackageList(SetUpList):
    """Visits sold together."""

    save = staticmethod(set_up.save_package)
    title, add_label = _l("Packages of visits"), _l("Add package")
    empty = (
        "rabbit",
        _l("No packages yet"),
        _l("Ten walks for the price of nine: sell them once, visits draw from them."),
    )
    search_hint = _l("Name")
    default_order = (VisitPackage.name, VisitPackage.id)
    list_options = record_options = (joinedload(VisitPackage.service_item), joinedload(VisitPackage.service_group))
    columns = (
        Column("name", _l("Name"), sort=(VisitPackage.name,)),
        Column("of", _l("For"), value=_of_what),
        Column("n_visits", _l("Visits"), right=True),
        Column("price", _l("Price"), right=True),
        Column("valid_days", _l("Valid, days"), right=True),
        Column("is_active", _l("Active")),
    )
    filters = (filters.YesNo("active", VisitPackage.is_active, _l("Active")),)
    sections = (
        Section(_l("Package"), ("name", ("service_item", "service_group"), ("n_visits", "price"), "valid_days", "is_active")),
    )  # fmt: skip
    form_ajax_refs = {"service_item": lookups.service(), "service_group": lookups.service_group("service_group")}
    field_looks = {
        "n_visits": {"class_": "ui-input--w8"},
        "valid_days": {"after": _l("days"), "class_": "ui-input--w8"},
    }
    form_args = {
        "name": {"label": _l("Name")},
        "service_item": {"label": _l("For this service"), "blank": _l("None")},
        "service_group": {"label": _l("Or for every service of"), "blank": _l("None")},
        "n_visits": {"label": _l("Visits")},
        "price": {"label": _l("Price for all")},
        "valid_days": {"label": _l("Valid"), "description": _l("From the day it is bought. Empty: it never runs out.")},
        "is_active": {"label": _l("Active"), "description": _l("Off: it is no longer sold.")},
    }
