"""Mail without a mail server, for development: each one becomes a file in <DATA_DIR>/outbox.

The same states, tries and texts as with a server; only the last step differs. The files hold one-time links, so only
the account that runs Latchkey can read them.
"""

import datetime as dt
import email
import email.policy
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

from flask import Flask
from flask_mail import Message, email_dispatched

from foundation import clock
from models import OutboxMail

_MOMENT = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"(?P<at>\d{8}T\d{6}\.\d{6}Z)-(?P<kind>[a-z_]{1,40})-(?P<id>\d{1,20})")


def delivers_to_folder(app: Flask) -> bool:
    """Is no mail server configured?"""
    return not app.config.get("MAIL_SERVER")


def folder_of(app: Flask) -> Path:
    """Where the files go."""
    return Path(app.config["DATA_DIR"]) / "outbox"


class FolderDelivery:
    """Writes mails as files; used like a connection."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.folder = folder_of(app)

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        pass

    def deliver(self, message: Message, mail: OutboxMail) -> Path:
        """Write the mail as <time>-<kind>-<id>.eml. It appears whole or not at all, and survives a power cut."""
        name = f"{clock.now():{_MOMENT}}-{mail.kind}-{mail.id}"
        path, part = self.folder / f"{name}.eml", self.folder / f".{name}.part"
        message.date = clock.now().timestamp()
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 -- a descriptor
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        email_dispatched.send(self.app, message=message)
        return path


@dataclass(frozen=True)
class FiledMail:
    """A mail of the folder, as a page shows it."""

    name: str
    kind: str
    at: dt.datetime
    to: str
    cc: str
    subject: str
    text: str
    html: str


def names(folder: Path) -> list[str]:
    """The names of the folder's mails, newest first."""
    found = (p.stem for p in folder.glob("*.eml")) if folder.is_dir() else ()
    return sorted((n for n in found if _NAME.fullmatch(n)), reverse=True)


def read(folder: Path, name: str) -> FiledMail | None:
    """One mail, or None for a name that is not one of the folder's. No other file can be reached."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        raw = (folder / f"{name}.eml").read_bytes()
    except FileNotFoundError:
        return None
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = {part.get_content_type(): part.get_content() for part in _texts(message)}
    return FiledMail(
        name=name, kind=match["kind"], at=_moment(match["at"]), to=str(message["To"] or ""), cc=str(message["Cc"] or ""),
        subject=str(message["Subject"] or ""), text=parts.get("text/plain", ""), html=parts.get("text/html", ""),
    )  # fmt: skip


def _moment(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, _MOMENT).replace(tzinfo=clock.UTC)


def _texts(message: EmailMessage) -> Iterator[EmailMessage]:
    return (part for part in message.walk() if part.get_content_maintype() == "text")
