"""What the worker does with an order about many visits."""

from foundation.db import db
from workflows import bulk


def finish(run):
    """Work until the order is done; how many pieces it took."""
    n = 1
    while bulk.work(run.id):
        n += 1
        db.session.commit()
    db.session.commit()
    db.session.expire_all()
    return n
