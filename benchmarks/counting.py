"""How many statements a page sends: one visit inside this process, the session, the settings and the badge included."""

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from foundation.db import db

_ASKS = ("SELECT", "WITH", "UPDATE", "INSERT", "DELETE")
_PARTS = re.compile(r'<(?:link|script|img)\b[^>]*?\b(?:href|src)="(/[^"]+)"')


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """The statements that are sent inside."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.lstrip("( \n").upper().startswith(_ASKS):
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def queries(app: Flask, path: str, cookie: str) -> int:
    """How many statements one visit sends. The page must be there."""
    with app.app_context():
        engine = db.engine
    # Outside of the context: inside, the request would share its `g` and find the session read already.
    with statements(engine) as sent:
        answer = app.test_client(use_cookies=False).get(path, headers={"Cookie": cookie})
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return len(sent)


def first_visit_kb(app: Flask, path: str, cookie: str) -> float:
    """What a first visit loads, compressed: the page and all that it names of ours."""
    client = app.test_client(use_cookies=False)
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}
    page = client.get(path, headers=headers)
    body = gzip.decompress(page.data) if page.headers.get("Content-Encoding") == "gzip" else page.data
    total = len(page.data) if body is not page.data else len(gzip.compress(body))
    for part in sorted(set(_PARTS.findall(body.decode()))):
        total += len(client.get(part.replace("&amp;", "&"), headers=headers).data)
    return total / 1024
