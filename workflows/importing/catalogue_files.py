"""Files of vets and of services."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import ImportKind, PayKind, ServiceGroup, ServiceItem, TimeType, Vet
from workflows import catalogue, people
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.importing.kind import Field, Kind, Row, lower_in
from workflows.importing.values import amount, choice, whole, words, yes_no
from workflows.permissions import Permission


class VetKind(Kind):
    """A row is a veterinary practice."""

    kind = ImportKind.VETS
    model = Vet
    fields = (
        Field("foreign_id", N_("Number in the old program"), words(200), "", aliases=("vet id", "id")),
        Field("name", N_("Name"), words(120), "Elm Street Vets", required=True, aliases=("vet", "vet name", "practice", "practice name", "clinic", "clinic name")),
        Field("phone", N_("Phone"), words(60), "212 555 0150", aliases=("telephone", "phone number", "vet phone")),
        Field("email", N_("Mail address"), words(255), "", aliases=("email", "e-mail", "vet email")),
        Field("address", N_("Address"), words(255), "4 Elm Street, Springfield", aliases=("vet address", "street", "address line 1")),
        Field("notes", N_("Notes"), words(20000), "", aliases=("note", "comments")),
        Field("is_active", N_("In use"), yes_no, "yes", aliases=("active",)),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.known: dict[str, Vet] = {}

    def prepare(self, rows: Sequence[Row]) -> None:
        """The practices of these names."""
        names = {r.values["name"] for r in rows if r.values.get("name")}
        if names:
            found = db.session.scalars(sa.select(Vet).where(lower_in(Vet.name, names)).order_by(Vet.id.desc()))
            self.known = {v.name.casefold(): v for v in found}

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The name."""
        return (values.get("name", ""),)

    def find(self, values: Mapping[str, Any]) -> Vet | None:
        """By its name."""
        return self.known.get(str(values.get("name", "")).casefold())

    def save(self, record: Vet | None, values: Mapping[str, Any], *, actor: Actor) -> Vet:
        """By the rules of `people`."""
        wanted = {k: v for k, v in values.items() if k != "foreign_id"}
        with db.session.no_autoflush:
            return people.save_vet(record or Vet(), wanted, actor=actor)


class ServiceKind(Kind):
    """A row is an entry of the price list."""

    kind = ImportKind.SERVICES
    permission = Permission.CATALOGUE
    model = ServiceItem
    hint = N_("New services are not offered in the portal unless the file says so.")
    fields = (
        Field("foreign_id", N_("Number in the old program"), words(200), "", aliases=("service id", "id")),
        Field("name", N_("Name"), words(120), "Dog walk 30 minutes", required=True, aliases=("service", "service name", "service type", "description name")),
        Field("code", N_("Code"), words(20), "Walk30", N_("Made of the name when there is none."), aliases=("short code", "abbreviation")),
        Field("description", N_("Description"), words(255), "", aliases=("details", "service description")),
        Field("group", N_("Group"), words(120), "", N_("Made when there is none of this name."), aliases=("category", "service group")),
        Field("price", N_("Price"), amount, "25.00", aliases=("rate", "cost", "amount", "client price", "default price")),
        Field("extra_pet_price", N_("For each further pet"), amount, "5.00", aliases=("extra pet", "additional pet", "extra pet rate", "additional pet fee")),
        Field("duration_minutes", N_("Minutes"), whole, "30", aliases=("duration", "length", "duration minutes")),
        Field("time_type", N_("Time"), choice(TimeType, {"exact": TimeType.STANDARD, "specific": TimeType.STANDARD, "any": TimeType.ANYTIME, "overnight": TimeType.ALL_DAY}), "standard", aliases=("time type",)),
        Field("pay_amount", N_("Sitter's pay, amount"), amount, "", aliases=("staff rate", "staff pay", "sitter pay", "pay rate")),
        Field("pay_percent", N_("Sitter's pay, percent"), amount, "50", aliases=("commission", "staff percent", "pay percent")),
        Field("is_active", N_("In use"), yes_no, "yes", aliases=("active", "enabled")),
        Field("visible_in_portal", N_("Offered in the portal"), yes_no, "no", aliases=("visible", "online", "bookable", "visible to clients")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.by_code: dict[str, ServiceItem] = {}
        self.by_name: dict[str, ServiceItem] = {}
        self.groups: dict[str, ServiceGroup] = {}

    def prepare(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 -- whatever they name
        """The whole price list; it is short."""
        for item in db.session.scalars(sa.select(ServiceItem).order_by(ServiceItem.id.desc())):
            self.by_code[item.code.casefold()] = item
            self.by_name[item.name.casefold()] = item
        self.groups = {g.name.casefold(): g for g in db.session.scalars(sa.select(ServiceGroup))}

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The name, and the code if there is one."""
        return (values.get("name", ""), values.get("code", ""))

    def find(self, values: Mapping[str, Any]) -> ServiceItem | None:
        """By its code, else by its name."""
        if values.get("code"):
            return self.by_code.get(str(values["code"]).casefold())
        return self.by_name.get(str(values.get("name", "")).casefold())

    def save(self, record: ServiceItem | None, values: Mapping[str, Any], *, actor: Actor) -> ServiceItem:
        """By the rules of `catalogue`."""
        wanted = {k: v for k, v in values.items() if k not in {"foreign_id", "group"}}
        if "pay_percent" in wanted and "pay_amount" in wanted:
            raise Invalid("two_pays", N_("Give the pay as an amount or as a share, not both."), field="pay_amount")
        if "pay_amount" in wanted:
            wanted["pay_kind"] = PayKind.AMOUNT
        elif "pay_percent" in wanted:
            wanted["pay_kind"] = PayKind.PERCENT
        if values.get("group"):
            wanted["group"] = self._group(str(values["group"]), actor)
        if record is None:
            wanted.setdefault("code", self._code(str(values["name"])))
            wanted = {"price": Decimal(0), "time_blocks": [], **wanted}
        saved = catalogue.save_item(record or ServiceItem(), wanted, actor=actor)
        self.by_code[saved.code.casefold()] = saved
        return saved

    def _group(self, name: str, actor: Actor) -> ServiceGroup:
        known = self.groups.get(name.casefold())
        if known is None:
            known = ServiceGroup()
            catalogue.save_plain(known, {"name": name}, actor=actor)
            self.made.append(known)
        return known

    def _code(self, name: str) -> str:
        """A code of the name's letters that no service has."""
        base = re.sub(r"[^A-Za-z0-9]", "", name.title())[:16] or "Service"
        code, n = base, 1
        while code.casefold() in self.by_code:
            n += 1
            code = f"{base}{n}"
        return code
