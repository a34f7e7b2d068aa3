"""The rendered PDFs of billing papers: which are kept, which are due, which are forgotten.

Whoever draws one (`documents.billing_files`) keeps it here under the fingerprint of everything it shows, so that the
portal, the office and the mails hand out the same bytes. A row is replaced when its paper says something else; the
bytes that no row knows are deleted by `forget_orphans`, after every transaction that could still want them.
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from foundation import clock, storage
from foundation.db import db
from models import Allocation, CreditNote, Invoice, InvoiceState, NoteState, PaperFile, Payment, Refund

#: the store's folder
FOLDER = "papers"
#: what was issued longer ago and was never drawn is drawn when somebody asks for it
RECENT = dt.timedelta(days=3)
#: papers that are looked for at once, and the newest allocations that are looked through for changed invoices
BATCH, NEWEST = 50, 500
#: the statements of a client are of many periods; older ones are drawn anew
STATEMENTS_KEPT = dt.timedelta(days=31)
#: bytes without a row are left alone this long: their transaction may still be going on
ORPHAN_AGE = dt.timedelta(days=1)


class AboutKind(enum.StrEnum):
    """What a kept paper is about."""

    INVOICE = "invoice"
    NOTE = "note"
    PAYMENT = "payment"
    REFUND = "refund"
    STATEMENT = "statement"


_COLUMNS = {
    AboutKind.INVOICE: PaperFile.invoice_id,
    AboutKind.NOTE: PaperFile.note_id,
    AboutKind.PAYMENT: PaperFile.payment_id,
    AboutKind.REFUND: PaperFile.refund_id,
    AboutKind.STATEMENT: PaperFile.client_id,
}


@dataclass(frozen=True)
class About:
    """The thing that a paper is of, and for a statement the period; written as `invoice:17`."""

    kind: AboutKind
    #: of the invoice, note, payment, refund; of the client for a statement
    id: int
    first: str = ""
    last: str = ""

    def __str__(self) -> str:
        return ":".join([self.kind, str(self.id), *(part for part in (self.first, self.last) if part)])

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The period of a statement."""
        return dt.date.fromisoformat(self.first), dt.date.fromisoformat(self.last)

    @classmethod
    def parse(cls, text: str) -> "About":
        """The other way; ValueError for a text that is none."""
        kind, number, *period = text.split(":")
        return cls(AboutKind(kind), int(number), *period)


def find(content_hash: str) -> PaperFile | None:
    """The kept PDF that shows exactly this."""
    return db.session.scalar(sa.select(PaperFile).where(PaperFile.content_hash == content_hash))


def read(file: PaperFile) -> bytes | None:
    """Its bytes; None when the store has them no longer."""
    return storage.here().read(file.storage_key)


def keep(about: About, content_hash: str, pdf: bytes, *, as_of: dt.datetime | None = None) -> PaperFile:
    """Keep a PDF that was drawn, in place of earlier ones of the same thing; `as_of` is when its facts were read.

    When another process kept the same one meanwhile, that one stays and these bytes are deleted; when it lost its
    bytes, it gets these. Earlier versions lose their rows here and their bytes with `forget_orphans`.
    """
    key = storage.here().put(pdf, folder=FOLDER, suffix="pdf")
    facts = {"content_hash": content_hash, "storage_key": key, "size": len(pdf), "created_at": as_of or clock.now()}
    file = PaperFile(**facts, **{_COLUMNS[about.kind].key: about.id})
    try:
        with db.session.begin_nested():
            db.session.add(file)
    except IntegrityError:
        known = find(content_hash)
        if known is None:
            storage.here().delete(key)
            raise
        file = _use_again(known, key, len(pdf))
        still_right(file, as_of=file.created_at if as_of is None else as_of)
    _forget_earlier(about, file)
    return file


def _use_again(known: PaperFile, key: str, size: int) -> PaperFile:
    """The row that was first; with the new bytes when its own are gone."""
    if read(known) is None:
        known.storage_key, known.size = key, size
        db.session.flush()
    else:
        storage.here().delete(key)
    return known


def still_right(file: PaperFile, *, as_of: dt.datetime) -> None:
    """Note that its facts were read again and it still shows them, so that it is not due because of what came before."""
    if file.created_at < as_of:
        file.created_at = as_of
        db.session.flush()


def _forget_earlier(about: About, file: PaperFile) -> None:
    earlier = sa.delete(PaperFile).where(_COLUMNS[about.kind] == about.id, PaperFile.id != file.id)
    if about.kind is AboutKind.STATEMENT:
        earlier = earlier.where(PaperFile.created_at < clock.now() - STATEMENTS_KEPT)
    db.session.execute(earlier.execution_options(synchronize_session=False))


# ------------------------------------------------------------------------------------------------------------- due


def due() -> list[About]:
    """What the worker is to draw: new papers that have no PDF, and invoices that something was allocated to since.

    At most a batch of each kind, the newest first. What this does not find (an invoice that becomes overdue, a design
    that changed) is drawn when somebody asks for it.
    """
    since = clock.now() - RECENT
    today = clock.to_local(since).date()
    wanted: list[tuple[AboutKind, InstrumentedAttribute[int], sa.ColumnElement[bool]]] = [
        (AboutKind.INVOICE, Invoice.id, sa.and_(Invoice.state != InvoiceState.DRAFT, Invoice.issued_on >= today)),
        (AboutKind.NOTE, CreditNote.id, sa.and_(CreditNote.state == NoteState.COMMITTED, CreditNote.committed_on >= today)),
        (AboutKind.PAYMENT, Payment.id, sa.and_(Payment.number.is_not(None), Payment.created_at >= since)),
        (AboutKind.REFUND, Refund.id, sa.and_(Refund.number.is_not(None), Refund.created_at >= since)),
    ]  # fmt: skip
    found: list[About] = []
    for kind, column, is_recent in wanted:
        has_none = ~sa.exists().where(_COLUMNS[kind] == column)
        ids = db.session.scalars(sa.select(column).where(is_recent, has_none).order_by(column.desc()).limit(BATCH))
        found += [About(kind, row_id) for row_id in ids]
    return found + [About(AboutKind.INVOICE, row_id) for row_id in _changed_invoices()]


def _changed_invoices() -> Sequence[int]:
    newest = sa.select(Allocation).order_by(Allocation.id.desc()).limit(NEWEST).subquery()
    changed = (
        sa.select(newest.c.invoice_id)
        .join(PaperFile, PaperFile.invoice_id == newest.c.invoice_id)
        .group_by(newest.c.invoice_id)
        .having(sa.func.max(PaperFile.created_at) < sa.func.max(newest.c.created_at))
    )
    return db.session.scalars(changed.limit(BATCH)).all()


# --------------------------------------------------------------------------------------------------------- orphans


def forget_orphans() -> int:
    """Delete the bytes of earlier versions, and of transactions that were rolled back; how many.

    Nothing is lost when this finds too many: a paper can always be drawn again.
    """
    keys = [k for k in storage.here().keys(before=clock.now() - ORPHAN_AGE) if k.startswith(f"{FOLDER}/")]
    n_gone = 0
    for start in range(0, len(keys), 400):
        some = keys[start : start + 400]
        known = set(db.session.scalars(sa.select(PaperFile.storage_key).where(PaperFile.storage_key.in_(some))))
        for key in some:
            if key not in known:
                storage.here().delete(key)
                n_gone += 1
    return n_gone


# ----------------------------------------------------------------------------------------------------------- nudge


def _wake_worker(_mapper: object, _connection: object, target: object) -> None:
    """What changed may show on a paper: the worker is woken after the commit (`application.tasks`)."""
    if not db.session.is_modified(target, include_collections=False):
        return  # a row that another one was added to comes here too
    # A state that was not given is not there yet: it is the first one.
    not_yet = InvoiceState.DRAFT if isinstance(target, Invoice) else NoteState.OPEN
    if not isinstance(target, Invoice | CreditNote) or getattr(target, "state", not_yet) not in {not_yet, None}:
        db.session.info["nudge_papers"] = True


for _table in (Invoice, CreditNote, Payment, Refund, Allocation):
    event.listen(_table, "after_insert", _wake_worker)
    event.listen(_table, "after_update", _wake_worker)
