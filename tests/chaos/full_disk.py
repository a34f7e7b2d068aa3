"""An installation on one small disk that is really filled: SQLite's file, its log of changes, uploads and backups all lie on it.

`python -m tests.chaos.full_disk FOLDER` runs where FOLDER is that disk (`small_disk.mounted`), and prints what was wrong.
"""

import datetime as dt
import io
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from application import doctor, tasks
from foundation import clock, storage
from foundation.db import db, reading
from models import Job, JobRequestLine, MailState, OutboxMail, Sign, SignOfLife
from tests import databases, factories, sent_files, sessions
from tests.cast import make_cast
from tests.chaos.people import SENTENCE
from tests.portal.conftest import Walker
from workflows import backups, condition, report_views, settings


class Household:
    """A client who asks for visits, a sitter who sends report cards with a photo, and the worker."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with app.app_context():
            cast = make_cast()
            settings.change({"backups.at": "00:00"}, actor=cast.as_olivia)
            condition.leave(Sign.WORKER)
            db.session.execute(sa.update(SignOfLife).values(since=clock.now() - dt.timedelta(days=2)))
            now = clock.local_now()
            visits = [
                factories.job(cast.alice, cast.walk, sitter=cast.sam, on_date=now.date(), start_time=now.time().replace(second=0, microsecond=0))
                for _ in range(2)
            ]  # fmt: skip
            db.session.commit()
            self.visits = [(job.id, f"/staff/visits/{job.public_id}/") for job in visits]
            self.item, self.pet, self.client_id = cast.walk.public_id, cast.biscuit.public_id, cast.alice.id
            self.client = self._browser(sessions.begin(app, factories.client_login(cast.alice)))
            self.sitter = self._browser(sessions.begin(app, factories.staff_login(cast.sam)))
            db.session.remove()
        for _id, path in self.visits:
            self.sitter.press(self.sitter.get(path), "/arrival")

    def _browser(self, cookie: tuple[str, str]) -> Walker:
        client = self.app.test_client()
        client.set_cookie(*cookie)
        return Walker(client)

    def look(self) -> tuple[int, str]:
        """Open a page."""
        page = self.client.browser.get("/portal/request")
        return page.status_code, page.text

    def wish(self, days: int) -> tuple[int, str]:
        """Add a visit in so many days to the request, by the form of a page that was open before."""
        form = self.form.filled(dates=[clock.today() + dt.timedelta(days)], service=self.item, pets=[self.pet])
        return self._sent(self.client.browser.post(self.form.action, data=form))

    def report(self, n: int) -> tuple[int, str]:
        """Send the report card of a visit with a large photo, by a page that was open before."""
        photo = sent_files.picture("JPEG", size=(1200, 900), color=(n, 20, 99))
        data = {**self.cards[n].filled(message="All well", do="send"), "photos": [(io.BytesIO(photo), "a.jpg")]}
        return self._sent(self.sitter.browser.post(self.cards[n].action, data=data, content_type="multipart/form-data"))

    def open_pages(self) -> None:
        """What people have before them when the disk gets full."""
        self.form = self.client.get("/portal/request").form("/portal/request")
        self.cards = [self.sitter.get(f"{path}report").form("/report") for _id, path in self.visits]

    def work(self) -> None:
        """What the worker does meanwhile: none of it may raise, nor give anything up."""
        for task in (tasks.tidying.show_life, tasks.mails.send_mails, tasks.backups.back_up, tasks.orders.bulk_orders):
            tasks._quietly(task, self.app)

    def kept(self) -> dict[str, Any]:
        """What the database and the store have of all that."""
        with self.app.app_context(), reading():
            lines = sa.select(JobRequestLine.on_date).where(JobRequestLine.client_id == self.client_id)
            days = [(day - clock.today()).days for day in db.session.scalars(lines)]
            photos = []
            for job_id, _path in self.visits:
                card = db.session.get_one(Job, job_id).report_card
                own = report_views.photos_of(card) if card is not None else []
                photos.append([len(storage.here().read(p.key) or b"") == p.n_bytes for p in own])
            mails = sa.select(sa.func.count(OutboxMail.id)).where(OutboxMail.state == MailState.FAILED)
            found = {
                "days": sorted(days),
                "photos": photos,
                "failed": db.session.scalar(mails),
                "backup": backups.is_due(),
            }
            db.session.remove()
        return found

    def _sent(self, answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.text


@contextmanager
def no_room(folder: Path) -> Iterator[None]:
    """Not one more byte fits onto the disk of this folder meanwhile."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink()


def wrong_with(folder: Path) -> list[str]:
    """Fill the disk under the people's hands, twice: with an empty log of changes, and with one that has room left."""
    app = databases.make_app(f"sqlite:///{folder / 'latchkey.db'}", folder, is_durable=True)
    app.config["PROPAGATE_BUGS"] = False
    databases.take_the_process(app)
    house, found = Household(app), []

    def refused(what: str, answer: tuple[int, str]) -> None:
        if answer[0] != 503 or not all(words in answer[1] for words in SENTENCE):
            found.append(f"{what}: {answer[0]} {answer[1][:300]}")

    def taken(what: str, answer: tuple[int, str]) -> None:
        if answer[0] not in {200, 302, 303}:
            found.append(f"{what}: {answer[0]} {answer[1][:300]}")

    house.open_pages()
    taken("a wish before", house.wish(10))
    taken("a report before", house.report(0))
    _checkpoint(folder)
    with no_room(folder):
        taken("a page with a full disk", house.look())
        refused("a wish with a full disk", house.wish(11))
        refused("a report with a full disk", house.report(1))
        house.work()
        refused("a wish after the worker was there", house.wish(11))
        taken("a page with a full disk", house.look())
    if (has := house.kept()) != (wanted := {"days": [10], "photos": [[True], []], "failed": 0, "backup": True}):
        found.append(f"with a full disk there was {has}, not {wanted}")
    if left := [str(p.relative_to(folder)) for p in folder.rglob("*.part")]:
        found.append(f"left behind: {left}")
    taken("the same wish with room", house.wish(11))
    taken("the same report with room", house.report(1))
    # Now the log has room for some more: whoever is told that it was kept has it kept.
    told = [10, 11]
    with no_room(folder):
        for days in range(12, 400):
            answer = house.wish(days)
            if answer[0] == 503:
                refused("a wish too many", answer)
                break
            taken("a wish that the log has room for", answer)
            told.append(days)
        else:
            found.append("the disk was never full")
    house.work()
    has = house.kept()
    if has != (wanted := {"days": told, "photos": [[True], [True]], "failed": 0, "backup": False}):
        found.append(f"in the end there was {has}, not {wanted}")
    with closing(sqlite3.connect(folder / "latchkey.db")) as connection:
        found += [str(row) for row in connection.execute("PRAGMA integrity_check") if row != ("ok",)]
        found += [f"no parent: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    broken = {about for about, _check in doctor.BROKEN}
    return found + [str(f) for f in doctor.examine(app, production=False) if f.about in broken and f.level is not doctor.Level.OK]  # fmt: skip


def _checkpoint(folder: Path) -> None:
    """Bring the log of changes to nothing, so that the next change must make it longer."""
    with closing(sqlite3.connect(folder / "latchkey.db")) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


if __name__ == "__main__":
    sys.stdout.write("\n".join(wrong_with(Path(sys.argv[1]))) + "\n")
    sys.stdout.flush()
    os._exit(0)
