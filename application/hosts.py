"""Under which names the application answers: what the Host header may say.

Links in mails never follow the header; they are made from PUBLIC_URL. A foreign name is refused all the same: pages
that answer to any name can be made to lead elsewhere, or into caches.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

#: this machine's own, for `make run` and for tests
LOCAL = ("127.0.0.1", "localhost")


def trusted(config: dict[str, Any]) -> list[str]:
    """The name in PUBLIC_URL, those of TRUSTED_HOSTS, and this machine's own, unless production has another address."""
    own = urlsplit(config["PUBLIC_URL"]).hostname or ""
    is_local = config["ENV_NAME"] != "production" or own in LOCAL
    return list(dict.fromkeys([own, *(config.get("TRUSTED_HOSTS") or []), *(LOCAL if is_local else [])]))


def from_text(text: str) -> list[str]:
    """What the operator wrote: names with commas between them; one with a dot in front stands for all below it."""
    return [name for name in (part.strip().lower() for part in text.split(",")) if name]


def install(app: Flask) -> None:
    """Names count in any case; and the two pages for whoever watches the server answer under all: they often know only its number."""
    inner = app.wsgi_app

    def checked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 -- WSGI's callable
        if environ.get("PATH_INFO") in {"/healthz", "/readyz"}:
            environ["HTTP_HOST"] = app.config["TRUSTED_HOSTS"][0]
        elif "HTTP_HOST" in environ:
            environ["HTTP_HOST"] = environ["HTTP_HOST"].lower()
        return inner(environ, start_response)

    app.wsgi_app = checked  # type: ignore[method-assign]
