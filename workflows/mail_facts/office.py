"""What the mails of the office itself are about."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BackupFailed:
    """To the owners: no backup could be made, or the newest one cannot be read."""

    is_check: bool
    problem: str
    #: the day of the last good one
    last_on: str | None = None


@dataclass(frozen=True)
class TemplateTest:
    """To whoever edits a mail's words: what they would look like, about made-up people."""

    of_kind: str
    subject: str
    body: str


@dataclass(frozen=True)
class OwnMail:
    """To the client: a mail of the office's own, in the words that were ordered, with merge codes."""

    client_name: str
    first_name: str
    last_name: str
    account_number: str
    subject: str
    body: str
    #: carries a link to be spared further ones, for this client and address
    is_news: bool = False
    client_id: int = 0
    address: str = ""
