"""Erasing a client: what the law lets a business keep stays, nameless.

Which rows are a client's, which go, which are blanked and which stay word for word: `workflows.privacy`.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from models import (
    Activity,
    ActorKind,
    BulkKind,
    BulkRun,
    ChangeRequest,
    Client,
    ClientContact,
    ClientLogin,
    ClientStatus,
    ImportRow,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    Mailing,
    MailState,
    OutboxMail,
    Pet,
    PetStatus,
    Registration,
    Repeat,
    StoredFile,
    StoredMethod,
)
from workflows import activity, api_answers, comments, files, merged, records, sign_ins
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission
from workflows.privacy import BOOKS, GONE, rows_of

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
#: orders whose list of failures has numbers of clients
_OF_CLIENTS = {BulkKind.INVITE, BulkKind.INVOICE, BulkKind.STATEMENT, BulkKind.MAILING}
#: shorter words are found in everything
_SHORTEST = 5


def why_not(client: Client) -> WrongState | None:
    """What stands against erasing this client now."""
    today, own = clock.today(), client.id

    def there(kind: type[Base], *where: sa.ColumnElement[bool]) -> bool:
        return db.session.scalar(sa.select(sa.literal(1)).select_from(kind).where(*where).limit(1)) is not None

    if client.erased_at is not None:
        return WrongState("erased", N_("The data of this client were erased already."))
    if merged.leads_to("client", own) is not None:
        return WrongState("merged", N_("This client was merged with another one. Erase that one: this goes with it."))
    if there(Job, Job.client_id == own, Job.state == JobState.IN_PROGRESS) or there(
        Job, Job.client_id == own, Job.state == JobState.SCHEDULED, Job.ends_on >= today
    ):
        return WrongState("visits_ahead", N_("There are visits ahead. Cancel them first."))
    if there(JobRequestLine, JobRequestLine.client_id == own, JobRequestLine.state == LineState.SUBMITTED) or there(
        ChangeRequest, ChangeRequest.client_id == own, ChangeRequest.is_open.is_(True)
    ):
        return WrongState("requests_wait", N_("Requests are waiting. Decide on them first."))
    if there(StoredMethod, StoredMethod.client_id == own, StoredMethod.removed_at.is_(None)):
        return WrongState("methods_stored", N_("Cards or bank accounts are stored. Remove them first: then the gateway forgets them too."))  # fmt: skip
    going = sa.or_(Repeat.ends_on.is_(None), Repeat.ends_on >= today)
    if there(Repeat, Repeat.client_id == own, Repeat.is_active.is_(True), going):
        return WrongState("series_go_on", N_("A repeating service goes on. End it first."))
    return None


def erase(client: Client, *, typed: str, actor: Actor) -> None:
    """Erase what is known about a client; nothing brings it back.

    In this order, holding the client's lock: everybody of the household is signed out; log-ins, contacts, values,
    letters, mails, acceptances, proposals and vaccinations are deleted (`GONE`); invoices and payments stay as they
    are (`BOOKS`); files are taken away, their bytes
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
    comments.forget_client(client)
    api_answers.forget_client(client)
    # The cards go; the rows of their photos must stay until the task has deleted the bytes.
    _run(sa.update(StoredFile).where(StoredFile.client_id == client.id).values(report_card_id=None))
    _forget_basket(client)
    _blank_mails(about)
    _blank_failures(client.id, of["job"])
    _blank_mailings(client.id, names)
    _blank_strangers(names)
    _blank_once_merged(client, names)
    emails = [n for n in names if "@" in n]
    _run(sa.delete(Registration).where(Registration.email.in_(emails)))
    _run(sa.update(Activity).where(of["activity"], Activity.actor_kind == ActorKind.CLIENT).values(actor_name="Client"))
    for name in reversed(list(of)):
        if name not in GONE and name not in BOOKS:
            _blank(Base.metadata.tables[name], of[name])
    _forget_imports(of)
    # What is deleted goes last: the conditions of what stays may lead over it.
    for name in reversed(list(of)):
        if name in GONE:
            _run(sa.delete(Base.metadata.tables[name]).where(of[name]))
    _run(sa.update(Pet).where(Pet.client_id == client.id).values(name="Pet", status=PetStatus.INACTIVE, born_on=None, vet_id=None, vaccinations_expire_on=None))  # fmt: skip
    _run(
        sa.update(Client)
        .where(of["client"])
        .values(
            first_name="Erased", last_name="client", status=ClientStatus.ARCHIVED, portal_enabled=False,
            primary_sitter_id=None, erased_at=clock.now(), latitude=None, longitude=None,
        )
    )  # fmt: skip
    db.session.expire_all()
    activity.record("client.erased", actor=actor, subject=client, client=client, number=client.account_number)
    db.session.flush()


def _forget_imports(of: Mapping[str, sa.ColumnElement[bool]]) -> None:
    """What the rows of imported files said of them; the files themselves go after a month at most."""
    for name in ("client", "client_contact", "pet", "home_key", "job", "invoice", "credit_note"):
        table = Base.metadata.tables[name]
        ids = sa.select(table.c.id).where(of[name])
        _run(sa.delete(ImportRow).where(ImportRow.record_type == name, ImportRow.record_id.in_(ids)))


def _run(statement: Any) -> None:  # noqa: ANN401 -- an update or a delete
    db.session.execute(statement.execution_options(synchronize_session=False))


def _names_of(client: Client) -> list[str]:
    """What names the household, wherever it may stand: names, mail addresses, numbers, the street."""
    contacts = list(db.session.scalars(sa.select(ClientContact).where(ClientContact.client_id == client.id)))
    logins = db.session.scalars(sa.select(ClientLogin.email).where(ClientLogin.client_id == client.id))
    found = [*logins]
    for one in [
        client,
        *db.session.scalars(sa.select(Client).where(Client.id.in_(merged.ids_in("client", client.id)))),
    ]:
        found += [str(one), one.email, one.phone, one.address_line1]
    for contact in contacts:
        found += [contact.name, contact.email, contact.phone]
    return list(dict.fromkeys(text for text in found if text and len(text) >= _SHORTEST))


def _mails_about(names: list[str]) -> sa.ColumnElement[bool]:
    parts = (OutboxMail.facts, OutboxMail.subject, OutboxMail.body_text, OutboxMail.to_address, OutboxMail.cc_addresses)
    return sa.or_(*(records.holds_text(part, names) for part in parts))


def _blank_mails(about: sa.ColumnElement[bool]) -> None:
    """Mails to sitters and to the office that named them: that they were sent stays."""
    _run(
        sa.update(OutboxMail).where(about, OutboxMail.client_id.is_(None)).values(facts={}, subject=None, body_text=None, body_html=None)
    )  # fmt: skip


def _blank_failures(client_id: int, own_jobs: sa.ColumnElement[bool]) -> None:
    """What could not be done in an order is listed with the client's name."""
    jobs = set(db.session.scalars(sa.select(Job.id).where(own_jobs)))
    pets = set(db.session.scalars(sa.select(Pet.id).where(Pet.client_id == client_id)))
    for run in db.session.scalars(sa.select(BulkRun).where(sa.cast(BulkRun.failures, sa.Text) != "[]")):
        table = run.wish.get("table") if run.kind is BulkKind.EDIT else "client" if run.kind in _OF_CLIENTS else "job"
        ids = {"client": {client_id}, "job": jobs, "pet": pets}.get(str(table), set())
        kept = [{**f, "values": _scrubbed(f.get("values", {}))} if f.get("job_id") in ids else f for f in run.failures]
        if kept != run.failures:
            run.failures = kept
    db.session.flush()


def _blank_mailings(client_id: int, names: list[str]) -> None:
    """The office's own mails that were for them alone, or name them."""
    alone = sa.select(BulkRun).where(BulkRun.kind == BulkKind.MAILING, BulkRun.n_total == 1)
    own = [run.id for run in db.session.scalars(alone) if run.wish["ids"] == [client_id]]
    about = (records.holds_text(part, names) for part in (Mailing.subject, Mailing.body, Mailing.chosen))
    _run(sa.update(Mailing).where(sa.or_(Mailing.run_id.in_(own), *about)).values(subject="", body="", chosen={}))


def _blank_strangers(names: list[str]) -> None:
    """Lines of the log that belong to no client, such as an order for many, but name this one."""
    _run(
        sa.update(Activity)
        .where(Activity.client_id.is_(None), records.holds_text(Activity.facts, names))
        .values(facts={})
    )


def _blank_once_merged(client: Client, names: list[str]) -> None:
    """What the log of another client says of this one, from a merge that was undone."""
    undone = sa.select(Activity.facts).where(
        Activity.verb == "merged.back", Activity.subject_type == "client", Activity.subject_id == client.id
    )
    others = [facts["into"] for facts in db.session.scalars(undone) if "into" in facts]
    told = sa.and_(Activity.client_id.in_(others), records.holds_text(Activity.facts, names))
    if others:
        _run(sa.update(Activity).where(told).values(facts={}))


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
