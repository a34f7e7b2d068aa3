"""Mails in the office's own words: edited templates with their versions, who wants no mails, own mails to many."""

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation import clock
from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, utc
from tables.columns import fk
from tables.communication import OutboxMail
from tables.people import Client, Staff


class MailTemplate(Base):
    """A kind of mail whose words the office changed; a kind without a row is sent as it came with Latchkey."""

    __tablename__ = "mail_template"
    id: Mapped[pk]
    kind: Mapped[str] = mapped_column(sa.String(40), unique=True)
    #: the number of the version that is in use; None: the words that came with Latchkey
    in_use: Mapped[int | None]
    #: since when it could not be rendered and the words that came with Latchkey are sent instead
    broken_at: Mapped[utc | None]
    broken_why: Mapped[line_text] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    versions: Mapped[list["MailTemplateVersion"]] = relationship(
        back_populates="template", order_by="MailTemplateVersion.number", cascade="all, delete-orphan"
    )
    __mapper_args__ = {"version_id_col": version}


class MailTemplateVersion(Base):
    """One state of a template's words; only ever added."""

    __tablename__ = "mail_template_version"
    id: Mapped[pk]
    template_id: Mapped[int] = fk("mail_template.id", ondelete="CASCADE", index=False)
    #: 1, 2, 3 ... within the template
    number: Mapped[int]
    subject: Mapped[line_text]
    #: what the office typed, with merge codes; its HTML and its plain text are made from it
    body: Mapped[long_text]
    saved_at: Mapped[utc] = mapped_column(default=clock.now)
    saved_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    saved_by_name: Mapped[line_text] = mapped_column(default="")
    template: Mapped[MailTemplate] = relationship(back_populates="versions")
    saved_by: Mapped[Staff | None] = relationship()
    __table_args__ = (sa.UniqueConstraint("template_id", "number"),)


class RefusalKind(enum.StrEnum):
    """Why an address gets no (or no own) mails of the office."""

    #: the mail server gave it back: nothing is sent until the mark is taken off
    BOUNCED = "bounced"
    #: its reader wants no own mails of the office; what they must know is still sent
    UNSUBSCRIBED = "unsubscribed"


class MailRefusal(Base):
    """An address that cannot or does not want to be written to."""

    __tablename__ = "mail_refusal"
    id: Mapped[pk]
    #: in lower case
    address: Mapped[line_text]
    kind: Mapped[RefusalKind] = mapped_column(enum_column(RefusalKind))
    #: what the mail server said, or who marked it
    reason: Mapped[line_text] = mapped_column(default="")
    mail_id: Mapped[int | None] = fk("outbox_mail.id", ondelete="SET NULL")
    client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE")
    created_at: Mapped[created_at]
    mail: Mapped[OutboxMail | None] = relationship()
    client: Mapped[Client | None] = relationship()
    __table_args__ = (sa.UniqueConstraint("address", "kind"),)


class Mailing(Base):
    """A mail of the office's own to one client or a list of them; the worker sends it in pieces (a `BulkRun`)."""

    __tablename__ = "mailing"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    subject: Mapped[line_text]
    body: Mapped[long_text]
    #: news and offers, which carry a link to be spared further ones; else about the service itself
    is_news: Mapped[bool] = mapped_column(default=False)
    #: how the list was chosen, in the words that the list's address had
    chosen: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    run_id: Mapped[int | None] = fk("bulk_run.id", ondelete="SET NULL")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    staff_name: Mapped[line_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    staff: Mapped[Staff | None] = relationship()
