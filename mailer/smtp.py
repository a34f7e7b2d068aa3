"""Flask-Mail's connection made safe, and what the answers of a mail server mean for a mail.

Flask-Mail 0.10 waits for ever, does not check certificates, drops what it hears about refused copies, sends nothing
at all while `app.testing`, and prints the whole talk (links and passwords) while `app.debug`. None of that here.
"""

import smtplib
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, cast

from flask import Flask
from flask_mail import Connection, Mail, Message

#: seconds that the server may be silent
TIMEOUT = 20
#: "log in first", "your log-in was refused": our set-up is wrong, not the mail
_LOGIN_CODES = frozenset({530, 534, 535, 538})

Refused = dict[str, tuple[int, bytes]]


class _Careful:
    """smtplib's client, all or nothing: while a recipient is put off, nobody gets the mail.

    Otherwise those who got it would get it again with every new try for the one who did not.
    """

    all_or_nothing = True
    put_off: Refused
    #: who was refused although others got the mail; Flask-Mail would not say
    refused: Refused

    def sendmail(self, *args: Any, **options: Any) -> Refused:  # noqa: ANN401 -- smtplib's own signature
        self.put_off, self.refused = {}, {}
        self.refused = super().sendmail(*args, **options)  # type: ignore[misc]
        return self.refused

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        answer: tuple[int, bytes] = super().rcpt(recip, options)  # type: ignore[misc]
        if 400 <= answer[0] < 500:
            self.put_off[recip] = answer
        return answer

    def data(self, msg: Any) -> tuple[int, bytes]:  # noqa: ANN401
        if self.put_off and self.all_or_nothing:
            self.rset()  # type: ignore[attr-defined]
            raise smtplib.SMTPRecipientsRefused(self.put_off)
        return super().data(msg)  # type: ignore[misc]


class _Plain(_Careful, smtplib.SMTP):
    pass


class _Tls(_Careful, smtplib.SMTP_SSL):
    pass


def connection_of(app: Flask) -> "SafeConnection":
    """A connection to the server that the config names now; what Flask-Mail read when the app was made may be older."""
    return SafeConnection(cast("Mail", Mail().init_mail(app.config)))  # its own `connect` hands over the state too


class SafeConnection(Connection):
    """One talk with the mail server: a time-out, checked certificates, and no way to be switched off in silence."""

    def __enter__(self) -> Self:
        self.host = self.configure_host()
        self.num_emails = 0
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Say goodbye; a server that is gone already is no failure of what was sent before."""
        host, self.host = self.host, None
        if host is not None:
            try:
                host.quit()
            except (OSError, smtplib.SMTPException):
                host.close()

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        """Connect, encrypt and log in as configured. OSError or SMTPException says that this server is of no use now."""
        state = self.mail
        host: smtplib.SMTP
        if state.use_ssl:
            host = _Tls(state.server, state.port or 465, timeout=TIMEOUT, context=ssl.create_default_context())
        else:
            host = _Plain(state.server, state.port or 25, timeout=TIMEOUT)
        try:
            if state.use_tls and not state.use_ssl:
                host.starttls(context=ssl.create_default_context())
            if state.username and state.password:
                host.login(state.username, state.password)
        except BaseException:
            host.close()
            raise
        return host

    def deliver(self, message: Message, *, last_try: bool) -> Refused:
        """Hand the message over. Returns who was refused while others got it; raises when nobody did.

        While any recipient is put off (4xx) nobody gets it, so that a repeat reaches everybody just once; on the last
        try those who can get it do.
        """
        host = self.host
        if not isinstance(host, _Careful):
            raise smtplib.SMTPServerDisconnected("not connected")
        host.all_or_nothing = not last_try
        # MAIL_MAX_EMAILS would have Flask-Mail hang up and call again inside `send`, when this mail is already out.
        self.num_emails = -1
        self.send(message, envelope_from=_bare(message))
        return host.refused


def _bare(message: Message) -> str:
    return message.sender[1] if isinstance(message.sender, tuple) else message.sender


def is_permanent(problem: Exception) -> bool:
    """Will the same mail be refused again however often it is tried?"""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _text in problem.recipients.values())
    if isinstance(problem, smtplib.SMTPResponseException):
        return 500 <= problem.smtp_code < 600 and not is_server_trouble(problem)
    return not isinstance(problem, OSError | smtplib.SMTPException)


def is_server_trouble(problem: Exception) -> bool:
    """Is it the server or our log-in there, so that no other mail would get through either?"""
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return True
    return isinstance(problem, smtplib.SMTPResponseException) and problem.smtp_code in _LOGIN_CODES


def is_gone(problem: Exception) -> bool:
    """Is this talk over, or in a state that nobody knows, so that the next mail needs a new one?"""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return any(code == 421 for code, _text in problem.recipients.values())
    return not isinstance(problem, smtplib.SMTPSenderRefused) or problem.smtp_code == 421


def explain(problem: Exception) -> str:
    """What happened, in words of the server where it gave any."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return explain_refused(problem.recipients)
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{problem.smtp_code} {_text(problem.smtp_error)}"
    return f"{type(problem).__name__}: {problem}"


def explain_refused(refused: Refused) -> str:
    """Who was refused, and with which words."""
    return "; ".join(f"{address}: {code} {_text(text)}" for address, (code, text) in refused.items())


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
