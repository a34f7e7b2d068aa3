"""The price list: services, their groups, time blocks. `closings` has holidays and closed days."""

from collections.abc import Sequence
from typing import Any

from flask_admin import Admin
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload

from admin_site import filters, lookups, rows, search
from admin_site.base import OfficeList
from admin_site.bulk import bulk
from admin_site.edits_rows import EditsRows
from admin_site.forms import Section
from admin_site.list_address import Pill
from admin_site.rows import Column
from models import PayKind, ServiceGroup, ServiceItem, TaxRate, TimeBlock, TimeType
from ui_kit import formats
from workflows import catalogue
from workflows.actors import Actor
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(ServiceList(ServiceItem, "services", "/admin/services"))
    admin.add_view(GroupList(ServiceGroup, "service_groups", "/admin/service-groups"))
    admin.add_view(TimeBlockList(TimeBlock, "time_blocks", "/admin/time-blocks"))


_LIMIT = {
    "request_limit_kind": {
        "label": _l("How late clients may request"),
        "blank": _l("No limit of its own"),
        "description": _l("Without one, the next counts: the item's, then its group's, then the portal settings'."),
    },
    "change_limit_kind": {"label": _l("How late clients may ask for a change"), "blank": _l("No limit of its own")},
    "cancel_limit_kind": {"label": _l("How late clients may ask to cancel"), "blank": _l("No limit of its own")},
    **{
        f"{limit}_number": {"label": _l("Hours or days"), "description": _l("The N of the limit. 0 is no limit.")}
        for limit in catalogue.LIMITS
    },
    **{
        f"{limit}_time": {
            "label": _l("Time of day"),
            "description": _l("For the two limits that end at a time of day."),
        }
        for limit in catalogue.LIMITS
    },
}
#: the nine fields, as the forms show them
LIMIT_LINES = tuple(
    line for limit in catalogue.LIMITS for line in (f"{limit}_kind", (f"{limit}_number", f"{limit}_time"))
)


def _portal_chip(item: ServiceItem) -> Any:
    if not item.is_active:
        return rows.chip("mute", gettext("Inactive"))
    return rows.chip("ok", gettext("Visible")) if item.visible_in_portal else rows.chip("mute", gettext("Hidden"))


def _pay(item: ServiceItem) -> str:
    if item.pay_kind is PayKind.AMOUNT:
        return str(rows.show(item.pay_amount))
    return f"{item.pay_percent.normalize():f} %"


def limit_words(item: ServiceItem | ServiceGroup, limit: str = "request_limit") -> str:
    """A limit in words: the kind, then its number or time."""
    kind, number, time = (getattr(item, f"{limit}_{part}") for part in ("kind", "number", "time"))
    if kind is None:
        return ""
    more = number if time is None else rows.show(time)
    return f"{rows.show(kind)} ({more})" if more not in {None, ""} else rows.show(kind)


_LIMIT_COLUMNS = (
    Column("request_limit", _l("How late clients may request"), hidden=True, value=limit_words),
    Column("change_limit", _l("How late clients may ask for a change"), hidden=True, value=lambda x: limit_words(x, "change_limit")),
    Column("cancel_limit", _l("How late clients may ask to cancel"), hidden=True, value=lambda x: limit_words(x, "cancel_limit")),
)  # fmt: skip


class CatalogueList(OfficeList):
    """An entry of the price list or the calendar."""

    writing = Permission.CATALOGUE

    def remove(self, record: Any, actor: Actor) -> None:
        catalogue.remove(record, actor=actor)


class PlainList(CatalogueList):
    """Those that `catalogue.save_plain` saves."""

    def check(self, record: Any, values: dict[str, Any]) -> None:
        catalogue.checked_plain(record or self.model(), values)

    def add(self, values: dict[str, Any], actor: Actor) -> Any:
        record = self.model()
        catalogue.save_plain(record, values, actor=actor)
        return record

    def change(self, record: Any, values: dict[str, Any], actor: Actor) -> None:
        catalogue.save_plain(record, values, actor=actor)


class ServiceList(EditsRows, CatalogueList):
    """Service items. "Visible in portal" stands in the Advanced section."""

    title, add_label = _l("Services"), _l("Add service")
    empty = ("dog", _l("No services yet"), _l("Add what you offer: a walk, a visit, a night."))
    search_hint = _l("Name, code or description")
    default_order = (ServiceItem.position, ServiceItem.name, ServiceItem.id)
    list_template = "admin/services/list.html"
    list_options = (
        joinedload(ServiceItem.group).load_only(ServiceGroup.name), selectinload(ServiceItem.time_blocks),
        joinedload(ServiceItem.tax_rate).load_only(TaxRate.name),
    )  # fmt: skip
    record_options = (
        joinedload(ServiceItem.group), selectinload(ServiceItem.time_blocks), joinedload(ServiceItem.tax_rate),
    )  # fmt: skip
    pills = (
        Pill("active", _l("Active"), lambda: ServiceItem.is_active.is_(True)),
        Pill("portal", _l("In the portal"), lambda: ServiceItem.is_active & ServiceItem.visible_in_portal),
        Pill("inactive", _l("Inactive"), lambda: ServiceItem.is_active.is_(False)),
        Pill("all", _l("All")),
    )
    columns = (
        Column(
            "name", _l("Name"), sort=(ServiceItem.name,),
            show=lambda s: rows.two_lines(rows.link(s.name, f"/admin/services/details/?id={s.id}", main=True), f"{s.code}, {formats.short_length(s.duration_minutes)}"),
        ),
        Column("code", _l("Code"), hidden=True),
        Column("description", _l("Description"), hidden=True),
        Column("group", _l("Group")),
        Column("price", _l("Price"), right=True, inline=True),
        Column("extra_pet_price", _l("Each further pet"), right=True, hidden=True),
        Column("pay", _l("Sitter's pay"), right=True, hidden=True, value=_pay),
        # Shown below the name: a column of its own made the page too heavy.
        Column("duration_minutes", _l("Minutes"), right=True, hidden=True),
        Column("time_type", _l("Time"), hidden=True),
        Column("time_blocks", _l("Time blocks"), hidden=True),
        Column("visible_in_portal", _l("In portal"), show=_portal_chip, inline=True),
        Column("is_active", _l("Active"), hidden=True),
        Column("is_internal", _l("Internal"), hidden=True),
        Column("key_not_needed", _l("Key not needed"), hidden=True),
        Column("tax_rate", _l("Tax rate"), hidden=True),
        *_LIMIT_COLUMNS,
        Column("position", _l("Position"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.RecordChoice("group", ServiceItem.group_id, _l("Group"), ServiceGroup, order=(ServiceGroup.position, ServiceGroup.name), none=_l("None")),
        filters.YesNo("portal", ServiceItem.visible_in_portal, _l("Visible in portal")),
        filters.YesNo("active", ServiceItem.is_active, _l("Active")),
        filters.Choice("time", ServiceItem.time_type, _l("Time"), TimeType),
    )  # fmt: skip
    sections = (
        Section(_l("What clients read"), (("name", "code"), "description", ("group", "position"))),
        Section(
            _l("Price and pay"),
            (("price", "extra_pet_price"), "pay_kind", ("pay_amount", "pay_percent"), "duration_minutes"),
            _l("Visits that exist keep their price."),
        ),
        Section(
            _l("Advanced"),
            (
                "visible_in_portal", "is_active", "is_internal", "key_not_needed", "tax_rate", "time_type", "time_blocks", *LIMIT_LINES,
            ),
            advanced=True,
        ),
    )  # fmt: skip
    form_ajax_refs = {
        "group": lookups.service_group(),
        "time_blocks": lookups.time_block(),
        "tax_rate": lookups.tax_rate(),
    }
    field_looks = {
        "pay_percent": {"after": "%"},
        "duration_minutes": {"after": _l("minutes"), "class_": "ui-input--w8"},
        "time_blocks": {"as_": "checks"},
        "position": {"class_": "ui-input--w8"},
    }
    form_args = {
        "name": {"label": _l("Name")},
        "code": {"label": _l("Code"), "description": _l("A short word for the office, such as Walk30.")},
        "description": {"label": _l("Description"), "description": _l("One line that clients read under the name.")},
        "group": {"label": _l("Group"), "blank": _l("None")},
        "position": {"label": _l("Position"), "description": _l("Smaller numbers come first.")},
        "price": {"label": _l("Price")},
        "extra_pet_price": {"label": _l("Each further pet"), "description": _l("Added for the second pet and on.")},
        "pay_kind": {"label": _l("The sitter gets")},
        "pay_amount": {"label": _l("Amount")},
        "pay_percent": {"label": _l("Share of the price")},
        "duration_minutes": {"label": _l("Duration")},
        "visible_in_portal": {
            "label": _l("Visible in portal"),
            "description": _l("Clients can request this service from the portal."),
        },
        "is_active": {
            "label": _l("Active"),
            "description": _l("Off: nobody can book it any more. Visits that exist stay."),
        },
        "is_internal": {
            "label": _l("Internal"),
            "description": _l("Clients never see visits of it, such as training."),
        },
        "key_not_needed": {"label": _l("Key not needed"), "description": _l("For walks that begin at the gate.")},
        "tax_rate": {
            "label": _l("Tax rate"),
            "blank": _l("The default"),
            "description": _l("A client's own rate counts before it."),
        },
        "time_type": {"label": _l("Time"), "description": _l("What is asked about the time of day.")},
        "time_blocks": {
            "label": _l("Time blocks"),
            "description": _l("Which ones clients can choose from. You make them under Services, Time blocks."),
        },
        **_LIMIT,
    }

    def find(self, text: str) -> Any:
        return search.services(text)

    def check(self, record: ServiceItem | None, values: dict[str, Any]) -> None:
        catalogue.checked_alone(record or ServiceItem(), values)

    def add(self, values: dict[str, Any], actor: Actor) -> ServiceItem:
        return catalogue.save_item(ServiceItem(), values, actor=actor)

    def change(self, record: ServiceItem, values: dict[str, Any], actor: Actor) -> None:
        catalogue.save_item(record, values, actor=actor)

    @bulk("show", _l("Show in the portal"), permission=Permission.CATALOGUE)
    def action_show(self, records: Sequence[ServiceItem]) -> None:
        """Clients can request them."""
        self._set(records, {"visible_in_portal": True})

    @bulk(
        "hide", _l("Hide from the portal"), permission=Permission.CATALOGUE,
        question=_l("Hide these services from the portal? They leave the baskets that have them; clients are told why."),
    )  # fmt: skip
    def action_hide(self, records: Sequence[ServiceItem]) -> None:
        """Clients cannot request them any more; baskets are flagged."""
        self._set(records, {"visible_in_portal": False})

    @bulk("activate", _l("Make active"), permission=Permission.CATALOGUE)
    def action_activate(self, records: Sequence[ServiceItem]) -> None:
        """Can be booked again."""
        self._set(records, {"is_active": True})

    @bulk(
        "deactivate", _l("Make inactive"), permission=Permission.CATALOGUE,
        question=_l("Make these services inactive? Nobody can book or request them any more; visits that exist stay."),
    )  # fmt: skip
    def action_deactivate(self, records: Sequence[ServiceItem]) -> None:
        """Cannot be booked any more; baskets are flagged."""
        self._set(records, {"is_active": False})

    def _set(self, records: Sequence[ServiceItem], values: dict[str, Any]) -> None:
        self.each(
            records,
            lambda s: catalogue.save_item(s, values, actor=self.actor),
            lambda n: ngettext("%(num)d service was changed.", "%(num)d services were changed.", n),
        )


class GroupList(PlainList):
    """Groups of services, with limits that they share."""

    title, add_label = _l("Service groups"), _l("Add group")
    empty = ("cat", _l("No groups yet"), _l("Groups keep a long price list tidy and can share a request limit."))
    search_hint = _l("Name")
    default_order = (ServiceGroup.position, ServiceGroup.name, ServiceGroup.id)
    columns = (
        Column("name", _l("Name"), sort=(ServiceGroup.name,)),
        Column("position", _l("Position"), right=True),
        Column("request_limit", _l("How late clients may request"), value=limit_words),
        *_LIMIT_COLUMNS[1:],
    )
    sections = (
        Section(_l("Group"), (("name", "position"),)),
        Section(_l("Advanced"), LIMIT_LINES, _l("Limits that the services of the group share."), advanced=True),
    )
    field_looks = {"position": {"class_": "ui-input--w8"}}
    form_args = {
        "name": {"label": _l("Name")},
        "position": {"label": _l("Position"), "description": _l("Smaller numbers come first.")},
        **_LIMIT,
    }

    def find(self, text: str) -> Any:
        return search.plain(ServiceGroup.name)(text)


class TimeBlockList(PlainList):
    """Named windows of the day."""

    title, add_label = _l("Time blocks"), _l("Add time block")
    empty = ("bird", _l("No time blocks yet"), _l("Morning, midday, evening: windows that clients choose from."))
    search_hint = _l("Name")
    default_order = (TimeBlock.starts_at, TimeBlock.id)
    columns = (
        Column("name", _l("Name"), sort=(TimeBlock.name,)),
        Column("starts_at", _l("From")),
        Column("ends_at", _l("Until")),
        Column("is_active", _l("Active")),
    )
    filters = (filters.YesNo("active", TimeBlock.is_active, _l("Active")),)
    sections = (Section(_l("Time block"), ("name", ("starts_at", "ends_at"), "is_active")),)
    form_args = {
        "name": {"label": _l("Name")},
        "starts_at": {"label": _l("From")},
        "ends_at": {"label": _l("Until"), "description": _l("Earlier than the start: it ends on the next day.")},
        "is_active": {"label": _l("Active"), "description": _l("Off: it cannot be chosen for a service any more.")},
    }

    def find(self, text: str) -> Any:
        return search.plain(TimeBlock.name)(text)
