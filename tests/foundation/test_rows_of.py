"""`rows_of` sees what the session's own way would see."""

import sqlalchemy as sa

from foundation.db import db, rows_of
from models import Vet

NAMES = sa.select(Vet.__table__.c.name).order_by(Vet.__table__.c.name)


def test_what_waits_in_the_session_is_found(app):
    db.session.add(Vet(name="Riverside"))
    assert [row.name for row in rows_of(NAMES)] == ["Riverside"]


def test_unless_somebody_holds_it_back(app):
    with db.session.no_autoflush:
        db.session.add(Vet(name="Riverside"))
        assert rows_of(NAMES) == []
