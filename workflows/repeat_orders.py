"""Running many repeating services: each night by the task, and large runs of the office in pieces by the worker.

A piece is a few series in one transaction, with the note of how far the run is. A worker that is killed leaves it
where its last piece ended; a piece that is done twice makes nothing twice.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import BULK_MOVES, BulkKind, BulkRun, BulkState, Repeat
from workflows import activity, repeat_runs
from workflows.actors import WORKER, Actor, staff_actor
from workflows.errors import N_, Conflict
from workflows.permissions import Permission

#: fewer series than this are run while one waits
SMALL = 40
#: series in one piece
PIECE = 50
OPEN = (BulkState.WAITING, BulkState.RUNNING)


def order(repeats: Sequence[Repeat], first: dt.date, until: dt.date, *, actor: Actor) -> BulkRun | None:
    """Store a run of these series over a range for the worker; None when it is small enough to be done at once. Logged.

    While the same series over the same days are under way already, that run is given back: a second press orders
    nothing. (Two presses in the same moment may order two runs; the second then makes what is missing, nothing.)
    """
    actor.require(Permission.SCHEDULE)
    if len(repeats) < SMALL:
        return None
    ids = [r.id for r in in_turn(repeats)]
    days = {"first": first.isoformat(), "until": until.isoformat()}
    for open_run in db.session.scalars(sa.select(BulkRun).where(_is_open()).order_by(BulkRun.id)):
        if set(open_run.wish["ids"]) == set(ids) and days.items() <= open_run.wish.items():
            return open_run
    run = BulkRun(
        kind=BulkKind.GENERATE, staff_id=actor.staff.id if actor.staff else None, n_total=len(ids), failures=[],
        wish={"ids": ids, **days, "n_made": 0, "n_conflicts": 0},
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    db.session.info["nudge_bulk"] = True  # have the worker look after this commit
    activity.record("repeat.run_ordered", actor=actor, subject=run, n_jobs=len(ids), first=first, last=until)
    return run


def in_turn(repeats: Iterable[Repeat]) -> list[Repeat]:
    """The order in which many series are run: sitter by sitter, for a piece reads all days of the sitters in it."""
    return sorted(repeats, key=lambda r: (r.sitter_id or 0, r.client_id, r.id))


def due() -> list[int]:
    """Runs that are not finished, the oldest first."""
    return list(db.session.scalars(sa.select(BulkRun.id).where(_is_open()).order_by(BulkRun.id)))


def _is_open() -> sa.ColumnElement[bool]:
    return sa.and_(BulkRun.kind == BulkKind.GENERATE, BulkRun.state.in_(OPEN))


def work(run_id: int) -> bool:
    """Do the next piece of a run in the caller's transaction; False when nothing is left of it.

    The run's row is held until the commit, so two workers never take the same piece.
    """
    run = db.session.scalar(
        sa.select(BulkRun).where(BulkRun.id == run_id).with_for_update().execution_options(populate_existing=True)
    )
    if run is None or run.state not in OPEN:
        return False
    if run.state is BulkState.WAITING:
        _move(run, BulkState.RUNNING)
        run.started_at = clock.now()
    actor = staff_actor(run.staff) if run.staff is not None else WORKER
    ids: list[int] = run.wish["ids"][run.n_done : run.n_done + PIECE]
    series = db.session.scalars(sa.select(Repeat).where(Repeat.id.in_(ids))).all()
    first, until = (dt.date.fromisoformat(run.wish[name]) for name in ("first", "until"))
    made = repeat_runs.generate(series, until, first=first, actor=actor)
    run.n_done += len(ids)
    run.wish = {
        **run.wish,
        "n_made": run.wish["n_made"] + made.n_made,
        "n_conflicts": run.wish["n_conflicts"] + made.n_conflicts,
    }
    if run.n_done >= run.n_total:
        _move(run, BulkState.DONE)
        run.finished_at = clock.now()
    db.session.flush()
    return run.state is BulkState.RUNNING


def _move(run: BulkRun, to: BulkState) -> None:
    if to not in BULK_MOVES[run.state]:
        raise Conflict("bulk_over", N_("This has ended already."))
    run.state = to


def nightly(client_ids: Sequence[int]) -> int:
    """The night's run for these clients, up to the horizon; how many visits it made. Quiet: see `generate`."""
    run = repeat_runs.generate(
        repeat_runs.repeats_of(client_ids), repeat_runs.horizon(), actor=WORKER, quiet=True
    )  # fmt: skip
    if run.n_made:
        activity.record("repeat.nightly", actor=WORKER, n_jobs=run.n_made, conflicts=run.n_conflicts)
    db.session.flush()
    return run.n_made
