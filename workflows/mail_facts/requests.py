"""What the mails about job requests are about."""

from dataclasses import dataclass

from workflows.mail_facts.visits import VisitFacts


@dataclass(frozen=True)
class RequestReceived:
    """To the client: we have your request (also when more lines joined it, or the clock sent it)."""

    client_name: str
    account_number: str
    request_number: int
    lines: tuple[VisitFacts, ...]
    added: bool = False
    #: lines that stayed in the basket because they can no longer be requested
    n_kept_back: int = 0


@dataclass(frozen=True)
class RequestCancelled:
    """To the client: these requested visits are cancelled."""

    client_name: str
    account_number: str
    request_number: int
    lines: tuple[VisitFacts, ...]
    reason: str = ""


@dataclass(frozen=True)
class JobScheduled:
    """To the client: these visits are in the schedule."""

    client_name: str
    account_number: str
    #: 0 for visits that the office booked without a request
    request_number: int
    visits: tuple[VisitFacts, ...]
    message: str = ""


@dataclass(frozen=True)
class RequestDeclined:
    """To the client: these visits cannot be done, and why."""

    client_name: str
    account_number: str
    request_number: int
    lines: tuple[VisitFacts, ...]
    reason: str


@dataclass(frozen=True)
class RequestMessageFacts:
    """To the client or the sitter: a word of the office about a request."""

    recipient_name: str
    client_name: str
    request_number: int
    lines: tuple[VisitFacts, ...]
    body: str
    staff_name: str
    #: (request id, staff id) for a sitter, whose link to the thread is signed at delivery
    answer_to: tuple[int, ...] = ()


@dataclass(frozen=True)
class RequestAnswered:
    """To the office's inbox: the client, or a sitter, answered about a request."""

    client_name: str
    account_number: str
    request_number: int
    body: str
    author_name: str
    from_sitter: bool = False


@dataclass(frozen=True)
class BasketReminder:
    """To the client: your basket has not been sent yet."""

    client_name: str
    account_number: str
    lines: tuple[VisitFacts, ...]
    body: str = ""
