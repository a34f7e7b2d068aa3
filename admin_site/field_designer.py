"""The designer: pages, sections and fields in three columns, the form of what is chosen, and what clients see of it.

`field_forms` holds the forms, `field_preview` the preview; what is allowed stands in `workflows.custom_fields`.
"""

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, jsonify, make_response, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import field_preview, words
from admin_site.field_forms import FieldForm, PageForm, PartForm, SectionForm
from admin_site.field_rows import KINDS, facts_of, kind_of, name_of, part_url, results, row_of
from admin_site.pages import Answer, WorkPage, is_htmx, page, refuse
from foundation.db import db
from models import CustomField, FieldArea, FieldPage, FieldSection
from workflows import custom_fields, field_defaults, field_order, once
from workflows.errors import WorkflowError
from workflows.field_order import Part
from workflows.permissions import Permission

#: more siblings than anybody has
MOST_SEEN = 1000


@dataclass
class Chosen:
    """What of an area is looked at: down to the deepest part, or something new below `page` and `section`."""

    area: FieldArea
    pages: list[FieldPage]
    page: FieldPage | None = None
    section: FieldSection | None = None
    field: CustomField | None = None
    #: "page", "section" or "field", when one is being added
    new: str = ""
    #: nothing was chosen: the first page stands there as an example
    is_default: bool = False

    @property
    def part(self) -> Part | None:
        """The deepest one that is there."""
        return self.field or self.section or self.page

    @property
    def shown_section(self) -> FieldSection | None:
        """Whose fields the third column shows: the chosen section, else the first."""
        if self.section or self.page is None:
            return self.section
        return next((s for s in self.page.sections if s.retired_at is None), None)

    @property
    def column(self) -> str:
        """The column that a phone shows."""
        asked = request.args.get("show", "")
        if asked in KINDS:
            return asked
        return "page" if self.is_default else "field" if self.section else "section"


class FieldDesigner(WorkPage):
    """Custom fields."""

    permission = Permission.FIELDS

    @expose("/")
    def index(self) -> Response:
        """It begins with the clients' pages."""
        return redirect(url_for(".show", area=FieldArea.CLIENT.value))

    @expose("/<any(client, pet, staff, report):area>/")
    def show(self, area: str) -> Answer:
        """The three columns, the form of what is chosen, and the preview."""
        chosen = _choose(FieldArea(area))
        return self._answer(chosen, _form(chosen, None))

    @expose("/<any(client, pet, staff, report):area>/", methods=("POST",))
    def save(self, area: str) -> Answer:
        """Save the form of what is chosen; `pick` only shows it again, with what its choices need."""
        chosen = _choose(FieldArea(area))
        form = _form(chosen, request.form)
        if form is None:
            abort(404)
        if "pick" in request.form:
            return self._answer(chosen, form)
        if not form.validate():
            return self._answer(chosen, form, 422)
        try:
            if form.is_new:
                once.claim(form.form_key.data)
            saved = _save(form, self)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            chosen = _choose(FieldArea(area))
            form = _form(chosen, request.form) or form
            form.validate()
            form.add_problem(problem)
            return self._answer(chosen, form, 422)
        flash(gettext("%(name)s saved.", name=name_of(saved)), "success")
        return redirect(part_url(saved))

    @expose("/<any(client, pet, staff, report):area>/preview", methods=("POST",))
    def preview(self, area: str) -> Answer:
        """What clients would see if the form were saved. Nothing is: what it tried is taken back."""
        chosen = _choose(FieldArea(area))
        form = _form(chosen, request.form)
        part, problem = chosen.part, ""
        if form is not None and "version" in request.form and form.validate():
            try:
                part = _save(form, self)
            except WorkflowError as refusal:
                db.session.rollback()
                problem = refusal.say(gettext)
        shown = field_preview.of(part, request.form) if part is not None else None
        answer = page("_fields_preview.html", preview=shown, problem=problem, results=results(part), is_part=True)
        db.session.rollback()
        return answer

    @expose("/<any(page, section, field):kind>/<part_id>/place", methods=("POST",))
    def place(self, kind: str, part_id: str) -> Answer:
        """Put it at another place of its list, by dragging or by a button."""
        part = _get(kind, part_id)
        name, wants_json = name_of(part), request.accept_mimetypes.best == "application/json"
        seen = request.form.get("seen", "").split(",")[:MOST_SEEN]
        to = request.form.get("to", "")
        try:
            moved = field_order.move(part, int(to) if to.isascii() and to.isdigit() and len(to) < 5 else 0, seen=seen, actor=self.actor)  # fmt: skip
            db.session.commit()
        except WorkflowError as problem:
            if wants_json:
                db.session.rollback()
                return make_response(jsonify(error=problem.say(gettext)), 409)
            refuse(problem)
        else:
            row = field_order.siblings(part)
            where = {"name": name, "n": row.index(part) + 1, "of": len(row)}
            text = gettext("%(name)s is now %(n)s of %(of)s.", **where) if moved else gettext("%(name)s stays where it is.", **where)  # fmt: skip
            if wants_json:
                return jsonify(text=text, seen=[p.public_id for p in row])
            flash(text, "success")
        return redirect(part_url(part))

    @expose("/<any(page, section, field):kind>/<part_id>/retirement", methods=("POST",))
    def retirement(self, kind: str, part_id: str) -> Response:
        """Ask for it no more."""
        part = _get(kind, part_id)
        return self._do(part, lambda: custom_fields.retire(part, actor=self.actor), gettext("%(name)s retired. What was filled in stays.", name=name_of(part)))  # fmt: skip

    @expose("/<any(page, section, field):kind>/<part_id>/return", methods=("POST",))
    def restoring(self, kind: str, part_id: str) -> Response:
        """Ask for it again."""
        part = _get(kind, part_id)
        return self._do(part, lambda: custom_fields.restore(part, actor=self.actor), gettext("%(name)s is asked for again.", name=name_of(part)))  # fmt: skip

    @expose("/<any(page, section, field):kind>/<part_id>/removal", methods=("POST",))
    def removal(self, kind: str, part_id: str) -> Response:
        """Delete what nobody filled in."""
        part = _get(kind, part_id)
        above = field_order.chain_of(part)[:-1]
        area = field_order.area_of(part)
        back = part_url(above[-1]) if above else url_for(".show", area=area.value)
        done = gettext("%(name)s deleted.", name=name_of(part))
        return self._do(part, lambda: custom_fields.remove(part, actor=self.actor), done, back)

    @expose("/<any(client, pet, staff, report):area>/usual", methods=("POST",))
    def usual(self, area: str) -> Response:
        """Add the usual pages where there are none."""
        added = field_defaults.install(FieldArea(area), actor=self.actor, say=gettext)
        db.session.commit()
        if added:
            flash(gettext("The usual pages are there. Change them as you like."), "success")
        else:
            flash(gettext("There are pages already, so none were added."), "info")
        return redirect(url_for(".show", area=area))

    @expose("/<any(client, pet, staff, report):area>/missing", methods=("POST",))
    def missing(self, area: str) -> Response:
        """Add the fields that Latchkey knows and that stand on no page."""
        added = field_defaults.add_missing(FieldArea(area), actor=self.actor, say=gettext)
        db.session.commit()
        if not added:
            flash(gettext("Every field is there already, so none was added."), "info")
            return redirect(url_for(".show", area=area))
        flash(gettext("%(names)s added.", names=", ".join(field.label for field in added)), "success")
        return redirect(part_url(added[0]))

    def _do(self, part: Part, doing: Any, done: str, back: str | None = None) -> Response:
        here = part_url(part)
        try:
            doing()
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(here)
        flash(done, "success")
        return redirect(back or here)

    def _answer(self, chosen: Chosen, form: PartForm | None, status: int = 200) -> Answer:
        part = None if chosen.new else chosen.part
        if form is not None and form.is_new:
            form.form_key.data = once.new_key()
        below = part or chosen.section or chosen.page
        context = {
            "area": chosen.area, "areas": [(words.word(a), url_for(".show", area=a.value), a is chosen.area, None) for a in FieldArea],
            "missing": [gettext(ask.label) for ask, _field in field_defaults.missing(chosen.area, chosen.pages)],
            "chosen": chosen, "columns": _columns(chosen), "part": part, "form": form, "name": name_of(part) if part else "",
            "kind": chosen.new or kind_of(part), "facts": facts_of(part) if part else {}, "results": results(part),
            "preview": field_preview.of(below, request.form) if below is not None else None, "problem": "",
            "save_url": _save_url(chosen), "new_url": lambda kind: new_url(chosen, kind),
            "preview_url": url_for(".preview", **_query(chosen)),
        }  # fmt: skip
        return page("_fields_editor.html" if is_htmx() else "fields.html", status, **context)


# ---------------------------------------------------------------------------------------------------------- choosing


def _choose(area: FieldArea) -> Chosen:
    """What the address names; 404 for what is not there."""
    chosen = Chosen(area, field_order.pages_of(area))
    page_id, section_id, field_id = (request.args.get(k) for k in KINDS)
    chosen.new = request.args.get("new", "")
    if chosen.new not in {"", *KINDS}:
        abort(404)
    if page_id:
        chosen.page = _named(chosen.pages, page_id)
    if section_id and chosen.page:
        chosen.section = _named(chosen.page.sections, section_id)
    if field_id and chosen.section:
        chosen.field = _named(chosen.section.fields, field_id)
    if (section_id and not chosen.section) or (field_id and not chosen.field):
        abort(404)
    if (chosen.new == "section" and not chosen.page) or (chosen.new == "field" and not chosen.section):
        abort(404)
    if chosen.page is None and not chosen.new:
        chosen.page = next((p for p in chosen.pages if p.retired_at is None), None)
        chosen.is_default = True
    return chosen


def _named(parts: list[Any], public_id: str) -> Any:
    found = next((p for p in parts if p.public_id == public_id), None)
    return found if found is not None else abort(404)


def _get(kind: str, public_id: str) -> Part:
    """The part, or 404."""
    model: Any = KINDS[kind]
    found = db.session.query(model).filter(model.public_id == public_id.replace("\0", "")[:16]).one_or_none()
    if found is None:
        abort(404)
    part: Part = found
    return part


def _form(chosen: Chosen, formdata: Any) -> PartForm | None:
    new, live = chosen.new, chosen.pages
    if new == "page":
        return PageForm(formdata, FieldPage(), chosen.area)
    if new == "section" and chosen.page:
        return SectionForm(formdata, FieldSection(), chosen.page, live)
    if new == "field" and chosen.section:
        return FieldForm(formdata, CustomField(), chosen.section, live)
    if chosen.field and chosen.section:
        return FieldForm(formdata, chosen.field, chosen.section, live)
    if chosen.section and chosen.page:
        return SectionForm(formdata, chosen.section, chosen.page, live)
    return PageForm(formdata, chosen.page, chosen.area) if chosen.page else None


def _save(form: PartForm, view: FieldDesigner) -> Part:
    saving: Any = {PageForm: custom_fields.save_page, SectionForm: custom_fields.save_section, FieldForm: custom_fields.save_field}[type(form)]  # fmt: skip
    saved: Part = saving(form.part, form.values(), actor=view.actor, seen_version=form.seen_version)
    return saved


# --------------------------------------------------------------------------------------------------------- addresses


def new_url(chosen: Chosen, kind: str) -> str:
    """The designer with an empty form for a page, a section of the chosen page, a field of the chosen section."""
    query: dict[str, Any] = {"area": chosen.area.value, "new": kind}
    if kind != "page" and chosen.page:
        query["page"] = chosen.page.public_id
    if kind == "field" and chosen.shown_section:
        query["section"] = chosen.shown_section.public_id
    return url_for("fields.show", **query)


def _query(chosen: Chosen) -> dict[str, Any]:
    parts = {"page": chosen.page, "section": chosen.section, "field": chosen.field}
    query = {key: part.public_id for key, part in parts.items() if part is not None}
    return {"area": chosen.area.value, **query, **({"new": chosen.new} if chosen.new else {})}


def _save_url(chosen: Chosen) -> str:
    return url_for("fields.save", **_query(chosen))


def _columns(chosen: Chosen) -> list[dict[str, Any]]:
    """The three lists: live ones in their order, then the retired ones."""
    section = chosen.shown_section
    heads = {"page": gettext("Pages"), "section": gettext("Sections"), "field": gettext("Fields")}
    lists: dict[str, list[Any]] = {
        "page": chosen.pages,
        "section": chosen.page.sections if chosen.page else [],
        "field": section.fields if section else [],
    }
    current = {chosen.page, section, chosen.field}
    columns = []
    for kind, parts in lists.items():
        rows = [row_of(p, is_current=p in current) for p in parts]
        live = [r for r in rows if r.part.retired_at is None]
        columns.append({
            "kind": kind, "head": heads[kind], "rows": live, "retired": [r for r in rows if r.part.retired_at is not None],
            "seen": ",".join(r.part.public_id for r in live), "can_add": kind == "page" or bool(chosen.page if kind == "section" else section),
            "show_url": url_for("fields.show", **{**_query(chosen), "show": kind}),
        })  # fmt: skip
    return columns


def register(admin: Admin) -> None:
    """Add the designer to the back office."""
    admin.add_view(FieldDesigner(name="Custom fields", endpoint="fields", url="fields"))
