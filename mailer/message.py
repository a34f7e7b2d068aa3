"""A rendered mail as a Flask-Mail message: who gets it, in whose name, under which id. Headers cannot be smuggled in.

Flask-Mail refuses line ends in some headers and writes others as they come; so every address and name is made safe
here, and a mail whose address is none is refused before anybody is connected to.
"""

import re
from email.charset import QP, Charset
from email.headerregistry import Address
from email.mime.base import MIMEBase
from email.policy import Policy
from email.utils import parseaddr

import sqlalchemy as sa
from flask import current_app
from flask_mail import Message

from foundation import storage
from foundation.db import db
from mailer import papers
from mailer.render import Rendered, one_line, unsubscribe_link
from models import OutboxMail, StoredFile
from workflows import settings
from workflows.mail_facts import MailKind, from_json

#: one plain address: no spaces, quotes, lists or groups, so that it can only ever be one recipient
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\s@,;:<>()\[\]\\\"]{1,253}")
#: quoted-printable: other encodings of Flask-Mail's write lines that are longer than SMTP allows
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP


class BadAddress(ValueError):
    """What stands in the place of an address is none, or one that our server cannot write to."""


class BadSender(RuntimeError):
    """MAIL_DEFAULT_SENDER is no address: the set-up is wrong, not any mail."""


class _Link(str):
    """A link in a header. Python would write what is longer than a line as encoded words, which no mail program follows."""

    __slots__ = ()
    name = "List-Unsubscribe"

    def fold(self, *, policy: Policy) -> str:
        """The header on one line, as `email.policy` asks for it."""
        return f"{self.name}: {self}{policy.linesep}"


class Letter(Message):
    """A message whose From is written by Python's own rules: folding Flask-Mail's puts spaces into long names."""

    def _message(self) -> MIMEBase:
        message = super()._message()
        if isinstance(self.sender, tuple):
            name, address = self.sender
            message.replace_header("From", str(Address(name, addr_spec=address)))
        return message


def compose(mail: OutboxMail, rendered: Rendered) -> Message:
    """The message as it goes out.

    BadAddress when the main recipient is no address. A copy that goes to no address is left out: the others must not
    suffer from it. BadSender when our own address is none.
    """
    values = settings.read()
    to = plain_address(mail.to_address)
    copies = [a for a in map(_or_none, mail.cc_addresses) if a and a.casefold() != to.casefold()]
    message = Letter(
        rendered.subject,
        recipients=[to],
        cc=list(dict.fromkeys(copies)),
        body=rendered.text,
        html=rendered.html,
        reply_to=_or_none(values["business.email"]),
        charset=_UTF8,  # type: ignore[arg-type]  # handed on to email.mime, which takes a Charset too
        extra_headers=_headers(mail),
    )
    message.msgId = one_line(mail.message_id)
    # A pair stays a pair only when set afterwards: the constructor would write it as "name <address>" without quotes.
    message.sender = (one_line(values["business.name"]), sender_address())
    for file in _files(mail):
        message.attach(file.name, file.media_type, storage.here().read(file.key))
    if (pdf := papers.pdf_of(mail)) is not None:
        message.attach(pdf.name, "application/pdf", pdf.data)
    if (statement := papers.pay_statement_of(mail)) is not None:
        name, data = statement
        message.attach(name, "application/pdf", data)
    return message


def _headers(mail: OutboxMail) -> dict[str, str]:
    """What mail programs read: holiday replies stay away (RFC 3834); news can be stopped with one click (RFC 8058)."""
    headers = {"Auto-Submitted": "auto-generated"}
    if mail.kind == MailKind.OWN_MAIL.value and (link := unsubscribe_link(from_json(MailKind.OWN_MAIL, mail.facts))):
        headers |= {_Link.name: _Link(f"<{link}>"), "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return headers


def _files(mail: OutboxMail) -> list[StoredFile]:
    """What goes along. A file that was taken away meanwhile is left out: the words must still arrive."""
    if not mail.file_ids:
        return []
    wanted = sa.select(StoredFile).where(StoredFile.id.in_(mail.file_ids), StoredFile.removed_at.is_(None))
    return list(db.session.scalars(wanted.order_by(StoredFile.id)))


def sender_address() -> str:
    """The address that mails come from, without its name."""
    try:
        return plain_address(parseaddr(current_app.config["MAIL_DEFAULT_SENDER"])[1])
    except BadAddress as problem:
        raise BadSender("MAIL_DEFAULT_SENDER is no mail address") from problem


def plain_address(text: str) -> str:
    """The text as one address with an ASCII domain, or BadAddress."""
    address = text.strip()
    if not _ADDRESS.fullmatch(address):
        raise BadAddress("not a mail address, or one with signs that mail servers do not all take")
    name, _at, domain = address.rpartition("@")
    try:
        return f"{name}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as problem:
        raise BadAddress("its part after the @ is no domain name") from problem


def _or_none(text: str | None) -> str | None:
    try:
        return plain_address(text or "")
    except BadAddress:
        return None
