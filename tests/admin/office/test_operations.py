"""The owner's page of how the installation runs, and what HOME says when it does not."""

import datetime as dt
import shutil

import pytest

from foundation import clock
from foundation.db import db
from models import AttemptState, MailState, Sign
from tests import factories, money_factories
from workflows import condition, settings


@pytest.fixture
def olivia(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.olivia)


def _signs(**wells):
    for name, is_well in wells.items():
        condition.leave(Sign[name.upper()], is_well=is_well, name="latchkey-1.lkb", n_bytes=2048, is_sealed=True)
    db.session.commit()


def test_all_is_well(olivia, cast, clock_at):
    _signs(**dict.fromkeys(("worker", "backup", "backup_check", "compare_books", "clean_up", "repeats"), True))
    html = olivia.get("/admin/operations/").text
    for words in (
        "All is well", "The worker runs", "Nothing waits", "No mail has failed", "The last backup went well",
        "latchkey-1.lkb, 2 KB", "It is encrypted.", "The newest backup was read", "No payment is unclear",
        "The disk has room", "The database answers", f"tables of version {condition.migration()}",
    ):  # fmt: skip
        assert words in html, words
    assert ("ui-todo--danger" in html, "ui-todo--req" in html) == (False, False)
    home = olivia.get("/admin/").text
    assert ("worker" in home, "backup" in home) == (False, False)


def test_the_summary_counts_what_is_still_to_be_set_up_or_looked_at(olivia, cast, clock_at):
    _signs(worker=True)
    html = olivia.get("/admin/operations/").text
    assert "No backup yet" in html
    assert "Nothing is wrong; look at 1 thing" in html
    assert "All is well" not in html
    money_factories.payment_attempt(state=AttemptState.UNKNOWN)
    db.session.commit()
    assert "Nothing is wrong; look at 2 things" in olivia.get("/admin/operations/").text
    _signs(clean_up=False)
    assert "1 thing needs you" in olivia.get("/admin/operations/").text


def test_each_trouble_says_what_to_do_and_stands_on_home(olivia, cast, clock_at, monkeypatch):
    now = clock.now()
    _signs(worker=True, backup=True, backup_check=True)
    clock_at(now + dt.timedelta(minutes=11))
    factories.outbox_mail(state=MailState.QUEUED, next_at=now)
    factories.outbox_mail(state=MailState.FAILED)
    money_factories.payment_attempt(state=AttemptState.UNKNOWN)
    _signs(backup=False, backup_check=False, clean_up=False)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1))
    html = olivia.get("/admin/operations/").text
    for words in (
        "The worker does not run", "Its last sign of life was", "flask worker", "1 thing waits for the worker",
        "That is long.", "1 mail could not be sent", "The last backup failed", "tried again each hour",
        "The newest backup cannot be read", "1 payment is unclear", "The disk is almost full",
        "tried again next night", "6 things need you",
    ):  # fmt: skip
        assert words in html, words
    home = olivia.get("/admin/").text
    for words in ("The worker does not run", "There is no fresh backup", "The newest backup cannot be read"):
        assert words in home, words
    assert home.index("The worker does not run") < home.index("1 mail could not be sent")


def test_backups_are_old_after_two_days_also_when_there_never_was_one(app, cast, clock_at):
    actor = cast.as_olivia
    now = clock.now()
    assert condition.troubles(actor=actor) == []
    _signs(worker=True)
    for days, found in ((1.9, []), (2.1, ["backup"])):
        clock_at(now + dt.timedelta(days=days))
        _signs(worker=True)
        assert condition.troubles(actor=actor) == found
    _signs(backup=True)
    assert condition.troubles(actor=actor) == []
    clock_at(now + dt.timedelta(days=4.2))
    _signs(worker=True)
    assert condition.troubles(actor=actor) == ["backup"]
    settings.change({"backups.at": ""}, actor=actor)
    assert condition.troubles(actor=actor) == []


def test_a_worker_that_never_ran_is_missed_when_a_mail_waits(app, cast, clock_at):
    now = clock.now()
    factories.outbox_mail(state=MailState.QUEUED, next_at=now)
    db.session.commit()
    assert condition.troubles(actor=cast.as_olivia) == []
    clock_at(now + dt.timedelta(minutes=11))
    assert condition.troubles(actor=cast.as_olivia) == ["worker"]


def test_nobody_but_the_owner_sees_it_unless_the_owner_lets_them(http, cast, sign_in_as_staff, clock_at):
    _signs(worker=True)
    clock_at(clock.now() + dt.timedelta(hours=1))
    max_ = sign_in_as_staff(http(), cast.max)
    assert max_.get("/admin/operations/").status_code == 403
    home = max_.get("/admin/").text
    assert ("The worker does not run" in home, "Operations" in home) == (False, False)


def test_a_sign_keeps_when_it_last_went_well_and_the_first_time(app, clock_at):
    first = clock.now()
    condition.leave(Sign.BACKUP, name="one")
    second = clock_at(first + dt.timedelta(hours=1))
    condition.leave(Sign.BACKUP, is_well=False, problem="full")
    db.session.commit()
    row = condition.signs()[Sign.BACKUP]
    assert (row.since, row.well_at, row.at, row.is_well, row.facts) == (
        first,
        first,
        second,
        False,
        {"problem": "full"},
    )
