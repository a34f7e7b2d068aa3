"""The demo business that `make run` moves into an empty database: Maple Lane Pet Care in Brookmere, all invented.

`founding` opens it, `crowd` brings the clients, `wishes`, `roster` and `year` a year of visits, `story` and
`crowd_story` the last days, through the workflows. Nothing outside this package knows that a business is a demo.
"""

import datetime as dt
import shlex
import time
from dataclasses import dataclass
from random import Random

import click
import sqlalchemy as sa
from flask import Flask, current_app
from werkzeug.security import check_password_hash

from application.config import from_environment
from application.demo import (
    change_story,
    crowd,
    crowd_story,
    details,
    founding,
    key_cabinet,
    money,
    report_cards,
    story,
    taps,
    team_story,
    terms,
    wages,
    year,
)
from application.demo.founding import PASSWORD
from application.demo.past import at
from foundation import clock
from foundation.db import db
from models import Client, ClientLogin, Notification, Staff, StaffLogin, Via
from workflows import demo_beside, demo_removal, first_run, search_index, settings
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.errors import WrongState

#: the same business every time, but for the date and for ids that must not be guessed
SEED = 18


@dataclass(frozen=True)
class Size:
    """How large the business is."""

    clients: int
    active_clients: int
    pets: int
    more_sitters: int
    days_back: int = 337


#: an established team, as the trade's own figures have it
ESTABLISHED = Size(clients=2_500, active_clients=600, pets=4_500, more_sitters=16)
CAST_ONLY = Size(clients=2, active_clients=2, pets=4, more_sitters=0)


def fill(app: Flask, *, cast_only: bool, size: Size = ESTABLISHED) -> bool:
    """Move the demo business into an empty database; with `cast_only` just its named people, in seconds.

    A database that has a staff member or a client is left alone, and False comes back. All or nothing: one transaction.
    """
    with app.app_context():
        if db.session.scalar(sa.select(Staff.id).limit(1)) or db.session.scalar(sa.select(Client.id).limit(1)):
            click.echo("Somebody lives in this database already: it is left as it is.")
            db.session.rollback()
            return False
        started = time.monotonic()
        try:
            before = demo_removal.highest()
            n_visits = _move_in(CAST_ONLY if cast_only else size)
            search_index.rebuild()
            demo_removal.mark_since(before)
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        n_clients = db.session.scalar(sa.select(sa.func.count(Client.id)))
        click.echo(
            f"Maple Lane Pet Care moved in with {n_clients} clients and {n_visits} visits in {time.monotonic() - started:.0f} s."
        )
        return True


def add_beside(app: Flask) -> None:
    """Add made-up people beside a real business, and say so; a sentence when there is a demo already."""
    with app.app_context():
        settings.read()
        try:
            n_visits = demo_beside.add(actor=COMMAND_LINE)
        except WrongState as refusal:
            db.session.rollback()
            click.echo(refusal.message)
            return
        db.session.commit()
        click.echo(f"Three made-up clients with {n_visits} visits are there. Take them out with: flask demo --remove")


def take_out(app: Flask) -> None:
    """Take the demo's own records out again, and say what stays; real records stay as they are."""
    with app.app_context():
        settings.read()
        seen = demo_removal.remove(actor=COMMAND_LINE)
        db.session.commit()
        click.echo(f"{seen.n_records - seen.n_kept} records of the demo were removed.")
        if seen.n_kept:
            click.echo(f"{seen.n_kept} stay, because your own records need them:")
        for line in seen.kept:
            click.echo(f"  {line}")
        if seen.n_records:
            click.echo("Settings stay as they are: look through the business profile.")


def _move_in(size: Size) -> int:
    settings.forget()
    settings.read()
    random = Random(SEED)
    now = clock.now()
    with at(now - dt.timedelta(days=2000)):
        house = founding.found(random, n_more_sitters=size.more_sitters)
    with at(now - dt.timedelta(days=300)):
        known = crowd.add_known(house)
        details.fill_in(house, known)
        terms.agree(known.hannah, known.leo, house.items)
    founding.load_calendar()
    founding.send_on_leave(house, random)
    households = [crowd.household(client, house) for client in (known.hannah, known.leo)]
    if size.clients > 2:
        households += crowd.add_crowd(
            house, random, n_clients=size.clients, n_active=size.active_clients, n_pets=size.pets
        )
        details.fill_in_crowd(known)
    roster = year.make_roster(house)
    n_visits = year.fill_year(house, households, roster, random, days_back=size.days_back)
    told = story.Story(house, known, roster, random)
    parts = [*story.OF_KNOWN, *change_story.OF_KNOWN, *team_story.PARTS]
    if size.clients > 2:
        crowd_parts = crowd_story.CrowdStory(told, households[2:])
        parts += [*crowd_parts.parts(), *change_story.ChangeStory(crowd_parts).parts()]
    story.tell(told, parts)
    taps.tap(Random(SEED))
    report_cards.write(known, Random(SEED))
    with at(now - dt.timedelta(hours=3)):
        details.hannah_changes(known)
    key_cabinet.hang_up(house, known, with_crowd=size.clients > 2)
    with at(now - dt.timedelta(days=299)):
        money.set_up_billing(house.items, actor=staff_actor(house.olivia, via=Via.COMMAND_LINE))
    money.bill_the_year(random)
    known_clients = [known.hannah, known.leo]
    more = money.some_clients(23, without=[c.id for c in known_clients]) if size.clients > 2 else []
    money.live_on([*known_clients, *more], actor=staff_actor(house.olivia))
    wages.pay_out(house, actor=staff_actor(house.olivia))
    _line_up_notices()
    return n_visits


def _line_up_notices() -> None:
    """The story is not told in the order of time, and HOME shows what came last first: the numbers go by the moment."""
    db.session.flush()
    columns = [c for c in sa.inspect(Notification).columns if c.name != "id"]
    rows = db.session.execute(sa.select(Notification.id, *columns).order_by(Notification.id)).all()
    in_time = sorted(rows, key=lambda row: (row.created_at, row.id))
    moved = [
        {"id": place.id, **{c.key: getattr(row, c.key) for c in columns}}
        for place, row in zip(rows, in_time, strict=True)
        if place.id != row.id
    ]
    db.session.execute(sa.update(Notification), moved)
    db.session.expire_all()


# -------------------------------------------------------------------------------------------------------- log-ins

STAFF = (("owner", "/admin/", "olivia@example.com"), ("manager", "/admin/", "max@example.com"),
         ("sitter", "/staff/", "sam@example.com"), ("sitter", "/staff/", "sita@example.com"))  # fmt: skip
CLIENTS = (("client", "/portal/", "hannah@example.com"), ("client", "/portal/", "leo@example.com"))


def logins_text() -> str:
    """Who can log in where, for the terminal: those whose password is still the demo's, or how to make an account."""
    rows = [
        *_usable(STAFF, {x.email: (x.password_hash, str(x.staff)) for x in _logins(StaffLogin, STAFF)}),
        *_usable(CLIENTS, {x.email: (x.password_hash, str(x.client)) for x in _logins(ClientLogin, CLIENTS)}),
    ]
    if not rows and db.session.scalar(sa.select(Staff.id).limit(1)) is None:
        code = first_run.code(current_app.config["SECRET_KEY"])
        return (
            f"Nobody lives here yet. Begin at {current_app.config['PUBLIC_URL']}/office/welcome/{code}\n"
            f"or with: {_same_place()}.venv/bin/flask owner create"
        )
    if not rows:
        return f"Log in with your own account at {current_app.config['PUBLIC_URL']}/admin/"
    lines = [
        f"  {who:<8} {name:<14} {current_app.config['PUBLIC_URL']}{path:<9} {email}" for who, name, path, email in rows
    ]
    return "\n".join(["Log in as:", *lines, f"The password of all of them is {PASSWORD}"])


def printed_password() -> tuple[bool, str]:
    """For `flask doctor`: does nobody have the password that is printed at every start? With what to do about it."""
    staff = {x.email: (x.password_hash, "") for x in _logins(StaffLogin, STAFF)}
    clients = {x.email: (x.password_hash, "") for x in _logins(ClientLogin, CLIENTS)}
    usable = [row[-1] for row in (*_usable(STAFF, staff), *_usable(CLIENTS, clients))]
    if usable:
        return (
            False,
            f"the demo's password opens {', '.join(usable)}. Run: flask demo --remove, or give them other passwords",
        )
    return True, "no account opens with the demo's password"


def _same_place() -> str:
    """What another command needs before it to speak of this installation: nothing when all is as it comes."""
    usual = from_environment({"SECRET_KEY": "not asked for"})
    return "".join(
        f"{name}={shlex.quote(current_app.config[name])} "
        for name in ("DATA_DIR", "PUBLIC_URL")
        if current_app.config[name] != usual[name]
    )


def _logins(kind, people):  # noqa: ANN001, ANN202
    return db.session.scalars(sa.select(kind).where(kind.email.in_([email for _who, _path, email in people])))


def _usable(
    people: tuple[tuple[str, str, str], ...], found: dict[str, tuple[str | None, str]]
) -> list[tuple[str, str, str, str]]:
    return [
        (who, found[email][1], path, email)
        for who, path, email in people
        if email in found and found[email][0] and check_password_hash(found[email][0] or "", PASSWORD)
    ]
