"""The copy of an accepted agreement: what stands in it, and keeping and mailing it once the PDF is made.

`documents.agreement` draws the PDF, `application.tasks` brings the two together in the worker.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock, storage
from foundation.db import db
from models import AgreementAcceptance, AgreementVersion, FilePurpose, OutboxMail, StoredFile
from workflows import outbox, settings
from workflows.mail_facts import AgreementAccepted, MailKind

BATCH = 20


@dataclass(frozen=True)
class Copy:
    """What the PDF says, as plain values; the moment in the business's local time, ISO."""

    business_name: str
    business_address: str
    agreement_name: str
    number: int
    body: str
    client_name: str
    account_number: str
    typed_name: str
    accepted_at: str
    time_zone: str
    #: the log-in that said yes, "" when it is gone
    login: str
    address: str
    text_hash: str


def due() -> Sequence[int]:
    """Acceptances that have no copy yet, oldest first, at most a batch."""
    wanted = sa.select(AgreementAcceptance.id).where(AgreementAcceptance.file_id.is_(None))
    return db.session.scalars(wanted.order_by(AgreementAcceptance.id).limit(BATCH)).all()


def facts(acceptance_id: int) -> Copy | None:
    """What its copy says; None when it is gone."""
    row = db.session.scalar(_with_all(acceptance_id))
    if row is None:
        return None
    version, values = row.agreement_version, settings.read()
    return Copy(
        business_name=values["business.name"], business_address=values["business.address"],
        agreement_name=version.agreement.name, number=version.number, body=version.body, client_name=str(row.client),
        account_number=row.client.account_number_grouped, typed_name=row.typed_name,
        accepted_at=clock.to_local(row.accepted_at).isoformat(timespec="seconds"),
        time_zone=values["business.time_zone"], login=(row.client_login.email or "") if row.client_login else "",
        address=row.address, text_hash=row.text_hash,
    )  # fmt: skip


def keep(acceptance_id: int, pdf: bytes) -> OutboxMail | None:
    """Keep the PDF as the client's file and mail it to them, with a copy to the admin inbox; None when there is one.

    Safe when two workers do it at once: the second one's bytes are thrown away.
    """
    row = db.session.scalar(_with_all(acceptance_id))
    if row is None or row.file_id is not None:
        return None
    name = f"{row.agreement_version.agreement.name} {row.agreement_version.number}.pdf".replace("/", "-")
    file = StoredFile(
        purpose=FilePurpose.AGREEMENT, client_id=row.client_id, name=name, media_type="application/pdf",
        n_bytes=len(pdf), sha256=hashlib.sha256(pdf).hexdigest(), key=storage.here().put(pdf, folder="files", suffix="pdf"),
    )  # fmt: skip
    db.session.add(file)
    db.session.flush()
    taken = db.session.execute(
        sa.update(AgreementAcceptance)
        .where(AgreementAcceptance.id == acceptance_id, AgreementAcceptance.file_id.is_(None))
        .values(file_id=file.id)
        .execution_options(synchronize_session=False)
    )
    if getattr(taken, "rowcount", 0) != 1:
        db.session.delete(file)
        db.session.flush()
        storage.here().delete(file.key)
        return None
    told = AgreementAccepted(
        str(row.client), row.client.account_number, row.agreement_version.agreement.name, row.typed_name,
        clock.to_local(row.accepted_at).date().isoformat(),
    )  # fmt: skip
    mail = outbox.queue_client_mail(
        MailKind.AGREEMENT_ACCEPTED, told, client=row.client, copy_admin=True, dedupe_key=f"agreement:{acceptance_id}"
    )
    if mail is not None:
        mail.file_ids = [file.id]
        db.session.flush()
    return mail


def _with_all(acceptance_id: int) -> sa.Select[AgreementAcceptance]:
    return (
        sa.select(AgreementAcceptance)
        .where(AgreementAcceptance.id == acceptance_id)
        .options(
            joinedload(AgreementAcceptance.agreement_version).joinedload(AgreementVersion.agreement),
            joinedload(AgreementAcceptance.client),
            joinedload(AgreementAcceptance.client_login),
        )
        .execution_options(populate_existing=True)
    )
