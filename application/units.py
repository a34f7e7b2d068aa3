"""What a task of the worker runs in."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from foundation.db import db
from workflows import settings


@contextmanager
def unit_of_work(app: Flask) -> Iterator[None]:
    """An app context, a session and fresh settings of its own; committed at the end, or rolled back and raised."""
    with app.app_context():
        settings.forget()
        settings.read()
        try:
            yield
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        finally:
            db.session.remove()
