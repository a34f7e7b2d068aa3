"""Orders about many visits: chosen in the schedule, asked once more with everything in view, followed on a page."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import Optional

from admin_site import schedule_rows, schedule_wish, texts
from admin_site.fields import UNASSIGNED, DayField, OfficeForm, Pick, sitter_options
from admin_site.pages import Answer, WorkPage, active_sitters, is_htmx, page, refuse
from admin_site.people import client_url
from admin_site.reading import read_id, read_ids
from foundation.db import db
from models import BulkKind, BulkRun, BulkState
from sign_in.guard import local_path
from ui_kit.form_fields import WholeField
from workflows import bulk, once
from workflows.actors import Actor
from workflows.errors import WorkflowError
from workflows.permissions import Permission

#: what the list offers; other kinds of orders are made elsewhere and only followed here
OFFERED = (BulkKind.MOVE, BulkKind.REASSIGN, BulkKind.CANCEL)
MOST_SHOWN = 12
#: orders about clients, whose own pages follow them
OF_CLIENTS = {BulkKind.INVITE: "invitations", BulkKind.MAILING: "mailings"}
#: and about rows of any list
ELSEWHERE = {**OF_CLIENTS, BulkKind.EDIT: "list_edits"}


class OrderForm(OfficeForm):
    """What shall be done with the chosen visits."""

    to_date = DayField(_l("To this day"), [Optional()])
    by_days = WholeField(_l("Or by so many days"), [Optional()])
    sitter = Pick(_l("Sitter"))
    reason = TextAreaField(_l("Reason"))
    waive_fee = BooleanField(_l("Take no cancellation fee"), default=True)
    fee_reason = TextAreaField(_l("Why no fee is taken"))
    anyway = BooleanField(_l("Also where it clashes with other visits or days off"))
    mail_client = BooleanField(_l("Mail the clients"), default=True)
    form_key = HiddenField()

    def __init__(self, formdata: Any, kind: BulkKind, *, may_waive: bool) -> None:
        super().__init__(formdata)
        self.sitter.choices = sitter_options(active_sitters())
        self.sitter.data = self.sitter.data or ""
        unused = {
            BulkKind.MOVE: {"sitter", "waive_fee", "fee_reason"},
            BulkKind.REASSIGN: {"to_date", "by_days", "reason", "waive_fee", "fee_reason", "mail_client"},
            BulkKind.CANCEL: {"to_date", "by_days", "sitter", "anyway"},
        }[kind]
        if not may_waive:
            unused |= {"waive_fee", "fee_reason"}
        for name in unused:
            del self[name]

    def wish(self) -> bulk.Wish:
        """The order's wish."""
        data = self.data
        sitter = data.get("sitter")
        return bulk.Wish(
            to_date=data.get("to_date"), by_days=data.get("by_days") or 0,
            sitter_id=None if sitter == UNASSIGNED else read_id(sitter) or 0 if sitter is not None else None,
            reason=(data.get("reason") or "").strip()[:2000], waive_fee=bool(data.get("waive_fee")),
            fee_reason=(data.get("fee_reason") or "").strip()[:255], mail_client=bool(data.get("mail_client")),
            anyway=bool(data.get("anyway")),
        )  # fmt: skip


class OrdersPage(WorkPage):
    """Choosing, ordering, following."""

    permission = Permission.SCHEDULE

    @expose("/")
    def index(self) -> Answer:
        """The last orders."""
        runs = db.session.scalars(
            sa.select(BulkRun)
            .where(BulkRun.kind.not_in(ELSEWHERE))
            .options(sa.orm.joinedload(BulkRun.staff))
            .order_by(BulkRun.id.desc())
            .limit(30)
        ).all()
        return page("orders.html", runs=runs, kind_words=kind_words, state_words=state_words)

    @expose("/choice", methods=("POST",))
    def choose(self) -> Answer:
        """The visits are ticked: what shall be done with them?"""
        back = local_path(request.form.get("back")) or url_for("schedule.index")
        kind = _kind(request.form.get("kind"))
        ids = _ids(back)
        if not ids:
            flash(gettext("Tick at least one visit."), "warning")
            return redirect(back)
        if len(ids) > bulk.MOST:
            flash(gettext("At most %(most)s visits at once.", most=bulk.MOST), "error")
            return redirect(back)
        form = OrderForm(None, kind, may_waive=self._may_waive)
        form.form_key.data = once.new_key()
        return self._ask(kind, ids, form, back)

    @expose("/new", methods=("POST",))
    def order(self) -> Answer:
        """Store the order; a small one is done at once, a large one by the worker."""
        back = local_path(request.form.get("back")) or url_for("schedule.index")
        kind = _kind(request.form.get("kind"))
        ids = read_ids(request.form.get("ids", "").split(","))
        form = OrderForm(request.form, kind, may_waive=self._may_waive)
        if not form.validate():
            return self._ask(kind, ids, form, back)
        try:
            once.claim(form.form_key.data)
            run = bulk.order(kind, ids, form.wish(), actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            if problem.code in {"sent_twice", "no_jobs"}:
                refuse(problem)
                return redirect(back if problem.code == "no_jobs" else url_for(".index"))
            form.add_problem(problem)
            return self._ask(kind, ids, form, back)
        if run.n_total < bulk.SMALL:
            while bulk.work(run.id):
                db.session.commit()
            db.session.commit()
        return redirect(url_for(".follow", run_id=run.public_id))

    @expose("/<public_id:run_id>/")
    def follow(self, run_id: str) -> Answer:
        """How far it is; the page asks again every two seconds and may be left."""
        return show_state(_run(run_id))

    @expose("/<public_id:run_id>/stop", methods=("POST",))
    def stop(self, run_id: str) -> Response:
        """Leave the rest."""
        return stop(_run(run_id), actor=self.actor)

    @expose("/<public_id:run_id>/retry", methods=("POST",))
    def retry(self, run_id: str) -> Response:
        """Try again what could not be done."""

        def again() -> BulkRun:
            once.claim(request.form.get("form_key"))
            return bulk.retry(_run(run_id), actor=self.actor, anyway="anyway" in request.form)

        return self._do(again, run_id)

    def _do(self, do: Any, run_id: str) -> Response:
        try:
            run = do()
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".follow", run_id=run_id))
        if run.state is BulkState.WAITING and run.n_total < bulk.SMALL:
            while bulk.work(run.id):
                db.session.commit()
            db.session.commit()
        return redirect(url_for(".follow", run_id=run.public_id))

    @property
    def _may_waive(self) -> bool:
        return self.actor.may(Permission.FEES)

    def _ask(self, kind: BulkKind, ids: Sequence[int], form: OrderForm, back: str) -> Answer:
        slots = schedule_rows.slots_by_id(ids)
        sitters = {s.sitter for s in slots}
        return page(
            "order_new.html", 422 if form.errors else 200, kind=kind.value, form=form, back=back, ids=",".join(map(str, ids)),
            title=kind_words(kind, len(slots)), n_visits=len(slots), n_clients=len({s.client_id for s in slots}),
            n_sitters=len(sitters - {""}), slots=slots[:MOST_SHOWN], more=max(len(slots) - MOST_SHOWN, 0),
            is_small=len(slots) < bulk.SMALL,
        )  # fmt: skip


def _kind(text: str | None) -> BulkKind:
    kind = next((k for k in OFFERED if k.value == text), None)
    if kind is None:
        abort(400)
    return kind


def _ids(back: str) -> list[int]:
    """The ticked visits, or all that the list shows over all its pages."""
    if "all" not in request.form:
        return read_ids(request.form.getlist("job"))
    return schedule_rows.ids_of(schedule_wish.wish_of(_query(back)), bulk.MOST + 1)


def _query(back: str) -> dict[str, str]:
    """The query string of the list that was looked at."""
    return dict(parse_qsl(urlsplit(back).query))


def _run(run_id: str) -> BulkRun:
    run = find(run_id)
    return run if run is not None and run.kind not in ELSEWHERE else abort(404)


# --------------------------------------------------------------------------------- shared with orders of other kinds


def find(run_id: str) -> BulkRun | None:
    """The order, or None."""
    return db.session.scalar(
        sa.select(BulkRun).where(BulkRun.public_id == run_id).options(sa.orm.joinedload(BulkRun.staff))
    )


def follow_url(run: BulkRun) -> str:
    """Where an order is followed: those about clients on their own pages, all else by who works with the schedule."""
    return url_for(f"{ELSEWHERE.get(run.kind, 'orders')}.follow", run_id=run.public_id)


def show_state(run: BulkRun, **more: Any) -> Answer:
    """How far an order is: the page, or for htmx the part that changes."""
    is_about_clients = run.kind in OF_CLIENTS
    context: dict[str, Any] = {
        "run": run, "title": kind_words(run.kind, run.n_total), "state": state_words(run), "by": run.staff,
        "failures": [_failure(f, run.kind) for f in run.failures[:100]], "is_over": run.state in {BulkState.DONE, BulkState.STOPPED},
        "n_worked": run.n_done + len(run.failures), "follow_url": follow_url(run),
        "stop_url": url_for(f"{ELSEWHERE.get(run.kind, 'orders')}.stop", run_id=run.public_id),
        "is_about_clients": is_about_clients, **more,
    }  # fmt: skip
    return page("_order_state.html" if is_htmx() else "order.html", **context)


def stop(run: BulkRun, *, actor: Actor) -> Response:
    """Leave the rest, and go back to what the order came to."""
    try:
        bulk.stop(run, actor=actor)
        db.session.commit()
    except WorkflowError as problem:
        refuse(problem)
    return redirect(follow_url(run))


def _failure(stored: dict[str, Any], kind: BulkKind) -> dict[str, Any]:
    """What could not be done: its words, why, and the way to it."""
    is_about_clients = kind in OF_CLIENTS
    values = {k: texts.with_dates(str(v)) for k, v in (stored.get("values") or {}).items()}
    why = gettext(stored["why"])
    return {
        "label": values.get("label")
        or (
            gettext("A client")
            if is_about_clients
            else gettext("A record")
            if kind is BulkKind.EDIT
            else gettext("Visit %(number)s", number=stored["job_id"])
        ),
        "why": why % values if "%(" in why else why,
        "url": (
            client_url(stored["job_id"]) if is_about_clients else url_for("visits_page.show", job_id=stored["job_id"])
        )
        if values.get("label") and kind is not BulkKind.EDIT
        else None,
    }


def kind_words(kind: BulkKind, n: int) -> str:
    """`Cancel 12 visits`."""
    return {
        BulkKind.MOVE: ngettext("Move %(num)d visit", "Move %(num)d visits", n),
        BulkKind.REASSIGN: ngettext("Give %(num)d visit to a sitter", "Give %(num)d visits to a sitter", n),
        BulkKind.CANCEL: ngettext("Cancel %(num)d visit", "Cancel %(num)d visits", n),
        BulkKind.GENERATE: ngettext("Make visits of %(num)d repeating service", "Make visits of %(num)d repeating services", n),
        BulkKind.INVITE: ngettext("Invite %(num)d client to the portal", "Invite %(num)d clients to the portal", n),
        BulkKind.INVOICE: ngettext("Raise invoices for %(num)d client", "Raise invoices for %(num)d clients", n),
        BulkKind.CHARGE: ngettext("Take %(num)d payment", "Take %(num)d payments", n),
        BulkKind.STATEMENT: ngettext("Send a statement to %(num)d client", "Send statements to %(num)d clients", n),
        BulkKind.MAILING: ngettext("Write to %(num)d client", "Write to %(num)d clients", n),
        BulkKind.EDIT: ngettext("Change %(num)d record", "Change %(num)d records", n),
    }[kind]  # fmt: skip


def state_words(run: BulkRun) -> str:
    """`Done`, `12 of 500`."""
    return {
        BulkState.WAITING: gettext("Waiting for its turn"),
        BulkState.RUNNING: gettext("Under way"),
        BulkState.DONE: gettext("Done"),
        BulkState.STOPPED: gettext("Stopped"),
    }[run.state]


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(OrdersPage(name="Orders", endpoint="orders", url="orders"))
