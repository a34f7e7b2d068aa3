"""Archives for tests: a business with a row of every table, what two installations hold, archives that were tampered with."""

import contextvars
import json
import zipfile

import sqlalchemy as sa

from foundation import storage
from foundation.db import Base, db
from models import Counter, Setting
from tests import cast as cast_
from tests import factories
from tests.factories import FACTORIES

#: tables of a running installation, which no archive holds
LEFT_OUT = {
    "sign_in",
    "login_attempt",
    "form_key",
    "data_archive",
    "sign_of_life",
    "search_entry",
    "api_answer",
    "hook_delivery",
}


class World:
    """Two installations, one entered at a time."""

    def __init__(self, app, other):
        self.app, self.other = app, other

    def fill(self):
        """A row of every table, and two files that rows know; the owner's mail address."""
        cast = cast_.make_cast()
        for kind, factory in FACTORIES.items():
            if kind.__name__ != "Counter":
                factory()
        factories.client("Zoë =1+1 \u2028\U0001f43e", notes="a\r\nb\t'\"\\ \u0085")
        db.session.add_all([Counter(name="invoice", value=12), Setting(key="portal.notice", value=None)])
        store = storage.here()
        plan, small = (store.put(name, folder="files", suffix="pdf") for name in (b"the plan", b"small"))
        factories.stored_file(cast.alice, key=plan, thumbnail_key=small)
        store.put(b"an archive", folder="archives", suffix="zip")
        email = factories.staff_login(cast.olivia).email
        db.session.commit()
        db.session.remove()
        return email

    def run(self, *words, app=None):
        """A command; its exit code and all that it said."""
        app = app or self.app
        storage.use(app.extensions["store"])
        # In a context of its own: inside of another app's, a command would be that app's.
        done = contextvars.Context().run(app.test_cli_runner().invoke, args=[str(w) for w in words])
        storage.use(self.app.extensions["store"])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    def contents(self, app=None, without=frozenset()):
        """Table -> every row, as the tables' own types read it."""
        app = app or self.app
        with app.app_context(), db.engine.connect() as connection:
            return {
                t.name: sorted(map(repr, connection.execute(sa.select(t))))
                for t in Base.metadata.sorted_tables
                if t.name not in LEFT_OUT and t.name not in without
            }

    def files(self, app=None):
        """Key -> bytes, archives aside."""
        root = (app or self.app).extensions["store"].root
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.glob("*/*") if p.parent.name != "archives"}


def rewritten(path, change, *, name="manifest.json"):
    """The archive with one entry changed by `change(text)`, at its place."""
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, change(data) if entry.filename == name else data)
    return other


def with_manifest(path, change):
    """The archive with its manifest changed in place by `change(manifest)`."""

    def edit(data):
        manifest = json.loads(data)
        change(manifest)
        return json.dumps(manifest)

    return rewritten(path, edit)
