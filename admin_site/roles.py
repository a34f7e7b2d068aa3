"""Who may do what: the table that the code itself asks, with a tick for each role that the owner may change."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext

from admin_site import words
from admin_site.pages import Answer, WorkPage, page, refuse
from foundation.db import db
from models import StaffRole
from workflows import once, roles
from workflows.errors import WorkflowError
from workflows.permissions import OWNER_ONLY, SENTENCES, Permission


class RolesPage(WorkPage):
    """The matrix of roles and permissions."""

    permission = Permission.STAFF

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Answer:
        """Show it; owners change it for managers and sitters."""
        if request.method == "POST":
            return self._save()
        may_change = roles.may_change(actor=self.actor)
        rows = [
            {
                "permission": p.value,
                "sentence": gettext(SENTENCES[p]),
                "cells": [self._cell(r, p, on=on, may_change=may_change) for r, on in ticks.items()],
            }
            for p, ticks in roles.matrix().items()
        ]
        return page(
            "roles.html", rows=rows, roles=[words.word(r) for r in StaffRole], may_change=may_change,
            form_key=once.new_key(),
        )  # fmt: skip

    def _cell(self, role: StaffRole, permission: Permission, *, on: bool, may_change: bool) -> dict[str, Any]:
        is_open = may_change and role in roles.OPEN_ROLES and permission not in OWNER_ONLY
        return {"name": role.value, "role": words.word(role), "on": on, "open": is_open}

    def _save(self) -> Answer:
        if not roles.may_change(actor=self.actor):
            abort(403)
        wanted = {
            role: {p for p in Permission if p.value in request.form.getlist(role.value)} for role in roles.OPEN_ROLES
        }
        try:
            once.claim(request.form.get("form_key"))
            n_changed = roles.change(wanted, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(
                ngettext("%(num)d permission changed. It counts at once.", "%(num)d permissions changed. They count at once.", n_changed)
                if n_changed
                else gettext("Nothing was changed."),
                "success",
            )  # fmt: skip
        return redirect(url_for(".index"), 303)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(RolesPage(name="Roles", endpoint="roles", url="roles"))
