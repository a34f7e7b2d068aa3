"""What every page and every list of the back office has in common: who may, what a list shows, files, look-ups.

Flask-Admin gives the frame (views, forms from columns, actions, ajax fields). Every read goes through `scope`, every
write ends in a workflow: `forms` has adding, changing and deleting, `bulk` the ticked rows, `listing` how rows are
found, `rows` how they look. What this closes of Flask-Admin 2.2's traps has a test each in `tests/admin/crud`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import abort, g, json, request
from flask_admin import BaseView, expose
from flask_admin.contrib.sqla import ModelView
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import Form

from admin_site import export, list_address, list_shell, listing, own_columns, search, view_tabs
from admin_site.bulk import BulkActions, Offered
from admin_site.converters import OfficeConverter, OfficeForm
from admin_site.filters import OfficeFilter
from admin_site.forms import RecordForms, Section
from admin_site.list_address import Pill, Wanted
from admin_site.reading import read_id
from admin_site.rows import Column
from foundation.db import db
from foundation.twins import Twin, row_of
from sign_in import current_actor
from sign_in.guard import local_path
from workflows.actors import Actor
from workflows.permissions import Permission

Answer = str | Response | tuple[str, int]


class OfficePage(BaseView):
    """A page of the back office: closed to everybody without its permission."""

    #: what it takes to open it
    permission = Permission.OFFICE

    def is_accessible(self) -> bool:
        """Asked by Flask-Admin before every view; the guard of `sign_in` came first."""
        return current_actor().may(self.permission)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        """Signed in, but not for this."""
        abort(403)

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Flask-Admin's own version hides every TypeError behind a second call."""
        return fn(self, *args, **kwargs)


class OfficeList(BulkActions, RecordForms, ModelView):
    """A table of the database as list, form and details."""

    list_template = "admin/model/list.html"
    create_template = "admin/model/create.html"
    edit_template = "admin/model/edit.html"
    details_template = "admin/model/details.html"
    form_base_class = OfficeForm
    model_form_converter = OfficeConverter
    can_view_details = True
    can_export = True
    export_max_rows = 10_000
    named_filter_urls = True
    can_set_page_size = True
    page_size_options = list_address.PAGE_SIZES

    # ------------------------------------------------------------------ what a list says of itself
    #: what it takes to see it, and to change something
    reading, writing = Permission.OFFICE, Permission.OFFICE
    #: what nobody may do has no address either
    may_add = may_change = may_delete = True
    columns: Sequence[Column] = ()
    filters: Sequence[OfficeFilter] = ()
    pills: Sequence[Pill] = ()
    default_order: Sequence[Any] = ()
    #: SQLAlchemy loader options for lists and for one record
    list_options: Sequence[Any] = ()
    #: what the usual columns need, for lists that are opened all day: rows are then read without entities
    twin: Twin[Any] | None = None
    record_options: Sequence[Any] = ()
    #: off for tables that only grow: "newer" and "older" instead of page numbers
    counts_rows = True
    #: does the page show nothing beside its rows but what `list_shell` knows? A template of its own must not ask for more, and
    #: a twin's row not for more than `row_key` says, the day, the settings and the language
    keeps_page = False
    sections: Sequence[Section] = ()
    #: fields that a record keeps once it is there
    fixed: Sequence[str] = ()
    #: how a field is drawn beyond its type: arguments of `ui.field`
    field_looks: Mapping[str, Mapping[str, Any]] = {}
    search_hint: Any = _l("Search")
    title: Any = ""
    add_label: Any = _l("Add")
    #: the animal, title and sentence of a list that holds nothing yet
    empty: tuple[str, Any, Any] = ("dog", _l("Nothing here yet"), "")

    def __init__(self, model: type[Any], endpoint: str, url: str) -> None:
        self.form_columns = [name for section in self.sections for name in section.names] or ["id"]
        self.column_list = [c.name for c in self.columns]
        self._usual_names = frozenset(c.name for c in self.columns if not c.hidden)
        self.column_labels = {c.name: c.label for c in self.columns}
        self.column_sortable_list: tuple[str, ...] = ()
        self.column_filters = tuple(self.filters) or None
        super().__init__(model, db, name=endpoint, endpoint=endpoint, url=url)
        offered = {
            "create_view": self.may_add,
            "edit_view": self.may_change,
            "delete_view": self.may_delete,
            "cell_view": any(c.inline for c in self.columns),
            "action_view": self.may_delete or len(self._actions_data) > 1,
            "ajax_lookup": bool(self.form_ajax_refs),
            # Flask-Admin's cell editor asks for no permission; ours has a way of its own.
            "ajax_update": False,
        }
        exposed: list[Any] = getattr(self, "_urls")  # noqa: B009 -- the metaclass puts it there, unseen by type checkers
        self._urls = [u for u in exposed if offered.get(u[1], True)]

    def get_form(self) -> type[Form]:
        """Flask-Admin's form from the columns, for lists that have one."""
        return super().get_form() if self.sections else OfficeForm

    def get_edit_form(self) -> type[Form]:
        """Without the fields that a record keeps."""
        form = super().get_edit_form()
        return type(form.__name__, (form,), dict.fromkeys(self.fixed)) if self.fixed else form

    def init_search(self) -> bool:
        """A list with a `find` of its own can be searched."""
        return type(self).find is not OfficeList.find

    def get_filter_arg(self, index: int, flt: Any) -> str:
        """The same in every language and order."""
        return str(flt.key)

    def find(self, text: str) -> Any:
        """The condition of a search."""
        raise NotImplementedError

    def scope(self, statement: Any) -> Any:
        """The rows that this person may see: list, count, details, change, delete, actions and file all ask here."""
        return statement

    def get_query(self) -> Any:
        """Flask-Admin's way to the rows."""
        return self.scope(super().get_query())

    def get_count_query(self) -> Any:
        """Flask-Admin's way to their number; its own counts a bound parameter, ten times as slow on SQLite."""
        return self.scope(db.session.query(sa.func.count()).select_from(self.model))

    # ------------------------------------------------------------------ who may
    @property
    def actor(self) -> Actor:  # type: ignore[override]
        """Who acts; asked for dozens of times a page."""
        if "actor" not in g:
            g.actor = current_actor()
        actor: Actor = g.actor
        return actor

    @property
    def can_create(self) -> bool:  # type: ignore[override]
        """Asked for every page: permissions change while the server runs."""
        return self.may_add and self.actor.may(self.writing)

    @property
    def can_edit(self) -> bool:  # type: ignore[override]
        """As above."""
        return self.may_change and bool(self.sections) and self.actor.may(self.writing)

    @property
    def can_delete(self) -> bool:  # type: ignore[override]
        """As above."""
        return self.may_delete and self.actor.may(self.writing)

    def is_accessible(self) -> bool:
        """Asked by Flask-Admin before every view; the guard of `sign_in` came first."""
        return self.actor.may(self.reading)

    inaccessible_callback = OfficePage.inaccessible_callback
    _run_view = OfficePage._run_view  # noqa: SLF001 -- the same package's

    # ------------------------------------------------------------------ names and addresses
    def record_name(self, record: Any) -> str:
        """What a record is called."""
        return str(record)

    def record_url(self, record: Any) -> str | None:
        """Where a record's name leads."""
        return f"{self.url}/details/?id={record.id}"

    def edit_url(self, record: Any) -> str | None:
        """Where Edit leads."""
        return f"{self.url}/edit/?id={record.id}" if self.can_edit else None

    def add_url(self) -> str | None:
        """Where Add leads."""
        return f"{self.url}/new/" if self.can_create and self.sections else None

    def origin(self) -> str | None:
        """The page of ours that this was opened from, as the address (or the form) says."""
        asked = local_path(request.values.get("url"))
        return asked if asked and asked.startswith("/admin/") else None

    def list_before(self) -> str | None:
        """The page of this list that the person came from, with its filters."""
        before = urlsplit(request.referrer or "")
        if request.method != "GET" or before.netloc != request.host or before.path != f"{self.url}/":
            return None
        return local_path(f"{before.path}?{before.query}")

    def return_url(self) -> str:
        """Where Cancel leads."""
        return self.origin() or self.list_before() or f"{self.url}/"

    def row_key(self, record: Any) -> Any:
        """All that the row shows of the record: what was read of it. None for an entity, whose row is not kept."""
        return row_of(record)

    # ------------------------------------------------------------------ list
    @property
    def shown_columns(self) -> list[Column]:
        """The columns of the list itself, as this person wants them."""
        return own_columns.shown(self)

    @property
    def shows_only_usual(self) -> bool:
        """Does this person see no column beyond the list's own choice?"""
        return all(c.name in self._usual_names for c in self.shown_columns)

    @expose("/")
    def index_view(self) -> Answer:
        """One page of the list."""
        wanted = list_address.read(self, searchable=self._search_supported)
        wanted = replace(wanted, notes=(*wanted.notes, *view_tabs.missing_from(self, wanted)))
        found = listing.find(self, wanted)
        self.prefetch(found.records)
        actions = self._usual_actions()
        given = {
            "tabs": view_tabs.of_list(self.endpoint, self.url, wanted, self.actor),
            "actions": actions,
            "may_export": self.can_export and self.actor.may(Permission.EXPORT),
            **self.list_context(wanted),
        }
        shown = list_shell.rows_of(self, found.records, can_tick=bool(actions))
        return list_shell.page(self, wanted, found, shown, given)

    def _usual_actions(self) -> Sequence[Offered]:
        """What this person is offered, made once with their frame, which stands for what they may and for the language."""
        from admin_site import frame  # it needs the lists itself

        office = frame.here()
        if office is None:
            return self.offered_actions()
        found: Any = office.drawn.get(("actions", self.endpoint))
        if found is None:
            found = office.drawn["actions", self.endpoint] = tuple(self.offered_actions())
        return cast("Sequence[Offered]", found)

    def prefetch(self, records: Sequence[Any]) -> None:
        """Read at once what columns show of other tables, for the rows of a page, a piece of a file, or one record."""

    def list_context(self, wanted: Wanted) -> dict[str, Any]:
        """What a list's own template needs besides."""
        return {}

    def get_list(  # noqa: PLR0917 -- Flask-Admin's signature
        self,
        page: Any,
        sort_column: Any,
        sort_desc: Any,
        search: Any,
        filters: Any,
        execute: Any = None,
        page_size: Any = None,
    ) -> tuple[int | None, Any]:
        """Flask-Admin's way to a page of rows."""
        wanted = Wanted(
            search=search or "",
            filters=tuple((self._filters[i], value) for i, _name, value in filters or ()),
            sort=next((c for c in self.columns if c.name == sort_column and c.sort), None),
            desc=bool(sort_desc),
            page=(page or 0) + 1,
            size=page_size or list_address.PAGE_SIZES[0],
        )
        found = listing.find(self, wanted)
        return found.total, found.records

    # ------------------------------------------------------------------ one record
    def get_one(self, id: Any) -> Any:  # noqa: A002 -- Flask-Admin's name
        """The record if it is one and inside the scope; what is no number is not asked for."""
        pk = read_id(str(id)) if id is not None else None
        if pk is None:
            return None
        wanted = self.scope(sa.select(self.model)).where(self.model.id == pk)
        return db.session.scalar(wanted.options(*self.record_options))

    def asked_record(self) -> Any:
        """The record that the address names, or 404."""
        asked = request.args.getlist("id") or request.form.getlist("id")
        record = self.get_one(asked[0]) if len(asked) == 1 else None
        if record is None:
            abort(404)
        return record

    @expose("/details/")
    def details_view(self) -> Answer:
        """Everything about a record."""
        record = self.asked_record()
        self.prefetch([record])
        return self.render(
            self.details_template,
            model=record,
            name=self.record_name(record),
            facts=[(c.label, c.html(record)) for c in self.columns],
            actions=self.record_actions(record),
            return_url=self.return_url(),
            **self.details_context(record),
        )

    def details_context(self, record: Any) -> dict[str, Any]:
        """What a details page's own template needs besides."""
        return {}

    def record_actions(self, record: Any) -> list[Any]:
        """The bulk actions that make sense for this one record."""
        return self.offered_actions()

    # ------------------------------------------------------------------ files and look-ups
    @expose("/export/<export_type>/", methods=("POST",))
    def export(self, export_type: str) -> Response:
        """The list as a file. It is a POST because it is logged: a GET changes nothing, in no case."""
        if not self.actor.may(Permission.EXPORT):
            abort(403)
        if export_type not in export.KINDS:
            abort(404)
        wanted = list_address.read(self, searchable=self._search_supported)
        return export.list_file(self, wanted, export_type, actor=self.actor, most=self.export_max_rows)

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Response:
        """What a few letters find for a field of the form; at most twenty."""
        if not self.actor.may(self.writing):
            abort(403)
        loader = self._form_ajax_refs.get(request.args.get("name", ""))
        if loader is None:
            abort(404)
        found = loader.get_list(search.tidy(request.args.get("query")), 0, loader.page_size)
        return Response(json.dumps([loader.format(r) for r in found]), mimetype="application/json")


class ReadList(OfficeList):
    """A list for reading: it has no forms and nothing is deleted."""

    may_add = may_change = may_delete = False
