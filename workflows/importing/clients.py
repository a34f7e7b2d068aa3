"""Files of clients."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientStatus, ClientType, ImportKind, Staff
from workflows import many_people, people
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.kind import Added, Field, Kind, Row, lower_in
from workflows.importing.values import choice, words, yes_no

_STATUS = {
    "lead": ClientStatus.PROSPECT, "pending": ClientStatus.PROSPECT, "new": ClientStatus.PROSPECT, "enquiry": ClientStatus.PROSPECT,
    "current": ClientStatus.ACTIVE, "yes": ClientStatus.ACTIVE, "true": ClientStatus.ACTIVE, "1": ClientStatus.ACTIVE,
    "no": ClientStatus.INACTIVE, "false": ClientStatus.INACTIVE, "0": ClientStatus.INACTIVE, "dormant": ClientStatus.INACTIVE,
    "former": ClientStatus.ARCHIVED, "deleted": ClientStatus.ARCHIVED, "closed": ClientStatus.ARCHIVED,
}  # fmt: skip
#: a household may share an address, so it is no reason to leave the row out
_SHARED = N_("Another client has this mail address too.")


class ClientKind(Kind):
    """A row is a household that pays."""

    kind = ImportKind.CLIENTS
    model = Client
    one_of = (("first_name", "full_name"),)
    hint = N_("A client who is here already is found by number, mail address, or name with phone or address.")
    fields = (
        Field("foreign_id", N_("Number in the old program"), words(200), "1001", N_("Later files find the client by it."),
              aliases=("id", "client id", "customer id", "clientid", "customerid", "client number", "ref", "client ref")),
        Field("account_number", N_("Account number"), words(40), "", N_("Only to find clients who are here; new ones get their own."), aliases=("account no",)),
        Field("first_name", N_("First name"), words(120), "Hannah", aliases=("forename", "given name", "client forename", "client first name", "firstname", "owner first name")),
        Field("last_name", N_("Last name"), words(120), "Moore", aliases=("surname", "family name", "client surname", "client last name", "lastname", "owner last name")),
        Field("full_name", N_("Whole name"), words(240), "", N_("In place of first and last name."), aliases=("name", "client name", "client", "customer", "customer name", "owner")),
        Field("email", N_("Mail address"), words(255), "jo@example.com", aliases=("email", "e-mail", "email address", "primary email", "client email")),
        Field("phone", N_("Phone"), words(60), "212 555 0142", aliases=("mobile", "cell", "cell phone", "mobile phone", "telephone", "phone number", "primary phone", "mobile number", "home phone")),
        Field("address_line1", N_("Address"), words(255), "12 Elm Street", aliases=("address 1", "address line 1", "street", "street address", "address1")),
        Field("address_line2", N_("Address, second line"), words(255), "", aliases=("address 2", "address line 2", "address2", "apt", "unit")),
        Field("city", N_("City"), words(120), "Springfield", aliases=("town", "town/city")),
        Field("region", N_("State or province"), words(120), "MA", aliases=("state", "province", "county", "region", "state/province", "client state")),
        Field("postcode", N_("Postcode"), words(20), "01101", aliases=("zip", "zip code", "postal code", "post code", "zipcode")),
        Field("status", N_("Status"), choice(ClientStatus, _STATUS), "active", aliases=("client status", "active")),
        Field("client_type", N_("Client type"), words(120), "", N_("One that exists."), aliases=("type", "customer type", "price group")),
        Field("primary_sitter", N_("Usual sitter"), words(240), "", N_("Name or mail address of one of the team."), aliases=("primary sitter", "default sitter", "sitter", "preferred sitter", "default staff", "walker")),
        Field("portal_enabled", N_("May use the portal"), yes_no, "yes", aliases=("portal", "portal access", "login enabled")),
        Field("tax_number", N_("Tax number"), words(40), "", aliases=("vat number",)),
        Field("notes", N_("Notes"), words(20000), "", aliases=("note", "comments", "client notes", "private notes", "office notes")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.known: list[Client] = []
        self.by_account: dict[str, Client] = {}
        self.by_email: dict[str, list[Client]] = {}
        self.by_name: dict[str, list[Client]] = {}
        self.types: dict[str, ClientType] = {}
        self.team: dict[str, Staff] = {}

    def tidy(self, rows: Sequence[Row]) -> None:
        """Whole names are made first and last ones."""
        for row in rows:
            _split(row.values)
            if "email" in row.values:
                row.values["email"] = str(row.values["email"]).lower()

    def prepare(self, rows: Sequence[Row]) -> None:
        """Who could be meant is looked up, and the team."""
        if any("client_type" in r.values for r in rows):
            self.types = {t.name.casefold(): t for t in db.session.scalars(sa.select(ClientType))}
        if any("primary_sitter" in r.values for r in rows):
            for person in db.session.scalars(sa.select(Staff).where(Staff.is_active).order_by(Staff.id.desc())):
                self.team.update({str(person).casefold(): person, (person.email or "-").casefold(): person})
        self._look_up([r.values for r in rows])

    def _look_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        accounts = {_digits(v["account_number"]) for v in rows if v.get("account_number")}
        emails = {v["email"] for v in rows if v.get("email")}
        names = {_name(v) for v in rows if _name(v)}
        found = db.session.scalars(
            sa.select(Client).where(
                sa.or_(
                    Client.account_number.in_(sorted(accounts)),
                    Client.email.in_(sorted(emails)),
                    lower_in(Client.first_name + " " + Client.last_name, names),
                ),
                Client.erased_at.is_(None),
            )
        )
        for client in found:
            self.by_account[client.account_number] = client
            self.by_email.setdefault((client.email or "").lower(), []).append(client)
            self.by_name.setdefault(f"{client.first_name} {client.last_name}".casefold(), []).append(client)

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Name with address and mail."""
        return tuple(values.get(n, "") for n in ("account_number", "first_name", "last_name", "email", "phone", "address_line1"))  # fmt: skip

    def find(self, values: Mapping[str, Any]) -> Client | None:
        """By account number, by mail address and name, by name with phone or address."""
        if values.get("account_number"):
            client = self.by_account.get(_digits(values["account_number"]))
            if client is None:
                raise Invalid("unknown_account", N_("No client has this account number."), field="account_number")
            return client
        name = _name(values).casefold()
        for client in self.by_email.get(values.get("email") or "-", []):
            if f"{client.first_name} {client.last_name}".casefold() == name:
                return client
        phone = _tail(values.get("phone"))
        street = str(values.get("address_line1") or "").casefold()
        for client in self.by_name.get(name, []):
            if (phone and _tail(client.phone) == phone) or (street and client.address_line1.casefold() == street):
                return client
        return None

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """By the rules of `people`."""
        wanted, refused = self.split(several, self._wanted)
        made = self.joined(len(several), many_people.add_clients(wanted, actor=actor), refused)
        taken = {email for email in self.by_email if email}
        for n, one in enumerate(made):
            email = str(several[n].get("email") or "")
            if isinstance(one, Added) and email in taken:
                made[n] = replace(one, warnings=(*one.warnings, _SHARED))
            taken |= {email} - {""}
        return made

    def save(self, record: Client | None, values: Mapping[str, Any], *, actor: Actor) -> Client:
        """By the rules of `people`."""
        wanted = self._wanted(values)
        if record is None:
            return people.add_client(wanted, actor=actor)
        wanted.setdefault("primary_sitter", record.primary_sitter)
        people.change_client(record, wanted, actor=actor)
        return record

    def _wanted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        wanted = {k: v for k, v in values.items() if k not in {"foreign_id", "account_number", "full_name"}}
        if "client_type" in wanted:
            wanted["client_type"] = self.types.get(str(wanted["client_type"]).casefold())
            if wanted["client_type"] is None:
                raise Invalid("unknown_type", N_("There is no such client type."), field="client_type")
        if "primary_sitter" in wanted:
            wanted["primary_sitter"] = self.team.get(str(wanted["primary_sitter"]).casefold())
            if wanted["primary_sitter"] is None:
                raise Invalid("unknown_sitter", N_("Nobody of the team is called so."), field="primary_sitter")
        return wanted


def _split(values: dict[str, Any]) -> None:
    """`Hannah Moore` and `Moore, Hannah` as first and last name, where those are not given."""
    whole = str(values.pop("full_name", "") or "")
    if not whole or values.get("first_name"):
        return
    last, comma, first = whole.partition(",")
    if not comma:
        first, _space, last = whole.strip().rpartition(" ")
        first, last = (first, last) if first else (last, "")
    values["first_name"] = " ".join(first.split())[:120]
    if last.strip():
        values.setdefault("last_name", " ".join(last.split())[:120])


def _name(values: Mapping[str, Any]) -> str:
    return f"{values.get('first_name', '')} {values.get('last_name', '')}" if values.get("first_name") else ""


def _digits(text: Any) -> str:  # noqa: ANN401 -- a cell or a column
    return "".join(c for c in str(text or "") if c.isdigit())


def _tail(phone: Any) -> str:  # noqa: ANN401 -- a cell or a column
    """The last nine digits: the same number with and without its country."""
    return _digits(phone)[-9:] if len(_digits(phone)) >= 7 else ""
