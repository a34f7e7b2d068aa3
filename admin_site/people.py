"""The lists of clients and of their contacts. `animals` has pets and vets, `team` the staff."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import flash, g, redirect, request, url_for
from flask_admin import Admin
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from admin_site import filters, invited, lookups, mailing_form, rows, search, words
from admin_site.base import OfficeList
from admin_site.bulk import bulk
from admin_site.edits_rows import EditsRows
from admin_site.field_columns import FieldColumns
from admin_site.forms import Section
from admin_site.list_address import Pill
from admin_site.pages import Answer, page
from admin_site.reading import read_day
from admin_site.rows import Column
from foundation import clock
from foundation.db import db
from foundation.twins import Twin, row_of
from models import (
    BulkRun,
    Client,
    ClientContact,
    ClientLogin,
    ClientStatus,
    ClientType,
    FieldArea,
    PaymentTerms,
    Staff,
    TaxRate,
)
from workflows import bulk as work_orders
from workflows import invitations, leaving, mailings, people
from workflows.actors import Actor
from workflows.billing import runs
from workflows.errors import N_, Invalid
from workflows.merging import duplicates
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(ClientList(Client, "clients", "/admin/clients"))
    admin.add_view(ContactList(ClientContact, "contacts", "/admin/contacts"))


def client_url(client_id: int) -> str:
    """The client's own page."""
    return f"/admin/client/{client_id}/"


def client_link(client: Client) -> Any:
    """A client's name as a link to their page."""
    return rows.link(str(client), client_url(client.id))


_SITTER_NAME = joinedload(Client.primary_sitter).load_only(Staff.first_name, Staff.last_name)
_LOGIN = Twin(ClientLogin, "is_active", "password_hash", "invited_at")
#: what a list needs of a client
OF_CLIENT = (Client.first_name, Client.last_name, Client.account_number)
#: for fields about somebody else: the browser must not offer one's own
PLAIN_TEXT = {"autocomplete": "off"}


#: what is said of a mail address or number that other clients have too
_SHARED: dict[str, Callable[[int], str]] = {
    "email": lambda n: ngettext("Another client has this mail address too:", "%(num)d other clients have this mail address too:", n),
    "phone": lambda n: ngettext("Another client has this phone number too:", "%(num)d other clients have this phone number too:", n),
}  # fmt: skip


class ClientList(EditsRows, FieldColumns, OfficeList):
    """Clients; a row leads to the client's own page."""

    area = FieldArea.CLIENT
    writing = Permission.CLIENTS
    title, add_label = _l("Clients"), _l("Add client")
    empty = ("dog", _l("No clients yet"), _l("Add the first household, then invite it to the portal."))
    search_hint = _l("Name, pet, mail, phone or account number")
    list_template = "admin/clients/list.html"
    keeps_page = True
    default_order = (Client.last_name, Client.first_name, Client.id)
    list_options = (
        _SITTER_NAME, joinedload(Client.client_type).load_only(ClientType.name),
        selectinload(Client.logins).load_only(
            ClientLogin.client_id, ClientLogin.is_active, ClientLogin.password_hash, ClientLogin.invited_at
        ),
        joinedload(Client.tax_rate).load_only(TaxRate.name), joinedload(Client.payment_terms).load_only(PaymentTerms.name),
    )  # fmt: skip
    twin = Twin(
        Client, "first_name", "last_name", "account_number", "status", "phone", "portal_enabled",
        primary_sitter=Twin(Staff, "first_name", "last_name"), logins=_LOGIN,
    )  # fmt: skip
    record_options = (
        joinedload(Client.primary_sitter), joinedload(Client.client_type), joinedload(Client.tax_rate),
        joinedload(Client.payment_terms),
    )  # fmt: skip
    pills = (
        Pill("active", _l("Active"), lambda: Client.status == ClientStatus.ACTIVE),
        Pill("prospects", _l("Prospects"), lambda: Client.status == ClientStatus.PROSPECT),
        Pill("inactive", _l("Inactive"), lambda: Client.status == ClientStatus.INACTIVE),
        Pill("archived", _l("Archived"), lambda: Client.status == ClientStatus.ARCHIVED),
        Pill("all", _l("All")),
    )
    own_columns = (
        Column(
            "name", _l("Name"), value=str, sort=(Client.last_name, Client.first_name),
            show=lambda c: rows.two_lines(rows.link(str(c), client_url(c.id), main=True), c.account_number_grouped),
        ),
        Column("account_number", _l("Account number"), hidden=True, show=lambda c: c.account_number_grouped),
        Column("status", _l("Status"), words=rows.code_chip, sort=(Client.status,)),
        Column("primary_sitter", _l("Usual sitter")),
        Column("client_type", _l("Type"), hidden=True),
        Column("phone", _l("Phone"), words=rows.phone),
        Column("email", _l("Mail"), hidden=True),
        Column("address_line1", _l("Address"), hidden=True),
        Column("address_line2", _l("Address, second line"), hidden=True),
        Column("city", _l("Town"), hidden=True),
        Column("region", _l("State or province"), hidden=True),
        Column("postcode", _l("Postcode"), hidden=True),
        Column("portal_enabled", _l("Portal"), hidden=True),
        Column("invited", _l("Log-in"), value=lambda c: words.word(invitations.state_of_household(c))),
        Column("created_at", _l("Client since"), hidden=True, value=lambda c: clock.to_local(c.created_at).date()),
        Column("notes", _l("Notes"), hidden=True),
        Column("key_not_needed", _l("No key needed"), hidden=True),
        Column("tax_rate", _l("Tax rate"), hidden=True),
        Column("is_tax_exempt", _l("Exempt from tax"), hidden=True),
        Column("tax_number", _l("Tax number"), hidden=True),
        Column("payment_terms", _l("Payment terms"), hidden=True),
        Column("pays_online", _l("Pays online"), hidden=True),
    )  # fmt: skip
    own_filters = (
        filters.Choice("status", Client.status, _l("Status"), ClientStatus),
        filters.sitter(Client.primary_sitter_id, _l("Usual sitter")),
        filters.RecordChoice(
            "type", Client.client_type_id, _l("Type"), ClientType, order=(ClientType.name,), none=_l("None")
        ),
        filters.YesNo("portal", Client.portal_enabled, _l("Portal open")),
        invited.InvitedFilter(),
        filters.Day("from", Client.created_at, _l("Client since")),
        filters.Day("until", Client.created_at, _l("Client until"), until=True),
    )
    sections = (
        Section(_l("Name"), (("first_name", "last_name"), ("status", "primary_sitter"), "client_type")),
        Section(_l("Contact"), (("email", "phone"), "address_line1", "address_line2", "city", ("region", "postcode"))),
        Section(_l("Portal"), ("portal_enabled",)),
        Section(_l("Notes"), ("notes",)),
        Section(
            _l("The home"),
            ("latitude", "key_not_needed"),
            about=_l("For check-ins and keys; the address is above."),
            advanced=True,
        ),
        Section(
            _l("Billing"), (("tax_rate", "payment_terms"), "tax_number", "is_tax_exempt", "pays_online"), advanced=True
        ),
    )
    form_ajax_refs = {
        "primary_sitter": lookups.sitter("primary_sitter"),
        "client_type": lookups.client_type(),
        "tax_rate": lookups.tax_rate(),
        "payment_terms": lookups.payment_terms(),
    }
    form_args = {
        "first_name": {"label": _l("First name")},
        "last_name": {"label": _l("Last name")},
        "status": {"label": _l("Status")},
        "primary_sitter": {"label": _l("Usual sitter"), "description": _l("Suggested for this client's visits.")},
        "client_type": {
            "label": _l("Client type"),
            "blank": _l("None"),
            "description": _l("For price rules. Only the office sees it."),
        },
        "email": {"label": _l("Mail address"), "render_kw": {"inputmode": "email", **PLAIN_TEXT}},
        "phone": {"label": _l("Phone"), "render_kw": {"inputmode": "tel", **PLAIN_TEXT}},
        "address_line1": {"label": _l("Address"), "render_kw": PLAIN_TEXT},
        "address_line2": {"label": _l("Address, second line"), "render_kw": PLAIN_TEXT},
        "city": {"label": _l("Town"), "render_kw": PLAIN_TEXT},
        "region": {"label": _l("State or province"), "render_kw": PLAIN_TEXT},
        "postcode": {"label": _l("Postcode"), "render_kw": PLAIN_TEXT},
        "portal_enabled": {
            "label": _l("Portal is open for this client"),
            "description": _l("Off: nobody of the household can log in; who is signed in is signed out at once."),
        },
        "notes": {"label": _l("Notes"), "description": _l("Only the office reads them.")},
        "latitude": {
            "label": _l("Place on the map"),
            "description": _l(
                "Latitude and longitude, for example 51.50, -0.12, or a link to a map. Check-ins are measured against it."
            ),
            "render_kw": PLAIN_TEXT,
        },
        "key_not_needed": {
            "label": _l("No key needed here"),
            "description": _l("Somebody is at home, or a code opens: no key is missed."),
        },
        "tax_rate": {
            "label": _l("Tax rate"),
            "blank": _l("As the services say"),
            "description": _l("In place of the services' own, on every invoice of this client."),
        },
        "payment_terms": {"label": _l("Payment terms"), "blank": _l("The default")},
        "tax_number": {"label": _l("Tax number"), "description": _l("Printed on invoices."), "render_kw": PLAIN_TEXT},
        "is_tax_exempt": {"label": _l("Exempt from tax"), "description": _l("No tax is added for this client.")},
        "pays_online": {
            "label": _l("Pays online"),
            "description": _l("Off: this client cannot pay by card or bank account in the portal."),
        },
    }

    def find(self, text: str) -> Any:
        return search.clients(text)

    def record_url(self, record: Client) -> str:
        return client_url(record.id)

    def row_key(self, record: Client) -> Any:
        # An invitation's link gets old though nothing changes; and no hash of a password is kept, of which it is read.
        read = row_of(record)
        return read and (read[: len(self.twin.columns) - len(_LOGIN.columns)], invitations.state_of_household(record))

    def edit_form(self, obj: Any = None) -> Any:
        form = super().edit_form(obj)
        form.latitude.show(obj)
        return form

    def values(self, form: Any) -> dict[str, Any]:
        """One field says both halves of the home's place."""
        found = super().values(form)
        return {**found, "longitude": form.latitude.longitude} if "latitude" in found else found

    def check(self, record: Client | None, values: dict[str, Any]) -> None:
        people.checked_client(values) if record is None else people.checked_change(record, values)

    def add(self, values: dict[str, Any], actor: Actor) -> Client:
        return people.add_client(values, actor=actor)

    def change(self, record: Client, values: dict[str, Any], actor: Actor) -> None:
        g.changed_of_client = people.change_client(record, values, actor=actor)

    def warn(self, record: Client) -> None:
        """Who else has the mail address or number that was just filled in."""
        for field, others in duplicates.sharing(record, g.get("changed_of_client", ("email", "phone"))).items():
            said = _SHARED[field](len(others))
            links = Markup(", ").join(client_link(other) for other in others)
            flash(Markup("{} {}").format(said, links), "warning")

    def remove(self, record: Client, actor: Actor) -> None:
        people.remove_client(record, actor=actor)

    @bulk(
        "invite", _l("Invite to the portal"), permission=Permission.CLIENTS,
        question=_l("Invite to the portal? Each gets a mail with a link to set a password."),
    )  # fmt: skip
    def action_invite(self, records: Sequence[Client]) -> Response:
        """An order of its own, which can be followed; those who cannot be invited are listed there with the reason."""
        run = invitations.order([c.id for c in records], actor=self.actor)
        db.session.commit()
        if run.n_total < work_orders.SMALL:
            while work_orders.work(run.id):
                db.session.commit()
            db.session.commit()
        return redirect(url_for("invitations.follow", run_id=run.public_id))

    @bulk("write", _l("Write to them"), permission=Permission.MAILINGS, most=mailings.MOST)
    def action_write(self, records: Sequence[Client]) -> Answer:
        """What is asked first; then an order of its own, which can be followed."""
        chosen = urlsplit(self.return_url()).query if "all" in request.form else ""
        return mailing_form.ask([c.id for c in records], chosen=chosen)

    @bulk("statement", _l("Send statements"), permission=Permission.BILLING)
    def action_statement(self, records: Sequence[Client]) -> Answer:
        """Of which days is asked first, last month at first; then an order of its own, which can be followed."""
        last_month, problem = clock.today().replace(day=1) - dt.timedelta(days=1), ""
        first, last = last_month.replace(day=1), last_month
        if "first" in request.form:
            asked = read_day(request.form["first"]), read_day(request.form.get("last"))
            first, last = asked[0] or first, asked[1] or last
            try:
                run = _order_statements(records, *asked, actor=self.actor)
            except Invalid as refused:
                problem = refused.say(gettext)
            else:
                db.session.commit()
                return redirect(url_for("billing_run.follow", run_id=run.public_id))
        return page(
            "billing/statements.html", 422 if problem else 200, ids=[c.id for c in records], first=first, last=last,
            problem=problem, action=f"{self.url}/action/", back=self.return_url(),
        )  # fmt: skip

    @bulk("activate", _l("Make active"), permission=Permission.CLIENTS)
    def action_activate(self, records: Sequence[Client]) -> None:
        """Back among the active ones."""
        self._set(records, ClientStatus.ACTIVE, lambda n: ngettext("%(num)d client is active.", "%(num)d clients are active.", n))  # fmt: skip

    @bulk(
        "archive", _l("Archive"), permission=Permission.CLIENTS,
        question=_l("Archive these clients? They can no longer log in to the portal."),
    )  # fmt: skip
    def action_archive(self, records: Sequence[Client]) -> None:
        """Out of the way; nothing is deleted."""
        self._set(records, ClientStatus.ARCHIVED, lambda n: ngettext("%(num)d client archived.", "%(num)d clients archived.", n))  # fmt: skip
        if n := leaving.n_with_visits_ahead([c for c in records if c.status is ClientStatus.ARCHIVED]):
            flash(ngettext("%(num)d of them still has visits ahead. They are not called off by themselves: HOME leads there.", "%(num)d of them still have visits ahead. They are not called off by themselves: HOME leads there.", n), "warning")  # fmt: skip

    def _set(self, records: Sequence[Client], status: ClientStatus, done: Any) -> None:
        self.each(records, lambda c: people.change_client(c, {"status": status}, actor=self.actor), done)


def _order_statements(
    clients: Sequence[Client], first: dt.date | None, last: dt.date | None, *, actor: Actor
) -> BulkRun:
    if first is None or last is None:
        raise Invalid("no_days", N_("Choose the first and the last day of the statement."))
    return runs.order_statements([c.id for c in clients], first, last, actor=actor)


class ContactList(OfficeList):
    """Other people of a household, and who to call in an emergency."""

    writing = Permission.CLIENTS
    title, add_label = _l("Contacts"), _l("Add contact")
    empty = ("cat", _l("No contacts yet"), _l("Partners, neighbours with a key, somebody to call in an emergency."))
    search_hint = _l("Name, mail, phone or client")
    default_order = (ClientContact.name, ClientContact.id)
    list_options = (joinedload(ClientContact.client).load_only(*OF_CLIENT),)
    record_options = (joinedload(ClientContact.client),)
    columns = (
        Column("name", _l("Name"), sort=(ClientContact.name,)),
        Column("relation", _l("Relation")),
        Column("client", _l("Client"), show=lambda c: client_link(c.client)),
        Column("phone", _l("Phone"), words=rows.phone),
        Column("email", _l("Mail")),
        Column("receives_copies", _l("Gets copies"), hidden=True),
        Column("is_emergency", _l("Emergency"), hidden=True),
        Column("for_what", _l("For"), export=False, value=lambda c: rows.ticks(c, ("receives_copies", _l("copies")), ("is_emergency", _l("emergency")))),
    )  # fmt: skip
    filters = (
        *filters.client_filters(ClientContact.client_id),
        filters.YesNo("copies", ClientContact.receives_copies, _l("Gets copies")),
        filters.YesNo("emergency", ClientContact.is_emergency, _l("Emergency")),
    )
    sections = (
        Section(_l("Who"), ("client", ("name", "relation"), ("email", "phone"))),
        Section(_l("What for"), ("receives_copies", "is_emergency")),
    )
    fixed = ("client",)
    form_ajax_refs = {"client": lookups.client()}
    form_args = {
        "client": {"label": _l("Client")},
        "name": {"label": _l("Name")},
        "relation": {"label": _l("Relation"), "description": _l("Partner, neighbour, daughter.")},
        "email": {"label": _l("Mail address"), "render_kw": {"inputmode": "email", **PLAIN_TEXT}},
        "phone": {"label": _l("Phone"), "render_kw": {"inputmode": "tel", **PLAIN_TEXT}},
        "receives_copies": {
            "label": _l("Gets copies of mails"),
            "description": _l("About requests and visits; needs a mail address."),
        },
        "is_emergency": {"label": _l("To call in an emergency")},
    }

    def find(self, text: str) -> Any:
        return search.contacts(text)

    def saved_url(self, record: ClientContact) -> str:
        return client_url(record.client_id)

    def check(self, record: ClientContact | None, values: dict[str, Any]) -> None:
        people.checked_contact(values, record or ClientContact())

    def add(self, values: dict[str, Any], actor: Actor) -> ClientContact:
        return people.save_contact(ClientContact(), values, actor=actor)

    def change(self, record: ClientContact, values: dict[str, Any], actor: Actor) -> None:
        people.save_contact(record, values, actor=actor)

    def remove(self, record: ClientContact, actor: Actor) -> None:
        people.remove_contact(record, actor=actor)
