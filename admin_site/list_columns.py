"""The page on which a person chooses and orders the columns of a list.

It works by links alone, each of which carries the whole choice: keyboard, phone and no JavaScript get the same.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import list_address
from admin_site.own_columns import named, usual
from admin_site.pages import Answer, WorkPage, page, press
from admin_site.rows import Column
from admin_site.saved_views import find_list
from admin_site.view_tabs import arguments_of
from workflows import list_columns
from workflows.actors import Actor


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(ColumnsPage(name="Columns of a list", endpoint="list_columns", url="columns"))


class ColumnsPage(WorkPage):
    """Choose and order the columns of one list."""

    @expose("/")
    def index(self) -> Response:
        """It is opened from a list."""
        return redirect(url_for("admin.index"))

    @expose("/<list_name>/")
    def show(self, list_name: str) -> Answer:
        """The columns that are shown, in their order, and the others."""
        of = find_list(list_name)
        wanted = list_address.read(of, searchable=of._search_supported)  # noqa: SLF001 -- Flask-Admin's name
        chosen = named(of, wanted.columns) if wanted.columns else _own(of, self.actor)
        names = [c.name for c in chosen]
        rest = [c for c in of.columns if c.name not in names]

        def url(new: Sequence[str], at: str = "") -> str:
            kept = {k: v for k, v in wanted.arguments().items() if k not in {"cols", "page"}}
            return f"{url_for('.show', list_name=list_name)}?{urlencode({**kept, 'cols': ','.join(new), 'at': at})}"

        lines = [
            {
                "column": c, "up": url(_swapped(names, n - 1), f"up-{c.name}") if n > 1 else None,
                "down": url(_swapped(names, n), f"down-{c.name}") if 0 < n < len(names) - 1 else None,
                "off": url([x for x in names if x != c.name]) if n else None,
            }
            for n, c in enumerate(chosen)
        ]  # fmt: skip
        add = [(c, url([*names, c.name])) for c in rest]
        once = replace(wanted, columns=tuple(names))
        return page(
            "list_columns.html", of=of, nav=of.endpoint, lines=lines, add=add if len(names) < list_columns.MOST else [],
            most=list_columns.MOST, names=",".join(names), at=request.args.get("at", ""), list_url=f"{of.url}/?{arguments_of(once)}",
            here=f"{url_for('.choose', list_name=list_name)}{replace(wanted, columns=(), page=1).query()}",
        )  # fmt: skip

    @expose("/<list_name>/", methods=("POST",))
    def choose(self, list_name: str) -> Response:
        """Keep the choice for this person, or go back to the list's own."""
        of = find_list(list_name)
        wanted = list_address.read(of, searchable=of._search_supported)  # noqa: SLF001 -- as above
        is_reset = request.form.get("do") == "reset"
        names = () if is_reset else [c.name for c in named(of, request.form.get("names", "").split(","))]
        if names == [c.name for c in usual(of)]:
            names = ()
        said = gettext("The list shows its own columns again.") if is_reset else gettext("The list shows these columns from now on, for you.")  # fmt: skip
        return press(
            lambda: list_columns.choose(of.endpoint, names, actor=self.actor), said,
            f"{of.url}/{replace(wanted, columns=()).query()}",
        )  # fmt: skip


def _own(of: Any, actor: Actor) -> list[Column]:
    """What this person chose for the list."""
    asked = list_columns.of_list(of.endpoint, actor=actor)
    return named(of, asked) if asked else usual(of)


def _swapped(names: Sequence[str], n: int) -> list[str]:
    """The names with this one and the next in each other's place."""
    return [*names[:n], *names[n : n + 2][::-1], *names[n + 2 :]]
