"""Two installations, one on each database."""

import pytest

from foundation import storage
from foundation.db import db
from tests import databases
from tests.archived import World


@pytest.fixture
def world(app, request, tmp_path):
    """The test's app and an empty one on the other database; both stores empty."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        request.getfixturevalue("postgres_url")
        other = request.getfixturevalue("postgresql_app")
    else:
        other = request.getfixturevalue("sqlite_app")
    db.session.rollback()  # making an app asks the database of the one before
    storage.use(app.extensions["store"])
    for each in (app, other):
        databases.empty(each)
        for path in each.extensions["store"].root.glob("*/*"):
            path.unlink()
    yield World(app, other)
    databases.empty(other)
