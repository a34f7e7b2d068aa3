"""Work on many rows at once: a snow day of 500 visits, a year of visits for 600 repeating services, a billing run; files.

In this process, through the workflows.
"""

import datetime as dt
import gc
import time
from collections.abc import Iterator
from itertools import islice

import sqlalchemy as sa
from flask import Flask

from benchmarks import files, filling
from benchmarks.databases import make_app, say
from benchmarks.done import Done
from benchmarks.measures import Run
from foundation import clock
from foundation.db import db
from models import BulkKind, Client, ClientStatus, Invoice, Job, JobState, Repeat, ServiceItem, Staff
from workflows import bulk, repeat_orders, repeat_runs, repeats, settings
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.billing import runs
from workflows.repeat_patterns import Pattern, PatternTime

#: series, visits a week of each, and how many series are made in one transaction
SERIES, BATCH = 600, 50
WEEKDAYS = (0, 2, 4)
CANCELLED = 500
INVOICED = 2_000
YEAR = dt.timedelta(days=365)


def all_jobs(run: Run) -> list[Done]:
    """Every job, one after the other."""
    app = make_app(run.url, run.folder)
    gc.collect()
    gc.freeze()  # as the worker does
    done = []
    for one in _jobs(app):
        say(f"  {one.name}: {one.n:,} in {one.seconds:.1f} s, {one.per_second:,.0f} a second")
        done.append(one)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return done


def _jobs(app: Flask) -> Iterator[Done]:
    with app.app_context():
        settings.read()
        for job in (_snow_day, _year_of_repeats, _billing_run):
            yield job()
        db.session.remove()
    yield from files.jobs(app)


def _snow_day() -> Done:
    """500 visits of the fullest day are cancelled without a fee, piece by piece as the worker does it; mails wait."""
    owner = staff_actor(db.session.get_one(Staff, 1))
    wanted = Job.on_date == filling.peak_day(clock.today()), Job.state == JobState.SCHEDULED
    ids = db.session.scalars(sa.select(Job.id).where(*wanted).order_by(Job.id).limit(CANCELLED)).all()
    wish = bulk.Wish(reason="Snow", waive_fee=True, fee_reason="Snow")
    run_id = bulk.order(BulkKind.CANCEL, ids, wish, actor=owner).id
    db.session.commit()
    begun = time.perf_counter()
    while bulk.work(run_id):
        db.session.commit()
    db.session.commit()
    seconds = time.perf_counter() - begun
    n = db.session.scalar(sa.select(sa.func.count()).where(Job.id.in_(ids), Job.state == JobState.CANCELLED)) or 0
    db.session.expunge_all()
    return Done("visits of a snow day cancelled", n, seconds, CANCELLED / 10)


def _year_of_repeats() -> Done:
    """Three visits a week for each of 600 clients, conflicts looked for, priced, in transactions of 50 series.

    In the order in which the worker takes them.
    """
    series = db.session.scalars(sa.select(Repeat).where(Repeat.id.in_(_series())))
    ids = iter([one.id for one in repeat_orders.in_turn(series)])
    until = clock.today() + YEAR
    n, begun = 0, time.perf_counter()
    while batch := list(islice(ids, BATCH)):
        found = list(db.session.scalars(sa.select(Repeat).where(Repeat.id.in_(batch))))
        n += repeat_runs.generate(found, until, actor=COMMAND_LINE, quiet=True).n_made
        db.session.commit()
        db.session.expunge_all()
    return Done("a year of visits for 600 repeating services", n, time.perf_counter() - begun, 5_000)


def _series() -> list[int]:
    item = db.session.get_one(ServiceItem, 1)
    sitters = list(db.session.scalars(sa.select(Staff).where(Staff.is_sitter).order_by(Staff.id)))
    clients = db.session.scalars(
        sa.select(Client).where(Client.status == ClientStatus.ACTIVE).order_by(Client.id).limit(SERIES)
    ).all()
    made = []
    for n, client in enumerate(clients):
        times = [PatternTime(day, dt.time(7 + n // len(sitters) % 12)) for day in WEEKDAYS]
        pattern = Pattern(item, times, clock.today(), sitter=sitters[n % len(sitters)], pets=client.pets[:1])
        made.append(repeats.make(client, pattern).id)
    db.session.commit()
    db.session.expunge_all()
    return made


def _billing_run() -> Done:
    """Two weeks of 2,000 clients become invoices with mails queued, piece by piece as the worker does it; no PDFs."""
    owner = staff_actor(db.session.get_one(Staff, 1))
    last = clock.today()
    wanted = runs.Wanted(first=last - dt.timedelta(days=13), up_to=last)
    ids = [c.client.id for c in runs.candidates(wanted)][:INVOICED]
    options = runs.Options(first=wanted.first, up_to=wanted.up_to)
    run_id = runs.order(ids, options, actor=owner).id
    db.session.commit()
    begun = time.perf_counter()
    while bulk.work(run_id):
        db.session.commit()
        db.session.expunge_all()
    db.session.commit()
    seconds = time.perf_counter() - begun
    n = db.session.scalar(sa.select(sa.func.count()).where(Invoice.run_id == run_id)) or 0
    return Done("clients invoiced in a billing run", n, seconds, INVOICED / 60)
