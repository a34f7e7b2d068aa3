"""A mail server on this machine that keeps what it gets and can be told to misbehave."""

import asyncio
import email
import email.policy
import ssl
from collections import Counter, deque
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.own_servers import free_port


@dataclass
class Letter:
    """One accepted mail."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)  # type: ignore[return-value]

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    def part(self, subtype: str) -> str:
        """The text of the plain or html part."""
        part = self.message.get_body((subtype,))
        assert part is not None
        return part.get_content()


@dataclass
class Postbox:
    """The server: `letters` holds what it accepted. Answers can be set for recipients and for the mails to come."""

    letters: list[Letter] = field(default_factory=list)
    #: {recipient: answer to RCPT}
    refuse: dict[str, str] = field(default_factory=dict)
    #: answers to the next DATA commands; "" accepts
    answers: deque[str] = field(default_factory=deque)
    #: answer to MAIL FROM
    sender_answer: str = ""
    #: seconds of silence before each answer to DATA
    silence: float = 0
    n_talks: int = 0
    is_up: bool = False

    def start(self, **options: Any) -> "Postbox":
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10, **options)
        self.controller.start()
        self.is_up = True
        return self

    def stop(self) -> None:
        """Hang up and close the door; twice is once."""
        if self.is_up:
            self.is_up = False
            self.controller.stop(no_assert=True)

    def by_id(self) -> Counter[str]:
        """How often each Message-ID came."""
        return Counter(letter.message_id for letter in self.letters)

    # What aiosmtpd calls.

    async def handle_EHLO(self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]) -> Any:  # noqa: N802
        self.n_talks += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if self.sender_answer:
            return self.sender_answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.silence:
            await asyncio.sleep(self.silence)
        if self.answers and (answer := self.answers.popleft()):
            return answer
        self.letters.append(Letter(envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 OK"


def server_context(cert: str, key: str) -> ssl.SSLContext:
    """TLS with a certificate that nobody signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context
