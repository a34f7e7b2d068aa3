"""Everything about one client, to be handed over; and erasing it, with what the law lets a business keep.

Which rows are a client's is read off the tables themselves: whatever refers to the client, and what refers to that.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from models import (
    Activity,
    ActorKind,
    BulkRun,
    ChangeRequest,
    Client,
    ClientContact,
    ClientLogin,
    ClientStatus,
    CustomField,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    MailState,
    OutboxMail,
    Pet,
    PetStatus,
    Registration,
    Repeat,
    StoredFile,
)
from workflows import activity, field_kinds, field_values, files, sign_ins
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WrongState
from workflows.field_kinds import MASK
from workflows.locks import lock_client
from workflows.permissions import Permission

#: what is deleted; everything else stays, without a word that a person wrote
GONE = (
    "client_contact", "client_login", "client_sitter", "client_price", "field_value", "field_proposal", "vet_proposal",
    "agreement_acceptance", "agreement_client", "letter", "vaccination", "outbox_mail", "notification",
    "request_message", "registration", "sign_in", "calendar_feed", "authenticator", "recovery_code", "passkey",
)  # fmt: skip
#: what stays for the books, for the sitters' pay and for the log
KEPT = (
    "client", "pet", "job", "job_pet", "job_request", "job_request_line", "job_request_line_pet", "repeat", "repeat_pet",
    "repeat_time", "repeat_pause", "repeat_skip", "change_request", "change_item", "change_item_pet", "activity",
    "stored_file",
)  # fmt: skip
#: columns that name nobody: ids, what happened, figures, where the bytes of a file are until the task deletes them
_NAMELESS = frozenset(
    {
        "public_id", "account_number", "verb", "subject_type", "fingerprint", "blocked_code", "price_lines", "rule_name",
        "key", "thumbnail_key", "media_type", "sha256", "mark",
    }
)  # fmt: skip
#: the same inside of JSON
_NAMELESS_KEYS = frozenset(
    {"service", "on_date", "start_time", "ends_on", "end_time", "block", "price", "fee", "state"}
)
#: never handed over: they are no facts about a person, but ways in
_WAYS_IN = frozenset(
    {"password_hash", "token_hash", "code_hash", "link_serial", "sealed", "public_key", "credential_id", "key", "thumbnail_key"}
)  # fmt: skip
#: shorter words are found in everything
_SHORTEST = 5


@dataclass(frozen=True)
class Export:
    """What is handed over: plain values by table, and (name in the archive, key in the store) of the files."""

    data: dict[str, Any]
    files: list[tuple[str, str]]


def tables() -> dict[str, sa.Table]:
    """The tables whose rows can be a client's, each after those that it refers to."""
    found: dict[str, sa.Table] = {"client": Base.metadata.tables["client"]}
    grown = True
    while grown:
        grown = False
        for name, table in sorted(Base.metadata.tables.items()):
            if name not in found and any(fk.column.table.name in found for fk in table.foreign_keys):
                found[name] = table
                grown = True
    return {table.name: table for table in Base.metadata.sorted_tables if table.name in found}


def rows_of(client_id: int) -> dict[str, sa.ColumnElement[bool]]:
    """For each of these tables the condition under which a row is this client's."""
    of: dict[str, sa.ColumnElement[bool]] = {}
    for name, table in tables().items():
        if name == "client":
            of[name] = table.c.id == client_id
            continue
        direct = [c for c in table.columns if any(fk.column.table.name == "client" for fk in c.foreign_keys)]
        if direct and not all(c.nullable for c in direct):
            of[name] = sa.or_(*(c == client_id for c in direct))
            continue
        ways = [
            c.in_(sa.select(fk.column).where(of[fk.column.table.name]))
            for c in table.columns
            for fk in c.foreign_keys
            if fk.column.table.name in of and fk.column.table.name != name
        ]
        of[name] = sa.or_(*ways)
    return of


# ----------------------------------------------------------------------------------------------------------- export


def export(client: Client, *, actor: Actor) -> Export:
    """Everything about one client as plain values, with the files; logged.

    Secrets stand in the clear for who may see them (`Permission.SECRETS`), masked for others; ways into an account
    (hashes, keys) are left out. Refused with NotAllowed without the permission to save lists as files.
    """
    actor.require(Permission.EXPORT)
    with_secrets = actor.may(Permission.SECRETS)
    data: dict[str, Any] = {"made_at": activity.plain(clock.now()), "with_secrets": with_secrets}
    for name, where in rows_of(client.id).items():
        table = Base.metadata.tables[name]
        found = db.session.execute(sa.select(table).where(where).order_by(*table.primary_key.columns))
        data[name] = [_plain(dict(row)) for row in found.mappings()]
    data["field_value"] = _values(client, reveal=with_secrets)
    for proposal in data["field_proposal"]:
        proposal["facts"] = _unsealed(proposal, reveal=with_secrets)
    kept = db.session.scalars(
        sa.select(StoredFile)
        .where(StoredFile.client_id == client.id, StoredFile.removed_at.is_(None))
        .order_by(StoredFile.id)
    )
    activity.record("client.exported", actor=actor, subject=client, client=client, with_secrets=with_secrets)
    db.session.flush()
    return Export(data, [(f"files/{file.id} {_safe(file.name)}", file.key) for file in kept])


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {column: activity.plain(value) for column, value in row.items() if column not in _WAYS_IN}


def _values(client: Client, *, reveal: bool) -> list[dict[str, Any]]:
    """What was filled in, with the names of the fields."""
    found: list[dict[str, Any]] = []
    pets = list(db.session.scalars(sa.select(Pet).where(Pet.client_id == client.id).order_by(Pet.id)))
    fields = {f.id: f for f in db.session.scalars(sa.select(CustomField))}
    for owner, values in [
        (client, field_values.read(client)),
        *((p, field_values.read_many(pets)[p.id]) for p in pets),
    ]:
        pet_id = owner.id if isinstance(owner, Pet) else None
        for field_id in values.held:
            words = values.shown(fields[field_id], reveal=reveal)
            found.append({"field": fields[field_id].label, "pet_id": pet_id, "value": words})
    return found


def _unsealed(proposal: dict[str, Any], *, reveal: bool) -> dict[str, Any]:
    field = db.session.get(CustomField, proposal["field_id"])
    facts = proposal["facts"]
    if field is None or not field.is_secret:
        return dict(facts)
    opened = {k: field_kinds.pack(field_values.opened(field, v)) for k, v in facts.items() if k in {"old", "new"}}
    return {k: v if reveal or v is None else MASK for k, v in opened.items()}


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in " .-_()" else "_" for c in name).strip(" .")[:100] or "file"


# ------------------------------------------------------------------------------------------------------------ erase


def why_not(client: Client) -> WrongState | None:
    """What stands against erasing this client now."""
    today, own = clock.today(), client.id

    def there(kind: type[Base], *where: sa.ColumnElement[bool]) -> bool:
        return db.session.scalar(sa.select(sa.literal(1)).select_from(kind).where(*where).limit(1)) is not None

    if client.erased_at is not None:
        return WrongState("erased", N_("The data of this client were erased already."))
    if there(Job, Job.client_id == own, Job.state == JobState.IN_PROGRESS) or there(
        Job, Job.client_id == own, Job.state == JobState.SCHEDULED, Job.ends_on >= today
    ):
        return WrongState("visits_ahead", N_("There are visits ahead. Cancel them first."))
    if there(JobRequestLine, JobRequestLine.client_id == own, JobRequestLine.state == LineState.SUBMITTED) or there(
        ChangeRequest, ChangeRequest.client_id == own, ChangeRequest.is_open.is_(True)
    ):
        return WrongState("requests_wait", N_("Requests are waiting. Decide on them first."))
    going = sa.or_(Repeat.ends_on.is_(None), Repeat.ends_on >= today)
    if there(Repeat, Repeat.client_id == own, Repeat.is_active.is_(True), going):
        return WrongState("series_go_on", N_("A repeating service goes on. End it first."))
    return None


def erase(client: Client, *, typed: str, actor: Actor) -> None:
    """Erase what is known about a client; nothing brings it back.

    In this order, holding the client's lock: everybody of the household is signed out; log-ins, contacts, values,
    letters, mails, acceptances, proposals and vaccinations are deleted (`GONE`); files are taken away, their bytes
    go soon after; of visits, requests, series, pets and the client themselves stays what the books need, without a
    word that a person wrote; log lines keep what happened and when; mails to others and lists of what failed lose
    their text where it names the client; one line in the log. Refused: another account number than the client's
    (Invalid); what `why_not` says, or a mail about them that still has to leave (WrongState); without the permission
    (NotAllowed).
    """
    actor.require(Permission.ERASE)
    if "".join(typed.split()) != client.account_number:
        raise Invalid("wrong_number", N_("Type the account number of this client: %(number)s."), field="typed", number=client.account_number_grouped)  # fmt: skip
    lock_client(client.id)
    db.session.refresh(client)
    if (stands_against := why_not(client)) is not None:
        raise stands_against
    names, of = _names_of(client), rows_of(client.id)
    about = _mails_about(names)
    waiting = OutboxMail.state.in_([MailState.QUEUED, MailState.SENDING])
    if db.session.scalar(sa.select(OutboxMail.id).where(waiting, sa.or_(about, OutboxMail.client_id == client.id)).limit(1)):  # fmt: skip
        raise WrongState("mail_waits", N_("A mail about this client has still to leave. Try again in a few minutes."))
    db.session.flush()
    sign_ins.end_of_client(client)
    db.session.flush()
    files.remove_all_of(client)
    _forget_basket(client)
    _blank_mails(about)
    _blank_failures(of["job"])
    _blank_strangers(names)
    emails = [n for n in names if "@" in n]
    _run(sa.delete(Registration).where(Registration.email.in_(emails)))
    _run(sa.update(Activity).where(of["activity"], Activity.actor_kind == ActorKind.CLIENT).values(actor_name="Client"))
    for name in reversed(list(of)):
        if name not in GONE:
            _blank(Base.metadata.tables[name], of[name])
    # What is deleted goes last: the conditions of what stays may lead over it.
    for name in reversed(list(of)):
        if name in GONE:
            _run(sa.delete(Base.metadata.tables[name]).where(of[name]))
    _run(sa.update(Pet).where(Pet.client_id == client.id).values(name="Pet", status=PetStatus.INACTIVE, born_on=None, vet_id=None, vaccinations_expire_on=None))  # fmt: skip
    _run(
        sa.update(Client)
        .where(Client.id == client.id)
        .values(
            first_name="Erased", last_name="client", status=ClientStatus.ARCHIVED, portal_enabled=False,
            primary_sitter_id=None, erased_at=clock.now(),
        )
    )  # fmt: skip
    db.session.expire_all()
    activity.record("client.erased", actor=actor, subject=client, client=client, number=client.account_number)
    db.session.flush()


def _run(statement: Any) -> None:  # noqa: ANN401 -- an update or a delete
    db.session.execute(statement.execution_options(synchronize_session=False))


def _names_of(client: Client) -> list[str]:
    """What names the household, wherever it may stand: names, mail addresses, numbers, the street."""
    contacts = list(db.session.scalars(sa.select(ClientContact).where(ClientContact.client_id == client.id)))
    logins = db.session.scalars(sa.select(ClientLogin.email).where(ClientLogin.client_id == client.id))
    found = [str(client), client.email, client.phone, client.address_line1, *logins]
    for contact in contacts:
        found += [contact.name, contact.email, contact.phone]
    return list(dict.fromkeys(text for text in found if text and len(text) >= _SHORTEST))


def _holds(column: Any, names: Iterable[str]) -> sa.ColumnElement[bool]:  # noqa: ANN401 -- a column of any kind
    """Does one of the names stand in the column, as it is or as JSON writes it?"""
    text = sa.cast(column, sa.Text)
    forms = {form for name in names for form in (name, json.dumps(name)[1:-1])}
    return sa.or_(sa.false(), *(text.contains(form, autoescape=True) for form in sorted(forms)))


def _mails_about(names: list[str]) -> sa.ColumnElement[bool]:
    parts = (OutboxMail.facts, OutboxMail.subject, OutboxMail.body_text, OutboxMail.to_address, OutboxMail.cc_addresses)
    return sa.or_(*(_holds(part, names) for part in parts))


def _blank_mails(about: sa.ColumnElement[bool]) -> None:
    """Mails to sitters and to the office that named them: that they were sent stays."""
    _run(
        sa.update(OutboxMail).where(about, OutboxMail.client_id.is_(None)).values(facts={}, subject=None, body_text=None, body_html=None)
    )  # fmt: skip


def _blank_failures(own_jobs: sa.ColumnElement[bool]) -> None:
    """What could not be done in an order is listed with the client's name."""
    ids = set(db.session.scalars(sa.select(Job.id).where(own_jobs)))
    for run in db.session.scalars(sa.select(BulkRun).where(sa.cast(BulkRun.failures, sa.Text) != "[]")):
        kept = [{**f, "values": _scrubbed(f.get("values", {}))} if f.get("job_id") in ids else f for f in run.failures]
        if kept != run.failures:
            run.failures = kept
    db.session.flush()


def _blank_strangers(names: list[str]) -> None:
    """Lines of the log that belong to no client, such as an order for many, but name this one."""
    _run(sa.update(Activity).where(Activity.client_id.is_(None), _holds(Activity.facts, names)).values(facts={}))


def _forget_basket(client: Client) -> None:
    drafts = sa.and_(JobRequestLine.client_id == client.id, JobRequestLine.state == LineState.DRAFT)
    _run(sa.delete(JobRequestLine).where(drafts))
    _run(sa.delete(JobRequest).where(JobRequest.client_id == client.id, JobRequest.submitted_at.is_(None)))


def _blank(table: sa.Table, where: sa.ColumnElement[bool]) -> None:
    """Take every word out of these rows; enums, ids, dates and figures stay."""
    words: dict[str, Any] = {c.name: None if c.nullable else "" for c in table.columns if _is_words(c)}
    if table.name == "activity":
        words = {"facts": {}}
    if words:
        _run(sa.update(table).where(where).values(words))
    trees = [c for c in table.columns if isinstance(c.type, sa.JSON) and c.name not in {*_NAMELESS, *words}]
    for row in (
        db.session.execute(sa.select(*table.primary_key.columns, *trees).where(where)).mappings() if trees else ()
    ):
        ours = sa.and_(*(c == row[c.name] for c in table.primary_key.columns))
        _run(sa.update(table).where(ours).values({c.name: _scrubbed(row[c.name]) for c in trees}))


def _is_words(column: sa.Column[Any]) -> bool:
    is_text = isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)
    return is_text and not column.primary_key and not column.foreign_keys and column.name not in _NAMELESS


def _scrubbed(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    if isinstance(value, dict):
        return {k: v if k in _NAMELESS_KEYS else _scrubbed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_scrubbed(v) for v in value]
    return "" if isinstance(value, str) else value
