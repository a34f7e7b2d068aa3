"""What prices depend on besides the services: rules in their order, client types, extra pets, agreed prices.

`price_tester` tries rules out; `price_words` says them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, g, redirect, request
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site import filters, lookups, price_words, rows, search
from admin_site.bulk import bulk
from admin_site.catalogue import CatalogueList
from admin_site.forms import Section
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT, client_link, client_url
from admin_site.price_fields import HolidayField, WeekdaysField
from admin_site.price_tester import PriceTester
from admin_site.reading import link, read_id
from admin_site.rows import Column
from foundation.db import db
from models import Client, ClientPrice, ClientType, ExtraPetPrice, PriceEffect, PriceRule, PriceTarget, ServiceItem
from workflows import price_list
from workflows.actors import Actor
from workflows.errors import WorkflowError
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(RuleList(PriceRule, "price_rules", "/admin/price-rules"))
    admin.add_view(TypeList(ClientType, "client_types", "/admin/client-types"))
    admin.add_view(ExtraPetList(ExtraPetPrice, "extra_pets", "/admin/extra-pets"))
    admin.add_view(AgreedList(ClientPrice, "agreed_prices", "/admin/agreed-prices"))


class PricesList(CatalogueList):
    """One of the lists that stand behind the menu's Prices."""

    list_template = "admin/prices/list.html"
    #: the workflow that adds and changes
    save: Callable[..., Any]

    def tabs(self) -> list[tuple[str, str | None, bool, None]]:
        """The lists beside this one."""
        pages = (
            (gettext("Rules"), "price_rules.index_view"), (gettext("Extra pets"), "extra_pets.index_view"),
            (gettext("Agreed prices"), "agreed_prices.index_view"), (gettext("Client types"), "client_types.index_view"),
            (gettext("Try a price"), "price_rules.try_out"),
        )  # fmt: skip
        return [(label, link(to), request.endpoint == to, None) for label, to in pages]

    def add(self, values: dict[str, Any], actor: Actor) -> Any:
        return self.save(self.model(), values, actor=actor)

    def change(self, record: Any, values: dict[str, Any], actor: Actor) -> None:
        self.save(record, values, actor=actor)

    def remove(self, record: Any, actor: Actor) -> None:
        price_list.remove(record, actor=actor)


def _state(rule: PriceRule) -> Markup:
    return rows.chip("ok", gettext("Active")) if rule.is_active else rows.chip("mute", gettext("Off"))


def _when(rule: PriceRule) -> Any:
    return ", ".join(price_words.conditions(rule)) or gettext("Always")


def _order() -> dict[int, tuple[int, int | None, int | None]]:
    """{rule id: (its place from 1, the rule before it, the rule after it)} of both lists, with one query a page."""
    if "price_order" not in g:
        g.price_order = {}
        query = sa.select(PriceRule.target, PriceRule.id).order_by(PriceRule.position, PriceRule.id)
        of_target: dict[PriceTarget, list[int]] = {target: [] for target in PriceTarget}
        for target, rule_id in db.session.execute(query):
            of_target[target].append(rule_id)
        for ids in of_target.values():
            for n, (before, rule_id, after) in enumerate(zip([None, *ids], ids, [*ids[1:], None], strict=False)):
                g.price_order[rule_id] = (n + 1, before, after)
    order: dict[int, tuple[int, int | None, int | None]] = g.price_order
    return order


def _mover(rule: PriceRule) -> Markup:
    """The rule's place, and buttons that move it up and down: of the form "order", without JavaScript too."""
    place, before, after = _order()[rule.id]
    up = (
        _button(f"{rule.id}:{before}:{rule.id}", "arrow-up", gettext("Move %(name)s up", name=rule.name))
        if before
        else ""
    )
    down = (
        _button(f"{after}:{rule.id}:{rule.id}", "arrow-down", gettext("Move %(name)s down", name=rule.name))
        if after
        else ""
    )
    return Markup('<span class="ui-row ui-row--2" id="order-{}"><span class="ui-num">{}</span>{}{}</span>').format(
        rule.id, place, up, down
    )


def _button(value: str, picture: str, label: str) -> Markup:
    return Markup(
        '<button class="ui-btn ui-btn--ghost ui-btn--icon ui-btn--sm" form="order" name="move" value="{}" aria-label="{}">{}</button>'
    ).format(value, label, rows.icon(picture))


class RuleList(PriceTester, PricesList):
    """Price rules in the order in which they are asked."""

    save = staticmethod(price_list.save_rule)
    title, add_label = _l("Price rules"), _l("Add rule")
    empty = (
        "dog",
        _l("No price rules yet"),
        _l("Weekends, holidays, regular clients: what makes a visit dearer or cheaper."),
    )
    search_hint = _l("Name")
    default_order = (PriceRule.position, PriceRule.id)
    list_template = "admin/prices/rules.html"
    list_options = record_options = (
        joinedload(PriceRule.service_item), joinedload(PriceRule.service_group), joinedload(PriceRule.client_type),
    )  # fmt: skip
    pills = (
        Pill("price", _l("For the price"), lambda: PriceRule.target == PriceTarget.PRICE),
        Pill("pay", _l("For the sitter's pay"), lambda: PriceRule.target == PriceTarget.PAY),
        Pill("all", _l("All")),
    )
    columns = (
        Column("name", _l("Name"), sort=(PriceRule.name,)),
        Column("target", _l("For"), hidden=True),
        Column("effect", _l("What it does"), value=price_words.effect),
        Column("conditions", _l("When"), value=_when),
        Column("stops", _l("Ends the list"), hidden=True),
        Column("is_active", _l("State"), show=_state),
        Column("position", _l("Order"), show=_mover),
    )
    filters = (
        filters.YesNo("active", PriceRule.is_active, _l("Active")),
        filters.Choice("effect", PriceRule.effect, _l("What it does"), PriceEffect),
        filters.RecordChoice("type", PriceRule.client_type_id, _l("Client type"), ClientType, order=(ClientType.name,)),
    )
    sections = (
        Section(_l("Rule"), ("name", ("target", "effect"), ("amount", "percent"), "stops", "is_active"), _l("Visits that exist keep their price.")),
        Section(
            _l("When it applies"),
            (
                ("service_item", "service_group"), ("client_type", "on_holiday"), "weekdays", ("starts_from", "starts_before"),
                ("pets_from", "pets_to"), ("first_on", "last_on"), "booked_within_hours",
            ),
            _l("What is left empty is not asked; everything else must hold. Of a stay, each night is asked by itself."),
        ),
    )  # fmt: skip
    form_overrides = {"weekdays": WeekdaysField, "on_holiday": HolidayField}
    form_ajax_refs = {
        "service_item": lookups.service(), "service_group": lookups.service_group("service_group"),
        "client_type": lookups.client_type(), "client": lookups.client(),
    }  # fmt: skip
    field_looks = {
        "percent": {"after": "%"}, "weekdays": {"as_": "tiles"}, "booked_within_hours": {"after": _l("hours"), "class_": "ui-input--w8"},
        "pets_from": {"class_": "ui-input--w8"}, "pets_to": {"class_": "ui-input--w8"},
    }  # fmt: skip
    form_args = {
        "name": {"label": _l("Name"), "description": _l("Clients may read it where prices are shown, such as “Holiday”.")},
        "target": {"label": _l("For")},
        "effect": {"label": _l("What it does"), "description": _l("Of those that set, the first that applies counts. Those that add are all added.")},
        "amount": {"label": _l("Amount"), "description": _l("With a minus it takes off.")},
        "percent": {"label": _l("Percentage"), "description": _l("With a minus it takes off.")},
        "stops": {"label": _l("Ends the list"), "description": _l("When it applies, no rule below it is asked any more.")},
        "is_active": {"label": _l("Active")},
        "service_item": {"label": _l("Service"), "blank": _l("Any service")},
        "service_group": {"label": _l("Group of services"), "blank": _l("Any group")},
        "client_type": {"label": _l("Client type"), "blank": _l("Any client")},
        "on_holiday": {"label": _l("Public holidays")},
        "weekdays": {"label": _l("On these weekdays"), "description": _l("None ticked: any day.")},
        "starts_from": {"label": _l("Begins from"), "description": _l("Visits without a time do not count.")},
        "starts_before": {"label": _l("Begins before"), "description": _l("Earlier than “from”: over midnight.")},
        "pets_from": {"label": _l("Number of pets, from")},
        "pets_to": {"label": _l("Number of pets, up to")},
        "first_on": {"label": _l("First day")},
        "last_on": {"label": _l("Last day")},
        "booked_within_hours": {"label": _l("Booked less than"), "description": _l("before it begins: for late bookings.")},
    }  # fmt: skip

    def check(self, record: PriceRule | None, values: dict[str, Any]) -> None:
        price_list.checked_rule(record or PriceRule(), values)

    def find(self, text: str) -> Any:
        return search.plain(PriceRule.name)(text)

    @expose("/order/", methods=("POST",))
    def move(self) -> Response:
        """Put one rule before another one: the value of the pressed button names both, so twice is once."""
        if not self.can_edit:
            abort(403)
        ids = [read_id(part) for part in request.form.get("move", "").split(":")]
        rule, other, *_ = [*(db.session.get(PriceRule, i) if i is not None else None for i in ids), None, None]
        if rule is None or other is None:
            flash(gettext("This rule is not there any more."), "error")
            return redirect(self.return_url())
        try:
            price_list.move_before(rule, other, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            flash(problem.say(gettext), "error")
        return redirect(f"{self.return_url()}#order-{ids[-1]}")

    @bulk("activate", _l("Make active"), permission=Permission.CATALOGUE)
    def action_activate(self, records: Sequence[PriceRule]) -> None:
        """Counts for new visits from now on."""
        self._set(records, is_active=True)

    @bulk("deactivate", _l("Switch off"), permission=Permission.CATALOGUE)
    def action_deactivate(self, records: Sequence[PriceRule]) -> None:
        """Does not count any more."""
        self._set(records, is_active=False)

    def _set(self, records: Sequence[PriceRule], *, is_active: bool) -> None:
        self.each(
            records,
            lambda r: price_list.save_rule(r, {"is_active": is_active}, actor=self.actor),
            lambda n: ngettext("%(num)d rule was changed.", "%(num)d rules were changed.", n),
        )


class TypeList(PricesList):
    """Types of clients, for rules and for finding clients."""

    save = staticmethod(price_list.save_type)
    title, add_label = _l("Client types"), _l("Add client type")
    empty = (
        "cat",
        _l("No client types yet"),
        _l("Regulars, first-timers, friends: groups of clients with prices of their own."),
    )
    search_hint = _l("Name")
    default_order = (ClientType.name, ClientType.id)
    columns = (
        Column("name", _l("Name"), sort=(ClientType.name,)),
        Column("is_active", _l("Active")),
    )
    filters = (filters.YesNo("active", ClientType.is_active, _l("Active")),)
    sections = (Section(_l("Client type"), ("name", "is_active"), _l("Only the office sees it.")),)
    form_args = {
        "name": {"label": _l("Name")},
        "is_active": {"label": _l("Active"), "description": _l("Off: it cannot be chosen for a client any more.")},
    }

    def find(self, text: str) -> Any:
        return search.plain(ClientType.name)(text)


_SERVICE_NAME = joinedload(ExtraPetPrice.service_item).load_only(ServiceItem.name)


class ExtraPetList(PricesList):
    """What the nth pet adds, where one amount for every further pet is not enough."""

    save = staticmethod(price_list.save_extra_pet)
    title, add_label = _l("Extra pets"), _l("Add amount")
    empty = (
        "rabbit",
        _l("One amount for each further pet"),
        _l("Every service has one. Add a row here where the third or fourth pet costs less."),
    )
    search_hint = _l("Service")
    default_order = (ExtraPetPrice.service_item_id, ExtraPetPrice.from_pet, ExtraPetPrice.id)
    list_options = (_SERVICE_NAME,)
    record_options = (joinedload(ExtraPetPrice.service_item),)
    columns = (
        Column("service_item", _l("Service"), value=lambda p: p.service_item.name),
        Column("from_pet", _l("From pet no."), right=True, sort=(ExtraPetPrice.from_pet,)),
        Column("amount", _l("Each adds"), right=True),
    )
    filters = (
        filters.RecordChoice("service", ExtraPetPrice.service_item_id, _l("Service"), ServiceItem, order=(ServiceItem.name,)),
    )  # fmt: skip
    sections = (
        Section(
            _l("Extra pets"), ("service_item", ("from_pet", "amount")),
            _l("Counts from this pet on until the next row. Pets before it add what the service itself says."),
        ),
    )  # fmt: skip
    field_looks = {"from_pet": {"class_": "ui-input--w8"}}
    form_ajax_refs = {"service_item": lookups.service()}
    form_args = {
        "service_item": {"label": _l("Service")},
        "from_pet": {"label": _l("From pet no."), "description": _l("3 means the third pet and on.")},
        "amount": {"label": _l("Each adds")},
    }

    def check(self, record: ExtraPetPrice | None, values: dict[str, Any]) -> None:
        price_list.check_extra_pet(record or ExtraPetPrice(), values)

    def find(self, text: str) -> Any:
        return ExtraPetPrice.service_item_id.in_(sa.select(ServiceItem.id).where(search.services(text)))

    def record_name(self, record: ExtraPetPrice) -> str:
        return gettext("%(service)s, from pet no. %(n)s", service=record.service_item.name, n=record.from_pet)


class AgreedList(PricesList):
    """Prices agreed with single clients."""

    save = staticmethod(price_list.save_agreed)
    title, add_label = _l("Agreed prices"), _l("Add agreed price")
    empty = (
        "bird",
        _l("No agreed prices yet"),
        _l("A price for one client and one service. It replaces the list and every rule that sets."),
    )
    search_hint = _l("Client or service")
    default_order = (ClientPrice.client_id, ClientPrice.id)
    list_options = (
        joinedload(ClientPrice.client).load_only(*OF_CLIENT),
        joinedload(ClientPrice.service_item).load_only(ServiceItem.name, ServiceItem.price),
    )
    record_options = (joinedload(ClientPrice.client), joinedload(ClientPrice.service_item))
    columns = (
        Column("client", _l("Client"), show=lambda p: client_link(p.client), value=lambda p: p.client),
        Column("service_item", _l("Service"), value=lambda p: p.service_item.name),
        Column("price", _l("Agreed price"), right=True, sort=(ClientPrice.price,)),
        Column("list_price", _l("Price of the list"), right=True, value=lambda p: p.service_item.price),
    )
    filters = (
        *filters.client_filters(ClientPrice.client_id),
        filters.RecordChoice("service", ClientPrice.service_item_id, _l("Service"), ServiceItem, order=(ServiceItem.name,)),
    )  # fmt: skip
    sections = (
        Section(
            _l("Agreed price"), ("client", ("service_item", "price")),
            _l("Extra pets and surcharges come on top. Visits that exist keep their price."),
        ),
    )  # fmt: skip
    fixed = ("client", "service_item")
    form_ajax_refs = {"client": lookups.client(), "service_item": lookups.service()}
    form_args = {
        "client": {"label": _l("Client")},
        "service_item": {"label": _l("Service")},
        "price": {"label": _l("Price")},
    }

    def check(self, record: ClientPrice | None, values: dict[str, Any]) -> None:
        price_list.check_agreed(record or ClientPrice(), values)

    def find(self, text: str) -> Any:
        return ClientPrice.client_id.in_(sa.select(Client.id).where(search.clients(text))) | (
            ClientPrice.service_item_id.in_(sa.select(ServiceItem.id).where(search.services(text)))
        )

    def saved_url(self, record: ClientPrice) -> str:
        return client_url(record.client_id)
