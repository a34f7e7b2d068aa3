"""The settings pages: show, check, save, and who changed what."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_babel import get_locale, gettext, ngettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import Field, SelectField

from foundation import storage
from foundation.db import db
from models import Client, ClientStatus
from settings_ui import finding
from settings_ui.forms import digest, entries_of, field_name, given, make_form
from settings_ui.pages import PAGES
from sign_in import current_actor
from ui_kit.refused import point_out
from workflows import setting_history, settings, uploads
from workflows.actors import COMMAND_LINE
from workflows.errors import Invalid, Refusals, WorkflowError
from workflows.permissions import Permission
from workflows.settings import Entry, Kind

LOGO_SIDE = 480
#: clients that the preview offers
MOST_PREVIEWED = 200


class SettingsView(BaseView):
    """Business and portal settings; owners only."""

    def is_accessible(self) -> bool:
        """Hidden from, and closed to, everybody without the permission."""
        return current_actor().may(Permission.SETTINGS)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> None:
        """Say so plainly."""
        abort(403)

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)

    @expose("/")
    def index(self) -> Response:
        """The first page."""
        return redirect(url_for(".page", page="business"))

    @expose("/search")
    def search(self) -> str:
        """The settings of all pages that fit what was typed, each with where it stands now."""
        text = request.args.get("q", "").replace("\0", "")[:200]
        return self.render(
            "settings_ui/search.html",
            nav="settings",
            pages=PAGES,
            may_edit_words=current_actor().may(Permission.TEMPLATES),
            page=None,
            text=text,
            found=finding.find(text),
            values=settings.read(),
            field_name=field_name,
        )

    @expose("/<page>/default", methods=("POST",))
    def to_default(self, page: str) -> Response:
        """Set one setting of the page back to its default; the rest of the page is left as it was saved."""
        entries = {e.key: e for e in entries_of(page)} if page in PAGES else {}
        entry = entries.get(request.form.get("key", ""))
        if entry is None:
            abort(404)
        picture = settings.read()[entry.key] if entry.kind is Kind.IMAGE else None
        try:
            changed = settings.change({entry.key: entry.default}, actor=current_actor())
            db.session.commit()
        except WorkflowError as refusal:
            db.session.rollback()
            settings.forget()
            flash(refusal.say(gettext), "error")
        else:
            if picture and changed:
                storage.here().delete(picture)
            flash(gettext("%(setting)s is back at its default.", setting=gettext(entry.label)), "success")
        return redirect(url_for(".page", page=page, _anchor=f"row-{field_name(entry.key)}"))

    @expose("/portal/preview", methods=("POST",))
    def preview(self) -> Response:
        """Open the portal as the client that was chosen sees it: the client page's own button, reached from here."""
        client_id = request.form.get("client_id", "")
        if not (client_id.isascii() and client_id.isdigit() and len(client_id) < 10):
            flash(gettext("Choose a client whose portal you want to see."), "error")
            return redirect(url_for(".page", page="portal", _anchor="preview"))
        return redirect(url_for("client_page.portal_visit", client_id=int(client_id)), code=307)

    @expose("/<page>", methods=("GET", "POST"))
    def page(self, page: str) -> str | Response | tuple[str, int]:
        """One page of settings; on POST everything is saved, or nothing and the form comes back filled."""
        if page not in PAGES:
            abort(404)
        if request.method == "GET":
            return self._show(page, make_form(page, settings.read()))
        form = make_form(page, settings.read(), request.form | request.files)
        if not form.validate():
            try:
                self._read(page, form)
            except Invalid as refusal:
                point_out(form, refusal, _names(page))
            return self._show(page, form), 422
        if form["seen"].data != digest(page, settings.read()):
            form.form_errors.append(
                gettext("Someone changed these settings meanwhile. Reload the page, then make your change again.")
            )
            return self._show(page, form), 409
        try:
            n_changed = self._save(page, form)
        except WorkflowError as refusal:
            db.session.rollback()
            settings.forget()
            point_out(form, refusal, _names(page))
            return self._show(page, form), 422
        flash(
            ngettext("%(num)d setting saved.", "%(num)d settings saved.", n_changed)
            if n_changed
            else gettext("Nothing was changed."),
            "success",
        )
        return redirect(url_for(".page", page=page))

    def _save(self, page: str, form: FlaskForm) -> int:
        """Save what the form says; new pictures are stored first and old ones forgotten after the commit."""
        store = storage.here()
        wanted, pictures = self._read(page, form)
        old_pictures: list[str] = []
        for entry in _pictures_of(page):
            present = settings.read()[entry.key]
            if entry.key in pictures:
                wanted[entry.key] = store.put(pictures[entry.key], folder="logos", suffix="webp")
            elif form[f"remove_{field_name(entry.key)}"].data:
                wanted[entry.key] = None
            if entry.key in wanted and present:
                old_pictures.append(present)
        changed = settings.change(wanted, actor=current_actor())
        db.session.commit()
        for key in old_pictures:
            store.delete(key)
        return len(changed)

    @staticmethod
    def _read(page: str, form: FlaskForm) -> tuple[dict[str, Any], dict[str, bytes]]:
        """What the fields that could be read say, and the new pictures. Invalid, all at once, for what is refused."""
        fields = {e: form[field_name(e.key)] for e in entries_of(page)}
        refusals, pictures = Refusals(), {}
        typed = {e.key: given(e, f.data) for e, f in fields.items() if e.kind is not Kind.IMAGE and not f.errors}
        with refusals:
            settings.checked(typed)
        for entry in _pictures_of(page):
            if fields[entry].data:
                with refusals:
                    pictures[entry.key] = _clean_picture(entry, fields[entry].data)
        refusals.say()
        return typed, pictures

    def _show(self, page: str, form: FlaskForm) -> str:
        values = settings.read()
        keys = {e.key for e in entries_of(page)}
        history = setting_history.newest(keys, most=10)
        groups = [
            (group, [(e, form[field_name(e.key)]) for e in entries_of(page) if e.group == group.key])
            for group in settings.GROUPS
            if group.page == page
        ]
        return self.render(
            "settings_ui/page.html",
            nav="settings",
            page=page,
            pages=PAGES,
            may_edit_words=current_actor().may(Permission.TEMPLATES),
            form=form,
            groups=groups,
            values=values,
            history=history,
            last=setting_history.last_changes({k for k in keys if values.is_changed(k)}),
            clients=_some_clients() if page == "portal" and current_actor().may(Permission.PORTAL_AS_CLIENT) else [],
            registry=settings.REGISTRY,
            who_words=_who_words,
            drawn=_drawn,
        )


def _names(page: str) -> dict[str, str]:
    """{setting: the field of the form that it is typed into}."""
    return {entry.key: field_name(entry.key) for entry in entries_of(page)}


def _pictures_of(page: str) -> list[Entry]:
    return [e for e in entries_of(page) if e.kind is Kind.IMAGE]


def _clean_picture(entry: Entry, file: Any) -> bytes:
    try:
        return uploads.clean_image(file.read(uploads.MAX_LOGO_BYTES + 1), max_side=LOGO_SIDE)
    except Invalid as refusal:
        refusal.field = entry.key
        raise


_rows: dict[tuple[str, str, str], Markup] = {}
_MOST_ROWS = 2_000


def _drawn(entry: Entry, field: Field, draw: Callable[[Field], Markup]) -> Markup:
    """A setting's row by `draw`, a macro. Nothing but the language and the value changes it, so a page that is only
    looked at takes the rows that were drawn before: sixty fields were half of its time."""
    if request.method != "GET" or isinstance(field, (SelectField, FileField)):
        return draw(field)
    key = str(get_locale()), entry.key, repr(field.data)
    if key not in _rows:
        if len(_rows) >= _MOST_ROWS:
            _rows.clear()
        _rows[key] = draw(field)
    return _rows[key]


def _who_words(name: str) -> str:
    """A person's name; the command line is none, and translated."""
    return gettext(name) if name == COMMAND_LINE.name else name


def _some_clients() -> list[tuple[int, str]]:
    """Active clients to preview the portal as, by name; of a long list the first ones, others from their own page."""
    found = (
        sa.select(Client.id, Client.first_name, Client.last_name)
        .where(Client.status == ClientStatus.ACTIVE)
        .order_by(Client.last_name, Client.first_name, Client.id)
        .limit(MOST_PREVIEWED)
    )
    return [(key, f"{first} {last}".strip()) for key, first, last in db.session.connection().execute(found).all()]
