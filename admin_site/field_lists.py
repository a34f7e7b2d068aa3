"""Choosing the custom fields that the lists of clients and pets show, and finding records by what is filled in."""

from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site.field_columns import PREFIX, fields_of
from admin_site.field_filters import WORDS, FieldFilter, operators_of
from admin_site.field_sheet import choices_of
from admin_site.pages import Answer, WorkPage, page, refuse
from foundation.db import db
from models import Client, FieldArea, FieldKind, Pet
from workflows import field_lists
from workflows.errors import WorkflowError
from workflows.field_kinds import kind_of
from workflows.permissions import Permission

LISTS: dict[str, tuple[Any, str]] = {FieldArea.CLIENT.value: (Client, "clients"), FieldArea.PET.value: (Pet, "pets")}


class FieldLists(WorkPage):
    """Columns and filters by custom fields."""

    @expose("/")
    def index(self) -> Response:
        """It begins with the clients."""
        return redirect(url_for(".show", area=FieldArea.CLIENT.value))

    @expose("/<any(client, pet):area>/")
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
            choices=choices_of(of) if of and kind_of(of) in {FieldKind.CHOICE, FieldKind.MULTI_CHOICE, FieldKind.YES_NO} else {},
            input=_input(kind_of(of)) if of else "text", list_url=url_for(f"{LISTS[area][1]}.index_view"),
            may_choose=self.actor.may(Permission.FIELDS), problem=request.args.get("problem"),
        )  # fmt: skip

    @expose("/<any(client, pet):area>/", methods=("POST",))
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

    @expose("/<any(client, pet):area>/find")
    def find(self, area: str) -> Response:
        """Go to the list with the filter that was put together."""
        model, endpoint = LISTS[area]
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
