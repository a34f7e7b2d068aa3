"""Files of price rules: surcharges and prices for days, times, services and kinds of clients, in the order of the file."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import ClientType, ImportKind, PriceEffect, PriceRule, PriceTarget, ServiceGroup, ServiceItem
from workflows import price_list
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.kind import Added, Field, Kind, Row, lower_in
from workflows.importing.values import amount, choice, date, time, weekdays, whole, words, yes_no
from workflows.permissions import Permission

_EFFECTS = {
    "add": PriceEffect.ADD_AMOUNT, "plus": PriceEffect.ADD_AMOUNT, "surcharge": PriceEffect.ADD_AMOUNT, "extra": PriceEffect.ADD_AMOUNT,
    "fee": PriceEffect.ADD_AMOUNT, "discount": PriceEffect.ADD_AMOUNT, "set": PriceEffect.SET_AMOUNT, "price": PriceEffect.SET_AMOUNT,
    "fixed": PriceEffect.SET_AMOUNT, "instead": PriceEffect.SET_AMOUNT,
}  # fmt: skip
#: a file's word for what is done does not say whether its figure is an amount or a share; the column does
_OF_SHARE = {
    PriceEffect.ADD_AMOUNT: PriceEffect.ADD_PERCENT,
    PriceEffect.SET_AMOUNT: PriceEffect.SET_PERCENT,
}
_TARGETS = {
    "client": PriceTarget.PRICE, "charge": PriceTarget.PRICE, "staff": PriceTarget.PAY, "sitter": PriceTarget.PAY,
    "compensation": PriceTarget.PAY, "staff pay": PriceTarget.PAY,
}  # fmt: skip


class PriceRuleKind(Kind):
    """A row is one rule; new ones come after those that are here."""

    kind = ImportKind.PRICE_RULES
    permission = Permission.CATALOGUE
    model = PriceRule
    one_of = (("amount", "percent"),)
    hint = N_("New rules come last, in the order of the file. Visits that are booked keep their price. Services, groups and client types must be here.")  # fmt: skip
    fields = (
        Field("foreign_id", N_("Number in the old program"), words(200), "", aliases=("rule id", "id")),
        Field("name", N_("Name"), words(120), "Holiday surcharge", required=True, aliases=("rule", "rule name", "charge condition", "condition", "surcharge", "description")),
        Field("target", N_("About"), choice(PriceTarget, _TARGETS), "price", N_("The price, or the sitter's pay."), aliases=("applies to", "type", "target")),
        Field("effect", N_("What it does"), choice(PriceEffect, _EFFECTS), "add", N_("“add” or “set”; without it the figure is added."), aliases=("action", "effect", "method")),
        Field("amount", N_("Amount"), amount, "10.00", aliases=("fee", "charge", "value", "rate", "price")),
        Field("percent", N_("Percent"), amount, "", aliases=("percentage", "%")),
        Field("service", N_("Service"), words(120), "", N_("Its name or code; any without."), aliases=("service name", "service type")),
        Field("group", N_("Group"), words(120), "", aliases=("service group", "category")),
        Field("client_type", N_("Client type"), words(120), "", aliases=("type of client", "client group")),
        Field("on_holiday", N_("On public holidays"), yes_no, "yes", N_("“no” means: never on them."), aliases=("holiday", "public holiday", "holidays")),
        Field("weekdays", N_("Weekdays"), weekdays, "", N_("“Sat, Sun” or “Mon to Fri”."), aliases=("days", "day of week", "days of week", "day")),
        Field("starts_from", N_("Begins from"), time, "", aliases=("from time", "start time", "time from")),
        Field("starts_before", N_("Begins before"), time, "", aliases=("to time", "end time", "time to", "before")),
        Field("pets_from", N_("Pets, at least"), whole, "", aliases=("min pets", "minimum pets")),
        Field("pets_to", N_("Pets, at most"), whole, "", aliases=("max pets", "maximum pets")),
        Field("first_on", N_("First day"), date, "", aliases=("start date", "valid from", "from date", "from")),
        Field("last_on", N_("Last day"), date, "", aliases=("end date", "valid to", "to date", "until", "to")),
        Field("booked_within_hours", N_("Booked less than so many hours before"), whole, "", aliases=("short notice hours", "late booking hours")),
        Field("stops", N_("No rule after it"), yes_no, "no", aliases=("stop", "last rule")),
        Field("is_active", N_("In use"), yes_no, "yes", aliases=("active", "enabled")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.known: dict[str, PriceRule] = {}
        #: what a cell can name, by our field's name
        self.named: dict[str, dict[str, Any]] = {}

    def prepare(self, rows: Sequence[Row]) -> None:
        """The rules of these names; the price list and the client types, which are short."""
        names = {r.values["name"] for r in rows if r.values.get("name")}
        found = sa.select(PriceRule).where(lower_in(PriceRule.name, names)).order_by(PriceRule.id.desc())
        self.known = {r.name.casefold(): r for r in db.session.scalars(found)} if names else {}
        items: dict[str, Any] = {}
        for item in db.session.scalars(sa.select(ServiceItem).order_by(ServiceItem.is_active, ServiceItem.id.desc())):
            items.update({item.name.casefold(): item, item.code.casefold(): item})
        self.named = {
            "service": items,
            "group": {g.name.casefold(): g for g in db.session.scalars(sa.select(ServiceGroup))},
            "client_type": {t.name.casefold(): t for t in db.session.scalars(sa.select(ClientType))},
        }

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The name, and whom it is for: several rules may share a name."""
        return tuple(values.get(n, "") for n in ("name", "target", "service", "group", "client_type"))

    def identity(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The name, and whom it is for."""
        return tuple(str(part).casefold() for part in self.key(values))

    def find(self, values: Mapping[str, Any]) -> PriceRule | None:
        """By its name, when it is about the same service, group and type."""
        found = self.known.get(str(values.get("name", "")).casefold())
        if found is None:
            return None
        own = (found.target, found.service_item, found.service_group, found.client_type)
        said = (
            values.get("target", PriceTarget.PRICE),
            *(self._of(values, n) for n in ("service", "group", "client_type")),
        )
        return found if own == said else None

    def save(self, record: PriceRule | None, values: Mapping[str, Any], *, actor: Actor) -> PriceRule:
        """By the rules of `price_list`."""
        saved = price_list.save_rule(record or PriceRule(), self._wanted(values, is_new=record is None), actor=actor)
        self.known[saved.name.casefold()] = saved
        return saved

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """By the rules of `price_list`."""
        wanted, refused = self.split(several, lambda values: self._wanted(values, is_new=True))
        made = price_list.add_rules(wanted, actor=actor)
        self.known.update({r.name.casefold(): r for r in made if isinstance(r, PriceRule)})
        return self.joined(len(several), made, refused)

    def _wanted(self, values: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
        wanted = {
            k: v for k, v in values.items() if k not in {"foreign_id", "service", "group", "client_type", "weekdays"}
        }
        for ours, column in (("service", "service_item"), ("group", "service_group"), ("client_type", "client_type")):
            if values.get(ours):
                wanted[column] = self._of(values, ours)
        if "weekdays" in values:
            wanted["weekdays"] = sum(1 << day for day in values["weekdays"])
        if "amount" in wanted and "percent" in wanted:
            raise Invalid("two_figures", N_("Give an amount or a percentage, not both."), field="percent")
        if "effect" in wanted or is_new:
            wanted["effect"] = wanted.get("effect", PriceEffect.ADD_AMOUNT)
            if "percent" in wanted:
                wanted["effect"] = _OF_SHARE.get(wanted["effect"], wanted["effect"])
        return wanted

    def _of(self, values: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 -- a service, a group or a type
        if not values.get(name):
            return None
        found = self.named[name].get(str(values[name]).casefold())
        if found is None:
            raise Invalid("unknown_name", N_("There is none of this name. Add it first."), field=name)
        return found
