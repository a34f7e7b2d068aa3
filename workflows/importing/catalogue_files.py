"""Files of vets and of services."""

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import ImportKind, PayKind, ServiceGroup, ServiceItem, TimeType, Vet
from workflows import catalogue, many_people, people
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.kind import Added, Field, Kind, Row, lower_in
from workflows.importing.values import amount, choice, whole, words, yes_no
from workflows.permissions import Permission
from workflows.records import changes_of


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

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """By the rules of `people`."""
        wanted = [{k: v for k, v in values.items() if k != "foreign_id"} for values in several]
        return self.joined(len(several), many_people.add_vets(wanted, actor=actor), {})

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

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """By the rules of `catalogue`; a group that is new is made along with the first row that names it."""
        codes, groups = set(self.by_code), dict(self.groups)
        wanted, refused = self.split(several, lambda values: self._new(values, codes))
        made: dict[int, ServiceGroup] = {}
        for n, (new, values) in enumerate(zip(wanted, _without(several, refused), strict=True)):
            name = str(values.get("group") or "")
            if name and name.casefold() not in groups:
                made[n] = groups[name.casefold()] = self._made_group(name, actor)
            if name:
                new["group"] = groups[name.casefold()]
        items = catalogue.add_items(wanted, actor=actor)
        added = [x if isinstance(x, WorkflowError) else Added(x, made=(made[n],) if n in made else ()) for n, x in enumerate(items)]  # fmt: skip
        return self.joined(len(several), added, refused)

    def save(self, record: ServiceItem | None, values: Mapping[str, Any], *, actor: Actor) -> ServiceItem:
        """By the rules of `catalogue`."""
        wanted = _facts(values) if record is not None else self._new(values, set(self.by_code))
        if values.get("group"):
            wanted["group"] = self._group(str(values["group"]), actor)
        if record is not None and not changes_of(record, catalogue.checked_item(record, wanted)):
            return record
        saved = catalogue.save_item(record or ServiceItem(), wanted, actor=actor)
        self.by_code[saved.code.casefold()] = saved
        return saved

    def _new(self, values: Mapping[str, Any], codes: set[str]) -> dict[str, Any]:
        """A new entry, its group aside, with a code that is not among `codes`, which then has it too."""
        wanted = {"price": Decimal(0), "time_blocks": [], **_facts(values)}
        wanted.setdefault("code", _code(str(values["name"]), codes))
        catalogue.checked_item(ServiceItem(), wanted)
        if str(wanted["code"]).casefold() in codes:
            raise catalogue.code_taken()
        codes.add(str(wanted["code"]).casefold())
        return wanted

    def _group(self, name: str, actor: Actor) -> ServiceGroup:
        """The group of this name, made when there is none; a row before this one may have made it."""
        known = self.groups.get(name.casefold()) or db.session.scalar(
            sa.select(ServiceGroup).where(lower_in(ServiceGroup.name, [name]))
        )
        if known is None:
            known = self._made_group(name, actor)
            self.made.append(known)
        return known

    def _made_group(self, name: str, actor: Actor) -> ServiceGroup:
        group = ServiceGroup()
        catalogue.save_plain(group, {"name": name}, actor=actor)
        return group


def _without(several: Sequence[Mapping[str, Any]], refused: Mapping[int, WorkflowError]) -> list[Mapping[str, Any]]:
    return [values for n, values in enumerate(several) if n not in refused]


def _facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the row says of the service itself."""
    wanted = {k: v for k, v in values.items() if k not in {"foreign_id", "group"}}
    if "pay_percent" in wanted and "pay_amount" in wanted:
        raise Invalid("two_pays", N_("Give the pay as an amount or as a share, not both."), field="pay_amount")
    if "pay_amount" in wanted:
        wanted["pay_kind"] = PayKind.AMOUNT
    elif "pay_percent" in wanted:
        wanted["pay_kind"] = PayKind.PERCENT
    return wanted


def _code(name: str, codes: Collection[str]) -> str:
    """A code of the name's letters that no service has."""
    base = re.sub(r"[^A-Za-z0-9]", "", name.title())[:16] or "Service"
    code, n = base, 1
    while code.casefold() in codes:
        n += 1
        code = f"{base}{n}"
    return code
