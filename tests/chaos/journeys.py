"""What people do again and again while the house is broken, and a ledger of what they were told.

`lap` goes through the journey once. `steps` counts what was answered. Whoever got an answer in the end (to the first form, or
to the same form sent again) has it once, neither lost nor doubled: `wrong` looks that up and names what is not so.
"""

import datetime as dt
import hashlib
import itertools
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from foundation import clock, storage
from foundation.db import db, reading
from models import (
    Activity,
    AttemptState,
    AttemptTarget,
    ChangeItem,
    ChangeState,
    CheckKind,
    Client,
    Invoice,
    InvoiceState,
    Job,
    JobRequestLine,
    JobState,
    LineState,
    Mailing,
    OutboxMail,
    Payment,
    PaymentAttempt,
    Refund,
    RefundState,
    ReportState,
    SitterMessage,
)
from tests import factories, sent_files
from tests.admin.office.walk import Office
from tests.chaos.people import Browser, GaveUp, Seen
from tests.own_servers import until
from tests.portal.conftest import Walker
from workflows import report_views

Found = TypeVar("Found")
#: words of a sitter to the office: more in an hour are refused
MOST_WORDS = 35


class Journey:
    """One or two people who do the same again and again, in a thread of their own."""

    name = "?"

    def __init__(self, app: Flask, address: str, seen: Seen) -> None:
        self.app, self.address, self.seen = app, address, seen
        self.steps = self.laps = 0
        self.stop = threading.Event()
        self.broke: BaseException | None = None
        self.thread: threading.Thread | None = None

    def begin(self) -> None:
        """Walk from now on."""
        self.stop.clear()
        self.thread = threading.Thread(target=self._walk, name=self.name, daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Finish the lap that was begun, then rest."""
        self.stop.set()
        if self.thread is not None:
            self.thread.join(timeout=300)
            assert not self.thread.is_alive(), f"{self.name} does not come to an end"

    def _walk(self) -> None:
        try:
            while not self.stop.is_set():
                self.lap()
                self.laps += 1
        except GaveUp as tired:
            self.broke = tired
        except BaseException as bug:  # noqa: BLE001 -- told in the test's own thread
            self.broke = bug

    def lap(self) -> None:
        raise NotImplementedError

    def wrong(self) -> list[str]:
        """What is lost or doubled; in the test's thread, when nobody walks."""
        raise NotImplementedError

    def browser(self, cookie: tuple[str, str] | None = None) -> Browser:
        return Browser(self.address, self.seen, cookie)

    def told(self, is_right: bool, browser: Browser, words: str) -> None:
        """Somebody got an answer. To a form that was sent once, it must be the usual one."""
        self.steps += 1
        if not is_right and browser.is_sure:
            self.seen.faults.append(f"{self.name}: an answer that nobody expects: {words[200:2500]}")

    def look(self, query: Callable[[], Found]) -> Found:
        """Ask the database past the house, when it is there again."""
        found: list[Found] = []

        def asked() -> bool:
            with self.app.app_context(), reading():
                try:
                    found.append(query())
                except DBAPIError:
                    db.session.rollback()
                    return False
                finally:
                    db.session.remove()
                return True

        until(asked, seconds=240)
        return found[-1]


class Visits(Journey):
    """A client logs in, requests a visit, and cancels it when the office has scheduled it; the office approves."""

    name = "visits"

    def __init__(self, app: Flask, address: str, seen: Seen, *, client: Client, pet: Any, item: Any, office: tuple[str, str]) -> None:  # fmt: skip
        super().__init__(app, address, seen)
        self.client_id, self.email, self.label = client.id, client.email, f"{client.first_name} {client.last_name}"
        self.pet, self.item, self.cookie = pet.public_id, item.public_id, office
        self.days = (clock.today() + dt.timedelta(days=n) for n in itertools.count(10))
        self.sent: list[dt.date] = []
        self.scheduled: list[dt.date] = []
        self.asked: list[dt.date] = []
        self.approved: list[dt.date] = []
        self.tried: list[dt.date] = []

    def begin(self) -> None:
        self.me = Walker(self.browser())
        self.office = Office(self.browser(self.cookie))
        self._is_in = False
        super().begin()

    def lap(self) -> None:
        if not self._is_in:
            self._log_in()
        day = next(self.days)
        self.tried.append(day)
        page = self.me.press(self.me.get("/portal/request"), "/portal/request", dates=[day], service=self.item, pets=[self.pet])  # fmt: skip
        self.told("added to your request" in page.text, self.me.browser, page.text)
        page = self.me.press(page, "/portal/request/submission")
        self.told("sent: 1 visit" in page.text, self.me.browser, page.text)
        self.sent.append(day)
        answer = self.office.get(f"/admin/job-requests/{self.client_id}/").press("Schedule visits")
        self.told("1 visit scheduled" in answer.main, self.office.browser, answer.main)
        self.scheduled.append(day)
        own = self.me.get(f"/portal/schedule/{day}")
        visit = re.search(r"/portal/visits/[\w-]+", own.html)
        assert visit is not None, own.text
        page = self.me.press(self.me.get(f"{visit[0]}/cancellation"), "/cancellation")
        self.told("being reviewed" in page.text, self.me.browser, page.text)
        self.asked.append(day)
        inbox = self.office.get("/admin/change-requests/cancellations/").html
        (row,) = [r for r in re.split(r"<tr|<li", inbox) if self.label in r and "/admin/change-requests/" in r]
        where = re.search(r"/admin/change-requests/\d+/", row)
        assert where is not None
        answer = self.office.get(where[0]).press("Approve", at="/approval")
        self.told("approved" in answer.main.lower(), self.office.browser, answer.main)
        self.approved.append(day)

    def _log_in(self) -> None:
        page = self.me.get("/portal/log-in")
        inside = self.me.press(page, "/portal/log-in", name=self.email, password=factories.PASSWORD)
        self.told("Log out" in inside.html, self.me.browser, inside.text)
        self._is_in = True

    def wrong(self) -> list[str]:
        def n(kind: Any, *where: Any) -> int:
            return db.session.scalar(sa.select(sa.func.count()).select_from(kind).where(*where)) or 0

        found = []
        for day in self.tried:
            visits = list(db.session.scalars(sa.select(Job).where(Job.client_id == self.client_id, Job.on_date == day)))
            lines = n(JobRequestLine, JobRequestLine.client_id == self.client_id, JobRequestLine.on_date == day, JobRequestLine.state != LineState.DRAFT)  # fmt: skip
            asked = [s for job in visits for s in db.session.scalars(sa.select(ChangeItem.state).where(ChangeItem.job_id == job.id))]  # fmt: skip
            undone = n(Activity, Activity.verb == "job.cancelled", Activity.subject_id.in_([j.id for j in visits]))
            for what, has, least in (
                ("sent", lines, day in self.sent),
                ("scheduled", len(visits), day in self.scheduled),
                ("asked to cancel", len(asked), day in self.asked),
                ("cancelled", undone, day in self.approved),
            ):
                if not least <= has <= 1:
                    found.append(f"{self.label}, {day}: {what} {has} times, told {bool(least)}")
            if day in self.approved and [(v.state, *asked) for v in visits] != [(JobState.CANCELLED, ChangeState.APPROVED)]:  # fmt: skip
                found.append(f"{self.label}, {day}: {visits} {asked}")
        kinds = Counter(db.session.scalars(sa.select(OutboxMail.kind).where(OutboxMail.client_id == self.client_id)))
        for kind, told in (("job_scheduled", self.scheduled), ("request_received", self.sent)):
            if not len(told) <= kinds[kind] <= len(self.tried):
                found.append(f"{self.label}: {kinds[kind]} mails {kind} for {len(told)}")
        return found


class Money(Journey):
    """A client pays an invoice by a kept card; the office gives a part back."""

    name = "money"

    def __init__(self, app: Flask, address: str, seen: Seen, *, client: tuple[str, str], office: tuple[str, str], settle: Callable[[str], object]) -> None:  # fmt: skip
        super().__init__(app, address, seen)
        self.client, self.cookie, self.settle = client, office, settle
        self.stock: list[tuple[int, str]] = []
        self.tried: list[int] = []
        self.paid: list[int] = []
        self.refunded: list[int] = []

    def begin(self) -> None:
        self.me, self.office = Walker(self.browser(self.client)), Walker(self.browser(self.cookie))
        super().begin()

    def lap(self) -> None:
        assert self.stock, "no invoices are left to be paid"
        invoice_id, public_id = self.stock.pop()
        self.tried.append(invoice_id)
        page = self.me.press(self.me.get(f"/portal/pay?invoice={public_id}"), "/portal/pay")
        known = ("Thank you", "We do not know yet", "not clear", "being", "check")
        self.told(any(words in page.text for words in known), self.me.browser, page.text)
        if "Thank you" in page.text:
            self.paid.append(invoice_id)
            self._give_back(invoice_id)

    def _give_back(self, invoice_id: int) -> None:
        of_invoice = sa.select(Payment.id, Payment.gateway_transaction_id).join(PaymentAttempt).join(AttemptTarget).where(
            AttemptTarget.invoice_id == invoice_id
        )  # fmt: skip
        payment_id, transaction = self.look(lambda: db.session.execute(of_invoice).one())
        self.settle(transaction)
        page = self.office.get(f"/admin/payment/{payment_id}/refund")
        form = next(f for f in page.forms if f.method == "post" and "amount" in dict(f.fields))
        answer = self.office.browser.post(form.action or page.path, data=form.filled(amount="5.00", reason="Late"))
        done = self.office._follow(answer)
        self.told("went back" in done.text or "on its way" in done.text, self.office.browser, done.text)
        if "went back" in done.text:
            self.refunded.append(payment_id)

    def wrong(self) -> list[str]:
        found = []
        for invoice_id in self.tried:
            good = db.session.scalar(
                sa.select(sa.func.count(PaymentAttempt.id))
                .join(AttemptTarget)
                .where(AttemptTarget.invoice_id == invoice_id, PaymentAttempt.state == AttemptState.SUCCEEDED)
            )
            invoice = db.session.get(Invoice, invoice_id)
            assert invoice is not None
            if not (invoice_id in self.paid) <= (good or 0) <= 1:
                found.append(f"invoice {invoice.number}: charged {good} times, told {invoice_id in self.paid}")
            if invoice_id not in self.paid and (invoice.state is InvoiceState.PAID) and not good:
                found.append(f"invoice {invoice.number} is paid by nothing")
        for payment_id in self.refunded:
            backs = sa.select(sa.func.count(Refund.id)).where(Refund.payment_id == payment_id, Refund.state != RefundState.FAILED)  # fmt: skip
            if (n := db.session.scalar(backs)) != 1:
                found.append(f"payment {payment_id}: given back {n} times")
        twice = sa.select(Refund.payment_id).where(Refund.state != RefundState.FAILED).group_by(Refund.payment_id).having(sa.func.count() > 1)  # fmt: skip
        found += [f"payment {p}: given back twice" for p in db.session.scalars(twice)]
        return found


class SittersDay(Journey):
    """A sitter checks in, checks out, sends the report card with a photo, and writes a word to the office."""

    name = "sitter"

    def __init__(self, app: Flask, address: str, seen: Seen, *, sitter: tuple[str, str]) -> None:
        super().__init__(app, address, seen)
        self.cookie = sitter
        self.stock: list[tuple[int, str]] = []
        self.arrived: list[int] = []
        self.left: list[int] = []
        self.sent: dict[int, bytes] = {}
        self.tried: list[int] = []
        self.wrote: list[str] = []

    def begin(self) -> None:
        self.me = Walker(self.browser(self.cookie))
        super().begin()

    def lap(self) -> None:
        assert self.stock, "no visits are left to be made"
        job_id, public_id = self.stock.pop()
        self.tried.append(job_id)
        own = f"/staff/visits/{public_id}/"
        page = self.me.press(self.me.get(own), "/arrival")
        self.told("Checked in at" in page.text, self.me.browser, page.text)
        self.arrived.append(job_id)
        page = self.me.press(self.me.get(own), "/departure")
        self.told("Checked out" in page.text, self.me.browser, page.text)
        self.left.append(job_id)
        photo = sent_files.picture("JPEG", size=(400, 200), color=(job_id % 256, job_id // 256, 99))
        form = self.me.get(f"{own}report").form("/report")
        answer = self.me.browser.post(
            form.action, data=form.filled(message=f"All well {job_id}", do="send"), files=[("photos", ("a.jpg", photo, "image/jpeg"))]
        )  # fmt: skip
        page = self.me._follow(answer)
        self.told("Report card sent" in page.text, self.me.browser, page.text)
        self.sent[job_id] = photo
        if len(self.wrote) < MOST_WORDS:
            self.wrote.append(f"Done with {job_id}.")
            page = self.me.press(self.me.get("/staff/messages"), "/staff/messages", body=self.wrote[-1])
            self.told("Sent. The office answers" in page.text, self.me.browser, page.text)

    def wrong(self) -> list[str]:
        found = []
        for job_id in self.tried:
            job = db.session.get(Job, job_id)
            assert job is not None
            checks = Counter(check.kind for check in job.checks)
            for what, has, told in (
                ("arrived", checks[CheckKind.IN], job_id in self.arrived),
                ("left", checks[CheckKind.OUT], job_id in self.left),
            ):
                if not told <= has <= 1:
                    found.append(f"visit {job_id}: {what} {has} times, told {told}")
            if job_id in self.left and job.state is not JobState.COMPLETED:
                found.append(f"visit {job_id} is {job.state}")
            card = job.report_card
            photos = report_views.photos_of(card) if card is not None else []
            if len(photos) > 1:
                found.append(f"visit {job_id}: its photo is there {len(photos)} times")
            for photo in photos:
                kept = storage.here().read(photo.key)
                if kept is None or len(kept) != photo.n_bytes or hashlib.sha256(kept).hexdigest() != photo.sha256:
                    found.append(f"visit {job_id}: the photo's bytes are not what was kept")
            mails = db.session.scalar(sa.select(sa.func.count(OutboxMail.id)).where(OutboxMail.kind == "report_card", OutboxMail.dedupe_key.like(f"%:{card.id if card else 0}:%")))  # fmt: skip
            if job_id in self.sent and (card is None or card.state is not ReportState.SENT or len(photos) != 1):
                found.append(f"visit {job_id}: report card {card and card.state}, {len(photos)} photos")
            if (mails or 0) > 1:
                found.append(f"visit {job_id}: {mails} mails about its report card")
        words = Counter(db.session.scalars(sa.select(SitterMessage.body)))
        found += [f"{what}: {words[what]} times" for what in self.wrote if words[what] != 1]
        return found


class Orders(Journey):
    """The office writes to some clients, and has the invoices of all visits raised; the worker does both."""

    name = "orders"

    def __init__(self, app: Flask, address: str, seen: Seen, *, office: tuple[str, str], to: Sequence[int]) -> None:
        super().__init__(app, address, seen)
        self.cookie, self.to = office, list(to)
        self.numbers = itertools.count(1)
        self.tried: list[str] = []
        self.ordered: list[str] = []

    def begin(self) -> None:
        self.office = Office(self.browser(self.cookie))
        self._raised = False
        super().begin()

    def lap(self) -> None:
        subject = f"Away in May {next(self.numbers)}"
        self.tried.append(subject)
        page = self.office.post("/admin/clients/action/", action="write", rowid=self.to)
        page = page.press(f"Write to {len(self.to)} clients", subject=subject, body="No walks in May.")
        self.told(any(w in page.main for w in ("on their way", "Waiting", "of 3", subject)), self.office.browser, page.main)  # fmt: skip
        self.ordered.append(subject)
        if not self._raised:
            run = self.office.get("/admin/billing-run/")
            if "Raise invoices" in run.buttons():
                page = run.press("Raise invoices")
                self.told("Raise invoices for" in page.main, self.office.browser, page.main)
                self._raised = True

    def wrong(self) -> list[str]:
        found = []
        for subject in self.tried:
            ids = list(db.session.scalars(sa.select(Mailing.id).where(Mailing.subject == subject)))
            if not (subject in self.ordered) <= len(ids) <= 1:
                found.append(f"{subject}: ordered {len(ids)} times, told {subject in self.ordered}")
        per = Counter(
            (mail.client_id, mail.facts.get("subject"))
            for mail in db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "own_mail"))
        )
        found += [f"{who}: {n} times {subject}" for (who, subject), n in per.items() if n > 1]
        found += [f"{subject}: nobody wrote to client {c}" for subject in self.ordered for c in self.to if per[c, subject] != 1]  # fmt: skip
        return found
