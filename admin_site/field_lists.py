"""Choosing the custom fields that the lists of clients, pets, the team and report cards show, and finding records by what is filled in."""

from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin_site.field_columns import PREFIX, fields_of
from admin_site.field_filters import WORDS, FieldFilter, operators_of
from admin_site.field_sheet import choices_of
from admin_site.pages import Answer, WorkPage, page, refuse
from foundation.db import db
from models import Client, FieldArea, FieldKind, Pet, ReportCard, Staff
from workflows import field_lists
from workflows.errors import WorkflowError
from workflows.field_kinds import kind_of
from workflows.permissions import Permission

#: area -> what its list is of, the list, and its name
LISTS: dict[str, tuple[Any, str, Any]] = {
    FieldArea.CLIENT.value: (Client, "clients", _l("Clients")),
    FieldArea.PET.value: (Pet, "pets", _l("Pets")),
    FieldArea.STAFF.value: (Staff, "team", _l("Team")),
    FieldArea.REPORT.value: (ReportCard, "report_cards", _l("Report cards")),
}

#: kinds whose answers are picked, not typed
PICKED = frozenset({FieldKind.CHOICE, FieldKind.MULTI_CHOICE, FieldKind.YES_NO, FieldKind.TASK})


class FieldLists(WorkPage):
    """Columns and filters by custom fields."""

    @expose("/")
    def index(self) -> Response:
        """It begins with the clients."""
        return redirect(url_for(".show", area=FieldArea.CLIENT.value))

    @expose("/<any(client, pet, staff, report):area>/")
    def show(self, area: str) -> Answer:
        """Which fields are columns, and the form to find records by one of them."""
        fields = fields_of(FieldArea(area))
        wanted = request.args.get("field", "")
        of = next((f for f in fields if f.public_id == wanted), None)
        if wanted and of is None:
            abort(404)
        return page(
            "field_lists.html", area=area, fields=fields, chosen=field_lists.chosen(FieldArea(area)), most=field_lists.MOST,
            of=of, operators=[(o, gettext(WORDS[o])) for o in operators_of(of)] if of else [],
            choices=choices_of(of) if of and kind_of(of) in PICKED else {},
            input=_input(kind_of(of)) if of else "text", list_url=url_for(f"{LISTS[area][1]}.index_view"),
            lists=[(str(name), url_for(".show", area=key), key == area, None) for key, (_model, _list, name) in LISTS.items()],
            list_name=LISTS[area][2], may_choose=self.actor.may(Permission.FIELDS), problem=request.args.get("problem"),
        )  # fmt: skip

    @expose("/<any(client, pet, staff, report):area>/", methods=("POST",))
    def choose(self, area: str) -> Response:
        """Save which fields are columns."""
        if not self.actor.may(Permission.FIELDS):
            abort(403)
        known = {f.public_id for f in fields_of(FieldArea(area))}
        try:
            field_lists.choose(FieldArea(area), [i for i in request.form.getlist("columns") if i in known], actor=self.actor)  # fmt: skip
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".show", area=area))
        flash(gettext("The list shows them from now on, for everybody."), "success")
        return redirect(url_for(f"{LISTS[area][1]}.index_view"))

    @expose("/<any(client, pet, staff, report):area>/find")
    def find(self, area: str) -> Response:
        """Go to the list with the filter that was put together."""
        model, endpoint, _name = LISTS[area]
        of = next((f for f in fields_of(FieldArea(area)) if f.public_id == request.args.get("field")), None)
        if of is None:
            abort(404)
        value = f"{request.args.get('operator', '')}:{request.args.get('value', '')}"
        if not FieldFilter(of, model).validate(value):
            flash(gettext("Say what it is compared with."), "warning")
            return redirect(url_for(".show", area=area, field=of.public_id))
        query = urlencode({"view": "all", f"flt_{PREFIX}{of.public_id}": value})
        return redirect(f"{url_for(f'{endpoint}.index_view')}?{query}")


def _input(kind: FieldKind) -> str:
    return "date" if kind is FieldKind.DATE else "text"


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(FieldLists(name="Columns", endpoint="field_lists", url="field-lists"))
