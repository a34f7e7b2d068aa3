"""Background work: huey runs it, the outbox and the other tables say what there is to do.

huey forgets a task whose worker is killed, so no task carries anything that matters: each looks up in the database
what is due, and the next minute's call finds what a lost one left. Every task may run in several workers, and on
several machines, at the same moment; each says why that does no harm.
"""

import ctypes
import gc
import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, cast

import redis
from flask import Flask, current_app
from huey import Huey, PostgresHuey, RedisHuey, crontab
from huey.consumer import Consumer, Scheduler
from huey.serializer import SignedSerializer
from huey.storage import SqliteStorage
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from application import archive_tasks, backup_tasks, hook_tasks
from application.config import ConfigError
from application.units import unit_of_work
from documents import agreement, billing_files
from foundation import clock, tracing
from foundation.alone import alone
from foundation.db import db, reading
from gateways.payments import GatewayProblem
from mailer import deliver
from models import Client, Sign
from workflows import (
    agreement_copies,
    alerts,
    api_answers,
    bulk,
    change_requests,
    condition,
    field_digest,
    field_files,
    files,
    hooks,
    job_requests,
    master_schedule,
    once,
    registrations,
    repeat_orders,
    repeat_runs,
    search_index,
    sign_ins,
    sitter_mails,
    tries,
    vaccinations,
)
from workflows.actors import WORKER
from workflows.billing import (
    books,
    comparing,
    findings,
    gateway_events,
    methods,
    paper_store,
    reconciling,
    reminders,
    runs,
    settling,
)
from workflows.importing import runs as import_runs
from workflows.importing import work as importing
from workflows.merging import undoing

log = logging.getLogger("latchkey.tasks")

#: a timed task that has waited this long (seconds) is dropped: a newer one stands behind it
STALE = 300
#: how long a worker may go on after SIGTERM before it is interrupted; `application.serve` kills after ten seconds
SHUTDOWN_SECONDS = 8
#: no reminder leaves before this hour
MORNING = 8
#: clients in one transaction of the night's run of repeating services
CLIENTS_AT_ONCE = 50
#: what a workflow notes in the session, and the task that it wakes after the commit
NUDGES = {
    "nudge_worker": "nudge",
    "nudge_bulk": "bulk_nudge",
    "nudge_imports": "imports_nudge",
    "nudge_papers": "papers_nudge",
    "nudge_gateway": "gateway_nudge",
    "nudge_archives": "archives_nudge",
    "nudge_hooks": "hooks_nudge",
}


class QueueStorage(SqliteStorage):
    """huey's SQLite file without an fsync for each task, but whole after a power cut.

    huey's own `fsync=False` would risk the file itself. Losing the last tasks is no harm; losing the queue would be.
    """

    def _create_connection(self) -> sqlite3.Connection:
        connection = cast("sqlite3.Connection", super()._create_connection())
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection


def make_huey(config: dict[str, Any]) -> Huey:
    """The queue: a file in DATA_DIR, or what QUEUE_URL names (redis://, rediss://, postgresql://).

    Tasks are pickled by huey; they are signed with a key derived from SECRET_KEY, so that whoever can write to the
    queue cannot run code here.
    """
    url = config.get("QUEUE_URL") or ""
    common: dict[str, Any] = {
        "results": False,
        "serializer": SignedSerializer(secret=config["SECRET_KEY"], salt="latchkey-queue"),
    }
    scheme = url.partition(":")[0].partition("+")[0]
    if not url:
        file = Path(config["DATA_DIR"]) / "queue.db"
        _set_aside_if_broken(file)
        return Huey("latchkey", storage_class=QueueStorage, filename=str(file), **common)
    if scheme in {"redis", "rediss"}:
        # A server that hangs must not hold up the request that wants to wake the worker. The worker itself waits a second
        # at a time for tasks (huey's read_timeout), so the socket must be more patient than that.
        pool = redis.ConnectionPool.from_url(
            url, socket_connect_timeout=2, socket_timeout=3, retry=Retry(NoBackoff(), 1)
        )
        return RedisHuey("latchkey", connection_pool=pool, **common)
    if scheme in {"postgres", "postgresql"}:
        patience = {} if "connect_timeout" in url else {"connect_timeout": 5}
        dsn = url.replace("+psycopg", "", 1)
        huey = PostgresHuey("latchkey", dsn=dsn, create_tables=False, **patience, **common)
        _make_tables(huey)
        return huey
    raise ConfigError("Set QUEUE_URL to a redis:// or postgresql:// address, or leave it empty.")


def _set_aside_if_broken(file: Path) -> None:
    """A queue file that cannot be read must not keep us from starting: all that it held is found in the outbox."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file)) as connection:
            (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:  # somebody is writing to it, so it is alive
        return
    except sqlite3.DatabaseError as problem:
        state = str(problem)
    if state != "ok":
        log.error("the queue file is broken (%s); a new one is begun", state)
        file.rename(file.with_name(f"{file.name}.broken"))


def _make_tables(huey: Huey) -> None:
    """Make the queue's tables where they are missing.

    The web must start also while that server is away, and two processes that do this in the same second collide
    although both say IF NOT EXISTS; the outbox does not depend on either.
    """
    try:
        huey.storage.initialize_schema()
    except Exception:
        log.warning("the queue's tables could not be made now", exc_info=True)


def install(app: Flask) -> None:
    """Give the app its queue and its tasks, and have a commit that queued a mail wake the worker."""
    huey = make_huey(app.config)
    app.extensions["huey"] = huey
    app.extensions["tasks"] = _define(huey, app)
    install_nudge(app)


# ----------------------------------------------------------------------------------------------------------- tasks


def _define(huey: Huey, app: Flask) -> dict[str, Any]:
    """Register the tasks with huey. Their names are what stands in the queue: renaming one loses those that wait."""
    minutely, five_minutely, nightly = crontab(), crontab(minute="*/5"), crontab(hour="3", minute="17")
    hourly = crontab(minute="7")

    def timed(when: Callable[..., bool], work: Callable[[Flask], object]) -> Any:  # noqa: ANN401
        return huey.periodic_task(when, name=work.__name__, expires=STALE)(lambda: _quietly(work, app))

    def nudge(name: str, work: Callable[[Flask], object]) -> Any:  # noqa: ANN401
        return huey.task(name=name, expires=STALE)(lambda request_id=None: _quietly(work, app, request_id))

    return {
        "nudge": nudge("nudge", send_mails),
        "gateway_nudge": nudge("gateway_nudge", hear_gateway),
        "bulk_nudge": nudge("bulk_nudge", bulk_orders),
        "imports_nudge": nudge("imports_nudge", bring_in),
        "papers_nudge": nudge("papers_nudge", draw_papers),
        "archives_nudge": nudge("archives_nudge", make_archives),
        "hooks_nudge": nudge("hooks_nudge", deliver_hooks),
        "show_life": timed(minutely, show_life),
        "sweep": timed(minutely, send_mails),
        "hooks": timed(minutely, deliver_hooks),
        "archives": timed(minutely, make_archives),
        "papers": timed(minutely, draw_papers),
        "bulk": timed(minutely, bulk_orders),
        "imports": timed(minutely, bring_in),
        "auto_submit": timed(minutely, auto_submit),
        "reconcile": timed(minutely, reconcile_payments),
        "watch_visits": timed(minutely, watch_visits),
        "evening_schedules": timed(five_minutely, evening_schedules),
        "back_up": timed(five_minutely, back_up),
        "check_backup": timed(five_minutely, check_backup),
        "expire_changes": timed(five_minutely, expire_changes),
        "forget_removed_files": timed(five_minutely, forget_removed_files),
        "master_schedule": timed(five_minutely, send_master_schedule),
        "data_digest": timed(five_minutely, send_data_digest),
        "vaccinations": timed(hourly, remind_of_vaccinations),
        "reminders": timed(hourly, remind_of_invoices),
        "repeat_nightly": timed(nightly, make_repeating_visits),
        "clean_up": timed(nightly, clean_up),
        "compare_books": timed(crontab(hour="4", minute="41"), compare_books),
    }


def _quietly(work: Callable[[Flask], object], app: Flask, request_id: str | None = None) -> None:
    """Run a task and log what goes wrong once, with its trace; there is nobody to raise it to.

    It goes by the id of the request that woke it, else by one of its own. What is looked after on the office's page of
    operations leaves a sign of how it went.
    """
    with tracing.traced(request_id) as trace:
        started = time.perf_counter()
        is_well = False
        try:
            work(app)
            is_well = True
        except Exception:
            log.exception("task %s failed; it is tried again at its next time", work.__name__)
        facts = {"task": work.__name__, "ms": round((time.perf_counter() - started) * 1000), "queries": trace.n_queries}
        log.info("task %(task)s took %(ms)s ms, %(queries)s queries", facts, extra={"facts": facts})
        _leave_sign(app, work.__name__, is_well=is_well)


def _leave_sign(app: Flask, name: str, *, is_well: bool) -> None:
    sign = next((s for s in condition.NIGHTLY if s.value == name), None)
    if sign is None:
        return
    try:
        with unit_of_work(app):
            condition.leave(sign, is_well=is_well)
    except Exception:
        log.exception("no sign of %s could be left", name)


def show_life(app: Flask) -> None:
    """Leave the worker's sign of life. Safe with many workers: the last one's counts."""
    with unit_of_work(app):
        condition.leave(Sign.WORKER)


def send_mails(app: Flask) -> int:
    """Deliver what is due. Safe with many workers: each claims its own mails, and only the claim's holder writes."""
    make_agreement_copies(app)
    return deliver.drain(app, should_stop=_stopping)


def make_agreement_copies(app: Flask) -> int:
    """Draw the PDFs of accepted agreements and queue their mails; how many.

    Safe with many workers: only the first to write its file's id down keeps it, the other's bytes are thrown away.
    """
    with reading(), unit_of_work(app):
        due = agreement_copies.due()
    n_made = 0
    for acceptance_id in due:
        try:
            with reading(), unit_of_work(app):
                copy = agreement_copies.facts(acceptance_id)
                drawn = agreement.write(copy) if copy is not None else None
            if drawn is not None:
                with unit_of_work(app):
                    n_made += agreement_copies.keep(acceptance_id, drawn) is not None
        except Exception:
            log.exception("the copy of acceptance %s could not be made; tried again in a minute", acceptance_id)
    return n_made


def draw_papers(app: Flask) -> int:
    """Draw the PDFs of new invoices, notes, receipts and refunds, and of invoices that changed; how many.

    Safe with many workers: two may draw the same one, and the first to write its fingerprint down keeps it. Nobody
    waits for this: who asks earlier has it drawn then.
    """
    with reading(), unit_of_work(app):
        due = paper_store.due()
    n_drawn = 0
    for about in due:
        if _stopping():
            break
        try:
            n_drawn += _draw_paper(app, about)
        except Exception:
            log.exception("the paper of %s could not be drawn", about)
    return n_drawn


def _draw_paper(app: Flask, about: paper_store.About) -> bool:
    """Drawn without a transaction that others would have to wait for."""
    with reading(), unit_of_work(app):
        seen = billing_files.look(about)
        pdf = billing_files.fill(seen) if seen is not None else None
    if pdf is None:
        return False
    with unit_of_work(app):
        billing_files.keep(pdf)
    return pdf.is_new


def bulk_orders(app: Flask) -> int:
    """Do the office's orders about many visits, piece by piece; how many pieces.

    Safe with many workers: each piece holds the order's row, and its effect is committed together with the note of
    how far the order is. A piece that breaks is tried once more, then its first visit is left out and listed.
    """
    with reading(), unit_of_work(app):
        due = bulk.due()
    n_pieces = 0
    for run_id in due:
        n_broken, more = 0, True
        while more and not _stopping():
            try:
                with unit_of_work(app):
                    more = bulk.work(run_id)
                n_pieces, n_broken = n_pieces + 1, 0
            except DBAPIError:
                raise  # the database is away: the next minute goes on where this ended
            except Exception:
                log.exception("a piece of order %s broke", run_id)
                n_broken += 1
                if n_broken > 1:
                    with unit_of_work(app):
                        bulk.pass_over(run_id)
                    n_broken = 0
    return n_pieces + run_ordered_repeats(app) + charge_ordered_invoices(app)


def bring_in(app: Flask) -> int:
    """Check, bring in and undo the office's imports, piece by piece; how many pieces.

    Safe with many workers: each piece holds the import's row, and its rows are committed together with the note of
    how far the import is. A piece that breaks is tried once more, then the import ends and says so.
    """
    with reading(), unit_of_work(app):
        due = importing.due()
    n_pieces, cursor = 0, importing.Cursor()
    try:
        for run_id in due:
            n_broken, more = 0, True
            while more and not _stopping():
                try:
                    with unit_of_work(app):
                        more = importing.work(run_id, cursor)
                    n_pieces, n_broken = n_pieces + 1, 0
                except DBAPIError:
                    raise  # the database is away: the next minute goes on where this ended
                except Exception:
                    log.exception("a piece of import %s broke", run_id)
                    cursor.close()
                    n_broken += 1
                    if n_broken > 1:
                        with unit_of_work(app):
                            importing.break_off(run_id)
                        more = False
    finally:
        cursor.close()
    return n_pieces


def charge_ordered_invoices(app: Flask) -> int:
    """Charge the invoices that were ordered to be charged, one after the other; how many.

    Safe with many workers: each charge has a key made of order and invoice, which the database takes once. A charge
    that breaks ends this round; the next minute finds out what became of it.
    """
    with reading(), unit_of_work(app):
        due = runs.charges_due()
    n_charged = 0
    for run_id in due:
        more = True
        while more and not _stopping():
            with unit_of_work(app):
                more = runs.charge_next(run_id, gateway=app.extensions["gateway"])
            n_charged += 1
    return n_charged


def make_archives(app: Flask) -> int:
    """See `application.archive_tasks`, which says why it is safe with many workers."""
    return archive_tasks.make_archives(app, should_stop=_stopping)


def back_up(app: Flask) -> bool:
    """See `application.backup_tasks`, which says why it is safe with many workers."""
    return backup_tasks.back_up(app, should_stop=_stopping)


def check_backup(app: Flask) -> bool:
    """See `application.backup_tasks`, which says why it is safe with many workers."""
    return backup_tasks.check_backup(app)


def deliver_hooks(app: Flask) -> int:
    """See `application.hook_tasks`, which says why it is safe with many workers."""
    return hook_tasks.deliver_hooks(app, should_stop=_stopping)


def auto_submit(app: Flask) -> int:
    """Send forgotten baskets, each in a transaction of its own, so that one that fails holds up no other.

    Safe with many workers: `auto_submit` takes the client's lock and looks again; the second finds nothing to do.
    """
    with reading(), unit_of_work(app):
        due = job_requests.auto_submit_due()
    n_sent = 0
    for client_id in due:
        if _stopping():
            break
        try:
            with unit_of_work(app):
                client = db.session.get(Client, client_id)
                if client is not None and job_requests.auto_submit(client) is not None:
                    n_sent += 1
        except Exception:
            log.exception("the basket of client %s could not be sent; tried again in a minute", client_id)
    return n_sent


def watch_visits(app: Flask) -> int:
    """Warn of visits that are late, overdue, too short…; how many warnings are new.

    Safe with many workers: one row for each visit and kind, unique in the database; the mail is queued with the row.
    While one looks, the others do not: they would find the same, and be refused.
    """
    with app.app_context(), alone("watch-visits") as is_ours:
        if not is_ours:
            return 0
        with unit_of_work(app):
            return len(alerts.look())


def evening_schedules(app: Flask) -> int:
    """Queue the sitters' evening mails when it is time.

    Safe with many workers: each mail has a dedupe key of sitter and date, unique in the database.
    """
    with unit_of_work(app):
        return len(sitter_mails.evening_schedules())


def expire_changes(app: Flask) -> int:
    """End change and cancellation requests whose visit has begun; a transaction for each client, as `auto_submit`.

    Safe with many workers: `expire` takes the client's lock and looks again; the second finds nothing to do.
    """
    with reading(), unit_of_work(app):
        due = change_requests.expire_due()
    n_expired = 0
    for client_id in due:
        if _stopping():
            break
        try:
            with unit_of_work(app):
                client = db.session.get(Client, client_id)
                n_expired += len(change_requests.expire(client, actor=WORKER)) if client is not None else 0
        except Exception:
            log.exception("the change requests of client %s could not be ended; tried again in five minutes", client_id)
    return n_expired


def reconcile_payments(app: Flask) -> int:
    """Find out what became of charges and refunds without an answer, then work on the gateway's messages; how many.

    Safe with many workers: each look is claimed by its row, and what it says is written under the client's lock.
    """
    with unit_of_work(app):
        n_looks = reconciling.look_again(gateway=app.extensions["gateway"])
    return n_looks + hear_gateway(app)


def hear_gateway(app: Flask) -> int:
    """Work on what the gateway told; how many messages. Safe with many workers: each message's row is locked."""
    with unit_of_work(app):
        return gateway_events.process(gateway=app.extensions["gateway"])


def compare_books(app: Flask) -> int:
    """Ask what has settled, have the gateway forget what clients removed, compare its last days with our books, and
    prove the books; how many differences are new.

    Safe with many workers: what was done is not done twice, and a difference is unique in the database.
    """
    gateway = app.extensions["gateway"]
    with unit_of_work(app):
        settling.poll(gateway=gateway)
    with unit_of_work(app):
        methods.forget_removed(gateway)
    n_new = 0
    try:
        with unit_of_work(app):
            n_new = comparing.compare(gateway=gateway)
    except GatewayProblem as problem:
        log.warning("the gateway could not be asked for its last days (%s); tried again tomorrow", problem.code)
    with unit_of_work(app):
        return n_new + findings.tell_books(books.check())


def send_master_schedule(app: Flask) -> bool:
    """Queue the office's 14-day schedule on its weekday. Safe with many workers: the mail has a dedupe key of the day."""
    with unit_of_work(app):
        return master_schedule.send_due()


def send_data_digest(app: Flask) -> bool:
    """Queue the office's digest of what clients changed. Safe with many workers: the mail has a dedupe key of the day."""
    with unit_of_work(app):
        return field_digest.send_due()


def remind_of_vaccinations(app: Flask) -> int:
    """Queue reminders of vaccinations that run out, in the business's morning or later; how many.

    Safe with many workers: each reminder is claimed by its row, and its mail has a dedupe key.
    """
    with unit_of_work(app):
        return vaccinations.remind() if clock.local_now().hour >= MORNING else 0


def remind_of_invoices(app: Flask) -> int:
    """Queue reminders of overdue invoices, in the business's morning or later; how many clients.

    Safe with many workers: each client is held while their steps are written down, and each step has one row.
    """
    with unit_of_work(app):
        return reminders.remind() if clock.local_now().hour >= MORNING else 0


def make_repeating_visits(app: Flask) -> int:
    """Make the visits of repeating services up to the horizon, some clients at a time; how many visits.

    Safe with many workers: each holds its clients' locks and looks again, and an occurrence is unique in the database.
    Clients whose run breaks hold up no others; the next night tries again, and Run repeats does at once.
    """
    with reading(), unit_of_work(app):
        due = repeat_runs.due()
    n_made = 0
    for start in range(0, len(due), CLIENTS_AT_ONCE):
        some = due[start : start + CLIENTS_AT_ONCE]
        try:
            with unit_of_work(app):
                n_made += repeat_orders.nightly(some)
        except Exception:
            log.exception("the repeating visits of clients %s to %s could not be made", some[0], some[-1])
        if _stopping():
            break
    return n_made


def run_ordered_repeats(app: Flask) -> int:
    """Do the office's large runs of repeating services, piece by piece; how many pieces.

    Safe with many workers: each piece holds the run's row, and its visits are committed with the note of how far it is.
    """
    with reading(), unit_of_work(app):
        due = repeat_orders.due()
    n_pieces = 0
    for run_id in due:
        more = True
        while more and not _stopping():
            with unit_of_work(app):
                more = repeat_orders.work(run_id)
            n_pieces += 1
    return n_pieces


def forget_removed_files(app: Flask) -> int:
    """Delete the bytes of files that were taken away, and then their rows, some at a time; how many.

    Safe with many workers: each locks its own rows and skips the others'; bytes that are gone already are no error.
    """
    n_gone, more = 0, 1
    while more and not _stopping():
        with unit_of_work(app):
            more = files.forget_removed()
        n_gone += more
    return n_gone


def clean_up(app: Flask) -> None:
    """Drop used form keys, answers to programs, old log-in tries, ended sign-ins, files of pages never saved, notes of old merges, and bytes that no file knows;
    put right what the search does not know of what was written past the program.

    Safe with many workers: deleting twice deletes once.
    """
    with unit_of_work(app):
        once.forget_old()
        api_answers.forget_old()
        hooks.forget_old()
    with unit_of_work(app):
        tries.forget_old()
        sign_ins.forget_old()
        registrations.forget_old()
    with unit_of_work(app):
        field_files.forget_unused()
    with unit_of_work(app):
        import_runs.forget_old()
        undoing.forget_old()
    with unit_of_work(app):
        n_wrong = search_index.rebuild()
    if n_wrong:
        log.info("put %s entries of the search right", n_wrong)
    with reading(), unit_of_work(app):
        n_lost = files.forget_orphans()
        paper_store.forget_orphans()
    if n_lost:
        log.info("deleted %s stored files of transactions that were rolled back", n_lost)


# ------------------------------------------------------------------------------------------------------ the nudge


def install_nudge(app: Flask) -> None:
    """Wake the worker after each commit in which a mail was queued, so that it leaves in a second, not in a minute.

    Never breaks the request: the change is committed by then, and the minute's sweep delivers what no nudge did. A
    rolled-back transaction wakes nobody.
    """
    for task in NUDGES.values():
        app.extensions[task] = partial(_wake, app.extensions["tasks"][task])
    if not event.contains(db.session, "after_commit", _after_commit):
        event.listen(db.session, "after_commit", _after_commit)
        event.listen(db.session, "after_rollback", _after_rollback)


def _wake(task: Callable[[str], object]) -> None:
    """The task goes by the id of whoever asks for it, so that both are found together in the log."""
    task(tracing.request_id())


def _after_commit(session: Session) -> None:
    # A savepoint's release comes here too, when nothing is committed yet.
    if session.in_nested_transaction():
        return
    wanted = [name for flag, name in NUDGES.items() if session.info.pop(flag, None)]
    for name in wanted:
        try:
            current_app.extensions[name]()
        except Exception:
            log.exception("the worker could not be woken; the minute's sweep delivers")


def _after_rollback(session: Session) -> None:
    if not session.in_nested_transaction():
        for flag in NUDGES:
            session.info.pop(flag, None)


# ----------------------------------------------------------------------------------------------------- the worker

_consumer: Consumer | None = None
_worker_pid = 0


def _stopping() -> bool:
    """Was this worker asked to stop? Work that comes in pieces ends at the next piece."""
    return _consumer is not None and _consumer.stop_flag.is_set()


def run_worker(app: Flask, workers: int = 2) -> None:
    """`flask worker`: run tasks in `workers` processes until SIGTERM or Ctrl-C.

    On SIGTERM each finishes the mail in hand, puts the rest back and ends; one that hangs is interrupted after eight
    seconds, and a killed one loses nothing (see `mailer.deliver`). Processes that die are replaced.
    """
    global _consumer, _worker_pid  # noqa: PLW0603 -- one worker a process; its children find the stop flag here
    _worker_pid = os.getpid()
    huey: Huey = app.extensions["huey"]
    if isinstance(huey, PostgresHuey):
        _make_tables(huey)

    @huey.on_startup()
    def _own_connections() -> None:
        _die_with_parent()
        # A forked child must not talk over its parent's connections; closing them is the parent's business.
        with app.app_context():
            db.engine.dispose(close=False)

    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    # What exists now stays: walking over it again and again took a fifth of a long import.
    gc.collect()
    gc.freeze()
    _consumer = _Consumer(
        huey,
        workers=workers,
        worker_type="process",
        max_delay=1.0,
        graceful_signal="TERM",
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    log.info("worker %s starts with %s processes", os.getpid(), workers)
    try:
        _consumer.run()
    finally:
        _consumer = None


class _Scheduler(Scheduler):
    """huey's clock, which ends with the worker that started it."""

    def initialize(self) -> None:
        _die_with_parent()


class _Consumer(Consumer):
    scheduler_class = _Scheduler


def _die_with_parent() -> None:
    """Have the kernel end this child when its parent is killed; else it would work on unseen beside its successor."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != _worker_pid:  # it died before we asked
            os._exit(1)
