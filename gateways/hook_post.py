"""Sends a message to an address that somebody typed: never into our own network, never elsewhere, never for long.

The name is looked up once, every number that it has must be a public one, and the connection goes to the number that
was looked at: a name that leads elsewhere a moment later changes nothing. Redirects are not followed, and of the
answer only the status is read.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

#: for each step, and for all of them together
STEP_SECONDS, ALL_SECONDS = 5.0, 12.0
#: the addresses of version 6 that are anybody's: outside of them lie old and local ways to write one of version 4
_ANYBODYS = ipaddress.ip_network("2000::/3")
#: those among them that stand for one of version 4 behind a translator
_TRANSLATED = (
    ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("2001::/32"),
)


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or why there is none."""

    status: int | None
    error: str = ""


class _Forbidden(Exception):
    """Nothing is sent there."""


def is_allowed(number: str, *, may_be_local: bool) -> bool:
    """Is this a public address, or, in development, this machine?"""
    address = ipaddress.ip_address(number)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif not address.is_loopback and (address not in _ANYBODYS or any(address in net for net in _TRANSLATED)):
            return False
    if may_be_local and address.is_loopback:
        return True
    return address.is_global and not address.is_multicast


def send(url: str, body: bytes, headers: Mapping[str, str], *, may_be_local: bool) -> Answer:
    """POST the body; whatever goes wrong is in the answer, nothing is raised. Takes twelve seconds at most."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        number = _number(parts.hostname or "", port, may_be_local=may_be_local)
        if parts.scheme != "https" and not ipaddress.ip_address(number).is_loopback:
            raise _Forbidden("not https")  # noqa: TRY301 -- one place that says what happened
        return _post(url, port, number, body, headers)
    except _Forbidden as problem:
        return Answer(None, str(problem))
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return Answer(None, f"{type(problem).__name__}: {problem}"[:200])


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _number(host: str, port: int, *, may_be_local: bool) -> str:
    """The one that is connected to, if all that the name leads to are allowed."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(is_allowed(n.partition("%")[0], may_be_local=may_be_local) for n in found):
        raise _Forbidden("the address is inside of a private network")
    return found[0]


def _post(url: str, port: int, number: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    parts = urlsplit(url)
    scheme, host = parts.scheme, parts.hostname or ""
    connection = http.client.HTTPConnection(host, port, timeout=STEP_SECONDS)
    # Without this a peer that sends a letter a second would hold the worker: each step has its own time-out only.
    late = threading.Event()
    watch = threading.Timer(ALL_SECONDS, lambda: _hang_up(connection, late))
    watch.daemon = True
    watch.start()
    try:
        plain = socket.create_connection((number, port), timeout=STEP_SECONDS)
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if scheme == "https" else plain  # fmt: skip
        connection.request("POST", _target(url), body=body, headers={**headers, "Connection": "close"})
        status = connection.getresponse().status
        if late.is_set():  # what was cut off reads like an end
            raise TimeoutError("no whole answer in time")
        return Answer(status, "" if 200 <= status < 300 else f"the answer was {status}")
    finally:
        watch.cancel()
        connection.close()


def _hang_up(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
