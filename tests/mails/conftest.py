"""A mail server for tests, and the app set to use it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from foundation.db import db
from mailer import deliver
from mailer.examples import PREVIEWS
from models import OutboxMail
from tests.loaded_python import Python
from tests.mails.beside import kill
from tests.mails.postbox import Postbox
from workflows import outbox, settings
from workflows.mail_facts import MailKind


@pytest.fixture
def peer() -> Iterator[Postbox]:
    """A mail server that is up."""
    box = Postbox().start()
    yield box
    box.stop()


@pytest.fixture
def use_server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`use_server(port)` has the app deliver to a server on this machine."""

    def use(port: int, **more: Any) -> None:
        wanted = {
            "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "MAIL_USE_TLS": False, "MAIL_USE_SSL": False,
            "MAIL_USERNAME": None, "MAIL_PASSWORD": None, "MAIL_DEFAULT_SENDER": "post@maple.example", **more,
        }  # fmt: skip
        for key, value in wanted.items():
            monkeypatch.setitem(app.config, key, value)

    return use


@pytest.fixture
def server(peer: Postbox, use_server: Callable[..., None]) -> Postbox:
    """A mail server that is up, and the app delivers to it."""
    use_server(peer.port)
    return peer


@pytest.fixture
def business(app: Flask) -> None:
    """A business with everything that mails show."""
    from models import Setting

    for key, value in {
        "business.name": "Maple Lane Pet Care",
        "business.address": "12 Maple Lane\nSpringfield, MA 01101",
        "business.phone": "+14135550123",
        "business.email": "hello@maple.example",
    }.items():
        db.session.add(Setting(key=key, value=value))
    db.session.commit()
    settings.forget()


@pytest.fixture
def queue(app: Flask) -> Callable[..., OutboxMail]:
    """`queue(kind, to=…)` queues the example of a kind, committed."""

    def queue_one(kind: MailKind = MailKind.VISITS_BOOKED, facts: Any = None, **more: Any) -> OutboxMail:
        mail = outbox.queue_mail(kind, facts or PREVIEWS[kind], **{"to": "alice@example.com", **more})
        assert mail is not None
        db.session.commit()
        return mail

    return queue_one


@pytest.fixture
def drain(app: Flask) -> Callable[..., int]:
    """Deliver what is due, as a worker does; the test's own session sees the results afterwards."""

    def drain_now(**options: Any) -> int:
        db.session.commit()
        try:
            return deliver.drain(app, **options)
        finally:
            db.session.expire_all()

    return drain_now


@pytest.fixture
def started() -> Iterator[list[Python]]:
    """Programs beside the test; what is left of them at its end is killed."""
    programs: list[Python] = []
    yield programs
    for program in programs:
        kill(program)


@pytest.fixture
def programs(app: Flask, tmp_path: Path, started: list[Python]) -> Callable[..., Python]:
    """`programs("work", …)` starts one of `tests.mails.programs` over the test's own database."""

    def start(what: str, *, mail_port: int = 0, **options: Any) -> Python:
        config = {
            "SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"], "DATA_DIR": str(tmp_path),
            "MAIL_SERVER": "127.0.0.1" if mail_port else "", "MAIL_PORT": mail_port,
        }  # fmt: skip
        started.append(Python("-m", "tests.mails.programs", what, json.dumps(config), json.dumps(options)))
        return started[-1]

    return start
