"""A lost connection as the HTTP library would raise it, for calls to the demo gateway within the process."""

import socket
from typing import Any

from gateways.demo.faults import Lost


def as_raised(lost: Lost) -> Exception:
    """Nobody waits: the time that a hang would take is not spent."""
    from requests import exceptions
    from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

    nowhere: Any = None
    if lost.kind == "hang":
        return exceptions.ReadTimeout("no answer")
    if lost.kind == "connect_timeout":
        return exceptions.ConnectTimeout("no connection")
    if lost.kind == "refused":
        return exceptions.ConnectionError(MaxRetryError(nowhere, "/", NewConnectionError(nowhere, "refused")))
    if lost.kind == "dns":
        reason = NameResolutionError("gateway.invalid", nowhere, socket.gaierror("unknown name"))
        return exceptions.ConnectionError(MaxRetryError(nowhere, "/", reason))
    return exceptions.ConnectionError(ProtocolError("Connection aborted."))
