"""Merging duplicates: a list of likely ones, a search for the other record, and both side by side."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin_site import log_entries, rows, search
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.people import client_url
from admin_site.reading import read_id, read_page
from foundation.db import db
from models import Client, Vet
from workflows import merged, once
from workflows.errors import Conflict, Invalid, WorkflowError
from workflows.merging import distinct, duplicates, kinds, undoing
from workflows.merging.kinds import KINDS, Kind
from workflows.merging.merge import look, merge
from workflows.permissions import Permission


class Words(NamedTuple):
    """What a kind is called, and where its records stand."""

    title: Any
    list_endpoint: str
    url: Callable[[int], str]


WORDS = {
    "client": Words(_l("Clients"), "clients.index_view", client_url),
    "pet": Words(_l("Pets"), "pets.index_view", lambda i: f"/admin/pets/details/?id={i}"),
    "vet": Words(_l("Vets"), "vets.index_view", lambda i: f"/admin/vets/details/?id={i}"),
}
#: what people call the rows of a table; all others are counted as one
ROWS = {
    "pet": _l("Pets"), "client_contact": _l("Contacts"), "client_login": _l("Log-ins"), "job": _l("Visits"),
    "job_pet": _l("Visits"), "job_request": _l("Requests"), "change_request": _l("Change requests"),
    "repeat": _l("Repeating services"), "repeat_pet": _l("Repeating services"), "invoice": _l("Invoices"),
    "credit_note": lazy_pgettext("credit and debit", "Notes"), "payment": _l("Payments"), "refund": _l("Refunds"), "posting": _l("Entries in the books"),
    "stored_method": _l("Cards and bank accounts"), "client_package": _l("Packages of visits"), "stored_file": _l("Files"),
    "field_value": _l("Details that were filled in"), "home_key": _l("Keys"), "letter": _l("Messages"),
    "outbox_mail": _l("Mails"), "notification": _l("Lines on HOME"), "client_price": _l("Agreed prices"),
    "client_sitter": _l("Preferred and blocked sitters"), "agreement_acceptance": _l("Accepted agreements"),
    "activity": _l("Lines of the log"), "comment": _l("Remarks"), "vaccination": _l("Vaccinations"),
}  # fmt: skip


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(MergingPage(name="Merge duplicates", endpoint="merging", url="merging"))


def gone_to(kind: str, record_id: int) -> Response | None:
    """The way to the record that this one was merged with, with a word about it; None for what stands."""
    into = merged.leads_to(kind, record_id)
    if into is None:
        return None
    model = KINDS[kind].model
    names = {r.id: str(r) for r in db.session.scalars(sa.select(model).where(model.id.in_([record_id, into])))}
    flash(gettext("%(name)s was merged into this record.", name=names.get(record_id, "")), "info")
    return redirect(WORDS[kind].url(into))


class MergingPage(WorkPage):
    """Two records become one."""

    permission = Permission.CLIENTS

    @expose("/")
    def index(self) -> Answer:
        """Likely duplicates of one kind."""
        kind = request.args.get("kind", "client")
        if kind not in KINDS:
            abort(404)
        number = read_page()
        pairs, has_more = duplicates.likely(kind, page=number)
        return page(
            "merging.html", kind=kind, words=WORDS, pairs=pairs, number=number, about=_about,
            noted=undoing.noted(kind) if number == 1 else [],
            marked=distinct.marked(kind) if number == 1 else [],
            has_more=has_more and number < duplicates.MOST_PAGES,
        )  # fmt: skip

    @expose("/<kind>/<int:first_id>/<int:second_id>/two", methods=("POST",))
    def keep_two(self, kind: str, first_id: int, second_id: int) -> Response:
        """These are no duplicates: they are not proposed again."""
        records = _record(kind, first_id), _record(kind, second_id)
        try:
            distinct.mark(kind, first_id, second_id, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(gettext("%(first)s and %(second)s are not proposed again.", first=str(records[0]), second=str(records[1])), "success")  # fmt: skip
        return redirect(url_for(".index", kind=kind), 303)

    @expose("/<kind>/<int:first_id>/<int:second_id>/maybe-one", methods=("POST",))
    def propose_again(self, kind: str, first_id: int, second_id: int) -> Response:
        """Take that back."""
        _record(kind, first_id), _record(kind, second_id)
        distinct.take_back(kind, first_id, second_id, actor=self.actor)
        db.session.commit()
        flash(gettext("They are proposed again where they have something in common."), "success")
        return redirect(url_for(".index", kind=kind), 303)

    @expose("/<kind>/<int:record_id>/")
    def choose(self, kind: str, record_id: int) -> Answer:
        """Which is the other record? Likely ones first, then what a search finds."""
        record = _record(kind, record_id)
        if (gone := gone_to(kind, record_id)) is not None:
            return gone
        typed = search.tidy(request.args.get("search"))
        pairs, _more = duplicates.likely(kind, of=record_id)
        known = [(p.second if p.first.id == record_id else p.first, p.reasons) for p in pairs]
        found = [(r, ()) for r in _found(kind, record, typed) if r.id not in {k.id for k, _why in known}]
        return page(
            "merging_choose.html", kind=kind, words=WORDS[kind], record=record, typed=typed, found=[*known, *found],
            about=_about, can_search=kind != "pet", noted=undoing.noted(kind, into=record_id),
        )  # fmt: skip

    @expose("/<kind>/<int:stays_id>/<int:goes_id>/", methods=("GET", "POST"))
    def compare(self, kind: str, stays_id: int, goes_id: int) -> Answer:
        """Both side by side; what is chosen is done with one press. Sent twice, it is done once."""
        stays, goes = _record(kind, stays_id), _record(kind, goes_id)
        if request.method == "GET":
            return gone_to(kind, goes_id) or gone_to(kind, stays_id) or self._show(KINDS[kind], stays, goes)
        name = str(goes)
        seen = read_id(request.form.get("stays_version")) or 0, read_id(request.form.get("goes_version")) or 0
        try:
            once.claim(request.form.get("form_key"))
            merge(kind, stays_id, goes_id, _choices(), versions=seen, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            if problem.code in {"sent_twice", "merged", "gone"}:
                refuse(problem)
                return redirect(WORDS[kind].url(stays_id), 303)
            db.session.rollback()
            status = 409 if isinstance(problem, Conflict) else 422
            return self._show(KINDS[kind], _record(kind, stays_id), _record(kind, goes_id), problem, status)
        flash(gettext("%(name)s was merged into this record. For 30 days this can be undone under Merge.", name=name), "success")  # fmt: skip
        return redirect(WORDS[kind].url(stays_id), 303)

    @expose("/<kind>/<int:record_id>/undo", methods=("GET", "POST"))
    def undo(self, kind: str, record_id: int) -> Answer:
        """What undoing a merge would give back and what stays; one press does it. Sent twice, it is done once."""
        goes = _record(kind, record_id)
        found = undoing.find(kind, record_id)
        if found is None:
            into = merged.leads_to(kind, record_id)
            flash(gettext("This merge was undone already, or it can be undone no more."), "info")
            return redirect(WORDS[kind].url(into or record_id), 303)
        if request.method == "GET":
            return self._ask(kind, found)
        try:
            undoing.undo(kind, record_id, mark=request.form.get("mark", ""), actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            found = undoing.find(kind, record_id)
            if found is None:
                refuse(problem)
                return redirect(WORDS[kind].url(record_id), 303)
            return self._ask(kind, found, problem, 409 if isinstance(problem, Conflict) else 422)
        flash(gettext("The merge was undone: %(name)s is back.", name=str(goes)), "success")
        return redirect(WORDS[kind].url(record_id), 303)

    def _ask(self, kind: str, found: undoing.Noted, problem: WorkflowError | None = None, status: int = 200) -> Answer:
        seen = undoing.look(found.note, actor=self.actor)
        between: dict[str, list[str]] = {}
        for table, name in seen.between:
            between.setdefault(str(ROWS.get(table, _l("Other records"))), []).append(name)
        return page(
            "merging_undo.html", status, kind=kind, words=WORDS[kind], stays=found.stays, goes=found.goes, note=found.note,
            seen=seen, back=_moves(seen.back), along=_moves(seen.along), added=_moves(seen.added), left=_moves(seen.left),
            values=_labels(kind, seen.values), kept=_labels(kind, seen.kept), until=found.note.merged_at + undoing.KEEP,
            between=[(label, ", ".join(n for n in names if n)) for label, names in between.items()],
            why_not=seen.stands_against.say(gettext) if seen.stands_against else "",
            problem=problem.say(gettext) if problem else "",
        )  # fmt: skip

    def _show(
        self, kind: Kind, stays: Any, goes: Any, problem: WorkflowError | None = None, status: int = 200
    ) -> Answer:
        seen = look(kind, stays, goes, actor=self.actor)
        if isinstance(seen.stands_against, Invalid):
            refuse(seen.stands_against)
            return redirect(WORDS[kind.name].url(stays.id))
        typed = _choices()
        lines = [
            {
                "key": line.key,
                "label": line.own.label if line.own is not None else log_entries.field_label(line.key),
                "stays": _words(line.key, line.stays), "goes": _words(line.key, line.goes), "differs": line.differs,
                "both": line.both, "choice": typed.get(line.key, line.suggested),
            }
            for line in seen.compared.lines
            if line.differs or line.stays not in {None, ""}
        ]  # fmt: skip
        return page(
            "merging_compare.html", status, kind=kind.name, words=WORDS[kind.name], stays=stays, goes=goes, lines=lines,
            moves=_moves(seen.moves), about=_about, form_key=once.new_key(),
            why_not=seen.stands_against.say(gettext) if seen.stands_against else "",
            problem=problem.say(gettext) if problem else "",
        )  # fmt: skip


def _labels(kind: str, columns: Sequence[str]) -> list[str]:
    """What the fields behind these columns are called; two columns may be one field."""
    names = [c.removesuffix("_id") if c.removesuffix("_id") in KINDS[kind].fields else c for c in columns]
    return list(dict.fromkeys(str(log_entries.field_label(n)) for n in names if n != "longitude"))


def _record(kind: str, record_id: int) -> Any:
    if kind not in KINDS:
        abort(404)
    return get_or_404(KINDS[kind].model, record_id)


def _choices() -> dict[str, str]:
    """What was ticked: `use-city` says whose town counts."""
    return {k[4:]: v for k, v in request.form.items() if k.startswith("use-") and v in kinds.CHOICES}


def _found(kind: str, record: Any, typed: str) -> list[Any]:
    if kind == "pet":
        return duplicates.others(kind, record)
    if not typed:
        return []
    model: type[Any] = Client if kind == "client" else Vet
    condition = search.clients(typed) if kind == "client" else search.vets(typed)
    ids = db.session.scalars(sa.select(model.id).where(condition).limit(duplicates.PAGE))
    return duplicates.others(kind, record, list(ids))


def _about(record: Any) -> str:
    """The quiet line under a name: number, town, phone; what tells two records apart."""
    if isinstance(record, Client):
        parts = [record.account_number_grouped, record.city, rows.phone(record.phone), record.email]
    elif isinstance(record, Vet):
        parts = [record.address, rows.phone(record.phone), record.email]
    else:
        parts = [str(record.client), record.breed]
    return " · ".join(p for p in parts if p)


def _words(key: str, value: Any) -> str:
    if key == "phone":
        return rows.phone(value)
    if isinstance(value, tuple):
        return ", ".join(str(v) for v in value)
    return str(rows.show(value))


def _moves(moves: Any) -> list[tuple[str, int]]:
    """What would move, in words; tables that nobody has a word for are counted as one."""
    found: dict[str, int] = {}
    for table, n in moves.items():
        label = str(ROWS.get(table, _l("Other records")))
        found[label] = found.get(label, 0) + n
    return sorted(found.items(), key=lambda pair: (pair[0] == gettext("Other records"), pair[0]))
