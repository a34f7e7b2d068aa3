"""One field of the ticked rows gets one value: ask, look at old and new, do it, follow it, take it back."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin_site import log_entries, orders, rows
from admin_site.pages import Answer, WorkPage, page, refuse
from foundation.db import db
from models import BulkKind, BulkRun
from workflows import bulk as work_orders
from workflows import list_edits, once
from workflows.actors import Actor
from workflows.errors import Conflict, WorkflowError

#: rows of a preview that are shown one by one; those that are refused are all shown
MOST_SHOWN = 50
#: table -> (the list's endpoint, its name)
LISTS = {
    "client": ("clients", _l("Clients")), "pet": ("pets", _l("Pets")), "vet": ("vets", _l("Vets")),
    "service_item": ("services", _l("Services")),
}  # fmt: skip


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(ListEdits(name="Changes of many records", endpoint="list_edits", url="list-edits"))


class _List(Protocol):
    """What the action needs of its list."""

    model: type[Any]
    url: str
    actor: Actor
    return_url: Callable[[], str]


def ask(of: _List, records: Sequence[Any]) -> Answer:
    """The fields with their values; then, when one was chosen, old and new of each row; then the order."""
    name = of.model.__tablename__
    table, form = list_edits.TABLES[name], request.form
    field, problem, lines = form.get("field", ""), "", []
    token = form.get(f"v-{field}", "")
    ids = [r.id for r in records]
    if "field" in form:
        try:
            if "confirmed" in form:
                once.claim(form.get("form_key"))
                run = list_edits.order(name, ids, field, token, actor=of.actor)
                db.session.commit()
                return redirect(_done(run))
            lines = list_edits.preview(name, ids, field, token, actor=of.actor)
        except Conflict as sent_twice:
            refuse(sent_twice)
            return redirect(of.return_url())
        except WorkflowError as refused:
            problem = refused.say(gettext)
    shown = [_shown(line) for line in lines]
    new = _words(list_edits.read(table, field, token)) if lines else ""
    answer = page(
        "list_edit.html", 422 if problem else 200, of=of, nav=getattr(of, "endpoint", ""), ids=ids, problem=problem,
        fields=[(f, log_entries.field_label(f), [(t, _words(v)) for t, v in list_edits.options(table, f)]) for f in table.fields],
        field=field, token=token, label=log_entries.field_label(field) if field else "", new=new, back=of.return_url(),
        changing=[line for line in shown if not line["why"] and not line["same"]],
        refused=[line for line in shown if line["why"]], n_same=sum(line["same"] for line in shown),
        most=MOST_SHOWN, form_key=once.new_key(), is_preview=bool(lines),
    )  # fmt: skip
    db.session.rollback()  # the preview tried it; nothing of that is kept
    return answer


def _shown(line: list_edits.Line) -> dict[str, Any]:
    why = line.refusal.say(gettext) if line.refusal is not None else ""
    return {"name": str(line.record), "old": _words(line.old), "why": why, "same": line.is_same}


def _words(value: Any) -> str:
    return str(rows.show(value)) or gettext("none")


def _done(run: BulkRun) -> str:
    """A small order is done at once; where it can be followed."""
    if run.n_total < work_orders.SMALL:
        while work_orders.work(run.id):
            db.session.commit()
        db.session.commit()
    return url_for("list_edits.follow", run_id=run.public_id)


class ListEdits(WorkPage):
    """Following such an order, and undoing it."""

    @expose("/")
    def index(self) -> Response:
        """They are given on the lists."""
        return redirect(url_for("clients.index_view"))

    @expose("/<public_id:run_id>/")
    def follow(self, run_id: str) -> Answer:
        """How far it is, what could not be done, and the way back."""
        run = self._run(run_id)
        wish = run.wish
        endpoint, title = LISTS[wish["table"]]
        is_undo = bool(wish.get("undo_of"))
        label = log_entries.field_label(wish["field"])
        return orders.show_state(
            run, list_title=title, list_url=url_for(f"{endpoint}.index_view"), can_undo=list_edits.can_undo(run),
            undone=bool(wish.get("undone_by")), n_changed=len(wish["was"]),
            title=(
                ngettext("Undo: %(field)s of %(num)d record", "Undo: %(field)s of %(num)d records", run.n_total, field=label)
                if is_undo
                else ngettext("%(field)s of %(num)d record", "%(field)s of %(num)d records", run.n_total, field=label)
            ),
        )  # fmt: skip

    @expose("/<public_id:run_id>/stop", methods=("POST",))
    def stop(self, run_id: str) -> Response:
        """Leave the rest."""
        return orders.stop(self._run(run_id), actor=self.actor)

    @expose("/<public_id:run_id>/undo", methods=("POST",))
    def undo(self, run_id: str) -> Response:
        """Put back what it changed; what somebody changed since is left and listed."""
        run = self._run(run_id)
        try:
            back = list_edits.undo(run, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".follow", run_id=run_id), 303)
        flash(gettext("What it changed is put back."), "success")
        return redirect(_done(back), 303)

    def _run(self, run_id: str) -> BulkRun:
        run = orders.find(run_id)
        if run is None or run.kind is not BulkKind.EDIT:
            abort(404)
        if not self.actor.may(list_edits.TABLES[run.wish["table"]].permission):
            abort(403)
        return run
