"""What every kind of file has in common: its fields, the row as values, and finding clients that a row speaks of.

A `Kind` lives for one piece of some hundred rows, which go through it together; a kind that keeps to this brings in
thousands a second, one that asks the database for each row a few dozen:

1. `tidy`: the rows' values in one shape. No question to the database.
2. `prepare`: one question for each table that the rows speak of, kept in dictionaries. Nothing asks for a row afterwards.
3. `find` and `require`, a row: what is here already, out of those dictionaries; what a new record lacks.
4. `add_many`: all new rows of the piece at once. It checks each in Python and puts its refusal in its place; what is
   left is written with a few statements, by a function of the subject that adds many by the same rules as one
   (`many_people`, `many_keys`, `catalogue.add_items`, `many_jobs`, `billing.raising`). It raises only for the whole
   piece, and then nothing may stay written.
5. `save`: records that are here and change, one after the other, each in a savepoint. Also new rows, when the database
   refused what `add_many` wrote: the piece is then cut in two until the row that spoils it is alone, so the others
   still go together. A kind without `add_many` has only this way.

A check does all of that and takes it back, so a kind need not know of it. It must not send, commit or touch files.
"""

import hashlib
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from foundation.db import Base, db
from foundation.inserting import Written
from models import Client, ImportedRecord, ImportKind
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.values import Reader, words
from workflows.permissions import Permission

T = TypeVar("T")


@dataclass(frozen=True)
class Field:
    """A field of ours that a column can fill."""

    name: str
    label: str
    read: Reader
    #: for the template to download
    example: str = ""
    help: str = ""
    required: bool = False
    #: heads that mean it, beside its name and label
    aliases: tuple[str, ...] = ()


@dataclass
class Row:
    """A row as values; blank cells are left out, so that they change nothing."""

    number: int
    values: dict[str, Any]
    problems: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, problem: WorkflowError) -> None:
        """Note what is wrong."""
        self.problems.append(told(problem))


def told(problem: WorkflowError) -> dict[str, Any]:
    """A refusal as a row keeps it, to be said in the reader's language."""
    values = {k: str(v) for k, v in problem.values.items()}
    return {"field": problem.field or "", "why": problem.message, "values": values}


@dataclass(frozen=True)
class Added:
    """A new record of `add_many`, what should be known of it although it comes in, and what was made along with it."""

    record: Any
    warnings: tuple[str, ...] = ()
    made: tuple[Any, ...] = ()


class Kind:
    """What the rows of a file are; each kind is a class of its own."""

    kind: ClassVar[ImportKind]
    permission: ClassVar[Permission] = Permission.CLIENTS
    model: ClassVar[type[Base]]
    fields: ClassVar[tuple[Field, ...]]
    #: one of these must be matched with a column
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    #: what an office should know before
    hint: ClassVar[str] = ""
    #: tables whose rows hang on a record and go with it when an import is undone
    goes_along: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, source: str) -> None:
        self.source = source
        #: what should be known of a row although it comes in
        self.warnings: list[str] = []
        #: further records that `save` made along with the row's own
        self.made: list[Any] = []

    def tidy(self, rows: Sequence[Row]) -> None:
        """Bring what the rows say into one shape, without asking the database."""

    def require(self, values: Mapping[str, Any]) -> None:
        """Refuse a new record without what it must have."""
        for known in self.fields:
            if known.required and values.get(known.name) in {None, ""}:
                raise Invalid("required", N_("This must be filled in."), field=known.name)

    def prepare(self, rows: Sequence[Row]) -> None:
        """Look up for all rows at once what they speak of."""

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """What makes the row this one and no other, in a file without numbers of its own."""
        raise NotImplementedError

    def find(self, values: Mapping[str, Any]) -> Base | None:
        """The record that is there already, or None."""
        raise NotImplementedError

    def identity(self, values: Mapping[str, Any]) -> Hashable:  # noqa: ARG002 -- see below
        """What two new rows of one piece have in common when they are one record. The second goes to `find` again, once
        the first is in. None: a row is always a record of its own."""
        return None

    def save(self, record: Any, values: Mapping[str, Any], *, actor: Actor) -> Base | Written:  # noqa: ANN401 -- of the kind's model
        """Add a record (None) or change this one, by the rules of its subject."""
        raise NotImplementedError

    def add_many(
        self,
        several: Sequence[Mapping[str, Any]],  # noqa: ARG002 -- see below
        *,
        actor: Actor,  # noqa: ARG002
    ) -> list[Added | WorkflowError] | None:
        """Add new records at once: for each what was added or its refusal, in order. None: one after the other."""
        return None

    def split(
        self, several: Sequence[Mapping[str, Any]], wanted: Callable[[Mapping[str, Any]], T]
    ) -> tuple[list[T], dict[int, WorkflowError]]:
        """For `add_many`: what is wanted of each row, and by its place in `several` why nothing is."""
        good: list[T] = []
        refused: dict[int, WorkflowError] = {}
        for n, values in enumerate(several):
            try:
                good.append(wanted(values))
            except WorkflowError as problem:
                refused[n] = problem
        return good, refused

    def joined(self, n: int, made: Iterable[Any], refused: Mapping[int, WorkflowError]) -> list[Added | WorkflowError]:
        """For `add_many`: the `n` rows' records or refusals, those of `refused` in their places, in the rows' order."""
        rest = iter(made)
        found = [refused[i] if i in refused else next(rest) for i in range(n)]
        return [x if isinstance(x, Added | WorkflowError) else Added(x) for x in found]

    def load(self, ids: Iterable[int]) -> dict[int, Any]:
        """Records by the numbers that `number` gives them."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        return {r.id: r for r in db.session.scalars(sa.select(self.model).where(self.model.id.in_(wanted)))}  # type: ignore[attr-defined]

    def number(self, record: Any) -> int:  # noqa: ANN401 -- of the kind's model
        """What the import calls the record."""
        return int(record.id)

    def about(self, values: Mapping[str, Any]) -> str:
        """Whom the row is about, for people."""
        return " ".join(str(values[n]) for n in ("name", "first_name", "last_name") if values.get(n))

    def blocked(self, records: Sequence[Any]) -> dict[int, str]:
        """Records, by their ids, that may not be taken away again, and why: other rows refer to them."""
        return hanging(self.model, records, self.goes_along)

    def remove(self, record: Any, *, actor: Actor) -> None:  # noqa: ANN401 -- of the kind's model
        """Take away what was made; nothing hangs on it any more."""
        from workflows import records

        records.remove(record, actor=actor, client=getattr(record, "client", None))


def mark_of(kind: Kind, values: Mapping[str, Any]) -> str:
    """What a row's record is known by: its number in the other program, else a mark of what the row says."""
    foreign = str(values.get("foreign_id") or "").strip()
    if foreign:
        return f"id:{foreign}"[:255]
    told_ = "\x1f".join(str(part).casefold() for part in kind.key(values))
    return "row:" + hashlib.sha256(told_.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def by_marks(kind: ImportKind, marks: Iterable[str], source: str) -> dict[str, int]:
    """Which records of ours such marks stand for; those of the same program first."""
    found: dict[str, int] = {}
    wanted = list(set(marks))
    for start in range(0, len(wanted), 500):
        rows = db.session.execute(
            sa.select(ImportedRecord.source, ImportedRecord.foreign_key, ImportedRecord.record_id).where(
                ImportedRecord.kind == kind, ImportedRecord.foreign_key.in_(wanted[start : start + 500])
            )
        )
        for its_source, mark, record_id in rows:
            if its_source == source or mark not in found:
                found[mark] = record_id
    return found


def lower_in(column: Any, texts: Iterable[str]) -> sa.ColumnElement[bool]:  # noqa: ANN401 -- a column or an expression
    """Is the column one of the texts, in whatever case? SQLite lowers only ASCII, so both ways are asked."""
    asked = {v for t in texts for v in (t.lower(), t.translate(_ASCII))}
    return sa.func.lower(column).in_(sorted(asked))


_ASCII = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

#: tables whose rows do not keep a record: the log, and what this is about
_LOOSE = frozenset({"activity", "import_row", "imported_record", "search_entry"})


def hanging(model: type[Base], some: Sequence[Any], but: Collection[str] = ()) -> dict[int, str]:
    """Of these records, those that other rows refer to: they stay. One question for each column that can refer."""
    ids = [r.id for r in some]
    found: dict[int, str] = {}
    if not ids:
        return found
    for column in _referring(model.__tablename__):
        if column.table.name in but:
            continue
        for record_id in db.session.scalars(sa.select(column).where(column.in_(ids)).distinct()):
            found[record_id] = N_("Other records need it.")
    return found


def _referring(table: str) -> Iterable[sa.Column[Any]]:
    for other in Base.metadata.sorted_tables:
        if other.name in _LOOSE:
            continue
        for column in other.columns:
            if any(key.column.table.name == table for key in column.foreign_keys):
                yield column


#: the columns by which a row says whose it is
CLIENT_FIELDS = (
    Field("client_id", N_("Client's number in the old program"), words(200), "1001",
          aliases=("client number", "customer id", "owner id", "clientid", "customerid", "client ref")),
    Field("client_account", N_("Client's account number"), words(40), "", N_("The ten digits of Latchkey."), aliases=("account number", "account no")),
    Field("client_email", N_("Client's mail address"), words(255), "jo@example.com",
          aliases=("client email", "owner email", "customer email", "client e-mail", "email")),
    Field("client_name", N_("Client's name"), words(250), "Hannah Moore",
          aliases=("client", "owner", "customer", "client full name", "owner name", "customer name", "pet owner")),
)  # fmt: skip
CLIENT_NAMES = tuple(f.name for f in CLIENT_FIELDS)


class Clients:
    """Finds the clients that rows speak of, with one question a way for the whole piece."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.by_foreign: dict[str, Client] = {}
        self.by_account: dict[str, Client] = {}
        self.by_email: dict[str, list[Client]] = {}
        self.by_name: dict[str, list[Client]] = {}

    def prepare(self, rows: Sequence[Row], *more: ExecutableOption) -> None:
        """Look up all clients of these rows, with `more` of them if need be."""
        said = {n: {str(r.values[n]).strip() for r in rows if r.values.get(n)} for n in CLIENT_NAMES}
        marks = by_marks(ImportKind.CLIENTS, (f"id:{x}" for x in said["client_id"]), self.source)
        conditions: list[sa.ColumnElement[bool]] = [Client.id.in_(sorted(set(marks.values())))] if marks else []
        accounts = {_digits(x) for x in said["client_account"]}
        if accounts:
            conditions.append(Client.account_number.in_(sorted(accounts)))
        if said["client_email"]:
            conditions.append(Client.email.in_(sorted(x.lower() for x in said["client_email"])))
        if said["client_name"]:
            names = {_turned(x) for x in said["client_name"]}
            conditions.append(lower_in(sa.func.trim(Client.first_name + " " + Client.last_name), names))
        if not conditions:
            return
        found = db.session.scalars(
            sa.select(Client)
            .where(sa.or_(*conditions), Client.erased_at.is_(None))
            .options(joinedload(Client.primary_sitter), *more)
        ).all()
        by_id = {c.id: c for c in found}
        self.by_foreign = {mark[3:]: by_id[i] for mark, i in marks.items() if i in by_id}
        for client in found:
            self.by_account[client.account_number] = client
            self.by_email.setdefault((client.email or "").lower(), []).append(client)
            self.by_name.setdefault(str(client).casefold(), []).append(client)

    def ids(self) -> list[int]:
        """All who were found."""
        return sorted({c.id for c in self.by_account.values()})

    def of(self, values: Mapping[str, Any]) -> Client:
        """The row's client. Invalid when there is none, or when several could be meant."""
        foreign, account = str(values.get("client_id") or "").strip(), _digits(str(values.get("client_account") or ""))
        if foreign and foreign in self.by_foreign:
            return self.by_foreign[foreign]
        if account and account in self.by_account:
            return self.by_account[account]
        name = _turned(str(values.get("client_name") or "")).casefold()
        some = self.by_email.get(str(values.get("client_email") or "-").strip().lower(), [])
        if len(some) > 1 and name:
            some = [c for c in some if str(c).casefold() == name]
        if not some and name:
            some = self.by_name.get(name, [])
        if len(some) == 1:
            return some[0]
        said = foreign or account or values.get("client_email") or values.get("client_name")
        if not said:
            raise Invalid("no_client", N_("The row does not say whose it is."), field="client_name")
        if some:
            raise Invalid("many_clients", N_("%(n)s clients are called %(said)s. Give a number or a mail address."), field="client_name", n=len(some), said=said)  # fmt: skip
        raise Invalid("unknown_client", N_("There is no client %(said)s. Bring the clients in first."), field="client_name", said=said)  # fmt: skip


def client_key(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Whose a row is, as it says it."""
    return tuple(str(values.get(name) or "") for name in CLIENT_NAMES)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _turned(name: str) -> str:
    """`Moore, Hannah` as `Hannah Moore`."""
    last, comma, first = name.partition(",")
    return " ".join((f"{first} {last}" if comma else name).split())
