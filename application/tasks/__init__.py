"""Background work: huey runs it, the outbox and the other tables say what there is to do.

huey forgets a task whose worker is killed, so no task carries anything that matters: each looks up in the database
what is due, and the next minute's call finds what a lost one left. Every task may run in several workers, and on
several machines, at the same moment; each says why that does no harm.

Here stands what is done when. What a task does stands in the module of its trade: `visits`, `mails`, `money`, `orders`, `archives`,
`backups`, `hooks`, `tidying`; `queue` wakes the worker, `worker` is its process.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, current_app
from huey import Huey, crontab
from sqlalchemy import event
from sqlalchemy.orm import Session

from application.tasks import archives, backups, hooks, mails, money, orders, tidying, visits
from application.tasks.queue import make_huey
from application.units import unit_of_work
from foundation import tracing
from foundation.db import db
from workflows import condition

log = logging.getLogger("latchkey.tasks")

#: a timed task that has waited this long (seconds) is dropped: a newer one stands behind it
STALE = 300
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


def install(app: Flask) -> None:
    """Give the app its queue and its tasks, and have a commit that queued a mail wake the worker."""
    huey = make_huey(app.config)
    app.extensions["huey"] = huey
    app.extensions["tasks"] = _define(huey, app)
    install_nudge(app)


def _define(huey: Huey, app: Flask) -> dict[str, Any]:
    """Register the tasks with huey. Their names are what stands in the queue: renaming one loses those that wait."""
    minutely, five_minutely, nightly = crontab(), crontab(minute="*/5"), crontab(hour="3", minute="17")
    hourly = crontab(minute="7")

    def timed(when: Callable[..., bool], work: Callable[[Flask], object]) -> Any:  # noqa: ANN401
        return huey.periodic_task(when, name=work.__name__, expires=STALE)(lambda: _quietly(work, app))

    def nudge(name: str, work: Callable[[Flask], object]) -> Any:  # noqa: ANN401
        return huey.task(name=name, expires=STALE)(lambda request_id=None: _quietly(work, app, request_id))

    return {
        "nudge": nudge("nudge", mails.send_mails),
        "gateway_nudge": nudge("gateway_nudge", money.hear_gateway),
        "bulk_nudge": nudge("bulk_nudge", orders.bulk_orders),
        "imports_nudge": nudge("imports_nudge", orders.bring_in),
        "papers_nudge": nudge("papers_nudge", money.draw_papers),
        "archives_nudge": nudge("archives_nudge", archives.make_archives),
        "hooks_nudge": nudge("hooks_nudge", hooks.deliver_hooks),
        "show_life": timed(minutely, tidying.show_life),
        "sweep": timed(minutely, mails.send_mails),
        "hooks": timed(minutely, hooks.deliver_hooks),
        "archives": timed(minutely, archives.make_archives),
        "papers": timed(minutely, money.draw_papers),
        "bulk": timed(minutely, orders.bulk_orders),
        "imports": timed(minutely, orders.bring_in),
        "auto_submit": timed(minutely, visits.auto_submit),
        "reconcile": timed(minutely, money.reconcile_payments),
        "watch_visits": timed(minutely, visits.watch_visits),
        "evening_schedules": timed(five_minutely, mails.evening_schedules),
        "back_up": timed(five_minutely, backups.back_up),
        "check_backup": timed(five_minutely, backups.check_backup),
        "expire_changes": timed(five_minutely, visits.expire_changes),
        "forget_removed_files": timed(five_minutely, tidying.forget_removed_files),
        "master_schedule": timed(five_minutely, mails.send_master_schedule),
        "data_digest": timed(five_minutely, mails.send_data_digest),
        "vaccinations": timed(hourly, mails.remind_of_vaccinations),
        "reminders": timed(hourly, mails.remind_of_invoices),
        "repeat_nightly": timed(nightly, visits.make_repeating_visits),
        "clean_up": timed(nightly, tidying.clean_up),
        "compare_books": timed(crontab(hour="4", minute="41"), money.compare_books),
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
