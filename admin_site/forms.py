"""Adding, changing and deleting one record of a list, each through its workflow and one commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, current_app, flash, redirect, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response
from wtforms import Form

from admin_site import listing, rows
from admin_site.lookups import Lookup
from admin_site.reading import read_id
from foundation.db import Base, db
from ui_kit.refused import point_out
from workflows import once
from workflows.actors import Actor
from workflows.errors import Conflict, Invalid, WorkflowError

Answer = str | Response | tuple[str, int]


@dataclass(frozen=True)
class Section:
    """A part of a form: its fields in order; two in a tuple stand side by side."""

    title: Any
    fields: tuple[str | tuple[str, ...], ...]
    about: Any = ""
    #: folded away under "Advanced"; it opens by itself when a field inside has an error
    advanced: bool = False

    @property
    def names(self) -> list[str]:
        """The fields, flat."""
        return [n for f in self.fields for n in (f if isinstance(f, tuple) else (f,))]


class RecordForms:
    """The part of a list that adds, changes and deletes."""

    actor: Actor
    url: str
    endpoint: str
    can_create: bool
    can_edit: bool
    can_delete: bool
    create_template: str
    edit_template: str
    sections: Sequence[Section]
    columns: Sequence[rows.Column]
    _form_ajax_refs: dict[str, Lookup]
    render: Callable[..., str]
    create_form: Callable[..., Any]
    edit_form: Callable[..., Any]
    get_one: Callable[[Any], Any]
    asked_record: Callable[[], Any]
    record_url: Callable[[Any], str | None]
    record_name: Callable[[Any], str]
    return_url: Callable[[], str]
    origin: Callable[[], str | None]
    list_before: Callable[[], str | None]

    def add(self, values: dict[str, Any], actor: Actor) -> Any:
        """The workflow that adds a record; gives it back."""
        raise NotImplementedError

    def change(self, record: Any, values: dict[str, Any], actor: Actor) -> None:
        """The workflow that changes a record."""
        raise NotImplementedError

    def check(self, record: Any, values: dict[str, Any]) -> None:
        """What the workflow would refuse in these values of a new (None) or changed record; nothing is written.

        Asked beside what could not be read, which is not among the values, so that a form says all that is wrong at
        once. So it may refuse a field for its own value, but not for one that could be missing.
        """

    def remove(self, record: Any, actor: Actor) -> None:
        """The workflow that deletes a record."""
        raise NotImplementedError

    def saved_url(self, record: Any) -> str:
        """Where one gets after saving, when the form was not opened from elsewhere."""
        return self.record_url(record) or f"{self.url}/"

    # ------------------------------------------------------------------ adding and changing
    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """The empty form, and what was filled in."""
        if not self.can_create:
            abort(403)
        form = self.create_form()
        if request.method == "GET":
            form.form_key.data = once.new_key()
            self.prefill(form)
            return self._show_form(form, None)
        if self._is_right(form, None):
            record = self.create_model(form)
            if record:
                flash(self.said_added(record), "success")
                self.warn(record)
                if "_add_another" in request.form:
                    return redirect(request.full_path.rstrip("?"))
                return redirect(self.origin() or self.saved_url(record))
            if getattr(form, "is_sent_twice", False):
                flash(gettext("This was already saved. Nothing was done twice."), "info")
                return redirect(self.return_url())
        return self._show_form(form, None), _status(form)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """The form with a record in it, and what was changed."""
        if not self.can_edit:
            abort(403)
        record = self.asked_record()
        form = self.edit_form(record)
        if request.method == "GET":
            form.row_version.data = str(_version(record))
            return self._show_form(form, record)
        name = self.record_name(record)
        if self._is_right(form, record) and self.update_model(form, record):
            flash(self.said_saved(record), "success")
            self.warn(record)
            return redirect(self.origin() or self.saved_url(record))
        return self._show_form(form, record, name), _status(form)

    def _is_right(self, form: Form, record: Any) -> bool:
        """Could everything be read? If not, what the rules say of the other fields is said at the same time."""
        if form.validate():
            return True
        read = {name: value for name, value in self.values(form).items() if name in form and not form[name].errors}
        with db.session.no_autoflush:
            try:
                self.check(record, read)
            except Invalid as problem:
                point_out(form, problem)
        return False

    def _show_form(self, form: Form, record: Any, name: str = "") -> str:
        return self.render(
            self.create_template if record is None else self.edit_template,
            form=form,
            model=record,
            heading=name or (self.record_name(record) if record is not None else ""),
            sections=self.form_sections(form),
            current=getattr(form, "current", {}),
            return_url=self.return_url(),
            origin=self.origin() or (self.list_before() if record is not None else None),
            can_delete=record is not None and self.can_delete,
        )

    def form_sections(self, form: Form) -> list[Any]:
        """The sections with those of their fields that this form has."""
        return [
            {
                "title": section.title,
                "about": section.about,
                "advanced": section.advanced,
                "open": any(form[n].errors or n in getattr(form, "current", {}) for n in section.names if n in form),
                "lines": [_line(form, line) for line in section.fields if _line(form, line)],
            }
            for section in self.sections
        ]

    def prefill(self, form: Form) -> None:
        """What the address of an empty form says about its fields: `?client=7`."""
        for name, loader in self._form_ajax_refs.items():
            if name in form and (pk := read_id(request.args.get(name))) is not None:
                form[name].data = loader.get_one(pk)

    def values(self, form: Form) -> dict[str, Any]:
        """The form as the workflows want it: a plain dict."""
        names = (name for section in self.sections for name in section.names)
        return {name: form[name].data for name in names if name in form}

    def create_model(self, form: Form) -> Any:
        """Add through the workflow, once however often the form is sent; False with the form's errors otherwise."""
        try:
            once.claim(form.form_key.data)
            record = self.add(self.values(form), self.actor)
            db.session.commit()
        except Exception as problem:  # noqa: BLE001 -- what is no refusal is raised again
            self._point_out(form, problem)
            return False
        listing.forget_counts()
        return record

    def update_model(self, form: Form, model: Any) -> bool:
        """Change through the workflow, unless somebody changed the record since the form was shown."""
        if form.row_version.data != str(_version(model)):
            self._show_meanwhile(form, model)
            return False
        try:
            self.change(model, self.values(form), self.actor)
            db.session.commit()
        except StaleDataError:
            db.session.rollback()
            self._show_meanwhile(form, self.get_one(model.id))
            return False
        except Exception as problem:  # noqa: BLE001 -- what is no refusal is raised again
            self._point_out(form, problem)
            return False
        return True

    def _show_meanwhile(self, form: Form, record: Any) -> None:
        """Keep what was typed, show what is there now, and let a second save decide."""
        form.form_errors.append(
            gettext("Someone changed this record meanwhile. Your entries are still here; where they differ, the present value stands below. Save again to use yours.")
        )  # fmt: skip
        form.is_conflict = True
        if record is None:
            return
        form.row_version.data = str(_version(record))
        form.row_version.raw_data = None
        form.current = {
            name: rows.show(getattr(record, name)) or gettext("empty")
            for name, value in self.values(form).items()
            if (getattr(record, name) or "") != (value or "")
        }

    def _point_out(self, form: Form, problem: Exception) -> None:
        """A refusal becomes the error of its field, else of the form; anything else is a bug and raised."""
        db.session.rollback()
        said = self.explain(problem)
        if said is None:
            raise problem
        if isinstance(problem, WorkflowError):
            point_out(form, problem)
        else:
            form.form_errors.append(said)
        form.is_conflict = isinstance(problem, Conflict)
        form.is_sent_twice = isinstance(problem, Conflict) and problem.code == "sent_twice"

    def explain(self, problem: Exception) -> str | None:
        """What people read of a refusal; never what the database says. None for what is no refusal."""
        if isinstance(problem, WorkflowError):
            return problem.say(gettext)
        if isinstance(problem, StaleDataError):
            return gettext("Someone changed this record meanwhile.")
        if isinstance(problem, IntegrityError):
            current_app.logger.info("integrity error in %s", self.endpoint, exc_info=problem)
            return gettext("This is in the list already, or other records still need it. Nothing was changed.")
        return None

    def handle_view_exception(self, exc: Exception) -> bool:
        """Flask-Admin's way of asking: shown to people without a word of SQL."""
        said = self.explain(exc)
        if said is None and isinstance(exc, DBAPIError):
            current_app.logger.exception("database refused in %s", self.endpoint, exc_info=exc)
            said = gettext("The database did not take this. Nothing was changed.")
        if said is not None:
            flash(said, "error")
        return said is not None

    def said_added(self, record: Any) -> str:
        """After adding."""
        return gettext("%(name)s was added.", name=self.record_name(record))

    def said_saved(self, record: Any) -> str:
        """After changing."""
        return gettext("%(name)s was saved.", name=self.record_name(record))

    def warn(self, record: Any) -> None:
        """Say what should be known of a record that was saved, beside that it was."""

    # ------------------------------------------------------------------ one value, in its place in the list
    @expose("/cell/", methods=("GET", "POST"))
    def cell_view(self) -> Answer:
        """A value of a list as a small form (asked by htmx), and what was typed into it."""
        if not self.can_edit:
            abort(403)
        column = next((c for c in self.columns if c.inline and c.name == request.args.get("field")), None)
        if column is None:
            abort(404)
        record = self.asked_record()
        form = self.edit_form(record)
        if request.method == "GET":
            form.row_version.data = str(_version(record))
            return self.render("admin/model/cell.html", form=form, field=form[column.name], model=record)
        form = self._only(form, column.name)
        if form.validate() and self.update_model(form, record):
            return str(rows.cell(record.id, column, column.html(record)))
        return self.render("admin/model/cell.html", form=form, field=form[column.name], model=record), 422

    @staticmethod
    def _only(form: Form, name: str) -> Form:
        """The form with this one field: what the cell did not show is not changed."""
        for other in [f.name for f in form if f.name not in {name, "row_version", "form_key"}]:
            del form[other]
        return form

    # ------------------------------------------------------------------ deleting
    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Answer:
        """The question on a page of its own, and the deed."""
        if not self.can_delete:
            abort(403)
        record = self.asked_record()
        if request.method == "GET":
            return self.confirm_page(
                gettext("Delete %(name)s?", name=self.record_name(record)),
                gettext("It is gone for good. What other records still need is not deleted."),
                gettext("Yes, delete"),
                f"{self.url}/delete/",
                [("id", str(record.id)), ("url", self.return_url())],
            )
        name = self.record_name(record)
        if not self.delete_model(record):
            return redirect(self.record_url(record) or self.return_url())
        flash(gettext("%(name)s was deleted.", name=name), "success")
        return redirect(self.return_url())

    def delete_model(self, model: Any) -> bool:
        """Delete through the workflow; a refusal is said on the next page."""
        try:
            self.remove(model, self.actor)
            db.session.commit()
        except Exception as problem:
            db.session.rollback()
            if not self.handle_view_exception(problem):
                raise
            return False
        listing.forget_counts()
        return True

    def confirm_page(
        self, title: str, text: str, yes: str, action: str, fields: list[tuple[str, str]], *, danger: bool = True
    ) -> str:
        """A question for people without JavaScript; the others see a dialog."""
        return self.render(
            "admin/confirm.html",
            title=title,
            text=text,
            yes=yes,
            action=action,
            fields=fields,
            danger=danger,
            return_url=self.return_url(),
        )


def _version(record: Base) -> Any:
    """The record's version; tables without one count as never changed."""
    return getattr(record, "version", "")


def _status(form: Form) -> int:
    return 409 if getattr(form, "is_conflict", False) else 422


def _line(form: Form, line: str | tuple[str, ...]) -> list[str]:
    return [n for n in (line if isinstance(line, tuple) else (line,)) if n in form]
