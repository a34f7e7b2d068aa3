"""A town with a house in it: database, queue, mail server and payment gateway of its own, real processes, and people."""

import datetime as dt
import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import time_machine
from flask import Flask

from application import doctor, tasks
from foundation import clock
from foundation.db import db, reading
from gateways.braintree_gateway import BraintreeGateway
from gateways.demo import DemoGateway
from models import (
    AttemptState,
    BulkRun,
    BulkState,
    ImportRun,
    ImportState,
    InvoiceLine,
    MailState,
    OutboxMail,
    PaymentAttempt,
    Refund,
    RefundState,
)
from tests import databases, factories, issued, money_world, sessions
from tests.cast import Cast, make_cast
from tests.chaos.house import House
from tests.chaos.imports import Imports
from tests.chaos.journeys import Journey, Money, Orders, SittersDay, Visits
from tests.chaos.people import Seen
from tests.chaos.series import Series
from tests.chaos.small_disk import SmallDiskPostgres
from tests.mails.postbox import Postbox
from tests.own_servers import OwnRedis, is_alive, until
from workflows import settings
from workflows.billing import methods, modes

#: longer than a killed worker's lease, and than the gateway is asked again
LATER = dt.timedelta(minutes=30)


class Town:
    """Everything that can break, and what to look at afterwards."""

    def __init__(self, app: Flask, house: House, gateway: BraintreeGateway, postbox: Postbox, postgres: SmallDiskPostgres | None, redis: OwnRedis | None, seed: int) -> None:  # fmt: skip
        self.app, self.house, self.gateway, self.postbox = app, house, gateway, postbox
        self.postgres, self.redis = postgres, redis
        self.random = random.Random(seed)
        self.seen = Seen()
        self.journeys: list[Journey] = []
        #: kills so far; each may repeat a mail for each process of the worker
        self.n_kills = 0
        #: of invoices that come from nowhere; the product gives numbers from 1
        self.numbers = itertools.count(1_000_000)

    # ------------------------------------------------------------------------------------------------- people

    def populate(self, cast: Cast) -> None:
        """Two clients who ask for visits, one who pays, a sitter, and the office."""
        address, seen = self.house.address, self.seen
        olivia = sessions.begin(self.app, factories.staff_login(cast.olivia))
        sam = sessions.begin(self.app, factories.staff_login(cast.sam))
        for name in ("Cleo", "Dora"):
            who = factories.client(name, "Clark", email=f"{name.lower()}@example.com", primary_sitter=cast.sita)
            factories.client_login(who, email=who.email)
            pet = factories.pet(who, "Rex")
            db.session.commit()
            self.journeys.append(Visits(self.app, address, seen, client=who, pet=pet, item=cast.walk, office=olivia))
        alice = sessions.begin(self.app, factories.client_login(cast.alice))
        db.session.commit()
        methods.add(cast.alice, nonce="fake-valid-visa-nonce", actor=cast.as_alice, gateway=self.gateway)
        db.session.commit()
        settle = self.gateway._sdk.testing.settle_transaction
        self.money = Money(self.app, address, seen, client=alice, office=olivia, settle=settle)
        self.day = SittersDay(self.app, address, seen, sitter=sam)
        receivers = [factories.client("Ed", f"No {n}", email=f"ed{n}@example.com").id for n in range(3)]
        db.session.commit()
        self.journeys += [self.money, self.day, Orders(self.app, address, seen, office=olivia, to=receivers)]
        wanda = factories.client("Wanda", "Clark", email="wanda@example.com")
        rex = factories.pet(wanda, "Rex")
        db.session.commit()
        self.journeys.append(Series(self.app, address, seen, client=wanda, pet=rex, item=cast.walk, office=olivia))
        self.imports = Imports(self.app, address, seen, office=olivia)
        self.cast = cast

    def stock_up(self, n: int = 30) -> None:
        """Invoices to pay and visits to make, for one more fault."""
        with self.app.app_context():
            settings.read()
            alice = db.session.get(type(self.cast.alice), self.cast.alice.id)
            walk = db.session.get(type(self.cast.walk), self.cast.walk.id)
            sam = db.session.get(type(self.cast.sam), self.cast.sam.id)
            assert alice is not None
            for _ in range(n - len(self.money.stock)):
                number = next(self.numbers)
                made = issued.invoice(alice, 40, sequence=number, number=f"OLD-{number}")
                db.session.flush()
                self.money.stock.append((made.id, made.public_id))
            now = clock.local_now()
            for _ in range(n - len(self.day.stock)):
                job = factories.job(alice, walk, sitter=sam, on_date=now.date(), start_time=now.time().replace(second=0, microsecond=0))  # fmt: skip
                db.session.flush()
                self.day.stock.append((job.id, job.public_id))
            db.session.commit()
            db.session.remove()

    # ------------------------------------------------------------------------------------------------- a fault

    def during(self, *faults: Callable[["Town"], None]) -> None:
        """Let everybody walk; break things, one after the other, in the middle of all journeys; then all must go on.

        The moment is after a random number of further answers, once each journey is under way. Afterwards each journey
        comes to the end of the lap that was disturbed, and further.
        """
        self.stock_up()
        started = [j.steps for j in self.journeys]
        for journey in self.journeys:
            journey.begin()
        try:
            self.wait(lambda: all(j.steps > s for j, s in zip(self.journeys, started, strict=True)))
            for fault in faults:
                target = self.steps() + self.random.randint(0, 12)
                self.wait(lambda n=target: self.steps() >= n)  # type: ignore[misc]
                fault(self)
                self.house.open()
                self.wait(self.house.is_well)
            before, n_letters = [(j.laps, j.steps) for j in self.journeys], len(self.postbox.letters)
            self.wait(lambda: all(j.laps > n and j.steps > s + 1 for j, (n, s) in zip(self.journeys, before, strict=True)))  # fmt: skip
            self.wait(lambda: len(self.postbox.letters) > n_letters)
        finally:
            for journey in self.journeys:
                journey.stop.set()
            for journey in self.journeys:
                journey.end()
        self.look_through()

    def alone(self, *faults: Callable[["Town"], None]) -> None:
        """Break things while nobody else walks; they see to it themselves that it goes on."""
        for fault in faults:
            fault(self)
        self.look_through()

    def steps(self) -> int:
        """How much was answered so far, to all together."""
        return sum(j.steps for j in self.journeys)

    def n_mails_given_up_on(self) -> int:
        """Mails that wait for another try because nobody answered in the worker's patience."""
        late = sa.select(sa.func.count(OutboxMail.id)).where(
            OutboxMail.state == MailState.QUEUED, OutboxMail.last_error.contains("timed out")
        )
        return self.money.look(lambda: db.session.scalar(late) or 0)

    def wait(self, holds: Callable[[], bool], *, seconds: float = 240) -> None:
        """Until it holds; at once an error when somebody met what nobody may meet."""

        def holds_or_broken() -> bool:
            assert not self.seen.faults, "\n".join([*self.seen.faults, self.house.last_words()])
            for journey in self.journeys:
                if journey.broke is not None:
                    raise AssertionError(f"{journey.name}: {self.house.last_words()}") from journey.broke
            return holds()

        until(holds_or_broken, seconds=seconds, saying=lambda: (self._state(), self.house.last_words()))

    def _state(self) -> dict[str, tuple[int, int]]:
        return {j.name: (j.laps, j.steps) for j in self.journeys}

    # --------------------------------------------------------------------------------------------- afterwards

    def look_through(self) -> None:
        """Half an hour later: nothing acknowledged is lost, nothing is doubled, all was sent, the database is whole."""
        assert [(j.name, j.broke) for j in self.journeys if j.broke] == []
        assert not self.seen.faults, "\n".join([*self.seen.faults, self.house.last_words()])
        until(self._worker_rests, seconds=240, saying=self.house.last_words)
        with time_machine.travel(clock.now() + LATER, tick=True):
            self._finish_what_was_begun()
            with self.app.app_context():
                settings.read()
                with reading():
                    wrong = [f"{j.name}: {what}" for j in self.journeys for what in j.wrong()]
                    wrong += self.imports.wrong() + self._bulk() + self._mails() + self._doubles()
                    db.session.rollback()
                assert not wrong, "\n".join([*wrong, self.house.last_words()])
                money_world.agree(self.gateway)
                db.session.remove()
            broken = {about for about, _check in doctor.BROKEN}
            found = [str(f) for f in doctor.examine(self.app, production=False) if f.about in broken and f.level is not doctor.Level.OK]  # fmt: skip
            assert found == []
        if self.postgres is not None:
            assert self.postgres.check("chaos") == ""

    def _worker_rests(self) -> bool:
        """The worker that lives has nothing in hand: what it holds would be taken from it by half an hour of ours."""
        with self.app.app_context(), reading():
            held = db.session.scalars(
                sa.select(OutboxMail.locked_by).where(OutboxMail.state == MailState.SENDING)
            ).all()
            due = db.session.scalar(sa.select(sa.func.count(OutboxMail.id)).where(OutboxMail.state == MailState.QUEUED, OutboxMail.next_at <= clock.now()))  # fmt: skip
            db.session.remove()
        return not due and not any(by and is_alive(int(by.split(":")[1])) for by in held)

    def _finish_what_was_begun(self) -> None:
        """What a worker does in half an hour, done at once: leases end, the gateway is asked again."""
        for minute in range(4):
            with time_machine.travel(clock.now() + minute * LATER, tick=True):
                tasks.money.reconcile_payments(self.app)
        tasks.orders.bulk_orders(self.app)
        with time_machine.travel(clock.now() + LATER, tick=True):
            until(lambda: tasks.mails.send_mails(self.app) == 0)

    def _bulk(self) -> list[str]:
        left = db.session.scalars(sa.select(BulkRun).where(BulkRun.state != BulkState.DONE))
        imports = db.session.scalars(sa.select(ImportRun).where(ImportRun.state == ImportState.RUNNING))
        return [f"order {r.id} ({r.kind}) is {r.state}: {r.n_done} of {r.n_total}" for r in left] + [f"import {r.id}" for r in imports]  # fmt: skip

    def _mails(self) -> list[str]:
        arrived = self.postbox.by_id()
        found = []
        for mail in db.session.scalars(sa.select(OutboxMail)):
            n = arrived.get(mail.message_id, 0)
            if mail.state is not MailState.SENT or n < 1:
                found.append(f"mail {mail.id} ({mail.kind}) is {mail.state}, arrived {n} times: {mail.last_error}")
        again = sum(n - 1 for n in arrived.values())
        if again > 3 * self.n_kills:
            found.append(f"{again} mails came twice, with {self.n_kills} kills")
        return found

    def _doubles(self) -> list[str]:
        """Payments that nobody knows about, and visits that were billed twice."""
        open_ = db.session.scalars(sa.select(PaymentAttempt.id).where(PaymentAttempt.state.in_([AttemptState.SENDING, AttemptState.UNKNOWN])))  # fmt: skip
        pending = db.session.scalars(sa.select(Refund.id).where(Refund.state == RefundState.PENDING))
        billed = sa.select(InvoiceLine.job_id).where(InvoiceLine.job_id.is_not(None)).group_by(InvoiceLine.job_id).having(sa.func.count() > 1)  # fmt: skip
        return [
            *(f"attempt {i} has no outcome" for i in open_),
            *(f"refund {i} has no outcome" for i in pending),
            *(f"visit {i} was billed twice" for i in db.session.scalars(billed)),
        ]


@contextmanager
def town(kind: str, folder: Path, *, seed: int) -> Iterator[Town]:
    """`kind`: "sqlite", or "postgres" with a Redis for the queue."""
    with ExitStack() as stack:
        postgres = stack.enter_context(SmallDiskPostgres()) if kind == "postgres" else None
        redis = stack.enter_context(OwnRedis()) if kind == "postgres" else None
        url = postgres.new_database("chaos") if postgres else f"sqlite:///{folder / 'latchkey.db'}"
        app = databases.make_app(url, folder, is_durable=True)
        gateway = stack.enter_context(money_world.over_a_socket(DemoGateway()))
        postbox = Postbox().start()
        stack.callback(postbox.stop)
        app.extensions["gateway"] = gateway
        mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": postbox.port, "MAIL_USE_TLS": False, "MAIL_DEFAULT_SENDER": "post@maple.example"}  # fmt: skip
        app.config.update(mail)
        databases.take_the_process(app)
        stack.callback(modes.use, "off")
        keys = gateway.keys
        house = House(
            folder,
            {
                "DATABASE_URL": url, "DATA_DIR": str(folder), "SECRET_KEY": app.config["SECRET_KEY"],
                "FIELD_KEYS": app.config["FIELD_KEYS"][0], "QUEUE_URL": redis.url() if redis else "",
                "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(postbox.port), "MAIL_USE_TLS": "0",
                "MAIL_DEFAULT_SENDER": "post@maple.example", "BRAINTREE_ENVIRONMENT": "development",
                "BRAINTREE_MERCHANT_ID": keys.merchant_id, "BRAINTREE_PUBLIC_KEY": keys.public_key,
                "BRAINTREE_PRIVATE_KEY": keys.private_key, "BRAINTREE_MERCHANT_ACCOUNTS": "USD=demo_usd",
                "GATEWAY_PORT": str(keys.port),
            },
        )  # fmt: skip
        stack.callback(house.close)
        made = Town(app, house, gateway, postbox, postgres, redis, seed)
        with app.app_context():
            _noon()
            made.populate(make_cast())
            db.session.remove()
        stack.callback(_forget_connections, app)
        house.open()
        until(house.is_well, saying=house.last_words)
        yield made
        made.seen.given_up.set()


def _noon() -> None:
    """A time zone in which it is about noon: no visit of today crosses midnight while the people walk."""
    hours = 12 - clock.now().hour
    factories.setting("business.time_zone", f"Etc/GMT{-hours:+d}")
    factories.setting("alerts.mail", value=False)
    db.session.commit()
    settings.forget()
    settings.read()


def _forget_connections(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


def describe(fault: Any) -> str:
    return fault.__name__.replace("_", " ")
